"""Angles at joints, in two and three dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Members
from ethoflow.engine.jit import jit

JOINTS = (("Nose", "Center", "Tail_base"), ("Left_fhip", "Center", "Left_bhip"))


def find_joints(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The joints by name; their places along the body parts."""
    parts = [str(part) for part in ds.bodypart.values]
    places = [[parts.index(name) for name in joint] for joint in JOINTS]
    start, middle, end = zip(*places, strict=True)
    names = ("start_position", "middle_position", "end_position")
    return Members(
        tuple("-".join(joint) for joint in JOINTS),
        dict(zip(names, (start, middle, end), strict=True)),
    )


@jit
def _angles(sine: Any, cosine: Any, out: Any) -> None:
    # NumPy's vectorised arctangent rounds differently for different lengths.
    for t in range(sine.size):
        out[t] = np.arctan2(sine[t], cosine[t])


@ef.feature(dims=("joint", "time"), units="rad", over={"joint": find_joints})
def angle_at_joint(start_position: Any, middle_position: Any, end_position: Any) -> Any:
    """Angle at the middle of three body parts, without sign: 0 folded, pi stretched."""
    one, other = start_position - middle_position, end_position - middle_position
    cosine = (one * other).sum(axis=-2)
    lengths = np.square(one).sum(axis=-2) * np.square(other).sum(axis=-2)
    sine = np.sqrt(np.maximum(lengths - np.square(cosine), 0))
    out = np.empty(cosine.shape, np.float32)
    _angles(np.ascontiguousarray(sine).ravel(), np.ascontiguousarray(cosine).ravel(), out.ravel())
    return out


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives."""
    return angle_at_joint(ds).to_dataset()
