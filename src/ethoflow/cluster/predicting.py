"""Embedding, membership and clusters as the engine computes them: lazily, block by block."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cluster.decoding import decode
from ethoflow.cluster.projection import project
from ethoflow.cluster.request import request_columns
from ethoflow.engine import Declaration, Function, Members, Output
from ethoflow.engine.declare import Array, Scope
from ethoflow.engine.model import Model
from ethoflow.engine.signature import make
from ethoflow.networks.kept import networks_of
from ethoflow.schema import Data

TILE = 1024
"""Frames that a network is given at a time, always the same of a recording."""
PARTS = ("encoder", "emission")


def signal(columns: Array, *, model: Any = None) -> Array:
    """Whitened components of an animal's columns, dims (component, time)."""
    return project(columns, model)


def encode(columns: Array, signal: Array, *, model: Any = None, look: int = 0, tile: int = TILE
           ) -> tuple[Array, Array]:  # fmt: skip
    """Embedding and probability of every cluster; missing where nothing is known of the animal."""
    import torch

    from ethoflow.networks.placing import device_here, using

    device = device_here()
    encoder, emission = networks_of(model, PARTS, device)
    unknown = np.isnan(signal).all(axis=0)
    parts = 2 * int(model.recipe["n_points"])
    given = columns[:parts] if model.recipe["reads"] == "pose" else signal
    with using(device):
        batch = torch.from_numpy(np.array(given, np.float32))[None]
        latent = encoder(batch.to(device))
        membership = emission(latent).softmax(dim=1)[0].cpu().numpy()
    embedding = np.array(latent[0].cpu().numpy())
    membership = membership[model["order"]]
    embedding[:, unknown] = np.nan
    membership[:, unknown] = np.nan
    return embedding, membership


def cluster(membership: Array, *, model: Any = None) -> Array:
    """Most probable cluster of every frame, given the whole recording."""
    transitions = model["transitions"] if model.recipe["decoded"] else None
    return decode(membership, transitions, model["use"], model.recipe["evidence"])


def looked(look: int) -> int:
    """Frames to either side that a network looks at."""
    return look


def tiled(tile: int) -> int:
    """Frames that a network is given at a time."""
    return tile


@dataclass(frozen=True)
class _Numbered:
    """Members of a dim that are numbered, or named."""

    names: tuple[str, ...]

    def __call__(self, ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        return Members(self.names)


def predict_clusters(data: Data | xr.DataArray, model: Model) -> xr.Dataset:
    """Clusters, membership and embedding of a model."""
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy

    recipe = model.recipe
    request = request_columns(data, recipe)
    scope: Scope = "pair" if recipe["input"] == "pairs" else "individual"
    names = tuple(recipe["clusters"])
    request.nodes["signal"] = request.call(
        _of_signal(len(model["variance"]), scope), {"model": model}
    )
    given = {"model": model, "look": recipe["look"], "tile": recipe["tile"]}
    first = request.call(_of_network(recipe["latent"], names, scope), given)
    calls = {call.name: call for call in first.siblings}
    request.nodes |= calls
    calls["cluster"] = request.call(_of_clusters(names, scope), {"model": model})
    found = xr.Dataset(compute_calls(request.ds, calls))
    return found[["cluster", "membership", "embedding"]]


@functools.cache
def _of_signal(components: int, scope: Scope) -> Declaration:
    names = tuple(map(str, range(components)))
    return make(
        Function, signal, "feature", scope=scope, dims=("component", "time"), units="1",
        over={"component": _Numbered(names)}, optional=("columns",), parameter_units={},
    )  # fmt: skip


@functools.cache
def _of_network(latent: int, clusters: tuple[str, ...], scope: Scope) -> Declaration:
    return make(
        Function,
        encode,
        "step",
        scope=scope,
        dims=("latent", "time"),
        units="1",
        replaces="embedding",
        further=(Output("membership", ("of_cluster", "time")),),
        over={
            "latent": _Numbered(tuple(map(str, range(latent)))),
            "of_cluster": _Numbered(clusters),
        },
        halo=looked,
        tile=tiled,
        parameter_units={},
    )


@functools.cache
def _of_clusters(clusters: tuple[str, ...], scope: Scope) -> Declaration:
    return make(
        Function,
        cluster,
        "feature",
        scope=scope,
        dims=("time",),
        units="1",
        gives="category",
        categories=clusters,
        halo="whole",
        optional=("membership",),
        parameter_units={},
    )
