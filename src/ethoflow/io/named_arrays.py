"""Arrays whose places have names: in the order of the tracks, or refused."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.errors import DataError, listed


def as_named(ds: xr.Dataset, given: xr.DataArray, recording: str, *, timed: bool) -> xr.DataArray:
    """An array whose individuals are in the order of the dataset, and whose times are its own.

    Raises
    ------
    DataError
        It is of another recording, of other individuals, or, where it is `timed`, of other frames.
    """
    who = f"add_embedding({recording})" if recording else "add_embedding"
    theirs = given.coords.get("recording")
    if recording and theirs is not None and str(theirs.values) != recording:
        raise DataError(f"{who}: the vectors are of {str(theirs.values)!r}.")
    if "individual" in given.indexes and "individual" in ds.indexes:
        here, there = list(map(str, ds.individual.values)), list(map(str, given.individual.values))
        if sorted(here) != sorted(there):
            raise DataError(
                f"{who}: the vectors are of {listed(there, 5)}, the tracks of {listed(here, 5)}: "
                "rename those of one, as in .assign_coords(individual=[...])."
            )
        given = given.isel(individual=[there.index(name) for name in here])
    if timed and "time" in given.indexes and "time" in ds.indexes:
        n = min(given.sizes["time"], ds.sizes["time"])
        apart = np.abs(given.time.values[:n] - ds.time.values[:n]) * float(ds.fps)
        if n and apart.max() > 0.5:
            raise DataError(
                f"{who}: the times of the vectors are not those of the tracks (the first are "
                f"{given.time.values[0]:g} and {ds.time.values[0]:g} s). Give start=..., when the "
                "first vector is, in s from the first frame of the tracks."
            )
    return given
