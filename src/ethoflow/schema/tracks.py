"""Tracks of one recording, made from plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.errors import DataError
from ethoflow.real import real_numbers
from ethoflow.schema.coordinates import ORIGIN, make_time, text
from ethoflow.schema.frames import check_fps
from ethoflow.skeleton import Skeleton, find_roles

Floats: TypeAlias = npt.NDArray[np.floating]


def make_tracks(
    position: Floats,
    *,
    fps: float,
    bodyparts: Sequence[str],
    confidence: Floats | None = None,
    position_sd: Floats | None = None,
    recording: str = "recording",
    animals: Sequence[str] | None = None,
    units: str = "px",
    skeleton: Skeleton | None = None,
    digest: str = "",
    source_file: str = "",
    source_software: str = "",
    origin: float = 0.0,
) -> xr.Dataset:
    """Dataset of one recording from plain arrays.

    Parameters
    ----------
    position
        Dims (individual, bodypart, space, time), in `units`; NaN where not seen.
    fps
        Frames per second.
    bodyparts
        The tracker's names, one per point.
    confidence
        Dims (individual, bodypart, time); without it confidence is NaN: not known.
    position_sd
        Spread of the tracker's answers, dims and units of `position`; left out by default.
    recording
        Name of the recording.
    animals
        Who sits in each slot; without it the recording's name for a single animal, else slot names.
    units
        ``"px"`` or ``"mm"``.
    skeleton
        Roles the alias table does not know: ``{"centre": "Spine_2"}``.
    origin
        Time of the first frame on the recording's own clock, s; a clip from 1:00 on has 60.

    Raises
    ------
    DataError
        Shapes, names or fps do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> ds = make_tracks(np.zeros((1, 2, 2, 50)), fps=25, bodyparts=["nose", "tailbase"])
    >>> dict(ds.sizes)
    {'individual': 1, 'bodypart': 2, 'space': 2, 'time': 50}
    >>> ds.role.values.tolist()
    ['nose', 'tail_base']
    """
    position = real_numbers(position, "positions")
    _check_shapes(position, confidence, bodyparts, recording)
    check_fps(fps, recording)
    n_individuals, _, n_space, n_frames = position.shape
    slots = [f"individual_{i}" for i in range(n_individuals)]
    if animals is None:
        animals = [recording] if n_individuals == 1 else slots
    if confidence is None:
        confidence = np.full(position.shape[:2] + position.shape[3:], np.nan, np.float32)
    ds = xr.Dataset(
        {
            "position": (("individual", "bodypart", "space", "time"), position),
            "confidence": (
                ("individual", "bodypart", "time"),
                real_numbers(confidence, "confidences"),
            ),
        },
        coords={
            "recording": recording,
            "individual": text(slots),
            "bodypart": text(bodyparts),
            "space": text(["x", "y", "z"][:n_space]),
            "time": make_time(n_frames, fps),
            "fps": float(fps),
            "n_frames": np.int64(n_frames),
            "origin": float(origin),
            "role": ("bodypart", text(find_roles(bodyparts, skeleton))),
            "animal": ("individual", text(animals)),
            "digest": digest,
            "source_file": source_file,
        },
        attrs={"source_software": source_software} if source_software else {},
    )
    if position_sd is not None:
        ds["position_sd"] = ds.position.dims, real_numbers(position_sd, "spreads")
    return describe_tracks(ds, units)


def describe_tracks(ds: xr.Dataset, units: str) -> xr.Dataset:
    """`ds` with the attributes that tracks have, its positions being in `units`."""
    ds["position"].attrs.update(units=units, long_name="position")
    ds["confidence"].attrs.update(units="1", long_name="confidence of the tracker")
    ds["fps"].attrs.update(units="Hz", long_name="frames per second")
    if "origin" in ds.coords:
        ds["origin"].attrs.update(ORIGIN)
    if "position_sd" in ds:
        ds["position_sd"].attrs.update(units=units, long_name="spread of the position")
    return ds


def _check_shapes(
    position: Floats, confidence: Floats | None, bodyparts: Sequence[str], recording: str
) -> None:
    if position.ndim != 4 or position.shape[2] not in (2, 3):
        raise DataError(
            f"{recording}: position needs the dims (individual, bodypart, space, time) with two or "
            f"three coordinates; found the shape {position.shape}."
        )
    if position.shape[1] != len(bodyparts):
        raise DataError(
            f"{recording}: {position.shape[1]} body parts in the array, {len(bodyparts)} names."
        )
    repeated = sorted({name for name in bodyparts if list(bodyparts).count(name) > 1})
    if repeated:
        raise DataError(f"{recording}: body part named twice: {', '.join(repeated)}.")
    expected = position.shape[:2] + position.shape[3:]
    if confidence is not None and np.shape(confidence) != expected:
        raise DataError(
            f"{recording}: confidence needs the shape {expected}, found {np.shape(confidence)}."
        )
