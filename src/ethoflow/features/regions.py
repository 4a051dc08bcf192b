"""Where body parts are with respect to named regions."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array, missing_like
from ethoflow.features.angles import direction_of, wrap
from ethoflow.features.outlines import distance_to_outline


@feature(
    dims=("bodypart", "region", "time"),
    units="position",
    pointwise=("bodypart",),
    on_request=True,
    version=2,
)
def region_distance(
    position: Array, region_outline: Array, region_centre: Array, region_radius: Array
) -> Array:
    """Distance of each body part to the outline of each region: positive inside, negative outside.

    Of circles exactly, else to the nearest side; a hole is outside. In the plane of x and y.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    region_outline
        Dims (region, corner, space).
    region_centre, region_radius
        Dims (region, space) and (region,); the radius of circles, NaN of other regions.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.from_arrays(np.zeros((1, 1, 2, 3)), fps=25, bodyparts=["nose"])
    >>> ds = ef.mark_regions(ds, {"nest": ef.circle(3, 4, 2)})
    >>> region_distance(ds)[0, 0, 0].values.tolist()
    [-3.0, -3.0, -3.0]
    """
    n_frames = position.shape[-1]
    found = missing_like((position.shape[0], len(region_radius), n_frames))
    for place, radius in enumerate(region_radius):
        if not np.isnan(radius):
            offset = position[:, :2] - region_centre[place, :2, np.newaxis]
            found[:, place] = radius - np.sqrt(np.square(offset).sum(axis=1))
            continue
        corners = _without_padding(region_outline[place])
        if len(corners):
            distance_to_outline(position, corners, found[:, place])
    return found


def _without_padding(corners: Array) -> Array:
    """Corners to the last one that is there."""
    there = np.flatnonzero(~np.isnan(corners[:, 0]))
    return corners[: there[-1] + 1 if there.size else 0]


@feature(
    dims=("bodypart", "region", "time"),
    gives="flag",
    pointwise=("bodypart",),
    on_request=True,
)
def in_region(region_distance: Array) -> Array:
    """Whether a body part is in a region, its outline included.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.from_arrays(np.zeros((1, 1, 2, 3)), fps=25, bodyparts=["nose"])
    >>> ds = ef.mark_regions(ds, {"nest": ef.circle(0, 0, 2), "food": ef.circle(9, 9, 2)})
    >>> in_region(ds)[0, 0, :, 0].values.tolist()
    [1.0, 0.0]
    """
    inside: Array = region_distance >= 0
    return inside


@feature(dims=("region", "time"), optional=("in_region",), on_request=True)
def share_in_region(in_region: Array) -> Array:
    """Share of an animal's body parts that are in a region, of those that are seen.

    Missing where none is seen.

    Examples
    --------
    >>> import ethoflow as ef
    >>> position = np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]]).reshape(1, 3, 2, 1)
    >>> ds = ef.from_arrays(position, fps=25, bodyparts=["nose", "centre", "tail"])
    >>> ds = ef.mark_regions(ds, {"nest": ef.circle(0, 0, 2)})
    >>> share_in_region(ds)[0, 0, 0].astype(float).round(2).item()
    0.67
    """
    seen = np.isfinite(in_region).sum(axis=0)
    inside = (in_region == 1).sum(axis=0)
    share: Array = np.divide(inside, seen, out=np.full(seen.shape, np.nan), where=seen > 0)
    return share


@feature(dims=("region", "time"), units="rad", roles={"position": ("centre",)}, on_request=True)
def region_bearing(heading: Array, position: Array, region_centre: Array) -> Array:
    """Direction of a region's centre as the animal sees it: 0 ahead, signed, -pi to pi.

    From the animal's centre, against its body's axis; positive from +x towards +y.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.mark_regions(ef.simulate.still_then_running(), {"far": ef.circle(9e5, 0, 9)},
    ...     units="mm")
    >>> abs(region_bearing(ds)[0, 0, 0].item()) < 0.01
    True
    """
    line = region_centre[:, :2, np.newaxis] - position[0, :2]
    return wrap(direction_of(line[:, 0], line[:, 1]) - heading)


@feature(
    dims=("region", "time"),
    units="s",
    halo="whole",
    roles={"in_region": ("centre",)},
    optional=("in_region",),
    on_request=True,
)
def time_since_entry(in_region: Array, *, fps: float) -> Array:
    """Seconds since the animal's centre came into a region; missing outside.

    Missing too where the entry was not seen: before the first one of a recording that begins
    inside, and after a gap.

    Examples
    --------
    >>> import ethoflow as ef
    >>> x = np.array([9.0, 9, 0, 0, 0, 9]); position = np.stack([x, 0 * x]).reshape(1, 1, 2, 6)
    >>> ds = ef.from_arrays(position, fps=10, bodyparts=["centre"])
    >>> time_since_entry(ef.mark_regions(ds, {"nest": ef.circle(0, 0, 2)}))[0, 0].values.round(
    ...     1).tolist()
    [nan, nan, 0.0, 0.10000000149011612, 0.20000000298023224, nan]
    """
    inside = in_region[0]
    frames = np.arange(inside.shape[-1])
    entered = np.zeros(inside.shape, bool)
    entered[:, 1:] = (inside[:, 1:] == 1) & (inside[:, :-1] == 0)
    last_entry = np.maximum.accumulate(np.where(entered, frames, -1), axis=-1)
    last_else = np.maximum.accumulate(np.where(inside == 1, -1, frames), axis=-1)
    known = (inside == 1) & (last_entry > last_else)
    return np.where(known, (frames - last_entry) / fps, np.nan)
