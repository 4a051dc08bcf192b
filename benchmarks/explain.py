"""Rows explained per CPU second: exact, interventional Shapley values of one binary model.

``--rows`` and ``--background`` are how many; where `shap` or `woodelf` are installed, they explain
the same trees and the difference is told.
"""

from __future__ import annotations

import argparse
import importlib.util
import time

import numpy as np
import pandas as pd

from ethoflow.explain.shapley import leaves_of, shapley_values, tabulate
from ethoflow.learn import boosting

COLUMNS = 120


def make(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, COLUMNS)).astype(np.float32)
    return x, (x[:, 0] + x[:, 1] * x[:, 2] + random.normal(0, 0.5, n) > 0.8).astype(int)


def measure(settings: dict[str, int], rows: int, behind: int) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    x, y = make(behind, 0)
    model = HistGradientBoostingClassifier(**settings, early_stopping=False, random_state=0)
    model.fit(x, y)
    start = float(np.ravel(model._baseline_prediction)[0])
    trees = boosting._as_arrays([one.nodes for (one,) in model._predictors], start)
    leaves, weights = leaves_of(trees), np.full(behind, 1 / behind)
    columns = np.ascontiguousarray(make(rows, 1)[0].T)
    shapley_values(leaves, *tabulate(leaves, x.T, weights), columns[:, :10])  # compiled
    began = time.process_time()
    tables = tabulate(leaves, x.T, weights)
    made = time.process_time()
    found = shapley_values(leaves, *tables, columns)
    done = time.process_time()
    base = float(np.dot(boosting.log_odds(trees, x.T), weights))
    away = np.abs(base + found.sum(axis=0) - boosting.log_odds(trees, columns)).max()
    print(
        f"{settings}: {len(leaves.value)} leaves, {behind:,} background rows: tables "
        f"{made - began:.2f} CPU s, then {rows / (done - made):,.0f} rows/CPU s; sums off by "
        f"{away:.1e}"
    )
    compare(model, trees, x, columns[:, : min(rows, 5000)].T)


def compare(model: object, trees: dict[str, np.ndarray], x: np.ndarray, rows: np.ndarray) -> None:
    leaves = leaves_of(trees)
    if importlib.util.find_spec("woodelf"):
        from woodelf.explainer import WoodelfExplainer

        names = [f"f{i}" for i in range(COLUMNS)]
        began = time.process_time()
        explainer = WoodelfExplainer(model, pd.DataFrame(x, columns=names))
        other = explainer.shap_values(pd.DataFrame(rows, columns=names), verbose=False)
        tell("woodelf", began, other, rows, leaves, x)
    if importlib.util.find_spec("shap"):
        import shap

        few, some = x[:100], rows[:200]  # more than 100 it would draw from
        explainer = shap.TreeExplainer(model, few, feature_perturbation="interventional")
        began = time.process_time()
        tell("shap, 100 background rows", began, explainer.shap_values(some), some, leaves, few)


def tell(name: str, began: float, other: object, rows: np.ndarray, leaves: object, x: np.ndarray):
    took = time.process_time() - began
    own = shapley_values(leaves, *tabulate(leaves, x.T, np.full(len(x), 1 / len(x))), rows.T)
    away = np.abs(np.asarray(other).T - own).max()
    print(f"  {name}: {len(rows) / took:,.0f} rows/CPU s; other than ours by {away:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--background", type=int, default=20_000)
    given = parser.parse_args()
    for settings in (
        {"max_iter": 80, "max_depth": 6, "max_leaf_nodes": 15},
        {"max_iter": 100, "max_depth": 6, "max_leaf_nodes": 64},
        {"max_iter": 100, "max_depth": 8, "max_leaf_nodes": 31},
    ):
        measure(settings, given.rows, given.background)


if __name__ == "__main__":
    main()
