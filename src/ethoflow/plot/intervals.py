"""Means of units with their intervals, as pictures of groups show them."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.stats.effects import t_interval


def mean_of(values: Array, level: float) -> tuple[float, float, float]:
    """Mean of the units and the ends of its t interval, which one unit alone has not.

    Examples
    --------
    >>> [round(float(x), 3) for x in mean_of(np.array([1.0, 2.0, 3.0]), 0.95)]
    [2.0, -0.484, 4.484]
    """
    n = len(values)
    if not n:
        return float("nan"), float("nan"), float("nan")
    mean = float(values.mean())
    if n < 2:
        return mean, float("nan"), float("nan")
    low, high = t_interval(mean, float(values.std(ddof=1)) / np.sqrt(n), n - 1, level)
    return mean, low, high
