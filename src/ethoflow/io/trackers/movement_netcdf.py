"""netCDF files of the movement package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ethoflow.io.hdf5 import check_arrays
from ethoflow.io.movement import DIALECTS, NOBODY, begin_of, contradiction, in_our_dims
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader

if TYPE_CHECKING:
    import xarray as xr

_NAMES = {name for names in DIALECTS.values() for name in names}


def _matches(file: Content) -> bool:
    keys = file.keys
    return {"position", "space", "time"} <= keys and bool(keys & _NAMES)


@reader("movement netCDF", matches=_matches, extra="netcdf")
def read_movement(path: Path) -> list[Tracks]:
    """Poses or boxes as movement saves them, with the names of old and new versions.

    The frame rate is the one the file states; where its times contradict that, neither is believed.
    """
    import h5netcdf  # noqa: F401  (xarray says another thing where it is missing)
    import xarray as xr

    check_arrays(path)
    with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as ds:
        found, units = in_our_dims(ds)
        fps, notes = _rate(ds)
        first, start = begin_of(ds)
        animals = tuple(map(str, found.individual.values))
        return [
            Tracks(
                name=recording_name(path),
                position=found.position.values,
                confidence=found.confidence.values if "confidence" in found else None,
                bodyparts=tuple(map(str, found.bodypart.values)),
                animals=None if animals == (NOBODY,) else animals,
                fps=fps,
                units=units,
                source_software=_text(ds.attrs.get("source_software", "")),
                notes=notes,
                first=first,
                start=start,
            )
        ]


def _rate(ds: xr.Dataset) -> tuple[float | None, tuple[str, ...]]:
    stated = ds.attrs.get("fps")
    if stated is None or not np.isfinite(np.ravel(stated)[0]):
        return None, ()
    fps = float(np.ravel(stated)[0])
    conflict = contradiction(ds, fps)
    return (None, (f"{conflict}: neither is believed.",)) if conflict else (fps, ())


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
