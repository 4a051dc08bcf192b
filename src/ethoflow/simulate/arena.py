"""The ground simulated animals live on: a circle or a polygon, in millimetres.

Animals plan in a convex part of the ground, where "how far from every wall" is one subtraction.
Of a polygon that is not convex they use a convex part around its roomiest place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.schema import DataError
from ethoflow.units import Quantity, convert

Array: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

BORDER = 60.0
"""Picture around the arena, in mm."""

MIN_RADIUS = 140.0
"""Smallest inner radius, in mm, in which two mice can keep apart and still chase each other."""


@dataclass(frozen=True)
class CircleArena:
    """A circle in the picture: centre and radius in px, and what `ef.circle` needs beside them.

    `size` is the length of the diameter, such as ``"380 mm"``.
    """

    x: float
    y: float
    radius: float
    size: str


@dataclass(frozen=True)
class PolygonArena:
    """A polygon in the picture: corners in px, and what `ef.polygon` needs beside them.

    `size` is the length of the first side, such as ``"380 mm"``.
    """

    vertices: tuple[tuple[float, float], ...]
    size: str


@dataclass(frozen=True)
class Ground:
    """The arena in mm: its shape, its roomiest place, and the half-planes of its convex part."""

    centre: Array
    radius: float
    vertices: Array | None = None
    normals: Array | None = None
    offsets: Array | None = None


def make_ground(arena: str | Sequence[Sequence[float]], size: Quantity) -> Ground:
    """The ground named by `arena`, with its picture's corner at the origin.

    Parameters
    ----------
    arena
        ``"circle"``, ``"square"``, or the corners of a polygon in mm.
    size
        Diameter or side, in mm, of the two with a name.

    Raises
    ------
    DataError
        An unknown name, fewer than three corners, or too little room.

    Examples
    --------
    >>> make_ground("square", 400).vertices.tolist()
    [[60.0, 60.0], [460.0, 60.0], [460.0, 460.0], [60.0, 460.0]]
    """
    if isinstance(arena, str):
        side = convert(size, "mm", name="size")
        if arena == "circle":
            return _roomy(Ground(np.full(2, side / 2 + BORDER), side / 2))
        if arena != "square":
            raise DataError(f"arena must be 'circle', 'square' or corners in mm, found {arena!r}.")
        arena = [(0, 0), (side, 0), (side, side), (0, side)]
    corners = np.asarray(arena, np.float64)
    if corners.ndim != 2 or corners.shape[0] < 3 or corners.shape[1] != 2:
        raise DataError(f"a polygon needs three or more (x, y) corners, found {corners.shape}.")
    return _roomy(_make_polygon(corners - corners.min(axis=0) + BORDER))


def _roomy(ground: Ground) -> Ground:
    if not ground.radius >= MIN_RADIUS:
        raise DataError(
            f"the arena must hold a circle of {MIN_RADIUS:g} mm radius; the largest in this one "
            f"has {ground.radius:.0f} mm. Give a larger size."
        )
    return ground


def _make_polygon(corners: Array) -> Ground:
    """Ground of a polygon: its roomiest place by a grid search, its convex part around that."""
    if _signed_area(corners) < 0:
        corners = corners[::-1]
    low, high = corners.min(axis=0), corners.max(axis=0)
    centre = (low + high) / 2
    for _ in range(4):
        axes = [np.linspace(a, b, 41) for a, b in zip(low, high, strict=True)]
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
        centre = grid[np.argmin(_outside_polygon(corners, grid))]
        reach = (high - low) / 20
        low, high = centre - reach, centre + reach
    radius = -float(_outside_polygon(corners, centre[None])[0])
    edge = np.roll(corners, -1, axis=0) - corners
    normal = np.stack([edge[:, 1], -edge[:, 0]], axis=1) / np.linalg.norm(edge, axis=1)[:, None]
    touch = corners
    if np.any(_cross(edge, np.roll(edge, -1, axis=0)) < 0):
        # The half-plane through an edge's point nearest to the centre, facing the centre, has the
        # whole edge behind it: what lies before all of them is convex and crosses no wall.
        touch = _nearest_on_edges(corners, centre[None])[0]
        away = touch - centre
        normal = away / np.linalg.norm(away, axis=1)[:, None]
    return Ground(centre, radius, corners, normal, (normal * touch).sum(axis=1))


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _signed_area(corners: Array) -> float:
    return float(_cross(corners, np.roll(corners, -1, axis=0)).sum()) / 2


def _nearest_on_edges(corners: Array, points: Array) -> Array:
    """Nearest point of every edge, dims (point, edge, space)."""
    edge = np.roll(corners, -1, axis=0) - corners
    relative = points[:, None] - corners
    share = (relative * edge).sum(axis=-1) / (edge * edge).sum(axis=-1)
    return np.asarray(corners + np.clip(share, 0, 1)[..., None] * edge)


def _outside_polygon(corners: Array, points: Array) -> Array:
    """Distance to the polygon's border: positive outside, negative inside."""
    gap = np.linalg.norm(points[:, None] - _nearest_on_edges(corners, points), axis=-1).min(axis=1)
    x, y = points[:, None, 0], points[:, None, 1]
    x0, y0 = corners[:, 0], corners[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    signed: Array = np.where(crossing.sum(axis=1) % 2 == 1, -gap, gap)
    return signed


def outside(ground: Ground, points: Array) -> Array:
    """How far `points` (..., space) are outside the walls, in mm; negative inside."""
    if ground.vertices is None:
        return np.asarray(np.linalg.norm(points - ground.centre, axis=-1) - ground.radius)
    flat = points.reshape(-1, 2)
    return _outside_polygon(ground.vertices, flat).reshape(points.shape[:-1])


def depth(ground: Ground, points: Array) -> Array:
    """How far `points` (..., space) are from the walls of the convex part, in mm."""
    if ground.normals is None or ground.offsets is None:
        return np.asarray(ground.radius - np.linalg.norm(points - ground.centre, axis=-1))
    room = [
        offset - points[..., 0] * x - points[..., 1] * y
        for (x, y), offset in zip(ground.normals, ground.offsets, strict=True)
    ]
    return np.asarray(np.minimum.reduce(room))


def extent(ground: Ground, angle: Array, margin: float) -> Array:
    """How far one can go from the centre in the direction `angle`, `margin` mm short of a wall."""
    if ground.normals is None or ground.offsets is None:
        return np.full(angle.shape, ground.radius - margin)
    x, y = np.cos(angle), np.sin(angle)
    ways = []
    for normal, offset in zip(ground.normals, ground.offsets, strict=True):
        along = x * normal[0] + y * normal[1]
        room = offset - margin - float(ground.centre @ normal)
        ways.append(np.where(along > 1e-9, room / np.where(along > 1e-9, along, 1), np.inf))
    return np.asarray(np.minimum.reduce(ways))


def find_walls(
    ground: Ground, rng: np.random.Generator, count: int, *, before: float, beyond: float
) -> tuple[Array, Array]:
    """Places on the wall with open ground before them, and the way out there.

    Returns
    -------
    tuple
        Points and unit normals, each (count, space); a place may come more than once.
    """
    if ground.vertices is None:
        angle = rng.uniform(0, 2 * np.pi, count)
        normal = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return ground.centre + ground.radius * normal, normal
    corners = ground.vertices
    edge = np.roll(corners, -1, axis=0) - corners
    length = np.linalg.norm(edge, axis=1)
    out = np.stack([edge[:, 1], -edge[:, 0]], axis=1) / length[:, None]
    which = rng.choice(len(edge), 40 * count, p=length / length.sum())
    share = rng.uniform(0, 1, which.size)
    point, normal = corners[which] + share[:, None] * edge[which], out[which]
    good = (depth(ground, point - before * normal) > 0.6 * before) & (
        outside(ground, point + beyond * normal) > 0.9 * beyond
    )
    if not good.any():
        raise DataError("no wall of this arena is straight and open enough to climb.")
    kept = np.flatnonzero(good)
    kept = np.resize(kept, count)
    return point[kept], normal[kept]


def picture(ground: Ground, px_per_mm: float) -> CircleArena | PolygonArena:
    """The arena as it lies in the picture, in px."""
    if ground.vertices is None:
        x, y = ground.centre * px_per_mm
        return CircleArena(
            float(x), float(y), ground.radius * px_per_mm, f"{2 * ground.radius:g} mm"
        )
    side = np.linalg.norm(ground.vertices[1] - ground.vertices[0])
    corners = tuple((float(x), float(y)) for x, y in ground.vertices * px_per_mm)
    return PolygonArena(corners, f"{side:.9g} mm")
