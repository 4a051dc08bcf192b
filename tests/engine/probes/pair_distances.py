"""Distances between all pairs of body parts of one animal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Members


def all_pairs(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """Every pair of body parts, once."""
    parts = [str(part) for part in ds.bodypart.values]
    pairs = list(combinations(range(len(parts)), 2))
    return Members(
        tuple(f"{parts[a]}-{parts[b]}" for a, b in pairs),
        {
            "start_position": tuple(a for a, _ in pairs),
            "end_position": tuple(b for _, b in pairs),
        },
    )


@ef.feature(dims=("pair", "time"), units="position", over={"pair": all_pairs})
def pair_distance(start_position: Any, end_position: Any) -> Any:
    """Distance between the body parts of every pair."""
    return np.sqrt(np.square(end_position - start_position).sum(axis=-2))


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives."""
    return pair_distance(ds).to_dataset()
