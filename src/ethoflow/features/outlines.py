"""Distances to outlines: polygons, of one ring or several."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit


@jit
def distance_to_outline(x: Array, y: Array, corners: Array, out: Array) -> None:
    """Signed distance to rings that corners of NaN keep apart: positive inside (even-odd rule)."""
    n = corners.shape[0]
    for t in range(x.size):
        px, py = x[t], y[t]
        if np.isnan(px) or np.isnan(py):
            out[t] = np.nan
            continue
        nearest, inside, first = np.inf, False, 0
        for i in range(n):
            if np.isnan(corners[i, 0]):
                first = i + 1
                continue
            j = i + 1
            if j == n or np.isnan(corners[j, 0]):
                j = first
            ax, ay = corners[i, 0], corners[i, 1]
            bx, by = corners[j, 0], corners[j, 1]
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            along = ((px - ax) * dx + (py - ay) * dy) / length if length > 0 else 0.0
            along = min(max(along, 0.0), 1.0)
            ex, ey = px - (ax + along * dx), py - (ay + along * dy)
            nearest = min(nearest, ex * ex + ey * ey)
            if (ay > py) != (by > py) and px < dx * (py - ay) / dy + ax:
                inside = not inside
        out[t] = np.sqrt(nearest) if inside else -np.sqrt(nearest)
