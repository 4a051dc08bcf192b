"""Shapes as people write them: of numbers, of tracked corners, of an arena's parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.errors import listed
from ethoflow.geometry.arena import Arena, circle, parse_arena, polygon, two_sides
from ethoflow.geometry.mazes import arm_called, find_maze
from ethoflow.geometry.rings import Ring, centroid, is_convex
from ethoflow.schema import DataError

Landmarks: TypeAlias = Mapping[str, npt.NDArray[np.float64]]
"""Places of tracked corners by name."""

Parts: TypeAlias = list[list[Ring]]
"""Parts of a region: of each its outline, and the holes in it."""


@dataclass(frozen=True)
class FromLandmarks:
    """A shape whose corners are tracked as body parts, or a maze whose corners are written.

    `kind` is polygon, maze or circle; `size` the length that gives the scale: the first side, an
    arm of the maze, the diameter.
    """

    kind: str
    names: tuple[str, ...]
    size: str | None = None

    def place(self, landmarks: Landmarks) -> Arena:
        """The shape where the corners were found."""
        return make_shape(self.kind, [landmarks[name] for name in self.names], self.size)


def make_shape(
    kind: str, corners: Sequence[npt.NDArray[np.float64]], size: str | None = None
) -> Arena:
    """A polygon, a maze, or the circle nearest to points of its rim."""
    if kind == "circle":
        x, y, radius = _fit_circle(np.asarray(corners, np.float64))
        return circle(x, y, radius, size=size)
    if kind == "maze":
        maze = find_maze(np.asarray(corners))
        outline = [(float(x), float(y)) for x, y in maze.outline]
        return polygon(outline, size=size, size_px=maze.length)
    both = two_sides(size)
    outline = [(float(x), float(y)) for x, y in corners]
    return polygon(outline, size=size) if both is None else polygon(outline, sides=both)


def _fit_circle(points: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Centre and radius of the circle that is nearest to points, by least squares."""
    middle = points.mean(axis=0)
    x, y = (points - middle).T
    if len(points) < 3 or np.linalg.matrix_rank(np.stack([x, y])) < 2:
        raise DataError("a circle needs three points or more of its rim, not in one line.")
    terms = np.stack([x, y, np.ones(len(points))], axis=1)
    a, b, c = np.linalg.lstsq(terms, -(x**2 + y**2), rcond=None)[0]
    radius = float(np.sqrt(a**2 / 4 + b**2 / 4 - c))
    return float(middle[0] - a / 2), float(middle[1] - b / 2), radius


@dataclass(frozen=True)
class OfArena:
    """A part of an arena: ``centre``, ``periphery`` or ``corners``, ``arms`` or ``middle``."""

    part: str
    share: float = 1.0
    of_area: bool = False
    arms: tuple[str, ...] = ()

    def place(self, arena: Arena, landmarks: Landmarks) -> Parts:
        """The part of one arena, in its unit."""
        outline = arena.corners()
        if self.part == "arena":
            return [[outline]]
        if self.part in ("arms", "middle"):
            maze = find_maze(outline)
            if self.part == "middle":
                return [[maze.middle]]
            return [[arm_called(maze, name, dict(landmarks))] for name in self.arms]
        if not is_convex(outline):
            raise DataError(
                f"the {self.part} of an arena needs one whose corners all point outwards; of a "
                "maze there are arms and a middle."
            )
        if self.part == "corners":
            return _corners(outline, self.share)
        scale = np.sqrt(self.share) if self.of_area else self.share
        middle = centroid([outline]) if arena.centre is None else np.asarray(arena.centre)
        inner = middle + scale * (outline - middle)
        return [[inner]] if self.part == "centre" else [[outline, inner]]

    def radius(self, arena: Arena) -> float | None:
        """The radius of a part that is a circle."""
        if arena.radius is None or self.part not in ("arena", "centre"):
            return None
        return arena.radius * (np.sqrt(self.share) if self.of_area else self.share)


def _corners(outline: Ring, share: float) -> Parts:
    """A field at every corner, whose sides are a share of those of the arena."""
    if len(outline) != 4:
        raise DataError(f"corners are of an arena with four of them; this one has {len(outline)}.")
    after, before = np.roll(outline, -1, axis=0), np.roll(outline, 1, axis=0)
    return [
        [
            np.array(
                [at, at + share * (a - at), at + share * (a + b - 2 * at), at + share * (b - at)]
            )
        ]
        for at, a, b in zip(outline, after, before, strict=True)
    ]


Written: TypeAlias = Arena | FromLandmarks | OfArena

GivenArena: TypeAlias = Arena | FromLandmarks | str
"""An arena, or one as written: ``"maze from c1, c2, ..., c12 = 350 mm"``."""

_NAMES = r"(?P<names>[^=]+?)"
_FROM = re.compile(
    rf"(?P<kind>polygon|circle|maze)\s+from\s+(?:(?:the\s+)?corners\s+)?{_NAMES}(?:=(?P<size>.+))?",
    re.IGNORECASE,
)
_NUMBER = r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?"
_MAZE = re.compile(
    rf"maze(?P<numbers>(?:[\s,;()\[\]]+{_NUMBER})+[\s,;()\[\]]*)(?:px\s*)?(?:=(?P<size>.+))?",
    re.IGNORECASE,
)
_ELLIPSE = re.compile(
    rf"ellipse(?P<numbers>(?:[\s,;()]+{_NUMBER})+)\s*(?:px)?\s*"
    rf"(?:,?\s*(?P<angle>{_NUMBER})\s*(?:deg|degrees|°))?",
    re.IGNORECASE,
)
_SHARE = re.compile(
    rf"(?P<part>centre|center|periphery|corners)\s+(?P<share>{_NUMBER})\s*%\s*"
    r"(?:of\s+)?(?P<of>\w+)?(?:\s+of\s+(?:the\s+)?arena)?",
    re.IGNORECASE,
)
_ARMS = re.compile(r"arms?\s+(?P<arms>.+)", re.IGNORECASE)
_MIDDLE = re.compile(r"(?:middle|centre|center)(?:\s+of\s+(?:the\s+)?maze)?", re.IGNORECASE)
_WHOLE = re.compile(r"maze(?:\s*[,:]\s*open\s+arms?\s+(?P<open>.+))?", re.IGNORECASE)
_LENGTHS = ("side", "sides", "diameter", "length", "radius")


def read_arena(text: str) -> Arena | FromLandmarks:
    """An arena as written, which may be made of tracked corners.

    Beside what `parse_arena` reads: ``"polygon from tl, tr, br, bl = 400 mm"``,
    ``"circle from n, e, s, w = 400 mm"`` (the diameter) and ``"maze from c1, c2, ..., c12 = 350
    mm"`` (an arm, from the middle to its end) for body parts that are tracked;
    ``"maze X,Y X,Y ... px = 350 mm"``, whose corners may come in any order.

    Raises
    ------
    DataError
        It is written otherwise.

    Examples
    --------
    >>> read_arena("polygon from corners tl, tr, br, bl = 400 mm").names
    ('tl', 'tr', 'br', 'bl')
    """
    if found := _FROM.fullmatch(text.strip()):
        return _from_names(found["kind"].lower(), found["names"], found["size"], text)
    if found := _MAZE.fullmatch(text.strip()):
        corners = _pairs(found["numbers"], text)
        return make_shape("maze", list(corners), _stripped(found["size"]))
    return parse_arena(text)


def _from_names(kind: str, names: str, size: str | None, text: str) -> FromLandmarks:
    parts = tuple(part for part in re.split(r"\s*,\s*|\s*;\s*", names.strip()) if part)
    if len(parts) == 1:
        parts = tuple(names.split())
    twice = sorted({part for part in parts if parts.count(part) > 1})
    if twice:
        raise DataError(f"{text!r}: the corner {listed(twice)} is named twice.")
    if len(parts) < 3:
        raise DataError(f"{text!r}: a {kind} needs three tracked corners or more.")
    return FromLandmarks(kind, parts, _stripped(size))


def _stripped(size: str | None) -> str | None:
    return None if size is None else size.strip()


def _pairs(numbers: str, text: str) -> npt.NDArray[np.float64]:
    found = [float(n) for n in re.findall(_NUMBER, numbers)]
    if len(found) % 2:
        raise DataError(f"{text!r}: every corner needs two numbers, X,Y.")
    return np.reshape(found, (-1, 2))


def read_region(text: str) -> Written:
    """A region as written.

    What an arena may be, without a length; ``"ellipse X Y A B px, 30 deg"``; and of the arena:
    ``"arena"``, ``"centre 50 % of side"`` or ``"centre 50 % of area"``, ``"periphery 50 % of
    side"`` (what that centre leaves), ``"corners 20 % of side"``, ``"arms left right"``,
    ``"middle of maze"``.

    Raises
    ------
    DataError
        It is written otherwise, or a share is of what is not said.

    Examples
    --------
    >>> read_region("centre 50 % of side").share
    0.5
    """
    plain = text.strip()
    if plain.lower() in ("arena", "the arena", "floor"):
        return OfArena("arena")
    if found := _SHARE.fullmatch(plain):
        return _read_share(found, text)
    if found := _ARMS.fullmatch(plain):
        return OfArena("arms", arms=_words(found["arms"]))
    if _MIDDLE.fullmatch(plain):
        return OfArena("middle")
    if found := _ELLIPSE.fullmatch(plain):
        return _read_ellipse(found, text)
    if "=" in plain:
        raise DataError(f"the region {text!r}: a region has no length in mm; an arena has.")
    try:
        return read_arena(plain)
    except DataError as error:
        if re.match(r"(circle|polygon|maze)\b", plain, re.IGNORECASE):
            raise
        raise DataError(
            f"cannot read the region {text!r}: write 'circle X Y RADIUS px', 'polygon X,Y X,Y X,Y "
            "px', 'ellipse X Y A B px, 30 deg', 'polygon from TRACKED, CORNERS', 'centre 50 % of "
            "side', 'periphery 50 % of area', 'corners 20 % of side', 'arms left right' or 'middle "
            "of maze'."
        ) from error


def _read_ellipse(found: re.Match[str], text: str) -> Arena:
    from ethoflow.geometry.regions import ellipse

    numbers = [float(n) for n in re.findall(_NUMBER, found["numbers"])]
    angle = float(found["angle"] or 0)
    if len(numbers) == 4:
        return ellipse(*numbers, angle=angle)
    raise DataError(f"cannot read {text!r}: write 'ellipse X Y A B px, 30 deg' (half axes).")


def _read_share(found: re.Match[str], text: str) -> OfArena:
    part, of = found["part"].lower().replace("center", "centre"), (found["of"] or "").lower()
    share = float(found["share"]) / 100
    if of not in (*_LENGTHS, "area") or (part == "corners" and of == "area"):
        of_area = "" if part == "corners" else f" or '{part} {found['share']} % of area'"
        raise DataError(
            f"{text!r}: say of what the share is: '{part} {found['share']} % of side' (of lengths)"
            f"{of_area}."
        )
    most = 0.5 if part == "corners" else 1.0
    if not 0 < share < most:
        raise DataError(f"{text!r}: the share must be above 0 % and below {most:.0%}.")
    return OfArena(part, share, of == "area")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[\s,;]+|\band\b", text.strip()) if word)


def read_regions_of_maze(text: str) -> tuple[str, ...] | None:
    """The open arms that ``"maze, open arms left right"`` names; none of ``"maze"`` alone.

    Raises
    ------
    DataError
        It is written otherwise.

    Examples
    --------
    >>> read_regions_of_maze("maze, open arms left and right"), read_regions_of_maze("maze")
    (('left', 'right'), None)
    """
    found = _WHOLE.fullmatch(text.strip())
    if found is None:
        raise DataError(
            f"cannot read the regions {text!r}: write 'maze', 'maze, open arms left right', a file "
            "of regions, or a mapping such as {nest: circle 320 240 90 px}."
        )
    return None if found["open"] is None else _words(found["open"])
