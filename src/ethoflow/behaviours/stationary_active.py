"""Stationary and active: the animal stays where it is and moves head or hips."""

from __future__ import annotations

from ethoflow.engine import all_of, any_of, behaviour, claim, some_of
from ethoflow.engine.declare import Array

ENDS = some_of("nose", "left_hip", "right_hip")
"""Ends of the body that move where an animal grooms, sniffs or digs on the spot."""


@behaviour(
    reads={"part_speed": "speed"},
    roles={"speed": ("centre",), "part_speed": ENDS},
    optional=("speed", "part_speed"),
    units={"max_speed": "mm/s", "min_part_speed": "mm/s"},
    on_request=True,
)
def stationary_active(
    speed: Array, part_speed: Array, *, max_speed: float = 40.0, min_part_speed: float = 40.0
) -> Array:
    """The body centre is slower than `max_speed`, nose or a hip as fast as `min_part_speed`.

    One fast point that is seen is enough, whatever the others do.

    Parameters
    ----------
    speed
        Of the body centre, dims (bodypart, time).
    part_speed
        Of nose and hips, those that are tracked.
    max_speed, min_part_speed
        mm/s, default 40 mm/s.
    """
    still = claim(speed[0] < max_speed, speed[0])
    return all_of([still, any_of(claim(part_speed >= min_part_speed, part_speed))])
