"""Running median: steady points without rounding off the corners of a path."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

LANES = 64
"""Windows that are sorted side by side: the compiler turns each comparison into vector code."""


@jit
def median_at(row: Array, t: int, reach: int, kept: Array) -> float:
    """Median of the frames within `reach` of frame `t`, all of which are there."""
    for count in range(2 * reach + 1):
        value = row[t - reach + count]
        place = count
        while place > 0 and kept[place - 1] > value:
            kept[place] = kept[place - 1]
            place -= 1
        kept[place] = value
    return float(kept[reach])


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
    before, after = -1, 0
    for t in range(n):
        if np.isnan(row[t]):
            out[t] = np.nan
            before = t
            continue
        after = max(after, t)
        while after < n and after <= t + half and not np.isnan(row[after]):
            after += 1
        reach = min(t - before, after - t) - 1
        if reach < half:
            out[t] = np.float32(median_at(row, t, reach, kept))


def half_window(window: int) -> int:
    """Frames to either side of a centred window of `window` frames, an even one less one."""
    return max(int(window) - 1, 0) // 2


def running_median(position: Array, window: int) -> Array:
    """Centred running median along time of arrays with dims (..., time); `window` in frames."""
    rows = np.ascontiguousarray(position, np.float32).reshape(-1, position.shape[-1])
    out = np.empty_like(rows)
    for row, result in zip(rows, out, strict=True):
        _median_row(row, half_window(window), result)
    return out.reshape(position.shape)


@step(pointwise=("bodypart",), halo=half_window, parameter_units={"window": "s"}, version=2)
def smooth(position: Array, *, window: float = 0.2) -> Array:
    """Positions as the running median over a centred `window`, coordinate by coordinate.

    Every window is symmetric: beside a missing point and at the ends of the recording it shrinks
    on both sides alike, so that steady motion is left as it is. Missing points stay missing.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    window
        Length of the window, s, default 0.2 s; an even number of frames is taken as the next
        smaller odd one, and up to two frames change nothing.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.zeros((1, 1, 2, 5)); x[..., 2] = 9
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose"])
    >>> smooth(ds, window="3 frames").position.values.max()
    np.float32(0.0)
    """
    return running_median(position, int(window))
