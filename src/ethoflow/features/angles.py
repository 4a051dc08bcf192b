"""Angles as numbers: of vectors, from one to the next, and their sums along time."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array, missing_like
from ethoflow.engine.jit import jit


@jit
def _directions(x: Array, y: Array, out: Array) -> None:
    # A plain loop: NumPy's vectorised arctangent rounds differently for different lengths.
    for t in range(x.size):
        out[t] = np.arctan2(y[t], x[t])


def direction_of(x: Array, y: Array) -> Array:
    """Direction of vectors, rad: 0 along +x, positive towards +y, -pi to pi.

    Examples
    --------
    >>> direction_of(np.array([1.0, 0.0]), np.array([0.0, 2.0])).astype(float).round(3).tolist()
    [0.0, 1.571]
    """
    out = np.empty(x.shape, np.float32)
    _directions(np.ascontiguousarray(x).ravel(), np.ascontiguousarray(y).ravel(), out.ravel())
    return out


def wrap(angle: Array) -> Array:
    """Angles between -pi and pi, whatever turns they hold.

    Examples
    --------
    >>> wrap(np.array([0.5, np.pi + 0.5])).round(3).tolist()
    [0.5, -2.642]
    """
    turns: Array = np.floor((angle + np.pi) / (2 * np.pi))
    wrapped: Array = angle - turns * (2 * np.pi)
    return wrapped


def turning_rate(angle: Array, fps: float) -> Array:
    """Change of an angle per second, by the shorter way from each frame to the next.

    Central difference, one-sided of the same order at the two ends; an angle that changes by more
    than half a turn in a frame cannot be told from one that turns the other way.

    Examples
    --------
    >>> turning_rate(np.array([3.0, -3.0, -2.7]), fps=1.0).round(3).tolist()
    [0.275, 0.292, 0.308]
    """
    n = angle.shape[-1]
    if n < 2:
        return missing_like(angle.shape)
    steps = wrap(np.diff(angle.astype(np.float64)))
    if n == 2:
        return np.repeat(steps * fps, 2, axis=-1)
    rate = np.empty(angle.shape)
    rate[..., 1:-1] = steps[..., :-1] + steps[..., 1:]
    rate[..., 0] = 3 * steps[..., 0] - steps[..., 1]
    rate[..., -1] = 3 * steps[..., -1] - steps[..., -2]
    rate *= fps / 2
    return rate
