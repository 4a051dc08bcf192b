"""A behaviour of all animals of a recording at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef


@ef.behaviour(scope="group", roles=("centre",), units={"max_spread": "mm"}, min_bout=0, max_gap=0)
def huddle(position: Any, *, max_spread: float = 90.0) -> Any:
    """No animal is farther than `max_spread` from the middle of all."""
    centres = position[:, 0]
    away = centres - centres.mean(axis=0, keepdims=True)
    return (np.sqrt(np.square(away).sum(axis=1)) <= max_spread).all(axis=0)


@ef.feature(scope="group", dims=("individual", "time"), units="position", roles=("centre",))
def distance_to_others(position: Any) -> Any:
    """Distance of each animal's centre to the middle of all."""
    centres = position[:, 0]
    away = centres - centres.mean(axis=0, keepdims=True)
    return np.sqrt(np.square(away).sum(axis=1))


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives."""
    return xr.Dataset({"huddle": huddle(ds), "distance_to_others": distance_to_others(ds)})
