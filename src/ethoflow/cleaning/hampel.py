"""Points far from the running median of their body part, in what its neighbours scatter by."""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.cleaning.smoothing import half_window
from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

NORMAL = 1.4826
"""Standard deviation of what is normal, in its median absolute deviation."""

LEAST = 3
"""Seen frames of a window that it takes to judge."""


@jit
def _hide(point: Array, half: int, times: Any, least: Any, out: Array) -> None:
    """Hide the outliers of one body part, dims (space, time)."""
    n_space, n = point.shape
    for t in range(n):
        away, scatter, count = 0.0, 0.0, 0
        for s in range(n_space):
            near = point[s, max(t - half, 0) : min(t + half + 1, n)]
            near = near[~np.isnan(near)]
            count = near.size
            if np.isnan(point[s, t]) or count < LEAST:
                count = 0
                break
            middle = np.median(near)
            away += (point[s, t] - middle) ** 2
            scatter += (NORMAL * np.median(np.abs(near - middle))) ** 2
        if count and np.sqrt(away) > max(times * np.sqrt(scatter), least):
            out[:, t] = np.nan


@step(
    pointwise=("bodypart",),
    halo=half_window,
    parameter_units={"window": "s", "min_distance": "mm"},
    reference="Hampel 1974, J. Am. Stat. Assoc. 69:383",
)
def remove_outliers(
    position: Array, *, window: float = 0.4, n_deviations: float = 5.0, min_distance: float = 10.0
) -> Array:
    """Positions near the running median of their body part (Hampel); others become missing.

    Scatter is the median absolute deviation in the window, brought to a standard deviation. A fast
    animal scatters by its motion; `remove_jumps` looks at velocities instead.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    window
        Length of the centred window, s, default 0.4 s; an even number of frames is taken as the
        next smaller odd one.
    n_deviations
        A point is an outlier beyond so many times the scatter, default 5.
    min_distance
        And if it is at least so far from the median, mm, default 10 mm: an animal that rests
        scatters by nothing.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.arange(11.0).repeat(2).reshape(1, 1, 11, 2).swapaxes(2, 3); x[..., 4] = 300
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose"], units="mm")
    >>> np.flatnonzero(np.isnan(remove_outliers(ds).position.values[0, 0, 0]))
    array([4])
    """
    kept = np.array(position, dtype=np.float32)
    for point, out in zip(position.astype(np.float64), kept, strict=True):
        _hide(point, half_window(int(window)), float(n_deviations), float(min_distance), out)
    return kept
