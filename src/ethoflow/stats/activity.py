"""The first table of a study: how far each animal went, and how it used the regions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.bins import bin_width
from ethoflow.features.bins import distance_moved, time_inside
from ethoflow.geometry.own_frame import check_room
from ethoflow.labels.windows import Windows, bins_of, whole_recordings
from ethoflow.points import assign_roles
from ethoflow.schema import Data, as_dataset, count_frames
from ethoflow.stats.stores import summarise as table_of_numbers
from ethoflow.units import Quantity


def summarise(data: Data, bin: Quantity | None = None) -> pd.DataFrame:
    """Distance moved, speeds, and the use of regions, a row per animal and bin.

    Of the body's centre; where no body part has this role, of the mean of ears and tail base, or of
    nose and tail base, or of the one body part that there is, as ``table.attrs["centre"]`` says.
    Units are in ``table.attrs["units"]``. What was not seen adds nothing: compare `time_seen`.

    Parameters
    ----------
    data
        Poses, with regions (`ef.mark_regions`) or without.
    bin
        Length of a bin, s or a string with a unit, from the first frame of each recording on; all
        of the recording by default. The bins are those of `time_budget`: a frame is in the one that
        its middle is in, and the last one ends with the recording.

    Returns
    -------
    DataFrame
        recording, individual, animal; by bins: bin (from 0), start and stop, s of the recording's
        own clock; length_unit, that of distances (px without a scale; speeds are in it by s).

        distance_moved; time_seen, s; mean_speed; max_speed. For every region, with its name behind:
        time_inside, s; entries; latency, from the beginning (of the recording or bin) to the first
        frame inside, s; latency_cut: frames before that one are unknown, so the true latency may be
        shorter (never inside: frames are unknown, so it may have been); distance_inside. Metadata
        of the recording and the animal follow.

    Raises
    ------
    Missing
        No body part has the role `centre`.
    DataError
        A bin is shorter than a frame, or there are more bins than anybody means.
    UnitError
        The bin is no duration.

    Examples
    --------
    >>> import ethoflow as ef
    >>> table = summarise(ef.simulate.still_then_running(), bin="3 s")
    >>> table[["start", "stop", "time_seen"]].values.tolist()
    [[0.0, 3.0, 3.0], [3.0, 6.0, 3.0], [6.0, 8.0, 2.0]]
    """
    ds = with_centre(as_dataset(data, needs=["position"]))
    check_room(ds, "distances and speeds")
    windows = whole_recordings(ds) if bin is None else bins_of(ds, bin)
    frames = [own.frames for own in windows.by_row.values()]
    longest = int(count_frames(ds).max(initial=0))
    given = {
        "bin": None if bin is None else bin_width(bin, float(ds.fps), longest),
        "n_bins": max(map(len, frames), default=1),
    }
    found: xr.Dataset = distance_moved(ds, **given)
    if "region_outline" in ds:
        of_regions = time_inside(ds, **given).rename(cut_latency="latency_cut")
        found = found.assign(of_regions.data_vars)
    found = found.compute()
    if "recording" not in found.coords:
        found = found.assign_coords(recording="recording")
    whole = _by_window(found, windows)
    units = {str(name): str(array.attrs["units"]) for name, array in found.data_vars.items()}
    # CSV has no attributes, and a distance in px looks like one in mm.
    whole.insert(3 + len(windows.columns), LENGTH_UNIT, units["distance_moved"])
    whole.attrs["units"] = units
    whole.attrs["centre"] = str(ds.bodypart.values[list(ds.role.values).index("centre")])
    return whole


def _by_window(found: xr.Dataset, windows: Windows) -> pd.DataFrame:
    """A row for every animal and window that its recording has, in their order."""
    names = np.atleast_1d(found.recording.values).astype(str)
    own = {names[row]: of_one.cells for row, of_one in windows.by_row.items()}
    tables = []
    for place in range(found.sizes["bin"]):
        table = table_of_numbers(found.isel(bin=place, drop=True))
        table = table[[len(own[name]) > place for name in table.recording]]
        cells = [own[name][place] for name in table.recording]
        for number, name in enumerate(windows.columns):
            table.insert(3 + number, name, [of_one[number] for of_one in cells])
        tables.append(table)
    whole = pd.concat(tables).sort_index(kind="stable", ignore_index=True)
    for region in found.region.values if "latency_cut" in found else ():
        whole[f"latency_cut_{region}"] = whole[f"latency_cut_{region}"] == 1
    return whole


LENGTH_UNIT = "length_unit"
"""Column with the unit of distances; speeds are in it by s."""

STAND_INS = (("left_ear", "right_ear", "tail_base"), ("nose", "tail_base"))
"""Roles whose mean stands for the centre of a body where no point does."""


def _stand_in(ds: xr.Dataset) -> list[str] | None:
    """Body parts that make the centre; None where nothing does."""
    roles, parts = [str(role) for role in ds.role.values], [str(p) for p in ds.bodypart.values]
    if len(parts) == 1:
        return parts
    fitting = (names for names in STAND_INS if set(names) <= set(roles))
    found = next(fitting, None)
    return None if found is None else [parts[roles.index(name)] for name in found]


def can_summarise(ds: xr.Dataset) -> bool:
    """Whether a body part is the centre, or one can be made."""
    return "role" in ds.coords and ("centre" in ds.role.values or _stand_in(ds) is not None)


def with_centre(ds: xr.Dataset) -> xr.Dataset:
    """Poses with a centre of each body, made of other body parts where none was tracked."""
    if "role" not in ds.coords or "centre" in ds.role.values:
        return ds
    made_of = _stand_in(ds)
    if made_of is None:
        return ds
    return assign_roles(ds, {"centre": made_of[0] if len(made_of) == 1 else made_of})
