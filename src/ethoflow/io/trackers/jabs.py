"""JABS pose files (JAX Animal Behavior System), versions 2 to 8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ethoflow.io.hdf5 import read_array
from ethoflow.io.reader import Content, Tracks, reader, recording_name
from ethoflow.schema import DataError

BODYPARTS = (
    "NOSE", "LEFT_EAR", "RIGHT_EAR", "BASE_NECK", "LEFT_FRONT_PAW", "RIGHT_FRONT_PAW",
    "CENTER_SPINE", "LEFT_REAR_PAW", "RIGHT_REAR_PAW", "BASE_TAIL", "MID_TAIL", "TIP_TAIL",
)  # fmt: skip
MANY = 1000
_USED = (
    "points",
    "confidence",
    "instance_count",
    "instance_track_id",
    "instance_embed_id",
    "id_mask",
)


def _matches(file: Content) -> bool:
    return {"points", "confidence"} <= file.keys_of("poseest")


@reader("JABS pose", matches=_matches)
def read_jabs(path: Path) -> list[Tracks]:
    """The twelve points of every mouse, px; a point with confidence 0 was not seen.

    Animals are identities where the file has them (version 4 on), else tracks (version 3), else the
    one mouse of version 2. Coordinates are stored row first, as (y, x). Segmentations and objects
    of later versions are left.
    """
    with h5py.File(path, "r") as file:
        group = file["poseest"]
        found = {name: read_array(group[name]) for name in _USED if name in group}
        scale = group.attrs.get("cm_per_pixel")
    points, scores = found["points"], np.asarray(found["confidence"], np.float32)
    if points.ndim == 3:
        points, scores = points[:, np.newaxis], scores[:, np.newaxis]
    n_frames, n_slots = points.shape[:2]
    if points.shape[2:] != (len(BODYPARTS), 2) or scores.shape != points.shape[:3]:
        raise DataError(
            f"points have the shape {found['points'].shape}, confidence "
            f"{found['confidence'].shape}; needed (frame, mouse, {len(BODYPARTS)}, yx)."
        )
    who = _identities(found, n_frames, n_slots)
    names = sorted({int(name) for name in np.unique(who) if name >= 0})
    if not names:
        raise DataError("no frames: none of its instances is valid.")
    if len(names) > MANY:
        raise DataError(f"its instances have {len(names)} tracks: it is damaged or never joined.")
    position = np.full((len(names), len(BODYPARTS), 2, n_frames), np.nan, np.float32)
    confidence = np.full((len(names), len(BODYPARTS), n_frames), np.nan, np.float32)
    for slot, name in enumerate(names):
        frame, instance = np.nonzero(who == name)
        position[slot][..., frame] = points[frame, instance, :, ::-1].transpose(1, 2, 0)
        confidence[slot][:, frame] = scores[frame, instance].T
    position[np.broadcast_to((confidence == 0)[:, :, np.newaxis], position.shape)] = np.nan
    notes = () if scale is None else (_scale_note(float(np.ravel(scale)[0])),)
    return [
        Tracks(
            name=recording_name(path),
            position=position,
            confidence=confidence,
            bodyparts=BODYPARTS,
            animals=tuple(map(str, names)) if len(names) > 1 else None,
            source_software="JABS",
            notes=notes,
        )
    ]


def _scale_note(cm_per_pixel: float) -> str:
    return (
        f"it states {cm_per_pixel:g} cm per px: calibrate with px_per_mm={0.1 / cm_per_pixel:.5g}."
    )


def _identities(found: dict[str, Any], n_frames: int, n_slots: int) -> Any:
    """Whom each instance of each frame is: a number, -1 where there is nobody."""
    if "instance_count" not in found:
        return np.zeros((n_frames, n_slots), np.int64)
    present = np.arange(n_slots) < np.asarray(found["instance_count"])[:, np.newaxis]
    if "instance_embed_id" in found and "id_mask" in found:
        # Identities count from 1, and 0 is none; the mask is true where an identity is not valid.
        identity = np.asarray(found["instance_embed_id"], np.int64) - 1
        present &= ~np.asarray(found["id_mask"], bool)
    elif "instance_track_id" in found:
        identity = np.asarray(found["instance_track_id"], np.int64)
    else:
        raise DataError("it has several mice and neither identities nor tracks.")
    return np.where(present, identity, -1)
