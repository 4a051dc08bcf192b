"""Where animals are with respect to each other."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array


@feature(scope="pair", symmetric=True, dims=("time",), units="position", roles=("centre",))
def centre_distance(position: Array, partner_position: Array) -> Array:
    """Distance between the body centres of two animals."""
    return distance(position[0], partner_position[0])


def distance(one: Array, other: Array) -> Array:
    """Distance between two points, each with dims (space, time).

    Examples
    --------
    >>> distance(np.array([[0.0], [0.0]]), np.array([[3.0], [4.0]])).tolist()
    [5.0]
    """
    apart: Array = np.sqrt(np.square(one - other).sum(axis=0))
    return apart
