"""Distances between the body parts of one animal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Members, feature
from ethoflow.engine.declare import Array
from ethoflow.features.members import given_groups, name_groups


def find_pairs(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The pairs that are named, or every pair of body parts once."""
    given = parameters["pairs"]
    pairs: list[tuple[int, ...]] = (
        list(combinations(range(ds.sizes["bodypart"]), 2))
        if given is None
        else given_groups(ds, given, 2, "bodypart_distance(pairs)")
    )
    start, end = (tuple(pair[i] for pair in pairs) for i in range(2))
    return Members(name_groups(ds, pairs), {"start_position": start, "end_position": end})


@feature(dims=("pair", "time"), units="position", over={"pair": find_pairs}, on_request=True)
def bodypart_distance(
    start_position: Array, end_position: Array, *, pairs: Sequence[Sequence[str]] | None = None
) -> Array:
    """Distance between two body parts of an animal, of every pair.

    Parameters
    ----------
    start_position, end_position
        Dims (pair, space, time), two or three coordinates.
    pairs
        Names or roles of two body parts each; all pairs by default.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> bodypart_distance(ds, pairs=[("nose", "tail_base")]).dims
    ('individual', 'pair', 'time')
    """
    length: Array = np.sqrt(np.square(end_position - start_position).sum(axis=-2))
    return length
