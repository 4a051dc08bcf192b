"""Ratios that are missing where there is nothing to divide by."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array


def ratio(one: Array, other: Array, least: float = 0) -> Array:
    """`one` by `other`, missing where `other` is not above `least`.

    Examples
    --------
    >>> ratio(np.array([1.0, 2.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    missing = np.full(other.shape, np.nan, np.result_type(one, other, np.float32))
    found: Array = np.divide(one, other, out=missing, where=other > least)
    return found
