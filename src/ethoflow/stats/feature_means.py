"""Means of features over bins of time, per animal: what was seen alone counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, listed
from ethoflow.features.windows import parts_to_average
from ethoflow.labels.places import each_place
from ethoflow.labels.runs import is_behaviour
from ethoflow.labels.windows import Windows
from ethoflow.names import name_aside
from ethoflow.stats.people import as_cohort, list_people

AT_ONCE = 2**28
"""Bytes of one recording's features that are held at a time."""
WHO = ("recording", "individual", "partner")


def mean_features(ds: xr.Dataset, windows: Windows) -> pd.DataFrame:
    """The mean of every number that runs along time, per animal (or pair) and window.

    Of the known frames of the window, so that bins with gaps are those of what was seen; a window
    without known frames is missing. A variable with further dims, such as body parts, has a row
    for each of their names, as in ``speed centre``. A direction, such as ``heading``, has a row for
    its cosine and one for its sine, ``cos heading``: the mean of its numbers points nowhere.

    Parameters
    ----------
    ds
        Features of recordings.
    windows
        Bins, or whole recordings.

    Returns
    -------
    DataFrame
        recording, individual, partner, animal, partner_animal, behaviour (the name of the feature);
        the columns of the windows; mean, observed (s) and units. Metadata of the recording and
        the animal follow.

    Raises
    ------
    DataError
        No number here runs along time.
    """
    names = [str(name) for name, array in ds.data_vars.items() if _is_number(array)]
    if not names:
        raise DataError(f"no number here runs along time; there are: {listed(ds.data_vars)}.")
    ds = as_cohort(ds)
    rows: list[tuple[object, ...]] = []
    for row, own in windows.by_row.items():
        recording = str(ds.recording.values[row])
        for some in _batches(ds, names):
            loaded = ds[some].isel(recording=row).load()
            for name in some:
                for who, what, values, units in series_of(loaded[name]):
                    known = _means(values, own.frames, float(ds.fps))
                    rows += [
                        (recording, *who, what, *cells, *two, units)
                        for cells, two in zip(own.cells, known, strict=True)
                    ]
    columns = [*WHO, "behaviour", *windows.columns, "mean", "observed", "units"]
    return with_people(pd.DataFrame(rows, columns=columns), list_people(ds))


def _is_number(array: xr.DataArray) -> bool:
    time = "time" in array.dims and "space" not in array.dims
    return time and array.dtype.kind in "iuf" and not is_behaviour(array)


def _batches(ds: xr.Dataset, names: Sequence[str]) -> Iterator[list[str]]:
    """Names of variables of which one recording fits into memory."""
    some: list[str] = []
    size = 0
    for name in names:
        own = ds[name].nbytes // max(ds[name].sizes.get("recording", 1), 1)
        if some and size + own > AT_ONCE:
            yield some
            some, size = [], 0
        some.append(name)
        size += own
    yield some


def series_of(array: xr.DataArray) -> Iterator[tuple[tuple[str, str], str, Array, str]]:
    """Who, what, values along time and units, for every animal or pair and every further place."""
    people = [dim for dim in ("individual", "partner") if dim in array.dims]
    further = [str(dim) for dim in array.dims if dim not in (*people, "time")]
    for part in parts_to_average(array):
        units = str(part.attrs.get("units", "1"))
        for who, one in each_place(part, people):
            told = dict(zip(people, who, strict=True))
            pair = (told.get("individual", ""), told.get("partner", ""))
            if pair[0] == pair[1] != "":
                continue
            for places, values in each_place(one, further):
                yield pair, " ".join([str(part.name), *places]), values.values, units


def _means(values: Array, frames: Array, fps: float) -> list[tuple[float, float]]:
    """Mean and seconds of the known frames of each window."""
    found = []
    for start, stop in frames.tolist():
        part = values[max(start, 0) : max(stop, 0)].astype(np.float64)
        part = part[np.isfinite(part)]
        found.append((float(part.mean()) if part.size else float("nan"), part.size / fps))
    return found


def with_people(table: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Names and metadata of the animals beside what was measured; empty slots are left out."""
    known = people.set_index(["recording", "individual"])
    keys = pd.MultiIndex.from_frame(table[["recording", "individual"]])
    others = pd.MultiIndex.from_arrays([table["recording"], table["partner"]])
    there = keys.isin(known.index) | (table["individual"] == "")
    there &= others.isin(known.index) | (table["partner"] == "")
    animals = known["animal"].reindex(keys).fillna("").to_numpy()
    partners = known["animal"].reindex(others).fillna("").to_numpy()
    table.insert(3, "animal", animals)
    table.insert(4, "partner_animal", partners)
    shared = people.drop(columns=["individual", "animal"]).groupby("recording", sort=False).first()
    beside = known.drop(columns="animal").reindex(keys).reset_index(drop=True)
    whole = shared.reindex(table["recording"]).reset_index(drop=True)
    of_all = (table["individual"] == "").to_numpy()
    own = list(table.columns)
    for name in map(str, beside):
        # What differs between the animals of a recording is of no row that is about all of them.
        varied = people.groupby("recording", sort=False)[name].nunique(dropna=False).gt(1)
        single = whole[name].where(~table["recording"].map(varied), None)
        table[name_aside(name, own)] = beside[name].where(~of_all, single).to_numpy()
    return table[np.asarray(there)].reset_index(drop=True)
