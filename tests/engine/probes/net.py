"""A small network in PyTorch, on fixed tiles of the recording's frames."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Members
from ethoflow.engine.model import Model

LATENT = 4
LOOK = 3


@functools.lru_cache(maxsize=4)
def network(model: Model) -> Any:
    """Convolutions over time with the weights of a model, built once for each that arrives."""
    import torch

    torch.set_num_threads(1)
    weights = model["weights"]
    layer = torch.nn.Conv1d(weights.shape[1], LATENT, 2 * LOOK + 1, padding=LOOK)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.array(weights)))
        layer.bias.zero_()
    return layer.eval()


def latent(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """Names of the latent dims."""
    return Members(tuple(f"latent {place}" for place in range(LATENT)))


@ef.feature(dims=("latent", "time"), over={"latent": latent}, halo=LOOK, tile=32)
def embedding(position: Any, *, model: Any = None) -> Any:
    """What the network makes of positions."""
    import torch

    net = network(model)
    points = np.nan_to_num(position).reshape(1, -1, position.shape[-1])
    with torch.inference_mode():
        return net(torch.from_numpy(points)).numpy()[0]


def settings(ds: xr.Dataset) -> Mapping[str, Mapping[str, Any]]:
    """A network for the points of a dataset, not trained."""
    shape = (LATENT, ds.sizes["bodypart"] * ds.sizes["space"], 2 * LOOK + 1)
    weights = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return {"embedding": {"model": Model.of("net", {"weights": weights})}}


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives."""
    return embedding(ds, **settings(ds)["embedding"]).to_dataset()
