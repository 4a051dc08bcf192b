"""Nose to tail: one animal sniffs at the tail base of another."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.features.social import distance


@behaviour(
    scope="pair",
    roles={"position": ("nose",), "partner_position": ("tail_base",)},
    units={"max_distance": "mm"},
)
def nose_to_tail(position: Array, partner_position: Array, *, max_distance: float = 25.0) -> Array:
    """The nose is closer than `max_distance` to the partner's tail base.

    Parameters
    ----------
    position
        Nose of the actor, dims (bodypart, space, time).
    partner_position
        Tail base of the partner.
    max_distance
        mm, default 25 mm.
    """
    return distance(position[0], partner_position[0]) < max_distance
