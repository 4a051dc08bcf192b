"""Angles at joints: between the lines from a body part to two others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Members, feature
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.features.angles import direction_of
from ethoflow.features.members import given_groups, known_groups, name_groups

JOINTS: tuple[tuple[str, str, str], ...] = (
    ("left_ear", "nose", "right_ear"),
    ("nose", "neck", "centre"),
    ("left_ear", "neck", "right_ear"),
    ("neck", "centre", "lower_back"),
    ("nose", "centre", "tail_base"),
    ("left_side", "centre", "right_side"),
    ("centre", "lower_back", "tail_base"),
    ("left_hip", "lower_back", "right_hip"),
    ("lower_back", "tail_base", "tail_mid"),
    ("centre", "tail_base", "tail_tip"),
    ("tail_base", "tail_mid", "tail_tip"),
)
"""Roles of the joints whose angles say something about posture, the joint in the middle."""


def _find_joints(name: str) -> Callable[[xr.Dataset, Mapping[str, Any]], Members]:
    def find(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        given = parameters["joints"]
        joints = (
            known_groups(ds, JOINTS)
            if given is None
            else given_groups(ds, given, 3, f"{name}(joints)")
        )
        start, middle, end = (tuple(joint[i] for joint in joints) for i in range(3))
        return Members(
            name_groups(ds, joints),
            {"start_position": start, "middle_position": middle, "end_position": end},
        )

    return find


@feature(dims=("joint", "time"), units="rad", over={"joint": _find_joints("joint_angle")})
def joint_angle(
    start_position: Array,
    middle_position: Array,
    end_position: Array,
    *,
    joints: Sequence[Sequence[str]] | None = None,
) -> Array:
    """Angle at the middle of three body parts, without sign: 0 folded, pi stretched.

    Missing where two of the three lie on one point.

    Parameters
    ----------
    start_position, middle_position, end_position
        Dims (joint, space, time), two or three coordinates.
    joints
        Names or roles of three body parts each, the joint in the middle; those of `JOINTS` that
        the animal has by default.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> angle = joint_angle(ds, joints=[("nose", "centre", "tail_base")])
    >>> bool(abs(angle[0, 0, 0] - np.pi) < 1e-3)
    True
    """
    if start_position.shape[-2] == 2:
        return np.abs(_turns_at(start_position, middle_position, end_position))
    one, other = start_position - middle_position, end_position - middle_position
    cosine = (one * other).sum(axis=-2)
    x, y, z = (_cross(one[:, [i, j]], other[:, [i, j]]) for i, j in ((1, 2), (2, 0), (0, 1)))
    sine = np.sqrt(np.square(x) + np.square(y) + np.square(z))
    folded = (one == 0).all(axis=-2) | (other == 0).all(axis=-2)
    return np.where(folded, np.float32(np.nan), direction_of(cosine, sine))


@feature(
    dims=("joint", "time"),
    units="rad",
    over={"joint": _find_joints("signed_joint_angle")},
    on_request=True,
)
def signed_joint_angle(
    start_position: Array,
    middle_position: Array,
    end_position: Array,
    *,
    joints: Sequence[Sequence[str]] | None = None,
) -> Array:
    """Turn from the first line of a joint to the second, -pi to pi, positive from +x towards +y.

    Tells left from right, which `joint_angle` does not; in the plane of x and y.

    Parameters
    ----------
    start_position, middle_position, end_position
        Dims (joint, space, time).
    joints
        As for `joint_angle`.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> signed_joint_angle(ds, joints=[("nose", "centre", "tail_base")]).dims
    ('individual', 'joint', 'time')
    """
    return _turns_at(start_position, middle_position, end_position)


def _cross(one: Array, other: Array) -> Array:
    """Area between vectors of two coordinates, dims (..., 2, time)."""
    found: Array = one[..., 0, :] * other[..., 1, :] - one[..., 1, :] * other[..., 0, :]
    return found


@jit
def _turns(start: Array, middle: Array, end: Array, out: Array) -> None:
    """Turns from one line to the other, dims (space, time); NaN where a line has no length."""
    for t in range(out.size):
        ax, ay = start[0, t] - middle[0, t], start[1, t] - middle[1, t]
        bx, by = end[0, t] - middle[0, t], end[1, t] - middle[1, t]
        folded = (ax == 0 and ay == 0) or (bx == 0 and by == 0)
        out[t] = np.nan if folded else np.arctan2(ax * by - ay * bx, ax * bx + ay * by)


def _turns_at(start: Array, middle: Array, end: Array) -> Array:
    out = np.empty(start.shape[:-2] + start.shape[-1:], np.float32)
    for place, result in enumerate(out):
        _turns(start[place], middle[place], end[place], result)
    return out
