"""Named regions of the floor: circles, ellipses, polygons, with holes, for each recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.geometry.arena import Arena, polygon
from ethoflow.geometry.by_name import for_each
from ethoflow.geometry.drawing import Drawn, Outline, WholeMaze, draw, way_to_own
from ethoflow.geometry.landmarks import mark_landmarks
from ethoflow.geometry.pictures import check_pictures
from ethoflow.geometry.written import (
    FromLandmarks,
    GivenArena,
    Written,
    read_arena,
    read_region,
    read_regions_of_maze,
)
from ethoflow.schema import Data, DataError, as_dataset, position_units, text

Shape: TypeAlias = Arena | str | Sequence[Arena | str] | Sequence[Sequence[Arena | str]]
"""An outline; an outline and the holes in it; or several of these, the parts of one region."""

Regions: TypeAlias = Mapping[str, Shape] | str
"""Shapes by name, or all of a maze."""

N_VERTICES = 256
"""Vertices that stand for an ellipse."""


def ellipse(x: float, y: float, a: float, b: float, *, angle: float = 0.0) -> Arena:
    """An elliptic outline, as a polygon of 256 vertices.

    Parameters
    ----------
    x, y
        Centre, px.
    a, b
        Half axes, px.
    angle
        Direction of the first one, degrees from +x towards +y.

    Raises
    ------
    DataError
        An axis is not positive.

    Examples
    --------
    >>> len(ellipse(100, 100, 50, 20, angle=30).vertices)
    256
    """
    if not (a > 0 and b > 0 and np.isfinite([x, y, a, b, angle]).all()):
        raise DataError(
            f"an ellipse needs a centre and two positive half axes in px, found {x}, {y}, {a}, {b}."
        )
    turn = 2 * np.pi * np.arange(N_VERTICES) / N_VERTICES
    around = (a * np.cos(turn) + 1j * b * np.sin(turn)) * np.exp(1j * np.deg2rad(angle))
    return polygon(list(zip((x + around.real).tolist(), (y + around.imag).tolist(), strict=True)))


def mark_regions(
    data: Data,
    regions: Regions | Mapping[str, Regions],
    *,
    units: Literal["px", "mm"] = "px",
) -> xr.Dataset:
    """Tracks or poses with named regions beside them, for `in_region` and what rests on it.

    Parameters
    ----------
    data
        Tracks or poses.
    regions
        By name: ``ef.circle``, ``ef.ellipse``, ``ef.polygon``, a list of an outline and its
        holes, or a list of such lists, the parts of one region. Each may be written, as in a
        project file: ``"circle 50 50 30 px"``; ``"polygon from a, b, c"`` whose corners are
        tracked; ``"centre 50 % of side"``, ``"periphery 50 % of side"``, ``"corners 20 % of side"``
        of the arena, ``"arms left right"`` and ``"middle of maze"`` of one that is a maze. The same
        for all recordings, or such a mapping for each of them by its name. ``"maze, open arms left
        right"`` alone gives ``open1``, ``open2``, ``closed1``, ``closed2`` and ``middle``,
        ``"maze"`` the arms by their direction.
    units
        In what numbers are: pixels of the video, or mm.

    Returns
    -------
    The dataset with the variables `region_outline` (recording, region, corner, space),
    `region_centre` and `region_radius` in the units of the positions. In place of regions that
    it had.

    Raises
    ------
    DataError
        There are none, a recording has other ones than the rest or none, a hole is not inside its
        outline, parts overlap, or one is drawn in mm where there is no scale, or of an arena where
        there is none, or was found in a picture of another size than the one that was tracked.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.simulate.still_then_running()
    >>> ds = mark_regions(ds, {"nest": ef.circle(50, 50, 30)}, units="mm")
    >>> ds.region.values.tolist(), ds.region_radius.attrs["units"]
    (['nest'], 'mm')
    """
    ds = as_dataset(data, needs=["position"])
    names = (
        [str(name) for name in np.atleast_1d(ds.recording.values)]
        if "recording" in ds.coords
        else [""]
    )
    of_each = [_read(given) for given in _regions_of(regions, names)]
    wanted = dict.fromkeys(name for each in of_each for name in _tracked(each))
    known = [str(name) for name in ds.landmark.values] if "landmark" in ds.coords else []
    new = [name for name in wanted if name not in known]
    ds = mark_landmarks(ds, new) if new else ds
    if units not in ("px", "mm"):
        raise DataError(f"regions are drawn in px or mm, found {units!r}.")
    check_pictures(ds, [_found(each) for each in of_each] if units == "px" else [], names)
    drawn = [
        draw(ds, row, each, way_to_own(ds, row, units), name)
        for row, (name, each) in enumerate(zip(names, of_each, strict=True))
    ]
    labels = list(drawn[0])
    for name, found in zip(names, drawn, strict=True):
        if list(found) != labels:
            raise DataError(
                f"every recording needs the same regions in one order: {name} has "
                f"{', '.join(found)}; the first has {', '.join(labels)}."
            )
    lead = ("recording",) if "recording" in ds.dims else ()
    variables = _describe(drawn, position_units(ds), lead, ds.sizes["space"])
    bare = ds.drop_dims("region") if "region" in ds.dims else ds
    return bare.assign(variables).assign_coords(region=text(labels))


def tracked_corners(regions: Regions | Mapping[str, Regions]) -> list[str]:
    """Body parts that regions name as their corners.

    Examples
    --------
    >>> tracked_corners({"nest": "polygon from a, b, c", "food": "circle 1 2 3 px"})
    ['a', 'b', 'c']
    """
    nested = isinstance(regions, Mapping) and any(
        isinstance(value, Mapping) for value in regions.values()
    )
    each = list(regions.values()) if nested else [regions]  # type: ignore[union-attr]
    return list(dict.fromkeys(name for one in each for name in _tracked(_read(one))))  # type: ignore[arg-type]


def corners_of(
    arena: GivenArena | Mapping[str, GivenArena] | None,
    regions: Regions | Mapping[str, Regions] | None,
) -> list[str]:
    """Body parts that an arena or regions name as their corners.

    Examples
    --------
    >>> corners_of("polygon from a, b, c = 40 cm", {"nest": "polygon from b, c, d"})
    ['a', 'b', 'c', 'd']
    """
    each = list(arena.values()) if isinstance(arena, Mapping) else [arena]
    arenas = [read_arena(one) if isinstance(one, str) else one for one in each]
    names = [n for one in arenas if isinstance(one, FromLandmarks) for n in one.names]
    names += [] if regions is None else tracked_corners(regions)
    return list(dict.fromkeys(names))


def _tracked(read: Drawn) -> list[str]:
    """Tracked corners of the regions of one recording."""
    return [name for ring in _rings(read) if isinstance(ring, FromLandmarks) for name in ring.names]


def _found(read: Drawn) -> list[Arena]:
    """Outlines in px among the regions of one recording, which may know their picture."""
    return [ring for ring in _rings(read) if isinstance(ring, Arena)]


def _rings(read: Drawn) -> list[Written]:
    if isinstance(read, WholeMaze):
        return []
    return [ring for parts in read.values() for part in parts for ring in part]


def _regions_of(given: Regions | Mapping[str, Regions], names: Sequence[str]) -> list[Regions]:
    """The regions of each recording."""
    if isinstance(given, str):
        return [given] * len(names)
    if not isinstance(given, Mapping) or not given:
        raise DataError(
            "regions are given by name, as in {'centre': ef.circle(320, 240, 90)}; found "
            f"{given!r}."
        )
    nested = [isinstance(value, Mapping) for value in given.values()]
    if not any(nested):
        return [given] * len(names)  # type: ignore[list-item]
    if not all(nested):
        raise DataError("regions are the same for all recordings, or a mapping for each of them.")
    return for_each(given, names, "regions")  # type: ignore[arg-type]


def _read(given: Regions) -> Drawn:
    """The regions of one recording, with what is written read."""
    if isinstance(given, str):
        return WholeMaze(read_regions_of_maze(given))
    return {str(name): _parts(shape, str(name)) for name, shape in given.items()}


def _parts(shape: Shape, name: str) -> list[list[Written]]:
    """Parts of a region, of each its outline and its holes."""
    if isinstance(shape, Arena | str):
        return [[_ring(shape, name)]]
    try:
        items = list(shape)
    except TypeError:
        items = []
    nested = [not isinstance(item, Arena | str) for item in items]
    if not items or (any(nested) and not all(nested)):
        raise _no_region(shape, name)
    if any(nested):
        if not all(isinstance(item, Sequence) and item for item in items):
            raise _no_region(shape, name)
        return [[_ring(ring, name) for ring in item] for item in items]  # type: ignore[union-attr]
    return [[_ring(item, name) for item in items]]


def _ring(given: object, name: str) -> Written:
    if isinstance(given, Arena):
        return given
    if not isinstance(given, str):
        raise _no_region(given, name)
    try:
        return read_region(given)
    except DataError as error:
        raise DataError(f"the region {name!r} must be a shape: {error}") from error


def _no_region(found: object, name: str) -> DataError:
    return DataError(
        f"the region {name!r} must be ef.circle(...), ef.ellipse(...), ef.polygon(...), a text "
        "such as 'circle 320 240 90 px', or a list of an outline and its holes; found "
        f"{found!r}."
    )


def _describe(
    regions: Sequence[Mapping[str, Outline]], units: str, lead: tuple[str, ...], n_space: int
) -> dict[str, xr.Variable]:
    """The regions as variables: rings one after the other, each behind a corner of NaN."""
    corners = [[each.joined() for each in one.values()] for one in regions]
    most = max(len(outline) for one in corners for outline in one)
    shape = (len(regions), len(regions[0]))
    outlines = np.full((*shape, most, n_space), np.nan, np.float32)
    centres = np.full((*shape, n_space), np.nan, np.float32)
    radii = np.full(shape, np.nan, np.float32)
    for row, one in enumerate(regions):
        for place, outline in enumerate(one.values()):
            joined = corners[row][place]
            outlines[row, place, : len(joined), :2] = joined
            centres[row, place, :2] = outline.centre
            radii[row, place] = np.nan if outline.radius is None else outline.radius
    values = {
        "region_outline": (("region", "corner", "space"), outlines),
        "region_centre": (("region", "space"), centres),
        "region_radius": (("region",), radii),
    }
    return {
        name: xr.Variable((*lead, *dims), array if lead else array[0], {"units": units})
        for name, (dims, array) in values.items()
    }
