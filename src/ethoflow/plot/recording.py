"""The one recording that a picture shows."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.schema import Data, DataError, as_dataset, count_frames
from ethoflow.short_names import short_names


def one_recording(data: Data) -> xr.Dataset:
    """The dataset of a single recording, without padding and without the dim `recording`.

    Raises
    ------
    DataError
        There are several.
    """
    ds = as_dataset(data)
    if ds.sizes.get("recording", 1) != 1:
        names = [str(name) for name in ds.recording.values[:3]]
        raise DataError(
            f"a picture shows one recording, found {ds.sizes['recording']}: choose one with "
            f".sel(recording={names[0]!r})."
        )
    if "recording" in ds.dims:
        ds = ds.isel(recording=0)
    if "n_frames" in ds.coords and "time" in ds.dims:
        # Taken out of a cohort a recording keeps its padding; n_frames says where it ends.
        one = ds.expand_dims("recording") if "recording" in ds.coords else ds
        one = one.assign_coords(n_frames=("recording", np.atleast_1d(ds.n_frames.values)))
        ds = ds.isel(time=slice(0, int(count_frames(one)[0])))
    return ds


def recording_title(ds: xr.Dataset) -> str:
    """Name of the recording, short enough for a title."""
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    name = short_names([name])[name]
    return name if len(name) <= 70 else f"{name[:40]}…{name[-28:]}"
