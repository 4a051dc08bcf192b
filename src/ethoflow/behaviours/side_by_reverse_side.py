"""Side by reverse side: two animals lie or walk next to each other, heads opposite ways."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.features.social import distance


@behaviour(
    scope="pair",
    symmetric=True,
    roles=("nose", "tail_base"),
    units={"max_distance": "mm"},
    on_request=True,
)
def side_by_reverse_side(
    position: Array, partner_position: Array, *, max_distance: float = 50.0
) -> Array:
    """Each animal's nose is closer than `max_distance` to the other's tail base.

    Parameters
    ----------
    position, partner_position
        Nose and tail base of the two animals, dims (bodypart, space, time).
    max_distance
        mm, default 50 mm.
    """
    one = distance(position[0], partner_position[1])
    other = distance(position[1], partner_position[0])
    return (one < max_distance) & (other < max_distance)
