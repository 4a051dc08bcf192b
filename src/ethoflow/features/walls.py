"""Where body parts are with respect to the arena's wall."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit


@jit
def _distance_to_polygon(x: Array, y: Array, corners: Array, out: Array) -> None:
    """Signed distance to the outline: positive inside, negative outside (even-odd rule)."""
    n = corners.shape[0]
    for t in range(x.size):
        px, py = x[t], y[t]
        if np.isnan(px) or np.isnan(py):
            out[t] = np.nan
            continue
        nearest, inside = np.inf, False
        for i in range(n):
            ax, ay = corners[i, 0], corners[i, 1]
            bx, by = corners[(i + 1) % n, 0], corners[(i + 1) % n, 1]
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            along = ((px - ax) * dx + (py - ay) * dy) / length if length > 0 else 0.0
            along = min(max(along, 0.0), 1.0)
            ex, ey = px - (ax + along * dx), py - (ay + along * dy)
            nearest = min(nearest, ex * ex + ey * ey)
            if (ay > py) != (by > py) and px < dx * (py - ay) / dy + ax:
                inside = not inside
        out[t] = np.sqrt(nearest) if inside else -np.sqrt(nearest)


@feature(dims=("bodypart", "time"), units="position", pointwise=("bodypart",))
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
    """
    if not np.isnan(arena_radius):
        offset = position[:, :2] - arena_centre[:2, np.newaxis]
        inside: Array = arena_radius - np.sqrt(np.square(offset).sum(axis=1))
        return inside
    corners = arena[~np.isnan(arena[:, 0])].astype(np.float64)
    out = np.full((position.shape[0], position.shape[-1]), np.nan, np.float32)
    if len(corners):
        for part, result in zip(position, out, strict=True):
            _distance_to_polygon(part[0], part[1], corners, result)
    return out
