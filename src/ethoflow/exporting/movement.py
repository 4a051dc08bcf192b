"""Datasets and files of the movement package, in both of its dialects; VAME reads the older."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from ethoflow.exporting.declare import writer
from ethoflow.exporting.recordings import cut_recording, find_seats
from ethoflow.io.movement import DIALECTS
from ethoflow.origin import clock_times
from ethoflow.schema import Data, DataError, as_dataset, position_units

_SURVIVES = ("position", "confidence", "bodypart", "animal", "fps", "units")


def to_movement(data: Data, dialect: Literal["singular", "plural"] = "singular") -> xr.Dataset:
    """Tracks as a dataset of the movement package; lazy where they are.

    Padding and empty slots are left out; times are on the recording's own clock. Positions get the
    dims (time, space, keypoint, individual), the plural ``keypoints`` and ``individuals`` for
    versions before 0.17. Individuals are called as the animals.

    Parameters
    ----------
    data
        Tracks of one recording.
    dialect
        ``"singular"`` (movement 0.17 on) or ``"plural"``.

    Raises
    ------
    DataError
        The dialect is neither, or there are several recordings.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> to_movement(simulate.still_then_running()).position.dims
    ('time', 'space', 'keypoint', 'individual')
    """
    if dialect not in DIALECTS:
        raise DataError(f"dialect must be 'singular' or 'plural', found {dialect!r}.")
    ds = as_dataset(data, needs=["position", "confidence"])
    if "recording" in ds.dims:
        raise DataError("movement holds one recording: choose one, as in ds.sel(recording=...).")
    ds = cut_recording(ds)
    ds = ds.isel(individual=find_seats(ds))
    names = {new: old for old, new in DIALECTS[dialect].items()}
    keypoint, individual = names["bodypart"], names["individual"]
    animals = np.array([str(n) for n in ds.animal.values])
    coords = {
        "time": clock_times(ds),
        "space": np.array([str(n) for n in ds.space.values]),
        keypoint: np.array([str(n) for n in ds.bodypart.values]),
        individual: animals,
    }
    found = xr.Dataset(
        {
            "position": (
                ("individual", "bodypart", "space", "time"),
                ds.position.data,
                {"units": position_units(ds)},
            ),
            "confidence": (("individual", "bodypart", "time"), ds.confidence.data),
        }
    ).rename({new: old for new, old in names.items() if new != old})
    return (
        found.transpose("time", "space", keypoint, individual)
        .assign_coords(coords)
        .assign_attrs(
            fps=float(ds.fps),
            time_unit="seconds",
            source_software=str(ds.attrs.get("source_software", "")),
            source_file=str(ds.source_file.values) if "source_file" in ds.coords else "",
            ds_type="poses",
        )
    )


def _save(ds: xr.Dataset, path: Path, dialect: Literal["singular", "plural"]) -> None:
    to_movement(ds, dialect).to_netcdf(path, engine="h5netcdf")


@writer(
    "movement netCDF",
    kind="tracks",
    suffix=".nc",
    reader="movement netCDF",
    survives=_SURVIVES,
    extra="netcdf",
)
def save_movement(ds: xr.Dataset, path: Path) -> None:
    """As movement 0.17 and later save poses."""
    _save(ds, path, "singular")


@writer(
    "VAME netCDF",
    kind="tracks",
    suffix=".nc",
    reader="movement netCDF",
    survives=_SURVIVES,
    extra="netcdf",
)
def save_vame(ds: xr.Dataset, path: Path) -> None:
    """As VAME takes it: the older dialect of movement."""
    _save(ds, path, "plural")
