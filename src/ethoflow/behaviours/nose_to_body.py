"""Nose to body: one animal sniffs at the body of another, between its face and its tail base."""

from __future__ import annotations

from ethoflow.engine import behaviour, some_of
from ethoflow.engine.declare import Array
from ethoflow.features.nearness import any_nearer

TRUNK = some_of(
    "left_ear", "right_ear", "neck", "centre", "lower_back", "left_side", "right_side", "left_hip",
    "right_hip",
)  # fmt: skip


@behaviour(
    scope="pair",
    roles={"position": ("nose",), "partner_position": TRUNK},
    optional=("position", "partner_position"),
    units={"max_distance": "mm"},
    on_request=True,
)
def nose_to_body(position: Array, partner_position: Array, *, max_distance: float = 25.0) -> Array:
    """The nose is closer than `max_distance` to any point of the partner's trunk.

    Of those that are tracked: ears, neck, centre, sides, lower back, hips. One that is seen and
    near is enough; absent needs all of them seen.

    Parameters
    ----------
    position
        Nose of the actor, dims (bodypart, space, time).
    partner_position
        Trunk of the partner.
    max_distance
        mm, default 25 mm.
    """
    return any_nearer(position, partner_position, max_distance)
