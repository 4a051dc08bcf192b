"""Moving: the body goes from place to place."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(roles=("centre",), units={"min_speed": "mm/s"})
def moving(speed: Array, *, min_speed: float = 40.0) -> Array:
    """The body centre moves at `min_speed` or faster.

    Parameters
    ----------
    speed
        Of the body centre, dims (bodypart, time).
    min_speed
        mm/s, default 40 mm/s.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> moving(simulate.still_then_running())[0, [0, -1]].values
    array([0., 1.], dtype=float32)
    """
    centre: Array = speed[0]
    return centre >= min_speed
