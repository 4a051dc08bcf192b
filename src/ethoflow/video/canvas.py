"""What is drawn into a picture: skeletons, trails, outlines and the scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import xarray as xr

from ethoflow.colours import PALETTE
from ethoflow.engine.declare import Array
from ethoflow.geometry.drawing import way_to_own
from ethoflow.one_recording import arena_outline, links_of, nose_of
from ethoflow.schema import position_units
from ethoflow.video.lettering import Colour, Image, colour_of, draw_text, text_width
from ethoflow.video.places import Placing

SHIFT = 4
"""Bits of places between pixels."""
DARK: Colour = (24, 24, 24)
FLOOR: Colour = (238, 241, 243)
ROUND = (1, 2, 5)
BAR = 0.18
"""Length of the scale bar, share of the picture's width at most."""


@dataclass(frozen=True)
class Body:
    """How the animals of a recording are drawn: lines, colours, the size of their points."""

    links: tuple[tuple[int, int], ...]
    nose: int | None
    parts: tuple[Colour, ...]
    animals: tuple[Colour, ...]
    radius: float

    @classmethod
    def of(cls, ds: xr.Dataset, size: int) -> Body:
        """That of a recording, in a picture of some width."""
        links = links_of(ds)
        roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
        if {"nose", "centre", "tail_base"} <= set(roles):
            ends = {roles.index("nose"), roles.index("tail_base")}
            links = [pair for pair in links if set(pair) != ends]  # over the centre instead
        colours = [colour_of(code) for code in PALETTE]
        return cls(
            tuple(links),
            nose_of(ds),
            tuple(colours[(i + 2) % len(colours)] for i in range(ds.sizes["bodypart"])),
            tuple(colours[i % len(colours)] for i in range(ds.sizes["individual"])),
            max(size / 180, 2.5),
        )


def draw_skeletons(image: Image, points: Array, body: Body) -> None:
    """The animals at one moment; what is not seen is left out, and so are lines to it.

    Parameters
    ----------
    image
        Drawn into.
    points
        Px of the picture, dims (individual, bodypart, space).
    body
        How they are drawn.
    """
    for animal, places in enumerate(points):
        seen = np.isfinite(places).all(axis=-1)
        colour = body.animals[animal]
        lines = [places[list(pair)] for pair in body.links if seen[list(pair)].all()]
        thick = max(round(body.radius * 0.7), 1)
        for ink, width in ((DARK, thick + 2), (colour, thick)):
            for ends in lines:
                cv2.line(image, _fixed(ends[0]), _fixed(ends[1]), ink, width, cv2.LINE_AA, SHIFT)
        for place in np.flatnonzero(seen):
            radius = body.radius * (1.5 if place == body.nose else 1)
            _dot(image, places[place], radius + 1.2, colour)
            _dot(image, places[place], radius, body.parts[place])


def _dot(image: Image, at: Array, radius: float, colour: Colour) -> None:
    cv2.circle(image, _fixed(at), round(radius * 2**SHIFT), colour, -1, cv2.LINE_AA, SHIFT)


def _fixed(point: Array) -> tuple[int, int]:
    """A place between pixels as OpenCV takes it; one far away is brought near."""
    x, y = np.clip(point, -1e5, 1e5)
    return round(float(x) * 2**SHIFT), round(float(y) * 2**SHIFT)


def draw_trail(image: Image, path: Sequence[Array], colour: Colour) -> None:
    """Where an animal was, the oldest the thinnest; gaps stay gaps."""
    for number in range(1, len(path)):
        ends = path[number - 1 : number + 1]
        if np.isfinite(ends).all():
            width = 1 + round(2 * number / len(path))
            cv2.line(image, _fixed(ends[0]), _fixed(ends[1]), colour, width, cv2.LINE_AA, SHIFT)


@dataclass(frozen=True)
class Outlines:
    """Lines on the floor in px of the picture: the arena, regions with their names, the scale."""

    arena: Array | None
    regions: tuple[tuple[str, tuple[Array, ...]], ...]
    bar: tuple[Array, str] | None


def outlines_of(ds: xr.Dataset, placing: Placing) -> Outlines:
    """Those that a recording knows."""
    arena = arena_outline(ds)
    regions = []
    if "region_outline" in ds:
        for name, rings in zip(ds.region.values, ds.region_outline.values, strict=True):
            gaps = np.flatnonzero(np.isnan(rings[:, 0]))
            parts = [ring[~np.isnan(ring[:, 0])] for ring in np.split(rings, gaps)]
            shown = tuple(placing.place(ring) for ring in parts if len(ring) > 1)
            if shown:
                regions.append((str(name), shown))
    return Outlines(
        None if arena is None else placing.place(arena[:, :2]), tuple(regions), _bar(ds, placing)
    )


def _bar(ds: xr.Dataset, placing: Placing) -> tuple[Array, str] | None:
    """Ends of the scale bar and its length; None where mm are not known.

    On a floor that is seen askew it lies along the middle of the picture's lower edge.
    """
    if position_units(ds) == "px" and "px_per_mm" not in ds and "homography" not in ds:
        return None
    way = way_to_own(ds, 0, "mm")
    if way.lacking:
        return None
    corner = np.array([[0.03 * placing.width, placing.height - 0.03 * placing.width]])
    across = corner + np.array([[BAR * placing.width, 0.0]])
    own = np.concatenate([_back(placing, corner), _back(placing, across)])
    ends = way.back(own)
    room = float(np.linalg.norm(ends[1] - ends[0]))
    if not 0 < room < np.inf:
        return None
    power = 10 ** np.floor(np.log10(room))
    length = max(step * power for step in ROUND if step * power <= room)
    stop = ends[0] + (ends[1] - ends[0]) * (length / room)
    shown = placing.place(way.ring(np.stack([ends[0], stop])))
    said = f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"
    return shown, said


def _back(placing: Placing, point: Array) -> Array:
    """A place of the picture in the unit of the positions."""
    return placing.forth((point + 0.5) / placing.zoom - 0.5)


def draw_outlines(image: Image, lines: Outlines, size: int, *, on_floor: bool) -> None:
    """The arena, regions and the scale bar; dark on an empty floor, with an edge on a video."""
    inks: tuple[Colour, Colour] = (DARK, DARK) if on_floor else ((255, 255, 255), (120, 215, 255))
    edge = None if on_floor else DARK
    if lines.arena is not None:
        _line(image, lines.arena, inks[0], edge)
    for name, rings in lines.regions:
        for ring in rings:
            _line(image, np.concatenate([ring, ring[:1]]), inks[1], edge)
        at = np.concatenate(rings).min(axis=0) * [0, 1] + rings[0].mean(axis=0) * [1, 0]
        left = int(at[0]) - text_width(name, size) // 2
        _outlined(image, name, (left, int(at[1]) + size + 4), size, inks[0], edge)
    if lines.bar is not None:
        ends, said = lines.bar
        _line(image, ends, inks[0], edge, 3)
        left = int(ends[:, 0].mean()) - text_width(said, size) // 2
        _outlined(image, said, (left, int(ends[:, 1].min()) - 8), size, inks[0], edge)


def _outlined(
    image: Image, text: str, at: tuple[int, int], size: int, ink: Colour, edge: Colour | None
) -> None:
    """Text that is read on any ground where it has an edge."""
    if edge is not None:
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            draw_text(image, text, (at[0] + dx, at[1] + dy), size, edge)
    draw_text(image, text, at, size, ink)


def draw_path(image: Image, points: Array, colour: Colour, width: int = 2) -> None:
    """A line through places between pixels."""
    shown = [np.array([_fixed(point) for point in points], np.int32)]
    cv2.polylines(image, shown, False, colour, width, cv2.LINE_AA, SHIFT)


def _line(image: Image, points: Array, colour: Colour, edge: Colour | None, width: int = 1) -> None:
    if edge is None:
        draw_path(image, points, colour, max(width, 2))
        return
    draw_path(image, points, edge, width + 2)
    draw_path(image, points, colour, width)
