"""Objects of pynapple: positions and features as time series, labels as intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ethoflow.exporting.recordings import cut_recording, find_seats, note_unknown
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.plain import plain_labels
from ethoflow.labels.runs import is_behaviour
from ethoflow.origin import clock_times
from ethoflow.schema import Data, DataError, as_dataset


def to_pynapple(data: Data) -> dict[str, Any]:
    """Every variable of one recording as an object of pynapple.

    A label becomes an ``IntervalSet`` of its bouts, under its name, with several animals (or pairs)
    under ``name/animal``; with further dims or categories there is one for each of their names, as
    in ``in_region_centre``. Positions and features become a ``TsdFrame`` with a column per body
    part and coordinate. Times are in s, on the recording's own clock.

    Parameters
    ----------
    data
        Tracks, features or labels of one recording.

    Warns
    -----
    ExportNote
        Labels are unknown in some frames: intervals leave these out like absent ones.

    Raises
    ------
    DataError
        There are several recordings, or pynapple is missing.
    """
    try:
        import pynapple as nap
    except ModuleNotFoundError as error:
        raise DataError('this needs pynapple: pip install "ethoflow[pynapple]".') from error
    ds = as_dataset(data)
    if "recording" in ds.dims:
        raise DataError("pynapple has no cohorts: choose one, as in ds.sel(recording=...).")
    ds = plain_labels(cut_recording(ds))
    ds = ds.isel(individual=find_seats(ds))
    note_unknown(ds, str(ds.recording.values) if "recording" in ds.coords else "", "pynapple", 2)
    found: dict[str, Any] = {}
    labels = [str(name) for name, array in ds.data_vars.items() if is_behaviour(array)]
    if labels:
        found.update(_intervals(ds[labels], nap))
    for name, array in ds.data_vars.items():
        if str(name) not in labels and "time" in array.dims:
            found.update(_frames(ds, str(name), array, nap))
    return found


def _intervals(ds: xr.Dataset, nap: Any) -> dict[str, Any]:
    bouts = find_bouts(ds)
    several = ds.sizes["individual"] > 1
    found = {}
    for name in ds.data_vars:
        own = bouts[bouts.behaviour == str(name)]
        if not several:
            found[str(name)] = nap.IntervalSet(own.start.to_numpy(), own.stop.to_numpy())
            continue
        for keys, some in own.groupby(["animal", "partner_animal"], sort=False):
            who = "/".join(str(key) for key in keys if key)
            key = f"{name}/{who}" if who else str(name)
            found[key] = nap.IntervalSet(some.start.to_numpy(), some.stop.to_numpy())
    return found


def _frames(ds: xr.Dataset, name: str, array: xr.DataArray, nap: Any) -> dict[str, Any]:
    animals = [str(animal) for animal in np.atleast_1d(ds.animal.values)]
    found = {}
    for i, animal in enumerate(animals):
        one = array.isel(individual=i) if "individual" in array.dims else array
        rest = [dim for dim in one.dims if dim != "time"]
        values = one.transpose("time", *rest).values.reshape(one.sizes["time"], -1)
        grid = np.meshgrid(*(ds[dim].values.astype(str) for dim in rest), indexing="ij")
        cells = zip(*(axis.ravel() for axis in grid), strict=True)
        columns = ["_".join(map(str, cell)) for cell in cells] if rest else [name]
        key = name if len(animals) == 1 else f"{name}/{animal}"
        found[key] = nap.TsdFrame(t=clock_times(ds), d=values, columns=columns)
    return found
