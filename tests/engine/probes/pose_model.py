"""Postures of a cohort: principal components fitted on all of it, and scores by block."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import dask
import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Members
from tests.strategies import make_poses


def _upright(position: Any) -> Any:
    """Body parts relative to their mean, dims (coordinate, time)."""
    return (position - position.mean(axis=0, keepdims=True)).reshape(-1, position.shape[-1])


def _add(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one[name] + other[name] for name in one}


def _components(total: Mapping[str, Any], n_modes: int) -> dict[str, Any]:
    mean = total["sum"] / total["count"]
    covariance = total["products"] / total["count"] - np.outer(mean, mean)
    _, vectors = np.linalg.eigh(covariance)
    modes = vectors[:, ::-1][:, : int(n_modes)].T
    return {"mean": mean, "modes": modes * np.sign(modes.sum(axis=1, keepdims=True))}


@ef.fit(merge=_add, finish=_components, tile=16)
def postures(position: Any, *, n_modes: int = 3) -> dict[str, Any]:
    """Sums of complete postures."""
    points = _upright(position.astype(np.float64))
    points = points[:, ~np.isnan(points).any(axis=0)]
    return {
        "count": points.shape[1],
        "sum": points.sum(axis=1),
        "products": (points[:, np.newaxis] * points[np.newaxis]).sum(axis=-1),
    }


def modes(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """Names of the components."""
    return Members(tuple(f"mode {place}" for place in range(len(parameters["model"]["modes"]))))


@ef.feature(dims=("mode", "time"), over={"mode": modes})
def posture_score(position: Any, *, model: Any = None) -> Any:
    """How much of every component a posture has."""
    points = _upright(position) - model["mean"][:, np.newaxis].astype(np.float32)
    out = np.zeros((len(model["modes"]), position.shape[-1]), np.float32)
    for place, mode in enumerate(model["modes"].astype(np.float32)):
        for weight, row in zip(mode, points, strict=True):
            out[place] += weight * row
    return out


def run(ds: xr.Dataset, model: Any = None) -> xr.Dataset:
    """What the probe gives, with a model that is fitted on something else."""
    given = {"model": model} if model else settings(ds)["posture_score"]
    return posture_score(ds, **given).to_dataset()


def settings(ds: xr.Dataset) -> Mapping[str, Mapping[str, Any]]:
    """A model of other recordings."""
    return {"posture_score": {"model": fitted(ds.sizes["space"])}}


@cache
def fitted(n_space: int) -> Any:
    """A model of recordings in so many coordinates."""
    with dask.config.set(scheduler="synchronous"):
        return postures(make_poses(77, 90, n_space=n_space))
