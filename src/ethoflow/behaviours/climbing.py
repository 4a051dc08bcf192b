"""Climbing: the animal reaches up the wall, so that its nose leaves the floor of the arena."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(roles={"wall_distance": ("nose",)}, units={"min_outside": "body_length"})
def climbing(wall_distance: Array, body_length: Array, *, min_outside: float = 0.15) -> Array:
    """The nose is outside the arena by more than `min_outside` body lengths.

    Parameters
    ----------
    wall_distance
        Of the nose, dims (bodypart, time): negative outside.
    body_length
        Of the animal.
    min_outside
        In body lengths, default 0.15.
    """
    nose: Array = wall_distance[0]
    return nose < -min_outside * body_length
