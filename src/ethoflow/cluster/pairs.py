"""What a clusterer sees of two animals: one as it is seen alone, and the other around it.

For every ordered pair. Lengths are in body lengths of the first, directions in its own frame. What
is far away counts less the farther it is: places are drawn together by the logarithm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cluster.body import FLOOR, LOWEST, into_body, slopes
from ethoflow.engine import Declaration, Function, Members
from ethoflow.engine.declare import Array
from ethoflow.engine.signature import make

OWN = "columns_of_body"
"""What the columns of an animal alone are called among the nodes of a request."""

BETWEEN = (
    "partner's speed ahead",
    "partner's speed to the side",
    "partner's log speed",
    "growth of distance",
    "partner's direction ahead",
    "partner's direction to the side",
)
"""Motion and direction of the partner, in the animal's frame."""


def columns_of_pair(
    columns: Array,
    position: Array,
    usual_pose: Array,
    body_length: Array,
    partner_position: Array,
    partner_usual_pose: Array,
    partner_body_length: Array,
    *,
    stride: float = 0.08,
    fps: float = 25.0,
) -> Array:
    """Columns of one animal, then its partner's points and motion around it; (column, time).

    `columns` are those of the animal alone. Missing where either of the two is: of an animal that
    nobody sees, nobody knows what another does to it.
    """
    n_parts, _, n_frames = position.shape
    own, other = float(body_length), float(partner_body_length)
    if not (own > 0 and other > 0):
        return np.full((len(columns) + 2 * n_parts + len(BETWEEN), n_frames), np.nan, np.float32)
    place, angle = _frame(position, usual_pose, own)
    there, direction = _frame(partner_position, partner_usual_pose, other)
    there *= other / own
    around = partner_position.astype(np.float64) / own - place
    points = drawn_together(_turned(around, angle)).reshape(2 * n_parts, n_frames)
    found = np.concatenate([columns, points, _between(place, angle, there, direction, stride, fps)])
    found[:, np.isnan(angle) | np.isnan(direction)] = np.nan
    return found.astype(np.float32)


def _frame(position: Array, usual_pose: Array, length: float) -> tuple[Array, Array]:
    """Where an animal is, in body lengths, and its direction."""
    n_parts, _, n_frames = position.shape
    place, angle = np.empty((2, n_frames)), np.empty(n_frames)
    into_body(position.astype(np.float64), usual_pose.astype(np.float64), length, LOWEST,
              np.empty((2 * n_parts, n_frames)), place, angle)  # fmt: skip
    return place, angle


def _turned(way: Array, angle: Array) -> Array:
    """Vectors (..., space, time) in a frame of that direction."""
    x, y = way[..., 0, :], way[..., 1, :]
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x + sin * y, cos * y - sin * x], axis=-2)


def drawn_together(way: Array) -> Array:
    """Vectors (..., space, time) of the same direction, as long as log(1 + length).

    Examples
    --------
    >>> drawn_together(np.array([[np.e - 1, 0.0], [0.0, 0.0]])).round(3).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    length = np.sqrt(np.square(way).sum(axis=-2, keepdims=True))
    near = np.maximum(length, 1e-12)
    shorter: Array = way * np.log1p(near) / near
    return shorter


def _between(
    place: Array, angle: Array, there: Array, direction: Array, stride: float, fps: float
) -> Array:
    """The columns of `BETWEEN`."""
    reach = max(int(stride), 1)
    moved, growth = np.empty_like(there), np.empty_like(angle)
    for row, out in zip(there, moved, strict=True):
        slopes(row, reach, fps, out)
    apart = there - place
    slopes(np.log1p(np.sqrt(np.square(apart).sum(axis=0))), reach, fps, growth)
    speed = np.log(np.sqrt(np.square(moved).sum(axis=0)) + FLOOR)
    turned = direction - angle
    return np.stack([*_turned(moved, angle), speed, growth, np.cos(turned), np.sin(turned)])


def reach(stride: float) -> int:
    """Frames to either side that the columns look at."""
    return max(int(stride), 1)


def _names(ds: xr.Dataset, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Members:
    """Names of the columns: those of the animal, and those of its partner."""
    points = [f"partner's {p} {s}" for p in ds.bodypart.values for s in ("x", "y")]
    return Members((*inputs[OWN].named["column"], *points, *BETWEEN))


COLUMNS_OF_PAIR: Declaration = make(
    Function,
    columns_of_pair,
    "feature",
    scope="pair",
    dims=("column", "time"),
    units="1",
    reads={"columns": OWN},
    over={"column": _names},
    optional=(
        "columns", "position", "usual_pose", "body_length",
        "partner_position", "partner_usual_pose", "partner_body_length",
    ),
    halo=reach,
    parameter_units={"stride": "s"},
)  # fmt: skip
