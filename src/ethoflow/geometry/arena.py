"""The arena: a circle or a polygon in the video, with one length known in millimetres."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.geometry.homography import find_homography
from ethoflow.geometry.rings import crosses_itself, signed_area
from ethoflow.schema import DataError
from ethoflow.units import Quantity, convert

N_VERTICES = 128
"""Vertices that stand for a circle."""

Picture: TypeAlias = tuple[int, int]
"""Width and height of a picture, px."""


@dataclass(frozen=True, repr=False)
class Arena:
    """Outline of an arena's floor in px, and the length in mm that gives the scale.

    Attributes
    ----------
    vertices
        Corners in px, in order.
    centre, radius
        Of a circle, in px; None for a polygon.
    px_per_mm
        Scale, None when no length is known.
    sides
        Of four corners, the lengths of the first and the second side in mm, where both are known:
        the camera may then look at the floor askew.
    picture
        Width and height in px of the picture that it was found in, where that is known.
    """

    vertices: tuple[tuple[float, float], ...]
    centre: tuple[float, float] | None = None
    radius: float | None = None
    px_per_mm: float | None = None
    sides: tuple[float, float] | None = None
    picture: Picture | None = None

    def __repr__(self) -> str:
        """What it is in a line, as long as one for a circle of 128 vertices."""
        scale = "no scale" if self.px_per_mm is None else f"{self.px_per_mm:.4g} px/mm"
        if self.sides is not None:
            scale = f"{self.sides[0]:g} mm x {self.sides[1]:g} mm"
        if self.centre is not None:
            x, y = self.centre
            return f"<Arena: circle around ({x:g}, {y:g}), radius {self.radius:g} px, {scale}>"
        shown = ", ".join(f"({x:g}, {y:g})" for x, y in self.vertices[:4])
        more = f", ... {len(self.vertices)} corners" if len(self.vertices) > 4 else ""
        return f"<Arena: polygon {shown}{more} px, {scale}>"

    def corners(self) -> npt.NDArray[np.float64]:
        """Vertices as an array, dims (vertex, space), px."""
        return np.asarray(self.vertices, dtype=np.float64)


def circle(x: float, y: float, radius: float, *, size: Quantity | None = None) -> Arena:
    """A circular arena.

    Parameters
    ----------
    x, y
        Centre, px.
    radius
        Radius, px.
    size
        Length of the diameter, mm or a string with a unit; without it there is no scale.

    Raises
    ------
    DataError
        The radius is not positive.

    Examples
    --------
    >>> circle(320, 240, 200, size="400 mm").px_per_mm
    1.0
    """
    if not (radius > 0 and np.isfinite([x, y, radius]).all()):
        raise DataError(
            "a circular arena needs a centre and a positive radius in px, found "
            f"{x}, {y}, {radius}."
        )
    angle = 2 * np.pi * np.arange(N_VERTICES) / N_VERTICES
    corners = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=-1)
    scale = None if size is None else 2 * radius / _length(size)
    return Arena(tuple(map(tuple, corners.tolist())), (float(x), float(y)), float(radius), scale)


def polygon(
    vertices: Sequence[tuple[float, float]],
    *,
    size: Quantity | None = None,
    size_px: float | None = None,
    sides: tuple[Quantity, Quantity] | None = None,
) -> Arena:
    """A polygonal arena.

    Parameters
    ----------
    vertices
        Corners in px, in order around the floor.
    size
        Length of the first side, mm or a string with a unit; without it there is no scale.
    size_px
        The same length in px, where another line than the first side was measured.
    sides
        Of a rectangle that the camera may look at askew: the lengths of its first and its second
        side, mm or strings with a unit. Positions on the floor are then right everywhere
        (a homography of the four corners).

    Raises
    ------
    DataError
        Fewer than three corners, sides that cross, or corners in one line.

    Examples
    --------
    >>> polygon([(0, 0), (200, 0), (200, 200), (0, 200)], size="40 cm").px_per_mm
    0.5
    """
    try:
        corners = np.asarray(vertices, dtype=np.float64)
    except (TypeError, ValueError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[0] < 3 or corners.shape[1] != 2:
        raise DataError(f"an arena needs three or more corners (x, y) in px, found {vertices!r}.")
    if not np.isfinite(corners).all():
        raise DataError(f"the corners of an arena must be numbers in px, found {vertices!r}.")
    if crosses_itself(corners):
        raise DataError(f"the sides of the arena cross: give its corners in order, not {vertices}.")
    side = float(np.linalg.norm(corners[1] - corners[0])) if size_px is None else float(size_px)
    if not side > 0:
        raise DataError("the first side of the arena has no length: its two corners are the same.")
    if abs(signed_area(corners)) <= 1e-9 * float(np.ptp(corners, axis=0).max()) ** 2:
        raise DataError(f"the corners of an arena lie in one line, found {vertices!r}.")
    scale = None if size is None else side / _length(size)
    if sides is None:
        return Arena(tuple(map(tuple, corners.tolist())), px_per_mm=scale)
    if size is not None:
        raise DataError("give an arena its size, or both its sides, not both.")
    both = (_length(sides[0]), _length(sides[1]))
    find_homography(corners, *both)
    return Arena(tuple(map(tuple, corners.tolist())), sides=both)


def _length(size: Quantity) -> float:
    length = convert(size, "mm", name="size of the arena")
    if not 0 < length < np.inf:
        raise DataError(f"the size of the arena must be a positive length, found {size!r}.")
    return length


_NUMBER = r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"
_WRITTEN = re.compile(
    rf"(?P<kind>circle|polygon)(?P<numbers>(?:[\s,;()\[\]]+{_NUMBER})+[\s,;()\[\]]*)"
    rf"(?:px\s*(?:,\s*(?P<other>{_NUMBER})\s*px)?)?",
    re.IGNORECASE,
)
"""A shape in px as written; what follows it without "=" is not read as its length."""


def parse_arena(text: str) -> Arena:
    """An arena as written on the command line and in project files.

    ``"circle X Y RADIUS px = 380 mm"`` (the length is the diameter) or
    ``"polygon X,Y X,Y X,Y ... px = 380 mm"`` (the length is the first side;
    ``"... px, 420.12 px = 380 mm"`` where another line was measured;
    ``"... px = 400 mm x 300 mm"``, first and second side, of four corners that a camera may look at
    askew).

    Raises
    ------
    DataError
        It is written otherwise.

    Examples
    --------
    >>> parse_arena("circle 320 240 200 px = 400 mm").radius
    200.0
    >>> arena = parse_arena("polygon 0,0 100,0 100,100 0,100 px, 120 px = 240 mm")
    >>> len(arena.vertices), arena.px_per_mm
    (4, 0.5)
    """
    shape, _, size = text.partition("=")
    found = _WRITTEN.fullmatch(shape.strip())
    length = size.strip() or None
    if found is not None and ("=" not in text or length is not None):
        numbers = [float(n) for n in re.findall(_NUMBER, found["numbers"])]
        other = None if found["other"] is None else float(found["other"])
        kind = found["kind"].lower()
        if kind == "circle" and len(numbers) == 3 and other is None:
            return circle(*numbers, size=length)
        if kind == "polygon" and len(numbers) >= 6 and len(numbers) % 2 == 0:
            corners = list(zip(numbers[::2], numbers[1::2], strict=True))
            both = two_sides(length)
            if both is not None and other is None:
                return polygon(corners, sides=both)
            return polygon(corners, size=length, size_px=other)
    raise DataError(
        f"cannot read the arena {text!r}: write 'circle X Y RADIUS px = 380 mm' (the diameter) or "
        "'polygon X,Y X,Y X,Y X,Y px = 380 mm' (the first side)."
    )


def two_sides(size: str | None) -> tuple[Quantity, Quantity] | None:
    """Two lengths of a rectangle as written; None of one.

    Examples
    --------
    >>> two_sides("400 x 300 mm"), two_sides("40 cm x 300 mm"), two_sides("400 mm")
    (('400 mm', '300 mm'), ('40 cm', '300 mm'), None)
    """
    found = _SIDES.fullmatch((size or "").strip())
    if found is None:
        return None
    unit = found["unit"]
    return f"{found['first']} {found['first_unit'] or unit}", f"{found['second']} {unit}"


_SIDES = re.compile(
    rf"(?P<first>{_NUMBER})\s*(?P<first_unit>[a-zµ]+)??\s*[x×]\s*(?P<second>{_NUMBER})\s*"
    r"(?P<unit>[a-zµ]+)"
)
