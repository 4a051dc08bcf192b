"""Regions of one recording as rings of corners in the unit of its positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.errors import listed
from ethoflow.geometry.arena import Arena
from ethoflow.geometry.homography import project
from ethoflow.geometry.landmarks import landmarks_of
from ethoflow.geometry.mazes import Maze, arm_called, find_maze
from ethoflow.geometry.rings import Ring, centroid, is_within, overlap
from ethoflow.geometry.written import FromLandmarks, OfArena, Parts, Written
from ethoflow.schema import DataError, position_units
from ethoflow.units import factor


@dataclass(frozen=True)
class WholeMaze:
    """All regions of a maze: its arms, which are open, and the middle."""

    open: tuple[str, ...] | None


Drawn: TypeAlias = Mapping[str, list[list[Written]]] | WholeMaze
"""Regions of a recording as they were given: by name their parts, of each outline and holes."""


@dataclass(frozen=True)
class Outline:
    """A region: its parts, and the radius where it is a circle."""

    parts: Parts
    radius: float | None = None
    middle: npt.NDArray[np.float64] | None = None

    @cached_property
    def centre(self) -> npt.NDArray[np.float64]:
        """Centre of a circle, else the centroid of the area, without the holes."""
        rings = [ring for part in self.parts for ring in part]
        return centroid(rings) if self.middle is None else self.middle

    def joined(self) -> npt.NDArray[np.float64]:
        """Rings one after the other, with a corner of NaN between them."""
        rows: list[npt.NDArray[np.float64]] = []
        for ring in (ring for part in self.parts for ring in part):
            rows += [ring, np.full((1, 2), np.nan)]
        return np.concatenate(rows[:-1])


@dataclass(frozen=True)
class Way:
    """From the unit in which regions are drawn to that of the positions."""

    factor: float = 1.0
    homography: npt.NDArray[np.float64] | None = None
    lacking: str = ""

    def ring(self, corners: Ring) -> Ring:
        """Corners in the unit of the positions."""
        if self.lacking:
            raise DataError(self.lacking)
        if self.homography is not None:
            return project(corners, self.homography)
        return corners * self.factor

    def back(self, points: Ring) -> Ring:
        """Points in the unit of the positions in that in which regions are drawn."""
        if self.homography is not None:
            return project(points, np.asarray(np.linalg.inv(self.homography), np.float64))
        return points / self.factor


def _wanted(own: str) -> str:
    return own if own == "px" else "mm, as in ef.mark_regions(ds, regions, units='mm')"


def way_to_own(ds: xr.Dataset, row: int, units: str) -> Way:
    """How what is drawn in `units` comes to the unit of the positions of a recording."""
    own = position_units(ds)
    if units == own:
        return Way()
    if units == "mm" and own != "px":
        return Way(factor("mm", own))
    if "homography" in ds and own not in ("px", "mm"):
        return Way(
            lacking=f"the regions are in px and the positions, which a homography has brought to "
            f"mm, in {own}: give the regions in mm."
        )
    if "homography" in ds:
        values = np.asarray(ds.homography.values, np.float64)
        matrix = values[row] if "recording" in ds.homography.dims else values
        return Way(homography=matrix if own == "mm" else np.linalg.inv(matrix))
    if "px_per_mm" not in ds:
        return Way(
            lacking=f"the regions are in {units} and the positions in {own}, and no scale is "
            f"known: give them in {_wanted(own)}, or calibrate first with ef.calibrate."
        )
    scale = float(np.atleast_1d(np.asarray(ds.px_per_mm.values, float))[row if
                  "recording" in ds.px_per_mm.dims else 0])  # fmt: skip
    return Way(scale if own == "px" else factor("mm", own) / scale)


def draw(ds: xr.Dataset, row: int, given: Drawn, way: Way, recording: str) -> dict[str, Outline]:
    """The regions of one recording by name."""
    landmarks = landmarks_of(ds, row)
    of = f"{recording}: " if recording else ""
    try:
        if isinstance(given, WholeMaze):
            return _draw_maze(find_maze(_arena(ds, row).corners()), given, landmarks)
        return {
            name: _draw_one(ds, row, name, parts, way, landmarks) for name, parts in given.items()
        }
    except DataError as error:
        raise DataError(f"{of}{error}") from error


def _draw_maze(
    maze: Maze, given: WholeMaze, landmarks: dict[str, npt.NDArray[np.float64]]
) -> dict[str, Outline]:
    """Arms of a maze, and its middle."""
    if given.open is None:
        arms = dict(zip(maze.names, maze.arms, strict=True))
    else:
        opened = [arm_called(maze, name, landmarks) for name in given.open]
        if len({id(arm) for arm in opened}) < len(opened):
            raise DataError(f"open arms {' '.join(given.open)}: two of these are one arm.")
        closed = [arm for arm in maze.arms if not any(arm is other for other in opened)]
        if not closed:
            raise DataError("all arms of the maze are called open: name those that are.")
        arms = {f"open{n}": arm for n, arm in enumerate(opened, 1)}
        arms |= {f"closed{n}": arm for n, arm in enumerate(closed, 1)}
    return {name: Outline([[ring]]) for name, ring in {**arms, "middle": maze.middle}.items()}


def _draw_one(
    ds: xr.Dataset,
    row: int,
    name: str,
    given: list[list[Written]],
    way: Way,
    landmarks: dict[str, npt.NDArray[np.float64]],
) -> Outline:
    """One region; a circle keeps its radius where it stays one."""
    parts: Parts = []
    radius, middle = None, None
    for part in given:
        rings: list[Ring] = []
        for ring in part:
            if isinstance(ring, OfArena):
                arena = _arena(ds, row)
                found = ring.place(arena, landmarks)
                radius, middle = ring.radius(arena), _place(arena.centre)
                if len(part) > 1 and (len(found) > 1 or len(found[0]) > 1):
                    raise DataError(f"the region {name!r}: {ring.part} is no outline or hole.")
                if len(part) == 1:
                    parts += found
                    continue
                rings += found[0]
                continue
            shape = _place_drawn(ring, landmarks)
            own = shape.corners() if isinstance(ring, FromLandmarks) else way.ring(shape.corners())
            rings.append(own)
            straight = way.homography is None or isinstance(ring, FromLandmarks)
            if shape.radius is not None and straight:
                factor = 1.0 if isinstance(ring, FromLandmarks) else way.factor
                radius, centre = shape.radius * factor, _place(shape.centre)
                middle = None if centre is None else centre * factor
        if rings:
            parts.append(rings)
    _check_parts(name, parts)
    if sum(map(len, parts)) > 1 or radius is None:
        return Outline(parts)
    return Outline(parts, float(radius), middle)


def _place(centre: tuple[float, float] | None) -> npt.NDArray[np.float64] | None:
    return None if centre is None else np.asarray(centre, np.float64)


def _place_drawn(ring: Arena | FromLandmarks, landmarks: Mapping[str, Ring]) -> Arena:
    return ring.place(landmarks) if isinstance(ring, FromLandmarks) else ring


def _arena(ds: xr.Dataset, row: int) -> Arena:
    """The arena of one recording in the unit of the positions."""
    if "arena" not in ds:
        raise DataError(
            "a region is a part of the arena, and there is none: give one with ef.calibrate(ds, "
            "ef.circle(...)) or ef.polygon (arena in a project file)."
        )
    one = {
        n: np.asarray(ds[n].values, np.float64) for n in ("arena", "arena_centre", "arena_radius")
    }
    if "recording" in ds.arena.dims:
        one = {name: values[row] for name, values in one.items()}
    corners = one["arena"][:, :2]
    corners = corners[~np.isnan(corners[:, 0])]
    if not len(corners):
        raise DataError("a region is a part of the arena, and this recording has none.")
    circle = not np.isnan(one["arena_radius"])
    centre = (float(one["arena_centre"][0]), float(one["arena_centre"][1])) if circle else None
    radius = float(one["arena_radius"]) if circle else None
    return Arena(tuple(map(tuple, corners.tolist())), centre, radius)


def _check_parts(name: str, parts: Parts) -> None:
    """Refuse holes outside their outline or in each other, and parts that overlap."""
    for outline, *holes in parts:
        outside = [n for n, hole in enumerate(holes, 1) if not is_within(hole, outline)]
        if outside:
            raise DataError(
                f"the region {name!r}: the hole {listed(map(str, outside))} is not inside the "
                "outline, which comes first. Parts of a region are lists in a list: [[a], [b]]."
            )
        if any(overlap(a, b) for i, a in enumerate(holes) for b in holes[:i]):
            raise DataError(f"the region {name!r}: holes overlap, give them as one.")
    outlines = [part[0] for part in parts]
    if any(overlap(a, b) for i, a in enumerate(outlines) for b in outlines[:i]):
        raise DataError(f"the region {name!r}: its parts overlap, give them as one.")
