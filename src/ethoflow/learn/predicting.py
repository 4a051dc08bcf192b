"""Probabilities and labels as the engine computes them: lazily, block by block."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Declaration, Function, Output
from ethoflow.engine.declare import Array
from ethoflow.engine.model import Model
from ethoflow.engine.signature import make
from ethoflow.geometry.own_frame import check_room
from ethoflow.learn.boosting import probability as probability_of
from ethoflow.learn.columns import request_rows, stack
from ethoflow.learn.network import TILE
from ethoflow.learn.network import probability_of as probability_by
from ethoflow.learn.recipe import Of, Recipe
from ethoflow.learn.samples import knows
from ethoflow.learn.stored import without_stored
from ethoflow.names import name_aside
from ethoflow.networks.kept import networks_of
from ethoflow.points import by_role
from ethoflow.schema import Data, as_dataset


def classify(rows: Array, windowed_rows: Array, *, model: Any = None) -> Any:
    """Probability of every behaviour in every frame; missing where nothing is known."""
    known = knows(rows, recipe_of(model))
    columns = stack(rows, windowed_rows)
    found = tuple(
        np.where(known, probability_of(arrays_of(model, place), columns), np.nan)
        for place in range(len(model.recipe["behaviours"]))
    )
    return found if len(found) > 1 else found[0]


def classify_by_network(rows: Array, *, model: Any = None, look: int = 0, tile: int = TILE) -> Any:
    """Probability of every behaviour in every frame of a tile; missing where nothing is known."""
    from ethoflow.networks.placing import device_here  # torch is heavy

    device = device_here()
    networks = networks_of(model, model.recipe["networks"], device)
    said = probability_by(networks, rows, device)
    found = tuple(np.where(knows(rows, recipe_of(model)), one, np.nan) for one in said)
    return found if len(found) > 1 else found[0]


def looked(look: int) -> int:
    """Frames to either side that a network looks at."""
    return look


def tiled(tile: int) -> int:
    """Frames that a network is given at a time."""
    return tile


def classified(probability: Array, *, min_probability: float = 0.5) -> Array:
    """A classifier finds it at least as probable as `min_probability`."""
    likely: Array = probability >= np.float32(min_probability)
    return likely


def recipe_of(model: Model) -> Recipe:
    """What a model looks at."""
    return Recipe.read(model.recipe["recipe"])


def arrays_of(model: Model, place: int) -> dict[str, Array]:
    """The arrays of one behaviour, by name."""
    return {name: model[f"b{place}_{name}"] for name in model.recipe["arrays"]}


def predict_labels(data: Data, model: Model) -> xr.Dataset:
    """Label and probability of every behaviour of a model."""
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy
    from ethoflow.engine.resolve import Request

    ds, recipe = without_stored(as_dataset(data)), recipe_of(model)
    check_room(ds, "a classifier")
    request = Request(by_role(ds, recipe.points), recipe.parameters)
    request_rows(request, recipe)
    behaviours = list(model.recipe["behaviours"])
    names = [probability_name(name, behaviours) for name in behaviours]
    if "networks" in model.recipe:
        given = {"model": model, "look": model.recipe["look"], "tile": model.recipe["tile"]}
        first = request.call(_of_networks(recipe.of, names), given)
    else:
        first = request.call(_of_trees(recipe.of, names), {"model": model})
    calls = {call.name: call for call in first.siblings}
    request.nodes |= calls
    for behaviour, probability in zip(behaviours, names, strict=True):
        given = {"probability": probability, **model.recipe["decisions"][behaviour]}
        calls[behaviour] = request.call(_of_label(recipe.of, behaviour), given)
    found = xr.Dataset(compute_calls(request.ds, calls))
    return found[[*behaviours, *names]]


def probability_name(behaviour: str, behaviours: Sequence[str]) -> str:
    """What the probability of a behaviour is called."""
    return name_aside(f"{behaviour}_probability", behaviours)


def _of_trees(of: Of, names: Sequence[str]) -> Declaration:
    return make(Function, classify, "step", **_of_model(of, names))


def _of_networks(of: Of, names: Sequence[str]) -> Declaration:
    own = _of_model(of, names)
    return make(Function, classify_by_network, "step", halo=looked, tile=tiled, **own)


def _of_model(of: Of, names: Sequence[str]) -> dict[str, Any]:
    first, *rest = (Output(name, ("time",)) for name in names)
    return {
        "dims": ("time",),
        "units": "1",
        "scope": of,
        "replaces": first.name,
        "further": tuple(rest),
        "parameter_units": {},
    }


@functools.cache
def _of_label(of: Of, behaviour: str) -> Declaration:
    none: Mapping[str, float] = {
        "min_bout": 0.0, "max_gap": 0.0, "majority": 0.0, "hysteresis": 0.0, "max_hold": 2.0
    }  # fmt: skip
    return make(
        Function,
        classified,
        "behaviour",
        dims=("time",),
        units="1",
        gives="label",
        scope=of,
        replaces=behaviour,
        bouts=dict(none),
        parameter_units={},
    )
