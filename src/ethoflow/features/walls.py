"""Where body parts are with respect to the arena's wall."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array
from ethoflow.features.outlines import distance_to_outline


@feature(dims=("bodypart", "time"), units="position", pointwise=("bodypart",), version=2)
def wall_distance(position: Array, arena: Array, arena_centre: Array, arena_radius: Array) -> Array:
    """Distance of each body part to the arena's wall: positive inside, negative outside.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    arena
        Corners of the floor, dims (vertex, space), NaN after the last; used where there is no
        radius.
    arena_centre, arena_radius
        Of a circle: dims (space,), and one number.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.from_arrays(np.zeros((1, 1, 2, 3)), fps=25, bodyparts=["nose"])
    >>> ds = ef.calibrate(ds, ef.circle(30, 40, 100, size="200 mm"))
    >>> wall_distance(ds).values.ravel().tolist()
    [50.0, 50.0, 50.0]
    """
    if not np.isnan(arena_radius):
        offset = position[:, :2] - arena_centre[:2, np.newaxis]
        inside: Array = arena_radius - np.sqrt(np.square(offset).sum(axis=1))
        return inside
    corners = arena[~np.isnan(arena[:, 0])]
    out = np.full((position.shape[0], position.shape[-1]), np.nan, np.float32)
    if len(corners):
        distance_to_outline(position, corners, out)
    return out
