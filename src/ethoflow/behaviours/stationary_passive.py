"""Stationary and passive: the animal stays where it is, and neither head nor hips move."""

from __future__ import annotations

from ethoflow.behaviours.stationary_active import ENDS
from ethoflow.engine import all_of, behaviour, claim
from ethoflow.engine.declare import Array


@behaviour(
    reads={"part_speed": "speed"},
    roles={"speed": ("centre",), "part_speed": ENDS},
    optional=("speed", "part_speed"),
    units={"max_speed": "mm/s", "max_part_speed": "mm/s"},
    on_request=True,
)
def stationary_passive(
    speed: Array, part_speed: Array, *, max_speed: float = 40.0, max_part_speed: float = 40.0
) -> Array:
    """The body centre is slower than `max_speed`, nose and hips slower than `max_part_speed`.

    One fast point that is seen is enough to say no.

    Parameters
    ----------
    speed
        Of the body centre, dims (bodypart, time).
    part_speed
        Of nose and hips, those that are tracked.
    max_speed, max_part_speed
        mm/s, default 40 mm/s.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> stationary_passive(simulate.still_then_running())[0, [0, -1]].values
    array([1., 0.], dtype=float32)
    """
    still = claim(speed[0] < max_speed, speed[0])
    return all_of([still, *claim(part_speed < max_part_speed, part_speed)])
