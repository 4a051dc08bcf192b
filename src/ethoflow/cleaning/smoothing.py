"""Running median: steady points without rounding off the corners of a path."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

LANES = 64
"""Windows that are sorted side by side: the compiler turns each comparison into vector code."""


@jit
def median_at(row: Array, t: int, half: int, kept: Array) -> float:
    """Median of what is there within `half` frames of frame `t`, which is there itself."""
    count = 0
    for k in range(max(t - half, 0), min(t + half + 1, row.size)):
        value = row[k]
        if np.isnan(value):
            continue
        place = count
        while place > 0 and kept[place - 1] > value:
            kept[place] = kept[place - 1]
            place -= 1
        kept[place] = value
        count += 1
    middle = count // 2
    if count % 2:
        return float(kept[middle])
    return float(np.float32(0.5) * (kept[middle - 1] + kept[middle]))


@jit
def _median_lanes(row: Array, half: int, out: Array) -> None:
    """Medians of whole windows, by sorting many at once (odd-even transposition)."""
    width = 2 * half + 1
    lanes = np.empty((width, LANES), np.float32)
    for start in range(half, row.size - half, LANES):
        n = min(LANES, row.size - half - start)
        for k in range(width):
            for lane in range(n):
                lanes[k, lane] = row[start - half + k + lane]
        for turn in range(width):
            for k in range(turn % 2, width - 1, 2):
                for lane in range(LANES):
                    low, high = lanes[k, lane], lanes[k + 1, lane]
                    lanes[k, lane] = low if low < high else high
                    lanes[k + 1, lane] = high if low < high else low
        for lane in range(n):
            out[start + lane] = lanes[half, lane]


@jit
def _median_row(row: Array, half: int, out: Array) -> None:
    """Running median of one row: whole windows together, those with gaps or at the ends by hand."""
    n = row.size
    _median_lanes(row, half, out)
    kept = np.empty(2 * half + 1, np.float32)
    gap = -half - 1
    for t in range(min(half, n)):
        if np.isnan(row[t]):
            gap = t
    for t in range(n):
        if t + half < n and np.isnan(row[t + half]):
            gap = t + half
        if np.isnan(row[t]):
            out[t] = np.nan
        elif gap >= t - half or t < half or t >= n - half:
            out[t] = np.float32(median_at(row, t, half, kept))


def running_median(position: Array, window: float) -> Array:
    """Centred running median along time of arrays with dims (..., time); `window` in frames."""
    rows = np.ascontiguousarray(position, np.float32).reshape(-1, position.shape[-1])
    out = np.empty_like(rows)
    for row, result in zip(rows, out, strict=True):
        _median_row(row, int(window) // 2, result)
    return out.reshape(position.shape)


def _half_window(window: int) -> int:
    return window // 2


@step(halo=_half_window, parameter_units={"window": "s"})
def smooth(position: Array, *, window: float = 0.2) -> Array:
    """Positions as the running median over a centred `window`, coordinate by coordinate.

    Missing points stay missing; windows ignore them, and shrink at the ends of the recording.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    window
        Length of the window, s, default 0.2 s; up to one frame it changes nothing.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.zeros((1, 1, 2, 5)); x[..., 2] = 9
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose"])
    >>> smooth(ds, window="3 frames").position.values.max()
    np.float32(0.0)
    """
    return running_median(position, window)
