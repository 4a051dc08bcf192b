"""Leaving: one animal goes away from another that is near."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(
    scope="pair",
    roles={"speed": ("centre",)},
    units={"min_speed": "mm/s", "max_distance": "mm"},
    on_request=True,
)
def leaving(
    approach_speed: Array,
    speed: Array,
    centre_distance: Array,
    *,
    min_speed: float = 40.0,
    max_distance: float = 150.0,
    min_directness: float = 0.7,
) -> Array:
    """The actor goes away from the partner by itself, while it is still near.

    Its way from the partner's centre is `min_speed` or faster, makes up `min_directness` of its
    speed, and they are within `max_distance`.

    Parameters
    ----------
    approach_speed
        Part of the actor's speed that leads to the partner, negative where it leads away.
    speed
        Of the actor's centre, dims (bodypart, time).
    centre_distance
        Between the centres, dims (time,).
    min_speed
        mm/s, default 40 mm/s.
    max_distance
        mm, default 150 mm.
    min_directness
        Cosine of the angle between the way and the line from the partner, default 0.7: within 45
        degrees.
    """
    direct: Array = -approach_speed >= min_directness * speed[0]
    near: Array = centre_distance < max_distance
    return direct & (-approach_speed >= min_speed) & near
