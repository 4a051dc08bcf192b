"""Savitzky-Golay smoothing that knows of gaps: polynomials through what was seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.cleaning.smoothing import half_window
from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit


def weights_of(half: int, order: int) -> Array:
    """What each frame of a whole window counts in the polynomial's value at its middle."""
    powers = np.arange(-half, half + 1, dtype=np.float64)[:, np.newaxis] ** np.arange(order + 1)
    weights: Array = np.linalg.pinv(powers)[0]
    return weights.astype(np.float32)


@jit
def _value_at(row: Array, t: int, low: int, high: int, order: int, work: Array) -> Any:
    """Value at `t` of the polynomial of least squares through the seen frames `low` to `high`."""
    seen = 0
    scale = max(t - low, high - 1 - t, 1)
    work[:, :] = 0
    for k in range(low, high):
        if np.isnan(row[k]):
            continue
        seen += 1
        u = (k - t) / scale
        away = float(row[k]) - float(row[t])
        left = 1.0
        for i in range(order + 1):
            right = left
            for j in range(i, order + 1):
                work[i, j] += left * right
                right *= u
            work[i, order + 1] += left * away
            left *= u
    if seen <= order:
        return row[t]
    # Moments of the powers: each row was begun at its diagonal, u ** (i + j) being symmetric.
    for i in range(order + 1):
        for j in range(i):
            work[i, j] = work[j, i]
    for i in range(order, -1, -1):  # to the first unknown, the value itself
        for j in range(i):
            share = work[j, i] / work[i, i]
            for k in range(i):
                work[j, k] -= share * work[i, k]
            work[j, order + 1] -= share * work[i, order + 1]
    return np.float32(float(row[t]) + work[0, order + 1] / work[0, 0])


@jit
def _smooth_row(row: Array, weights: Array, order: int, out: Array) -> None:
    """Smooth one row: whole windows by their weights, others by a polynomial of their own."""
    n, width = row.size, weights.size
    half = width // 2
    work = np.empty((order + 1, order + 2))
    out[:] = row
    for k in range(width):
        weight = weights[k]
        for t in range(half, n - half):
            out[t] += weight * (row[t - half + k] - row[t])
    # What is unknown in a window makes its middle unknown.
    for t in range(n):
        if np.isnan(out[t]) or t < half or t >= n - half:
            out[t] = row[t]
            if not np.isnan(row[t]):
                out[t] = _value_at(row, t, max(t - half, 0), min(t + half + 1, n), order, work)


@step(
    pointwise=("bodypart",),
    halo=half_window,
    parameter_units={"window": "s"},
    reference="Savitzky & Golay 1964, Anal. Chem. 36:1627",
)
def smooth_polynomial(position: Array, *, window: float = 0.2, order: int = 2) -> Array:
    """Positions as a polynomial through a centred `window` has them (Savitzky-Golay).

    A path that is a polynomial of that `order` is left as it is, beside gaps and at the ends too,
    where the polynomial goes through the frames of the window that were seen. Missing points stay
    missing; a point with no more than `order` seen ones in its window stays as it is.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    window
        Length of the window, s, default 0.2 s; an even number of frames is taken as the next
        smaller odd one. A window of no more than `order` + 1 frames changes nothing.
    order
        Of the polynomial, default 2.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.square(np.arange(9.0)).repeat(2).reshape(1, 1, 9, 2).swapaxes(2, 3)
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose"])
    >>> smooth_polynomial(ds).position.sel(space="x").values.ravel().round(3)
    array([ 0.,  1.,  4.,  9., 16., 25., 36., 49., 64.], dtype=float32)
    """
    half, order = half_window(int(window)), max(int(order), 0)
    rows = np.ascontiguousarray(position, np.float32).reshape(-1, position.shape[-1])
    if 2 * half <= order:
        return rows.reshape(position.shape)
    out = np.empty_like(rows)
    weights = weights_of(half, order)
    for row, result in zip(rows, out, strict=True):
        _smooth_row(row, weights, order, result)
    return out.reshape(position.shape)
