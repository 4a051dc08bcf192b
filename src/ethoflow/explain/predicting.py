"""Shapley values of whole recordings as the engine computes them: lazily, block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Declaration, Function, Members
from ethoflow.engine.declare import Array
from ethoflow.engine.model import Model
from ethoflow.engine.signature import make
from ethoflow.errors import DataError, listed
from ethoflow.explain.rows import MATRIX
from ethoflow.explain.shapley import CLOSE, Leaves, shapley_values
from ethoflow.learn import boosting

NODE = "shap"
LEAVES = Leaves._fields


def arrays_of(model: Model, place: int) -> dict[str, Array]:
    """Trees, leaves and tables of one behaviour, by name."""
    return {name: model[f"b{place}_{name}"] for name in model.recipe["arrays"]}


def explain_columns(held: Mapping[str, Array], columns: Array) -> Array:
    """Shapley values, dims (column, row); missing where a column is missing.

    Raises
    ------
    DataError
        The values of a row and the base do not add up to the prediction.
    """
    leaves = Leaves(*(held[f"way_{name}"] for name in LEAVES))
    found = shapley_values(leaves, held["table"], held["begins"], columns)
    predicted = boosting.log_odds(held, columns)
    away = np.abs(float(held["base"][0]) + found.sum(axis=0) - predicted)
    if away.size and np.nanmax(away, initial=0.0) > CLOSE:
        raise DataError(
            f"Shapley values of a frame add up to something else than its prediction (by "
            f"{np.nanmax(away):.3g} log odds): they are not shown. Fit the surrogate again, and "
            "report this."
        )
    return found


def shap(values: Array, *, model: Any = None, place: int = 0) -> Array:
    """Shapley values of one animal, dims (feature, time)."""
    columns = np.asarray(values)[np.asarray(model["columns"])]
    return explain_columns(arrays_of(model, place), columns).astype(np.float32)


@dataclass(frozen=True)
class _Named:
    """Finds the features by their names."""

    names: tuple[str, ...]

    def __call__(self, ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        return Members(self.names)


def _declare(names: Sequence[str]) -> Declaration:
    return make(
        Function,
        shap,
        "feature",
        dims=("explained", "time"),
        units="log odds",
        over={"explained": _Named(tuple(names))},
        optional=("values",),
        parameter_units={},
    )


def explain_matrix(matrix: xr.DataArray, model: Model, place: int) -> xr.DataArray:
    """Shapley values of every frame of a feature matrix, lazy where it is.

    Raises
    ------
    DataError
        It has other features, units or frames per second.
    """
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy
    from ethoflow.engine.resolve import Request

    recipe = model.recipe
    _check_same(matrix, recipe)
    ds = matrix.to_dataset(name=MATRIX)
    names = recipe["features"]
    call = Request(ds).call(_declare(names), {"values": MATRIX, "model": model, "place": place})
    found = compute_calls(ds, {NODE: call})[NODE]
    kept = [n for n, c in found.coords.items() if "feature" in c.dims]
    found = found.drop_vars(kept).rename(explained="feature")
    return found.assign_coords(unit_of_feature=("feature", np.array(recipe["units"], object)))


def _check_same(matrix: xr.DataArray, recipe: Mapping[str, Any]) -> None:
    here = list(map(str, matrix.feature.values)) if "feature" in matrix.coords else []
    if here != list(recipe["all_features"]):
        lacks = [name for name in recipe["all_features"] if name not in here]
        raise DataError(
            "the surrogate was fitted on other features: "
            + (f"these data lack {listed(lacks, 4)}." if lacks else "these are more, or in another "
               "order. Give the features it was fitted on.")
        )  # fmt: skip
    if not np.isclose(float(matrix.fps), recipe["fps"], rtol=1e-3):
        raise DataError(
            f"the surrogate was fitted at {recipe['fps']:g} frames per second, and these data have "
            f"{float(matrix.fps):g}."
        )
    units = list(map(str, matrix.unit.values))
    if units != list(recipe["all_units"]):
        raise DataError("the surrogate was fitted on features in other units: calibrate alike.")
