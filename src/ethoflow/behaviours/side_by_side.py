"""Side by side: two animals lie or walk next to each other, heads the same way."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.features.social import distance


@behaviour(scope="pair", symmetric=True, roles=("nose", "tail_base"), units={"max_distance": "mm"})
def side_by_side(position: Array, partner_position: Array, *, max_distance: float = 50.0) -> Array:
    """Both the noses and the tail bases of two animals are closer than `max_distance`.

    Parameters
    ----------
    position, partner_position
        Nose and tail base of the two animals, dims (bodypart, space, time).
    max_distance
        mm, default 50 mm.
    """
    noses = distance(position[0], partner_position[0])
    tail_bases = distance(position[1], partner_position[1])
    return (noses < max_distance) & (tail_bases < max_distance)
