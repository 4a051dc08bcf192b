"""Where points of a recording lie in a picture: back in px of the video, or on an empty floor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.geometry.drawing import Way, way_to_own
from ethoflow.one_recording import arena_outline
from ethoflow.schema import DataError, position_units

BLOCK = 2000
"""Frames whose points are in memory at once."""
EDGE = 0.04
"""Margin of an empty floor, share of its longer side."""


@dataclass(frozen=True)
class Placing:
    """From the unit of the positions to px of the picture that is drawn.

    Attributes
    ----------
    back, forth
        Points, dims (point, space), to px of the video, or of the floor; and from these.
    zoom
        Px of the picture for each of these.
    width, height
        Of the picture, px.
    """

    back: Callable[[Array], Array]
    forth: Callable[[Array], Array]
    zoom: float
    width: int
    height: int

    def place(self, points: Array) -> Array:
        """Points in px of the picture, dims (..., space); the middle of the first pixel is 0."""
        flat = np.asarray(points, np.float64)[..., :2].reshape(-1, 2)
        found = (self.back(flat) + 0.5) * self.zoom - 0.5
        return found.reshape(*np.shape(points)[:-1], 2)


def way_back(ds: xr.Dataset) -> Way:
    """Between positions of one recording and px of its video.

    Raises
    ------
    DataError
        They are of three coordinates or aligned to the animals, or no calibration is known.
    """
    _check_plane(ds)
    way = way_to_own(ds, 0, "px")
    if way.lacking:
        raise DataError(
            f"the positions are in {position_units(ds)}, and neither px_per_mm nor a homography "
            "beside them says where that is in the video. Give the tracks in px, calibrate them "
            "with ef.calibrate, or draw on an empty floor (video='none')."
        )
    return way


def _check_plane(ds: xr.Dataset) -> None:
    if ds.sizes["space"] != 2:
        raise DataError(
            f"videos show positions of two coordinates, found {ds.sizes['space']}. Choose two, as "
            "in .sel(space=['x', 'y']), or give the tracks of one camera."
        )
    if "frame_centre" in ds:
        raise DataError(
            "these positions are aligned to the animals, and no longer where these are in the "
            "video: take them back with ef.unalign."
        )


def on_video(ds: xr.Dataset, width: int, height: int, wanted: int) -> Placing:
    """In frames of a video that are shown about `wanted` px wide, both sides even."""
    way, zoom = way_back(ds), wanted / width
    return Placing(way.back, way.ring, zoom, 2 * round(wanted / 2), 2 * round(height * zoom / 2))


def empty_floor(ds: xr.Dataset, wanted: int) -> Placing:
    """A floor as large as the arena, or as where the animals go."""
    _check_plane(ds)
    low, high = _extent(ds)
    margin = EDGE * float((high - low).max())
    low, high = low - margin, high + margin
    size = high - low
    shown = wanted if size[1] <= size[0] else max(int(wanted * size[0] / size[1]), wanted // 2)
    scale = shown / float(size[0])
    height = max(2 * round(float(size[1]) * scale / 2), 2)
    return Placing(
        lambda points: (points - low) * scale - 0.5,
        lambda points: (points + 0.5) / scale + low,
        1.0,
        2 * round(shown / 2),
        height,
    )


def _extent(ds: xr.Dataset) -> tuple[Array, Array]:
    """The corners of what is drawn."""
    outline = arena_outline(ds)
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    if outline is not None:
        low, high = outline[:, :2].min(axis=0), outline[:, :2].max(axis=0)
    for _, points in blocks_of(ds):
        seen = points[np.isfinite(points).all(axis=-1)]
        if len(seen):
            low, high = np.minimum(low, seen.min(axis=0)), np.maximum(high, seen.max(axis=0))
    if not np.isfinite(low).all():
        raise DataError("no point is seen in these frames, and no arena is known: nothing to draw.")
    return low.astype(float), np.maximum(high, low + 1e-6).astype(float)


def blocks_of(ds: xr.Dataset, size: int = BLOCK) -> Iterator[tuple[int, Array]]:
    """First frame of each block, and its points, dims (time, individual, bodypart, space)."""
    dims = ("time", "individual", "bodypart", "space")
    position = ds.position.isel(space=slice(2)).transpose(*dims)
    for start in range(0, ds.sizes["time"], size):
        yield start, np.asarray(position.isel(time=slice(start, start + size)).values, np.float64)
