"""What a clusterer sees of an animal: its pose less its usual one, and how it moves.

Lengths are in body lengths and the frame is the animal's own, so that no animal is told from
another by its size, its markers, or where it is. Without its usual pose taken away, clusters are
animals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cluster.body import LOWEST, MOTION, into_body, motion_of, slopes
from ethoflow.engine import Declaration, Function, Members
from ethoflow.engine.declare import Array
from ethoflow.engine.signature import make

MAX_FRAMES = 5000
"""Frames that a usual pose is the median of, evenly spaced over those with nose and tail base."""


def usual_pose(position: Array, ends: Array, body_length: Array) -> Array:
    """Median place of every body part in the animal's own frame, in body lengths.

    Dims (bodypart, space); its frame is turned from tail base to nose, and its middle is the mean
    of the points. Missing where a point was never seen beside both ends.
    """
    there = np.flatnonzero(~np.isnan(ends).any(axis=(0, 1)))
    count = min(there.size, MAX_FRAMES)
    if not count or np.isnan(body_length):
        return np.full(position.shape[:2], np.nan)
    spaced = there[np.arange(count) * there.size // count]
    points = position[..., spaced].astype(np.float64)
    tail_base, nose = ends[..., spaced].astype(np.float64)
    forward = nose - tail_base
    angle = np.arctan2(forward[1], forward[0])
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = (points - (nose + tail_base) / 2).swapaxes(0, 1)
    turned = np.stack([cos * x + sin * y, cos * y - sin * x], axis=1) / float(body_length)
    found = np.full(position.shape[:2], np.nan)
    for place, part in enumerate(turned):
        known = part[:, ~np.isnan(part).any(axis=0)]
        if known.size:
            found[place] = np.median(known, axis=-1)
    middle: Array = found[~np.isnan(found).any(axis=1)].mean(axis=0)
    return found - middle


def columns_of_body(
    position: Array,
    usual_pose: Array,
    body_length: Array,
    *,
    step: float = 0.04,
    stride: float = 0.08,
    fps: float = 25.0,
) -> Array:
    """Pose less the usual one, its change, and the motion of the body; dims (column, time).

    The frame of a moment is the rigid motion that brings the usual pose nearest to the points that
    are seen: no single point decides it. `step` and `stride` are how far to either side
    the change of the pose, and the motion of the body, are slopes; missing frames play no part.
    """
    n_parts, _, n_frames = position.shape
    length = float(body_length)
    if not length > 0:  # nobody knows how long it is
        return np.full((4 * n_parts + len(MOTION), n_frames), np.nan, np.float32)
    pose = np.empty((2 * n_parts, n_frames))
    place, angle = np.empty((2, n_frames)), np.empty(n_frames)
    into_body(position.astype(np.float64), usual_pose.astype(np.float64), length, LOWEST,
              pose, place, angle)  # fmt: skip
    change = np.empty_like(pose)
    for row, out in zip(pose, change, strict=True):
        slopes(row, max(int(step), 1), fps, out)
    motion = np.empty((len(MOTION), n_frames))
    motion_of(place, angle, max(int(stride), 1), fps, motion)
    return np.concatenate([pose, change, motion]).astype(np.float32)


def reach(step: float, stride: float) -> int:
    """Frames to either side that the columns look at."""
    return max(int(step), int(stride), 1)


@dataclass(frozen=True)
class _Columns:
    """Names of the columns, for the body parts of a dataset."""

    def __call__(self, ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        parts = [f"{p} {s}" for p in ds.bodypart.values for s in ("x", "y")]
        return Members((*parts, *(f"change of {name}" for name in parts), *MOTION))


USUAL_POSE: Declaration = make(
    Function,
    usual_pose,
    "summary",
    dims=("bodypart", "space"),
    units="1",
    halo="whole",
    reads={"ends": "position"},
    roles={"ends": ("tail_base", "nose")},
    optional=("position", "ends", "body_length"),
    parameter_units={},
)
COLUMNS: Declaration = make(
    Function,
    columns_of_body,
    "feature",
    dims=("column", "time"),
    units="1",
    over={"column": _Columns()},
    optional=("position", "usual_pose", "body_length"),
    halo=reach,
    parameter_units={"step": "s", "stride": "s"},
)
