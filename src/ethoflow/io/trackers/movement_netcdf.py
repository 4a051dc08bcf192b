"""netCDF files of the movement package."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ethoflow.io.movement import DIALECTS, NOBODY, in_our_dims
from ethoflow.io.reader import Content, Tracks, reader, recording_name
from ethoflow.schema import DataError

_NAMES = {name for names in DIALECTS.values() for name in names}


def _matches(file: Content) -> bool:
    keys = file.keys
    return {"position", "space", "time"} <= keys and bool(keys & _NAMES)


@reader("movement netCDF", matches=_matches, extra="netcdf")
def read_movement(path: Path) -> list[Tracks]:
    """Poses or boxes as movement saves them, with the names of old and new versions.

    The frame rate is the one the file states; where its times contradict that, neither is believed.
    """
    import xarray as xr

    try:
        import h5netcdf  # noqa: F401
    except ModuleNotFoundError as error:
        raise DataError('netCDF files need h5netcdf: pip install "ethoflow[netcdf]".') from error
    with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as ds:
        found, units = in_our_dims(ds)
        fps, notes = _rate(ds)
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
            )
        ]


def _rate(ds: object) -> tuple[float | None, tuple[str, ...]]:
    attrs, time = ds.attrs, ds.time.values  # type: ignore[attr-defined]
    stated = attrs.get("fps")
    if stated is None or not np.isfinite(np.ravel(stated)[0]):
        return None, ()
    fps = float(np.ravel(stated)[0])
    if not _text(attrs.get("time_unit", "")).startswith("s") or len(time) < 2:
        return fps, ()
    step = float(time[-1] - time[0]) / (len(time) - 1)
    if np.isclose(step * fps, 1, rtol=1e-3):
        return fps, ()
    return None, (
        f"its times advance by {step:g} s per frame, which contradicts the {fps:g} frames per "
        "second it states: neither is believed.",
    )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
