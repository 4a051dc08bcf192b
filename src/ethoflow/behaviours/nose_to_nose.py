"""Nose to nose: two animals sniff at each other's face."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.features.social import distance


@behaviour(scope="pair", symmetric=True, roles=("nose",), units={"max_distance": "mm"})
def nose_to_nose(position: Array, partner_position: Array, *, max_distance: float = 25.0) -> Array:
    """The noses of two animals are closer than `max_distance`.

    Parameters
    ----------
    position, partner_position
        Noses of the two animals, dims (bodypart, space, time).
    max_distance
        mm, default 25 mm.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> nose_to_nose(simulate.approach()).isel(individual=0, partner=1)[[0, -1]].values
    array([0., 1.], dtype=float32)
    """
    return distance(position[0], partner_position[0]) < max_distance
