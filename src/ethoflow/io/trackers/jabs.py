"""JABS pose files (JAX Animal Behavior System), versions 2 to 8."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from ethoflow.io.hdf5 import read_array, read_numbers
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.room import unseen
from ethoflow.schema import DataError

BODYPARTS = (
    "NOSE",
    "LEFT_EAR",
    "RIGHT_EAR",
    "BASE_NECK",
    "LEFT_FRONT_PAW",
    "RIGHT_FRONT_PAW",
    "CENTER_SPINE",
    "LEFT_REAR_PAW",
    "RIGHT_REAR_PAW",
    "BASE_TAIL",
    "MID_TAIL",
    "TIP_TAIL",
)
MANY = 1000
_USED = (
    "instance_count",
    "instance_track_id",
    "instance_embed_id",
    "id_mask",
    "external_identity_mapping",
)


def _matches(file: Content) -> bool:
    return {"points", "confidence"} <= file.keys_of("poseest")


@reader("JABS pose", matches=_matches)
def read_jabs(path: Path) -> list[Tracks]:
    """The twelve points of every mouse, px; a point with confidence 0 was not seen.

    Animals are identities where the file has them (version 4 on), else tracks (version 3), else the
    one mouse of version 2. An identity that the file counts but never shows is an animal that was
    not seen. Coordinates are stored row first, as (y, x). Segmentations, boxes and objects of later
    versions are left; the file does not hold the frame rate (JABS itself takes 30).
    """
    with h5py.File(path, "r") as file:
        group = file["poseest"]
        found = {name: read_array(group[name]) for name in _USED if name in group}
        found |= {name: read_numbers(group[name]) for name in ("points", "confidence")}
        n_identities = len(group["instance_id_center"]) if "instance_id_center" in group else 0
        notes = _notes(file)
    points, scores = found["points"], found["confidence"]
    if points.ndim == 3:
        points, scores = points[:, np.newaxis], scores[:, np.newaxis]
    if points.shape[2:] != (len(BODYPARTS), 2) or scores.shape != points.shape[:3]:
        raise DataError(
            f"points have the shape {found['points'].shape}, confidence "
            f"{found['confidence'].shape}; needed (frame, mouse, {len(BODYPARTS)}, yx)."
        )
    who = _identities(found, points.shape[:2])
    numbers = set(np.unique(who[who >= 0]).tolist())
    if "instance_embed_id" in found and max(numbers, default=0) < MANY:
        numbers |= set(range(min(n_identities, MANY)))
    if not numbers:
        raise DataError("no frames: none of its instances is valid.")
    if len(numbers) > MANY:
        raise DataError(f"its instances have {len(numbers)} tracks: it is damaged or never joined.")
    ordered = sorted(numbers)
    position, confidence = _arrange(points, scores, who, ordered)
    return [
        Tracks(
            name=recording_name(path),
            position=position,
            confidence=confidence,
            bodyparts=BODYPARTS,
            animals=_names(found, ordered) if who.shape[1] > 1 or len(ordered) > 1 else None,
            source_software="JABS",
            notes=notes,
        )
    ]


def _arrange(
    points: Any, scores: Any, who: npt.NDArray[np.int64], numbers: list[int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Position and confidence of every animal; NaN where it was not seen."""
    shape = (len(numbers), len(BODYPARTS), 2, len(points))
    position = unseen(shape)
    confidence = unseen((*shape[:2], shape[3]))
    for slot, number in enumerate(numbers):
        frame, instance = np.nonzero(who == number)
        twice = np.flatnonzero(np.diff(frame) == 0)
        if len(twice):
            raise DataError(
                f"frame {frame[twice[0]]}: two of its instances are animal {number} at once."
            )
        position[slot][..., frame] = points[frame, instance, :, ::-1].transpose(1, 2, 0)
        confidence[slot][:, frame] = scores[frame, instance].T
    seen = (confidence > 0) & ~np.isnan(position).any(axis=2)
    position[np.broadcast_to(~seen[:, :, np.newaxis], position.shape)] = np.nan
    return position, confidence


def _identities(found: Mapping[str, Any], shape: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Whom each instance of each frame is: a number, -1 where there is nobody."""
    if "instance_count" not in found:
        return np.tile(np.arange(shape[1], dtype=np.int64), (shape[0], 1))
    for name in ("instance_embed_id", "instance_track_id", "id_mask"):
        if name in found and found[name].shape != shape:
            raise DataError(
                f"{name} has the shape {found[name].shape}; needed {shape}, of (frame, mouse)."
            )
    present = np.arange(shape[1]) < np.asarray(found["instance_count"])[:, np.newaxis]
    if "instance_embed_id" in found and "id_mask" in found:
        # Identities count from 1, and 0 is none; the mask is true where an identity is not valid.
        identity = np.asarray(found["instance_embed_id"], np.int64) - 1
        present &= ~np.asarray(found["id_mask"], bool)
    elif "instance_track_id" in found:
        identity = np.asarray(found["instance_track_id"], np.int64)
    else:
        raise DataError("it has several mice and neither identities nor tracks.")
    return np.where(present, identity, -1)


def _names(found: Mapping[str, Any], numbers: list[int]) -> tuple[str, ...]:
    """Names of the animals: those a laboratory gave the identities, else their numbers."""
    given = np.ravel(found.get("external_identity_mapping", []))
    if "instance_embed_id" not in found or len(given) <= max(numbers):
        return tuple(map(str, numbers))
    names = [given[i].decode() if isinstance(given[i], bytes) else str(given[i]) for i in numbers]
    return tuple(names if len(set(names)) == len(names) else map(str, numbers))


def _notes(file: h5py.File) -> tuple[str, ...]:
    """What else the file holds: its scale, and objects in the arena."""
    notes = []
    stated = file["poseest"].attrs.get("cm_per_pixel")
    scale = float(np.ravel(stated)[0]) if stated is not None else np.nan
    if 0 < scale < np.inf:
        notes.append(f"it states {scale:g} cm per px: calibrate with px_per_mm={0.1 / scale:.5g}.")
    objects = file.get("static_objects")
    if isinstance(objects, h5py.Group) and len(objects):
        notes.append(f"its objects in the arena are not read: {', '.join(sorted(objects))}.")
    return tuple(notes)
