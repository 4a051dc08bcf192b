"""The shape of a body: how long for its width, how bent, how even its sides are."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array
from ethoflow.features.ratios import ratio


@feature(dims=("time",), on_request=True)
def elongation(position: Array) -> Array:
    """How far the body parts lie along a line: 0 as far across as along, 1 on a line.

    One less the minor by the major axis of their scatter in the plane; tracked tails count.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> 0 < float(elongation(simulate.still_then_running())[0, 0]) < 1
    True
    """
    wide = position[:, :2].astype(np.float64)
    away = wide - wide.sum(axis=0) / len(wide)
    x, y, both = (away[:, i] * away[:, j] for i, j in ((0, 0), (1, 1), (0, 1)))
    xx, yy, xy = x.sum(axis=0), y.sum(axis=0), both.sum(axis=0)
    middle, apart = (xx + yy) / 2, np.sqrt(np.square((xx - yy) / 2) + np.square(xy))
    minor = np.sqrt(np.maximum(middle - apart, 0))
    found: Array = 1 - ratio(minor, np.sqrt(middle + apart))
    return found


@feature(dims=("time",), units="position-1", roles=("tail_base", "centre", "nose"), on_request=True)
def body_curvature(position: Array) -> Array:
    """One by the radius of the circle through tail base, centre and nose; 0 where straight.

    In the plane; positive where the body bends from +x towards +y, that is to the animal's right
    in videos. Missing where two of the three lie on one point (Menger curvature).

    Examples
    --------
    >>> from ethoflow import simulate
    >>> abs(round(float(body_curvature(simulate.still_then_running())[0, 0]), 3))
    0.0
    """
    tail_base, centre, nose = position[:, :2].astype(np.float64)
    one, other, whole = centre - tail_base, nose - centre, nose - tail_base
    twice = one[0] * other[1] - one[1] * other[0]
    squares = [np.square(side).sum(axis=0) for side in (one, other, whole)]
    return ratio(2 * twice, np.sqrt(squares[0] * squares[1] * squares[2]))


@feature(dims=("time",), roles=("tail_base", "nose", "left_side", "right_side"), on_request=True)
def posture_symmetry(position: Array) -> Array:
    """How even the flanks are about the line from tail base to nose: 1 alike, 0 one is on the line.

    The smaller of their distances from that line by the greater; below 0 where both lie on one
    side of it. In the plane.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow.schema import make_tracks
    >>> body = np.array([[0, 0], [8, 0], [4, -1], [4, 2]], float)[np.newaxis, ..., np.newaxis]
    >>> parts = ["tailbase", "nose", "left_side", "right_side"]
    >>> ds = make_tracks(body, fps=25, bodyparts=parts, skeleton={p: p for p in parts[2:]})
    >>> posture_symmetry(ds).values.tolist()
    [[0.5]]
    """
    tail_base, nose, left, right = position[:, :2].astype(np.float64)
    x, y = nose - tail_base
    one, other = (x * (side - tail_base)[1] - y * (side - tail_base)[0] for side in (left, right))
    near, far = np.minimum(np.abs(one), np.abs(other)), np.maximum(np.abs(one), np.abs(other))
    return ratio(-np.sign(one) * np.sign(other) * near, far)
