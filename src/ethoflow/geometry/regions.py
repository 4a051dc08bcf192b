"""Named regions of the floor: circles, ellipses, polygons, with holes, for each recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.geometry.arena import Arena, polygon
from ethoflow.geometry.by_name import for_each
from ethoflow.schema import Data, DataError, as_dataset, position_units, text

Shape: TypeAlias = Arena | Sequence[Arena]
"""An outline, or an outline and the holes in it."""

Regions: TypeAlias = Mapping[str, Shape]

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
        By name: ``ef.circle``, ``ef.ellipse``, ``ef.polygon``, or a list of an outline and its
        holes. The same for all recordings, or such a mapping for each of them by its name.
    units
        In what they are drawn: pixels of the video, or mm.

    Returns
    -------
    The dataset with the variables `region_outline` (recording, region, corner, space),
    `region_centre` and `region_radius` in the units of the positions. In place of regions that
    it had.

    Raises
    ------
    DataError
        There are none, a recording has other ones than the rest or none, or one is drawn in mm
        where there is no scale.

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
    of_each = _regions_of(regions, names)
    labels = list(of_each[0])
    for name, found in zip(names, of_each, strict=True):
        if list(found) != labels:
            raise DataError(
                f"every recording needs the same regions in one order: {name} has "
                f"{', '.join(found)}; the first has {', '.join(labels)}."
            )
    scale = _factors(ds, units, len(names))
    lead = ("recording",) if "recording" in ds.dims else ()
    variables = _describe(of_each, scale, position_units(ds), lead, ds.sizes["space"])
    bare = ds.drop_dims("region") if "region" in ds.dims else ds
    return bare.assign(variables).assign_coords(region=text(labels))


def _regions_of(given: Regions | Mapping[str, Regions], names: Sequence[str]) -> list[Regions]:
    """The regions of each recording."""
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


def _factors(ds: xr.Dataset, units: str, n_recordings: int) -> npt.NDArray[np.float64]:
    """By how much places are multiplied for each recording."""
    own = position_units(ds)
    if units not in ("px", "mm"):
        raise DataError(f"regions are drawn in px or mm, found {units!r}.")
    if units == own:
        return np.ones(n_recordings)
    if "px_per_mm" not in ds:
        raise DataError(
            f"the regions are in {units} and the positions in {own}, and no scale is known: give "
            f"them in {own}, or calibrate first with ef.calibrate."
        )
    scale = np.broadcast_to(np.asarray(ds.px_per_mm.values, float), n_recordings)
    return 1 / scale if own == "mm" else scale


def _rings(shape: Shape, name: str) -> list[Arena]:
    rings = [shape] if isinstance(shape, Arena) else list(shape)
    if not rings or not all(isinstance(ring, Arena) for ring in rings):
        raise DataError(
            f"the region {name!r} must be ef.circle(...), ef.ellipse(...), ef.polygon(...), or a "
            f"list of an outline and its holes; found {shape!r}."
        )
    return rings


def _describe(
    regions: Sequence[Regions],
    scale: npt.NDArray[np.float64],
    units: str,
    lead: tuple[str, ...],
    n_space: int,
) -> dict[str, xr.Variable]:
    """The regions as variables: rings one after the other, each behind a corner of NaN."""
    corners = [
        [_join_rings(_rings(shape, name)) for name, shape in each.items()] for each in regions
    ]
    most = max(len(outline) for each in corners for outline in each)
    shape = (len(regions), len(regions[0]))
    outlines = np.full((*shape, most, n_space), np.nan, np.float32)
    centres = np.full((*shape, n_space), np.nan, np.float32)
    radii = np.full(shape, np.nan, np.float32)
    for row, each in enumerate(regions):
        for place, (name, given) in enumerate(each.items()):
            outline = corners[row][place] * scale[row]
            outlines[row, place, : len(outline), :2] = outline
            rings = _rings(given, name)
            centres[row, place, :2] = _centre(rings) * scale[row]
            if len(rings) == 1 and rings[0].radius is not None:
                radii[row, place] = rings[0].radius * scale[row]
    values = {
        "region_outline": (("region", "corner", "space"), outlines),
        "region_centre": (("region", "space"), centres),
        "region_radius": (("region",), radii),
    }
    return {
        name: xr.Variable((*lead, *dims), array if lead else array[0], {"units": units})
        for name, (dims, array) in values.items()
    }


def _join_rings(rings: Sequence[Arena]) -> npt.NDArray[np.float64]:
    parts: list[npt.NDArray[np.float64]] = []
    for ring in rings:
        parts += [ring.corners(), np.full((1, 2), np.nan)]
    return np.concatenate(parts[:-1])


def _centre(rings: Sequence[Arena]) -> npt.NDArray[np.float64]:
    """Centre of a circle, else the centroid of the area inside the outline, without the holes."""
    if len(rings) == 1 and rings[0].centre is not None:
        return np.asarray(rings[0].centre)
    area, moment = 0.0, np.zeros(2)
    for number, ring in enumerate(rings):
        here = ring.corners()
        after = np.roll(here, -1, axis=0)
        cross = here[:, 0] * after[:, 1] - after[:, 0] * here[:, 1]
        twice = cross.sum()
        sign = np.sign(twice) * (1 if number == 0 else -1)
        area += sign * twice / 2
        moment += sign * ((here + after) * cross[:, np.newaxis]).sum(axis=0) / 6
    return moment / area
