"""Sniffing the wall: the animal stays where it is, its nose at the arena's wall."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(
    roles={"wall_distance": ("nose",), "speed": ("centre",)},
    units={"max_distance": "mm", "max_speed": "mm/s"},
    on_request=True,
)
def sniffing_wall(
    wall_distance: Array, speed: Array, *, max_distance: float = 12.5, max_speed: float = 40.0
) -> Array:
    """The nose is within `max_distance` of the wall, and the centre slower than `max_speed`.

    Parameters
    ----------
    wall_distance
        Of the nose, dims (bodypart, time), on either side of the wall.
    speed
        Of the body centre, dims (bodypart, time).
    max_distance
        mm, default 12.5 mm.
    max_speed
        mm/s, default 40 mm/s.
    """
    near: Array = np.abs(wall_distance[0]) < max_distance
    stays: Array = speed[0] < max_speed
    return near & stays
