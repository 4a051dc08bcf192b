"""The first table of a study: how far each animal went, and how it used the regions."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from ethoflow.features.bins import count_bins, distance_moved, time_inside
from ethoflow.points import assign_roles
from ethoflow.schema import Data, as_dataset
from ethoflow.stats.stores import summarise as table_of_numbers
from ethoflow.units import Quantity, to_frames


def summarise(data: Data, bin: Quantity | None = None) -> pd.DataFrame:
    """Distance moved, speeds, and the use of regions, a row per animal and bin.

    Of the body's centre; where no body part has this role, of the mean of ears and tail base, or of
    nose and tail base, or of the one body part that there is, as ``table.attrs["centre"]`` says.
    Columns: `distance_moved`, `time_seen` (s), `mean_speed`, `max_speed`, and
    for every region `time_inside` (s), `entries`, `latency` (s) and `distance_inside`, with the
    region's name behind; then the metadata. Units are in ``table.attrs["units"]``. What was not
    seen adds nothing, and a visit before a latency may be among it: compare `time_seen`.

    Parameters
    ----------
    data
        Poses, with regions (`ef.mark_regions`) or without.
    bin
        Length of a bin, s or a string with a unit; all of the recording by default. Then the
        columns `start` and `stop` (s) follow the animal. The last bin of a recording may be
        shorter.

    Raises
    ------
    Missing
        No body part has the role `centre`.

    Examples
    --------
    >>> import ethoflow as ef
    >>> table = summarise(ef.simulate.still_then_running(), bin="1 s")
    >>> table.columns[:5].tolist()
    ['recording', 'individual', 'animal', 'start', 'stop']
    """
    ds = with_centre(as_dataset(data, needs=["position"]))
    width = None if bin is None else to_frames(bin, float(ds.fps), name="summarise(bin)")
    given = {"bin": bin, "n_bins": count_bins(ds, width)}
    found: xr.Dataset = distance_moved(ds, **given)
    if "region_outline" in ds:
        found = found.assign(time_inside(ds, **given).data_vars)
    found = found.compute()
    if "recording" not in found.coords:
        found = found.assign_coords(recording="recording")
    units = {str(name): str(array.attrs["units"]) for name, array in found.data_vars.items()}
    tables = []
    for place in range(found.sizes["bin"]):
        table = table_of_numbers(found.isel(bin=place, drop=True))
        if width is not None:
            table.insert(3, "start", place * width / float(ds.fps))
            table.insert(4, "stop", (place + 1) * width / float(ds.fps))
            table = table[table.time_seen.notna()]
        tables.append(table)
    whole = pd.concat(tables, ignore_index=True)
    whole = whole.sort_values(["recording", "individual"], kind="stable", ignore_index=True)
    whole.attrs["units"] = units
    whole.attrs["centre"] = str(ds.bodypart.values[list(ds.role.values).index("centre")])
    return whole


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
