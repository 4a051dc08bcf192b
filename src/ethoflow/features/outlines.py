"""Distances to outlines: polygons, of one ring or several."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

ROUNDED = 2.0**-22
"""Share of the largest coordinate by which float32 may round a point off a side it lies on."""

RUN = 8
"""Sides one after the other that are looked at only where their box is near enough."""


def distance_to_outline(position: Array, corners: Array, out: Array) -> None:
    """Signed distance of points to the rings of an outline: positive inside (even-odd rule).

    On the outline, to within what positions are rounded by, it is 0.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    corners
        Dims (corner, space), of which height plays no part; a corner of NaN is between two rings.
    out
        Dims (bodypart, time); is filled.

    Examples
    --------
    >>> out = np.empty((1, 2), np.float32)
    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> distance_to_outline(np.array([[[1.0, 9.0], [2.0, 2.0]]], np.float32), square, out)
    >>> out.tolist()
    [[1.0, -5.0]]
    """
    sides = _sides_of(corners[:, :2].astype(np.float64))  # seen from above
    boxes = _boxes_of(sides)
    on = float(np.square(ROUNDED * np.abs(boxes).max(initial=0)))
    for part, result in zip(position, out, strict=True):
        _measure(part[0], part[1], sides, boxes, on, result)


def _sides_of(corners: Array) -> Array:
    """Both ends of every side, its way, and 1 by its length squared, dims (side, number)."""
    there = ~np.isnan(corners[:, 0])
    follows = np.arange(1, len(corners) + 1)
    first = 0
    for place in range(len(corners)):
        if not there[place]:
            first = place + 1
        elif place + 1 == len(corners) or not there[place + 1]:
            follows[place] = first
    begin, end = corners[there], corners[follows[there]]
    squares = np.square(way := end - begin).sum(axis=1, keepdims=True)
    inverse = np.divide(1, squares, out=np.zeros_like(squares), where=squares > 0)
    return np.concatenate([begin, end, way, inverse], axis=1)


def _boxes_of(sides: Array) -> Array:
    """The least and most x, and y, of every run of sides, dims (run, x x y y)."""
    firsts = np.arange(0, len(sides), RUN)
    ends = [sides[:, [0, 2]], sides[:, [1, 3]]]
    edges = [
        edge.reduceat(most, firsts)
        for of_axis in ends
        for edge, most in ((np.minimum, of_axis.min(axis=1)), (np.maximum, of_axis.max(axis=1)))
    ]
    return np.stack(edges, axis=1)


@jit
def _nearer(sides: Array, first: int, px: float, py: float, nearest: float) -> float:
    """Square of the distance to the nearest side of a run, where it is below what there is."""
    for i in range(first, min(first + RUN, sides.shape[0])):
        ax, ay = sides[i, 0], sides[i, 1]
        dx, dy = sides[i, 4], sides[i, 5]
        along = ((px - ax) * dx + (py - ay) * dy) * sides[i, 6]
        along = min(max(along, 0.0), 1.0)
        ex, ey = px - (ax + along * dx), py - (ay + along * dy)
        nearest = min(nearest, ex * ex + ey * ey)
    return nearest


@jit
def _crosses(sides: Array, first: int, px: float, py: float) -> bool:
    """Whether a line from a point to the left crosses an odd number of a run's sides."""
    odd = False
    for i in range(first, min(first + RUN, sides.shape[0])):
        ay, by = sides[i, 1], sides[i, 3]
        if (ay > py) != (by > py):
            ax, bx = sides[i, 0], sides[i, 2]
            if px < (bx - ax) * (py - ay) / (by - ay) + ax:
                odd = not odd
    return odd


@jit
def _measure(x: Array, y: Array, sides: Array, boxes: Array, on: float, out: Array) -> None:
    apart = np.empty(boxes.shape[0])
    for t in range(x.size):
        px, py = float(x[t]), float(y[t])
        if np.isnan(px) or np.isnan(py):
            out[t] = np.nan
            continue
        # The order of the runs is that of the point alone, so no other frame shows.
        best, inside = 0, False
        for k in range(boxes.shape[0]):
            across = max(boxes[k, 0] - px, px - boxes[k, 1], 0.0)
            along = max(boxes[k, 2] - py, py - boxes[k, 3], 0.0)
            apart[k] = across * across + along * along
            best = k if apart[k] < apart[best] else best
            if boxes[k, 2] <= py <= boxes[k, 3] and _crosses(sides, k * RUN, px, py):
                inside = not inside
        nearest = _nearer(sides, best * RUN, px, py, np.inf)
        for k in range(boxes.shape[0]):
            if k != best and apart[k] < nearest:
                nearest = _nearer(sides, k * RUN, px, py, nearest)
        distance = 0.0 if nearest <= on else np.sqrt(nearest)
        out[t] = distance if inside or distance == 0 else -distance
