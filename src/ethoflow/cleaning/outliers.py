"""Points that jump away from where they were just before and just after."""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.cleaning.smoothing import median_at
from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

ONE, NONE = np.float32(1), np.float32(0)


@jit
def _vote(one: Array, other: Array, near: Any, excess: Array) -> None:
    """Count frames that are near another one, less those that are not."""
    for i in range(one.size):
        apart = abs(one[i] - other[i])
        excess[i] += (ONE if apart <= near else NONE) - (ONE if apart > near else NONE)


@jit
def _doubt(row: Array, half: int, near: Any, doubtful: Array) -> None:
    """Mark the frames of one coordinate where less than most of the window is near the frame."""
    n = row.size
    excess = np.zeros(n, np.float32)
    for k in range(1, half + 1):
        if k < n:
            _vote(row[k:], row[: n - k], near, excess[k:])
            _vote(row[: n - k], row[k:], near, excess[: n - k])
    for t in range(n):
        excess[t] += ONE if row[t] == row[t] else NONE
    for t in range(n):
        if excess[t] <= 0:
            doubtful[t] = True


@jit
def _hide_jumps(point: Array, half: int, max_jump: Any, out: Array) -> None:
    """Hide where one body part, dims (space, time), is far from its median.

    Where most of a window is near a point in every coordinate, so is the median: it is looked for
    in the few other cases only.
    """
    n_space, n = point.shape
    near = np.float32(0.999) * max_jump / np.float32(np.sqrt(n_space))
    doubtful = np.zeros(n, np.bool_)
    for s in range(n_space):
        _doubt(point[s], half, near, doubtful)
    kept = np.empty(2 * half + 1, np.float32)
    for t in range(n):
        if not doubtful[t]:
            continue
        total = np.float32(0)
        for s in range(n_space):
            if not np.isnan(point[s, t]):
                away = point[s, t] - np.float32(median_at(point[s], t, half, kept))
                total += away * away
        if total > max_jump * max_jump:
            out[:, t] = np.nan


def _half_window(window: int) -> int:
    return window // 2


@step(
    halo=_half_window,
    parameter_units={"max_jump": "mm", "window": "s"},
    reference="Hampel 1974, doi:10.1080/01621459.1974.10482962 (fixed threshold)",
)
def remove_jumps(position: Array, *, max_jump: float = 30.0, window: float = 0.5) -> Array:
    """Positions within `max_jump` of their own running median; the others become missing.

    The median spares an animal that runs: along a steady run a point is its own median, while a
    point that leaves and comes back within half the window is not.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_jump
        Largest distance from the median, mm, default 30 mm.
    window
        Length of the centred window of the median, s, default 0.5 s.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.zeros((1, 1, 2, 9)); x[..., 4] = 300
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose"], units="mm")
    >>> np.flatnonzero(np.isnan(remove_jumps(ds).position.values[0, 0, 0]))
    array([4])
    """
    kept = np.array(position, dtype=np.float32)
    for point in kept:
        _hide_jumps(point.copy(), int(window) // 2, np.float32(max_jump), point)
    return kept
