"""Look around: the head turns about while the body stays."""

from __future__ import annotations

from ethoflow.engine import all_of, behaviour, claim, some_of
from ethoflow.engine.declare import Array


@behaviour(
    reads={"nose_speed": "speed"},
    roles={"speed": some_of("tail_base", "left_hip", "right_hip"), "nose_speed": ("nose",)},
    optional=("speed", "nose_speed"),
    units={"max_speed": "mm/s", "min_nose_speed": "mm/s"},
    on_request=True,
)
def look_around(
    speed: Array, nose_speed: Array, *, max_speed: float = 30.0, min_nose_speed: float = 40.0
) -> Array:
    """The nose is as fast as `min_nose_speed` while tail base and hips are slower than `max_speed`.

    Parameters
    ----------
    speed
        Of tail base and hips, those that are tracked, dims (bodypart, time).
    nose_speed
        Of the nose.
    max_speed
        mm/s, default 30 mm/s.
    min_nose_speed
        mm/s, default 40 mm/s.
    """
    turns = claim(nose_speed >= min_nose_speed, nose_speed)
    return all_of([*turns, *claim(speed < max_speed, speed)])
