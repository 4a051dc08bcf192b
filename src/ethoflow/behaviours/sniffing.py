"""Sniffing: the animal stays where it is and moves its nose."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(
    roles=("centre", "nose"),
    units={"max_speed": "mm/s", "min_nose_speed": "mm/s"},
    on_request=True,
)
def sniffing(speed: Array, *, max_speed: float = 40.0, min_nose_speed: float = 40.0) -> Array:
    """The body centre is slower than `max_speed`, the nose faster than `min_nose_speed`.

    Parameters
    ----------
    speed
        Of centre and nose, dims (bodypart, time).
    max_speed, min_nose_speed
        mm/s, default 40 mm/s.
    """
    centre, nose = speed
    sniffs: Array = (centre < max_speed) & (nose > min_nose_speed)
    return sniffs
