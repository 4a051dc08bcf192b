"""Chasing: one animal runs after another that runs away."""

from __future__ import annotations

from ethoflow.behaviours.following import on_trail, trail_window
from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(
    scope="pair",
    roles={
        "position": ("nose", "tail_base"),
        "partner_position": ("nose", "tail_base"),
        "speed": ("centre",),
        "partner_speed": ("centre",),
    },
    units={"max_distance": "mm", "min_speed": "mm/s", "window": "s"},
    halo=trail_window,
    on_request=True,
)
def chasing(
    position: Array,
    partner_position: Array,
    speed: Array,
    partner_speed: Array,
    *,
    max_distance: float = 40.0,
    min_speed: float = 150.0,
    window: float = 1.0,
) -> Array:
    """Fast following: both run at `min_speed` or faster, the actor on the partner's trail.

    The nose is within `max_distance` of where the partner's tail base was during the last `window`,
    and behind the partner, as for `following`.

    Parameters
    ----------
    position, partner_position
        Nose and tail base of actor and partner, dims (bodypart, space, time).
    speed, partner_speed
        Of the body centres, dims (bodypart, time).
    max_distance
        mm, default 40 mm.
    min_speed
        mm/s, default 150 mm/s.
    window
        How far back the trail counts, s, default 1 s.
    """
    trails = on_trail(position, partner_position, max_distance, window)
    run: Array = (speed[0] >= min_speed) & (partner_speed[0] >= min_speed)
    return trails & run
