"""Gradient-boosted trees: grown by scikit-learn, kept as plain arrays, walked by a loop of ours.

So a saved classifier holds numbers alone, and predicting needs no scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.errors import DataError
from ethoflow.learn.calibrating import Calibration

SETTINGS: Mapping[str, Any] = {
    "max_iter": 80,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.3,
}
"""Of scikit-learn's HistGradientBoostingClassifier."""

BINS = 255
ENOUGH_FOR_THREADS = 50_000
"""Rows below which one thread is faster: trees are so small that threads wait for each other."""


def need_sklearn() -> Any:
    """Scikit-learn's module of ensembles.

    Raises
    ------
    DataError
        It is not installed.
    """
    try:
        import sklearn.ensemble
    except ImportError as error:
        raise DataError(
            "training needs scikit-learn: pip install 'ethoflow[learn]'. Predicting does not."
        ) from error
    return sklearn.ensemble


def grow(x: Array, y: Array, *, settings: Mapping[str, Any], seed: int = 0) -> dict[str, Array]:
    """Trees that tell `y` (1 or 0) from the rows of `x`, dims (sample, column).

    Rare and frequent classes weigh the same while trees grow; the odds are put right afterwards, so
    that what they give is a probability. With one class there are no trees.
    """
    share = float(np.mean(y)) if len(y) else 0.0
    if not 0 < share < 1:
        bound = 1 / (len(y) + 2)
        odds = np.log((1 - bound) / bound)
        return _constant(odds if share >= 1 else -odds)
    weights = np.where(y == 1, 0.5 / share, 0.5 / (1 - share))
    model = need_sklearn().HistGradientBoostingClassifier(
        **{**SETTINGS, **settings}, early_stopping=False, random_state=seed
    )
    edges = [_edges(column) for column in np.asarray(x, np.float64).T]
    with _threads_for(len(y)):
        # With weights scikit-learn sorts a column anew for each of its bins: they are made here.
        model.fit(_in_bins(x, edges), np.asarray(y, np.int64), sample_weight=weights)
    start = float(np.ravel(model._baseline_prediction)[0]) + np.log(share / (1 - share))
    return _as_arrays([_unbinned(one.nodes, edges) for (one,) in model._predictors], start)


def _threads_for(rows: int) -> AbstractContextManager[Any]:
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    limits: AbstractContextManager[Any] = threadpool_limits(
        1 if rows < ENOUGH_FOR_THREADS else None, user_api="openmp"
    )
    return limits


def _edges(column: Array) -> Array:
    """Numbers between the bins of a column: where values below and above are told apart."""
    seen = column[~np.isnan(column)]
    if not seen.size:
        return np.zeros(1)
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    found: Array = np.unique(np.quantile(seen, shares, method="averaged_inverted_cdf"))
    return found


def _in_bins(x: Array, edges: list[Array]) -> Array:
    """Every number as the number of its bin; missing stays missing."""
    coded = [
        np.where(np.isnan(column), np.nan, np.searchsorted(own, column))
        for column, own in zip(np.asarray(x, np.float64).T, edges, strict=True)
    ]
    return np.stack(coded, axis=1)


def _unbinned(tree: Array, edges: list[Array]) -> Array:
    """A tree whose thresholds are numbers of the columns, not of bins."""
    tree = tree.copy()
    for node in tree:
        own, bin = edges[node["feature_idx"]], node["num_threshold"]
        if not node["is_leaf"]:
            node["num_threshold"] = own[int(bin)] if bin < len(own) else np.inf
    return tree


def _constant(start: float) -> dict[str, Array]:
    return _as_arrays([], start)


def _as_arrays(trees: list[Array], start: float) -> dict[str, Array]:
    """Trees one behind the other; a leaf has no feature, and its value."""
    first = np.cumsum([0, *(len(tree) for tree in trees)])

    def joined(name: str, dtype: str) -> Array:
        found = [np.asarray(tree[name], dtype) for tree in trees]
        return np.concatenate(found) if found else np.empty(0, dtype)

    leaf = joined("is_leaf", "bool")
    offset = np.repeat(first[:-1], np.diff(first)).astype(np.int32)
    return {
        "feature": np.where(leaf, -1, joined("feature_idx", "int32")).astype(np.int32),
        "threshold": joined("num_threshold", "float64"),
        "left": joined("left", "int32") + offset,
        "right": joined("right", "int32") + offset,
        "value": joined("value", "float64"),
        "missing_left": joined("missing_go_to_left", "uint8"),
        "roots": first[:-1].astype(np.int32),
        "start": np.array([start]),
    }


@jit
def _walk(
    columns: Array,
    feature: Array,
    threshold: Array,
    left: Array,
    right: Array,
    value: Array,
    missing_left: Array,
    roots: Array,
    out: Array,
) -> None:
    for t in range(out.size):
        total = out[t]
        for tree in range(roots.size):
            node = roots[tree]
            while feature[node] >= 0:
                x = columns[feature[node], t]
                if x != x:
                    node = left[node] if missing_left[node] else right[node]
                elif x <= threshold[node]:
                    node = left[node]
                else:
                    node = right[node]
            total += value[node]
        out[t] = total


def log_odds(trees: Mapping[str, Array], columns: Array) -> Array:
    """Log odds in every frame; `columns` has the dims (column, time)."""
    out = np.full(columns.shape[-1], trees["start"][0])
    _walk(
        np.ascontiguousarray(columns, np.float64),
        trees["feature"],
        trees["threshold"],
        trees["left"],
        trees["right"],
        trees["value"],
        trees["missing_left"],
        trees["roots"],
        out,
    )
    return out


def probability(trees: Mapping[str, Array], columns: Array) -> Array:
    """Probability in every frame; `columns` has the dims (column, time)."""
    found: Array = 1 / (1 + np.exp(-log_odds(trees, columns)))
    return found


def calibrated(trees: Mapping[str, Array], calibration: Calibration) -> dict[str, Array]:
    """Trees whose odds are put right: a calibration is within their values."""
    start = calibration.slope * trees["start"] + calibration.offset
    return {**trees, "value": calibration.slope * trees["value"], "start": start}
