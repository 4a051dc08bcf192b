"""Where an animal is, frame by frame, as labels: in one region, in any of several, or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.engine.roles import find_places
from ethoflow.errors import DataError, no_such, one_or_many
from ethoflow.features.regions import in_region
from ethoflow.labels.counting import covered
from ethoflow.labels.runs import Track
from ethoflow.schema import Data, as_dataset

Region: TypeAlias = str | Sequence[str]
"""The name of a region, or several that count as one."""


def inside(data: Data, regions: Mapping[str, Region], *, point: str = "centre") -> xr.Dataset:
    """Labels by name: whether a point is in a region, or in any of several; unknown where unseen.

    Parameters
    ----------
    data
        Poses with regions, as `ef.mark_regions` gives them.
    regions
        Names of regions for each label.
    point
        The role of the body part.

    Raises
    ------
    DataError
        There are no regions, or none of that name; no region is named.
    Missing
        No body part has the role.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.from_arrays([[[[0.0, 9.0], [0.0, 0.0]]]], fps=25, bodyparts=["centre"])
    >>> ds = ef.mark_regions(ds, {"nest": ef.circle(0, 0, 2), "food": ef.circle(9, 0, 2)})
    >>> found = inside(ds, {"nest": "nest", "any": ["nest", "food"]})
    >>> found.nest.values.tolist(), found["any"].values.tolist()
    ([[1.0, 0.0]], [[1.0, 1.0]])
    """
    ds = as_dataset(data, needs=["position"])
    if "region" not in ds.coords:
        raise DataError(
            "these poses have no regions: mark them with ef.mark_regions(poses, {'centre': "
            "ef.circle(320, 240, 90)})."
        )
    known = [str(name) for name in ds.region.values]
    (place,) = find_places(ds, "the assay", (point,))
    everywhere = in_region(ds.isel(bodypart=[place])).isel(bodypart=0, drop=True)
    labels = {}
    for name, given in regions.items():
        wanted = one_or_many(given)
        for one in wanted:
            if one not in known:
                raise DataError(no_such("region", one, known))
        if not wanted:
            raise DataError(f"{name} names no region; there are: {', '.join(known)}.")
        label = everywhere.sel(region=wanted).max("region", skipna=False)
        labels[name] = label.astype(np.float32).assign_attrs(kind="label", units="1")
    return labels_of(ds, labels)


def labels_of(ds: xr.Dataset, labels: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Labels with all that is known of the recordings and animals of `ds`."""
    bare = ds.drop_vars(list(ds.data_vars)).drop_dims(
        [dim for dim in ("bodypart", "space", "region") if dim in ds.dims]
    )
    return bare.assign({name: label.drop_vars("region", errors="ignore")
                        for name, label in labels.items()})  # fmt: skip


def visits(track: Track, shortest: int) -> Track:
    """The visits of a track: leaving for less than `shortest` frames ends none.

    One that is as short is none either, unless a frame beside it was not seen.

    Examples
    --------
    >>> runs, seen = np.array([[0, 10], [11, 20], [30, 31]]), np.array([[0, 40]])
    >>> known = np.array([False, True, True])
    >>> track = Track(0, "nest", {}, runs, seen, known, np.ones(3, bool))
    >>> visits(track, 5).runs.tolist()
    [[0, 20]]
    """
    runs = track.runs
    if not len(runs):
        return track
    gaps = runs[1:, 0] - runs[:-1, 1]
    is_known = covered(track.seen, runs[1:, 0]) - covered(track.seen, runs[:-1, 1]) == gaps
    apart = ~(is_known & (gaps < shortest))
    first, last = np.append(True, apart), np.append(apart, True)
    bounds = np.stack([runs[first, 0], runs[last, 1]], axis=-1)
    begun, ended = track.begun[first], track.ended[last]
    long = (bounds[:, 1] - bounds[:, 0] >= shortest) | ~(begun & ended)
    return Track(
        track.recording, track.behaviour, track.place, bounds[long], track.seen, begun[long],
        ended[long],
    )  # fmt: skip


def entries_in(track: Track, windows: Array) -> Array:
    """How many visits begin in each window with a frame outside before them that was seen."""
    starts = track.runs[track.begun, 0]
    found: Array = np.searchsorted(starts, windows[:, 1]) - np.searchsorted(starts, windows[:, 0])
    return found
