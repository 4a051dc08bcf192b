"""A dataset as a store keeps it: a cohort, its small variables of kinds that others can join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.engine.inputs import find_rounded
from ethoflow.schema import DataError, count_frames, text

SHARED = ("fps", "role")
"""Coordinates that all recordings of a store share."""


def as_cohort(ds: xr.Dataset) -> xr.Dataset:
    """Coordinates and small variables with the dim `recording`, in memory, names unique.

    Raises
    ------
    DataError
        Two recordings have one name.
    """
    if "recording" not in ds.dims:
        ds = _widen(ds)
    names = [str(name) for name in ds.recording.values]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"two recordings have one name: {', '.join(repeated)}. Rename the files.")
    if "digest" not in ds.coords or "recording" not in ds.digest.dims:
        same = str(ds.digest.values) if "digest" in ds.coords else ""
        ds = ds.assign_coords(digest=("recording", text([same] * len(names))))
    if "n_frames" not in ds.coords:
        ds = ds.assign_coords(n_frames=("recording", count_frames(ds)))
    return _as_stored(ds.load())


def _as_stored(ds: xr.Dataset) -> xr.Dataset:
    """Small variables of the kinds a store keeps, which recordings that join later fit too.

    Text has any length, dates are text, durations are s; whole numbers and truths are floats, since
    they may be missing for other recordings, or after the end of shorter ones.
    """
    padded = {"recording", "time"}
    changed = {
        name: (variable.dims, _kept(str(name), variable.values), variable.attrs)
        for name, variable in ds.variables.items()
        if variable.dtype.kind in "UTMmb"
        or (variable.dtype.kind in "iu" and padded & set(variable.dims) and name != "n_frames")
    }
    coords = {name: value for name, value in changed.items() if name in ds.coords}
    return ds.assign_coords(coords).assign({n: v for n, v in changed.items() if n not in coords})


def _kept(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.dtype.kind in "iub":
        rounded = find_rounded(values)
        if rounded is not None:
            raise DataError(
                f"{name} has the whole number {rounded}, above 2**53, which no number that may be "
                "missing holds exactly: give names as text."
            )
        return values.astype(np.float64)
    if values.dtype.kind == "m":
        return values / np.timedelta64(1, "s")
    if values.dtype.kind == "M":
        dates = np.datetime_as_string(values, unit="auto").ravel()
        names = ["" if date == "NaT" else str(date).removesuffix("T00:00:00") for date in dates]
    else:
        names = [str(value) for value in values.ravel()]
    return text(names).reshape(values.shape)


def _widen(ds: xr.Dataset) -> xr.Dataset:
    if "recording" not in ds.coords:
        ds = ds.assign_coords(recording="recording")
    name = str(ds.recording.values)
    single = [n for n in ds.variables if n not in ds.dims and n not in (*SHARED, "recording")]
    wide = {n: ds[n].variable.expand_dims("recording") for n in single}
    for variable in wide.values():
        if variable.dtype.kind in "OTU":
            variable.data = text(np.asarray(variable.data).ravel()).reshape(variable.shape)
    ds_wide = ds.drop_vars([*single, "recording"])
    ds_wide = ds_wide.assign({n: v for n, v in wide.items() if n in ds.data_vars})
    coords = {n: v for n, v in wide.items() if n in ds.coords}
    return ds_wide.assign_coords({"recording": text([name]), **coords})


def plain_attributes(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON can hold them."""
    return {str(name): _plain(value) for name, value in attrs.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return plain_attributes(value)
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
