"""Contact: two animals touch, or all but touch, with whatever part of the body."""

from __future__ import annotations

from ethoflow.engine import behaviour, some_of
from ethoflow.engine.declare import Array
from ethoflow.features.social import any_nearer

BODY = some_of(
    "nose", "left_ear", "right_ear", "head", "neck", "centre", "left_side", "right_side",
    "lower_back", "left_hip", "right_hip", "tail_base",
)  # fmt: skip


@behaviour(
    scope="pair",
    symmetric=True,
    roles={"position": BODY, "partner_position": BODY},
    optional=("position", "partner_position"),
    units={"max_distance": "body_length"},
    on_request=True,
)
def contact(
    position: Array,
    partner_position: Array,
    body_length: Array,
    partner_body_length: Array,
    *,
    max_distance: float = 0.25,
) -> Array:
    """Any point of one body is closer than `max_distance` body lengths to any of the other.

    Of those that are tracked, tails left out. Two that are seen and near are enough; absent needs
    all of them seen. The body length is the mean of the two.

    Parameters
    ----------
    position, partner_position
        Points of the two bodies, dims (bodypart, space, time).
    body_length, partner_body_length
        Of the two animals.
    max_distance
        In body lengths, default 0.25.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> contact(simulate.approach()).isel(individual=0, partner=1)[[0, -1]].values
    array([0., 1.], dtype=float32)
    """
    length = (body_length + partner_body_length) / 2
    return any_nearer(position, partner_position, max_distance * length)
