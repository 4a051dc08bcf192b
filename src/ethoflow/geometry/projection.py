"""Positions and outlines on a floor that the camera looks at askew, in mm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.errors import in_words, listed
from ethoflow.geometry.arena import Arena
from ethoflow.geometry.homography import find_homography, project
from ethoflow.geometry.rings import centroid
from ethoflow.schema import DataError
from ethoflow.units import length_in


@step(units="mm", pointwise=("bodypart",))
def to_floor(position: Array, homography: Array) -> Array:
    """Positions in px on the floor, in mm; unknown beyond its horizon.

    Parameters
    ----------
    position
        Dims (bodypart, space, time), px.
    homography
        Dims (row, column), from px to mm.
    """
    matrix = homography.astype(np.float64)
    x, y = position[:, 0].astype(np.float64), position[:, 1].astype(np.float64)
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in matrix)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where((w > 0)[:, np.newaxis], np.stack([u / w, v / w], axis=1), np.nan)
    return found.astype(np.float32)


def homographies_of(arenas: Sequence[Arena], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """From px to mm of each recording; of one with a scale alone, that at every place."""
    lacking = [
        name
        for name, arena in zip(names, arenas, strict=True)
        if arena.sides is None and arena.px_per_mm is None
    ]
    if lacking:
        raise DataError(f"the arena gives no scale for: {listed(lacking)}. Give its size.")
    return np.stack([_homography(arena) for arena in arenas])


def _homography(arena: Arena) -> npt.NDArray[np.float64]:
    if arena.sides is not None:
        return find_homography(arena.corners(), *arena.sides)
    assert arena.px_per_mm is not None
    return np.diag([1 / arena.px_per_mm, 1 / arena.px_per_mm, 1.0])


def project_lengths(ds: xr.Dataset, matrices: npt.NDArray[np.float64]) -> xr.Dataset:
    """A dataset in px, on the floor in mm: positions, the arena, regions, landmarks.

    Raises
    ------
    DataError
        Something else in px is there, whose scale is not one for the whole picture.
    """
    if ds.sizes["space"] != 2:
        raise DataError("a homography is of positions in the plane; these have three coordinates.")
    outlines = ("arena", "arena_centre", "arena_radius", "landmark_position")
    known = ("position", *outlines, "region_outline", "region_centre", "region_radius")
    rest = [
        str(name)
        for name, array in ds.variables.items()
        if name not in known and length_in(str(array.attrs.get("units", "")))[0] == "px"
    ]
    if rest:
        raise DataError(
            f"{in_words(rest)}: in px, whose scale is another at every place of a floor seen "
            "askew. Give the arena the length of its first side alone ('= 400 mm', one scale for "
            "the whole picture), calibrate before features are computed, or leave these variables "
            f"out with ds.drop_vars({rest[0]!r})."
        )
    lead = ("recording",) if "recording" in ds.dims else ()
    attrs = {"units": "1", "long_name": "from px to mm"}
    matrix = xr.Variable((*lead, "row", "column"), matrices if lead else matrices[0], attrs)
    found = ds.assign(homography=matrix)
    for name in ("arena", "landmark_position", "region_outline"):
        if name in ds:
            found[name] = _project(ds[name].variable, matrices, lead)
    for name in ("arena_centre", "arena_radius", "region_radius"):
        if name in ds:
            array = ds[name].variable
            found[name] = array.copy(data=np.full(array.shape, np.nan, array.dtype))
            found[name].attrs["units"] = "mm"
    if "region_outline" in ds:
        found["region_centre"] = _centres(found["region_outline"].variable)
    return to_floor(found) if "position" in ds else found


def _project(
    array: xr.Variable, matrices: npt.NDArray[np.float64], lead: tuple[str, ...]
) -> xr.Variable:
    """Corners of each recording on its floor."""
    values = np.asarray(array.values, np.float64)
    if "recording" not in array.dims:
        values = np.broadcast_to(values, (len(matrices), *values.shape))
    placed = np.stack([project(one, matrix) for one, matrix in zip(values, matrices, strict=True)])
    dims = array.dims if "recording" in array.dims else (*lead, *array.dims)
    placed = placed.astype(array.dtype)
    return xr.Variable(dims, placed if lead else placed[0], {**array.attrs, "units": "mm"})


def _centres(outlines: xr.Variable) -> xr.Variable:
    """Centroids of regions, of their rings between corners of NaN."""
    values = np.asarray(outlines.values, np.float64)
    flat = values.reshape(-1, *values.shape[-2:])
    centres = [centroid(_rings(one)) for one in flat]
    dims = tuple(dim for dim in outlines.dims if dim != "corner")
    placed = np.reshape(centres, (*values.shape[:-2], 2)).astype(outlines.dtype)
    return xr.Variable(dims, placed, outlines.attrs)


def _rings(outline: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    gaps = np.flatnonzero(np.isnan(outline[:, 0]))
    return [ring[~np.isnan(ring[:, 0])] for ring in np.split(outline, gaps) if len(ring) > 1]
