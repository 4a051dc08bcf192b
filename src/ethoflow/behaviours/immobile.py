"""Immobile: the whole body keeps still."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(roles=("nose", "centre", "tail_base"), units={"max_speed": "mm/s"}, min_bout=1.0)
def immobile(speed: Array, *, max_speed: float = 10.0) -> Array:
    """Nose, centre and tail base are all slower than `max_speed`, for 1 s or longer.

    Parameters
    ----------
    speed
        Of the three body parts, dims (bodypart, time).
    max_speed
        mm/s, default 10 mm/s.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> immobile(simulate.still_then_running())[0, [0, -1]].values
    array([1., 0.], dtype=float32)
    """
    still: Array = np.all(speed < max_speed, axis=0)
    return still
