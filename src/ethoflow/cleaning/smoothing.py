"""Running median: steady points without rounding off the corners of a path."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit


@jit
def _median_row(row: Array, half: int, out: Array) -> None:
    """Median of what is there within `half` frames of each frame that is there."""
    n = row.size
    kept = np.empty(2 * half + 1, np.float32)
    for t in range(n):
        if np.isnan(row[t]):
            out[t] = np.nan
            continue
        count = 0
        for k in range(max(t - half, 0), min(t + half + 1, n)):
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
            out[t] = kept[middle]
        else:
            out[t] = np.float32(0.5) * (kept[middle - 1] + kept[middle])


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
