"""Short gaps filled by curves that do not overshoot: piecewise cubic Hermite polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.engine import Output, step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit


@jit
def _inner_slope(before: Any, after: Any, h_before: int, h_after: int) -> float:
    """Slope at a point between two intervals: their weighted harmonic mean, 0 at a turn."""
    if before * after <= 0:
        return 0.0
    w1, w2 = 2 * h_after + h_before, h_after + 2 * h_before
    return float((w1 + w2) / (w1 / before + w2 / after))


@jit
def _end_slope(first: Any, second: Any, h_first: int, h_second: int) -> float:
    """Slope at the end of a piece: three points, kept to the shape."""
    slope = ((2 * h_first + h_second) * first - h_first * second) / (h_first + h_second)
    if slope * first <= 0:
        return 0.0
    if first * second <= 0 and abs(slope) > 3 * abs(first):
        return float(3 * first)
    return float(slope)


@jit
def _fill_between(row: Array, frames: Array, out: Array) -> None:
    """Fill the gap between the frames 1 and 2 of `frames`; 0 and 3 are their neighbours or -1."""
    before, left, right, after = frames
    h = right - left
    pace = (row[right] - row[left]) / h
    start, stop = pace, pace
    if before >= 0:
        earlier = (row[left] - row[before]) / (left - before)
        start = _inner_slope(earlier, pace, left - before, h)
        if after < 0:
            stop = _end_slope(pace, earlier, h, left - before)
    if after >= 0:
        later = (row[after] - row[right]) / (after - right)
        stop = _inner_slope(pace, later, h, after - right)
        if before < 0:
            start = _end_slope(pace, later, h, after - right)
    for t in range(left + 1, right):
        u = (t - left) / h
        v = 1 - u
        bump = u * v * h
        value = row[left] * v * v * (1 + 2 * u) + row[right] * u * u * (1 + 2 * v)
        out[t] = np.float32(value + bump * (v * start - u * stop))


@jit
def _fill(point: Array, max_gap: int, out: Array, marks: Array) -> None:
    """Fill the gaps of one body part, dims (space, time); mark what was filled."""
    n_space, n = point.shape
    seen = np.empty(n, np.int64)
    count = 0
    for t in range(n):
        there = True
        for s in range(n_space):
            if np.isnan(point[s, t]):
                there = False
        if there:
            seen[count] = t
            count += 1
    frames = np.empty(4, np.int64)
    for i in range(1, count):
        gap = seen[i] - seen[i - 1] - 1
        if not 0 < gap <= max_gap:
            continue
        frames[1], frames[2] = seen[i - 1], seen[i]
        # A piece ends where a gap is too long to be filled.
        near = i > 1 and seen[i - 1] - seen[i - 2] - 1 <= max_gap
        frames[0] = seen[i - 2] if near else -1
        near = i + 1 < count and seen[i + 1] - seen[i] - 1 <= max_gap
        frames[3] = seen[i + 1] if near else -1
        for s in range(n_space):
            _fill_between(point[s], frames, out[s])
        marks[seen[i - 1] + 1 : seen[i]] = True


def _two_gaps(max_gap: int) -> int:
    # The neighbours of the ends of a gap may lie across gaps of their own.
    return 2 * max_gap + 1


@step(
    gives=(
        Output("position", ("bodypart", "space", "time"), "position"),
        Output("filled", ("bodypart", "time"), gives="flag"),
    ),
    pointwise=("bodypart",),
    halo=_two_gaps,
    parameter_units={"max_gap": "s"},
    reference="Fritsch & Butland 1984, SIAM J. Sci. Stat. Comput. 5:300",
)
def fill_pchip(position: Array, *, max_gap: float = 0.2) -> tuple[Array, Array]:
    """Positions with gaps of up to `max_gap` filled by curves that do not overshoot.

    The curve goes through the seen points and rises and falls where they do (PCHIP). Longer gaps,
    and gaps at the beginning or end of the recording, stay missing; on either side of a longer gap
    the curves know nothing of each other. `filled` says which points were filled.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_gap
        Longest gap that is filled, s, default 0.2 s.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.array([0, 1, np.nan, 9, 16, np.nan, np.nan, np.nan])
    >>> ds = ef.from_arrays(x.repeat(2).reshape(1, 1, 8, 2).swapaxes(2, 3), fps=10,
    ...     bodyparts=["nose"])
    >>> fill_pchip(ds).position.sel(space="x").values.ravel().round(2)
    array([ 0.  ,  1.  ,  4.06,  9.  , 16.  ,   nan,   nan,   nan],
          dtype=float32)
    """
    filled = np.array(position, dtype=np.float32)
    marks = np.zeros((position.shape[0], position.shape[-1]), np.bool_)
    for point, out, mark in zip(position.astype(np.float64), filled, marks, strict=True):
        _fill(point, int(max_gap), out, mark)
    return filled, marks
