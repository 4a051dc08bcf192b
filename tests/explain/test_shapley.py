"""Shapley values of trees against their definition, and against the predictions."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.explain.shapley import leaves_of, shapley_values, tabulate
from ethoflow.learn import boosting

pytest.importorskip("sklearn", reason="training needs scikit-learn")

N = 5


def grown(depth: int, seed: int = 0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(400, N)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + x[:, 2] > 0.2).astype(int)
    made = {"max_iter": 6, "max_depth": depth, "max_leaf_nodes": 31, "min_samples_leaf": 5}
    return boosting.grow(x, y, settings={**made, "max_features": 1.0})


def by_definition(trees, row, background, weights):
    """The mean over background rows of what a column adds, over all orders."""

    def worth(of_row):
        mixed = background.copy()
        mixed[list(of_row)] = row[list(of_row), np.newaxis]
        return float(np.dot(boosting.log_odds(trees, mixed), weights))

    found = np.zeros(N)
    for i in range(N):
        others = [j for j in range(N) if j != i]
        for size in range(N):
            share = factorial(size) * factorial(N - size - 1) / factorial(N)
            for some in combinations(others, size):
                found[i] += share * (worth((*some, i)) - worth(some))
    return found


@given(depth=st.integers(1, 6), seed=st.integers(0, 5), n=st.integers(1, 5))
@settings(max_examples=8)
def test_values_are_those_of_the_definition(depth: int, seed: int, n: int) -> None:
    trees = grown(depth, seed)
    random = np.random.default_rng(seed + 100)
    background = random.normal(size=(N, n)).astype(np.float32).astype(float)
    weights = random.dirichlet(np.ones(n))
    rows = random.normal(size=(N, 2)).astype(np.float32).astype(float)
    leaves = leaves_of(trees)
    found = shapley_values(leaves, *tabulate(leaves, background, weights), rows)
    expected = np.stack([by_definition(trees, row, background, weights) for row in rows.T], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_values_and_base_add_up_to_the_prediction() -> None:
    trees = grown(8)
    random = np.random.default_rng(1)
    background, rows = random.normal(size=(N, 300)), random.normal(size=(N, 1500))
    weights = np.full(300, 1 / 300)
    leaves = leaves_of(trees)
    found = shapley_values(leaves, *tabulate(leaves, background, weights), rows)
    base = boosting.log_odds(trees, background).mean()
    np.testing.assert_allclose(base + found.sum(axis=0), boosting.log_odds(trees, rows), atol=1e-9)
    assert np.abs(found[3:]).max() < np.abs(found[:3]).max()


def test_a_row_with_a_missing_number_is_not_explained() -> None:
    trees = grown(4)
    rows = np.zeros((N, 2))
    rows[1, 0] = np.nan
    leaves = leaves_of(trees)
    found = shapley_values(leaves, *tabulate(leaves, np.ones((N, 1)), np.ones(1)), rows)
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()


def test_trees_that_are_too_deep_are_refused() -> None:
    chain = 10
    trees = {
        "feature": np.array([*range(chain), *[-1] * (chain + 1)], np.int32),
        "threshold": np.zeros(2 * chain + 1), "roots": np.array([0], np.int32),
        "left": np.array([*range(chain, 2 * chain), *[0] * (chain + 1)], np.int32),
        "right": np.array([*range(1, chain), 2 * chain, *[0] * (chain + 1)], np.int32),
        "value": np.ones(2 * chain + 1),
    }  # fmt: skip
    with pytest.raises(ef.DataError, match="columns deep"):
        leaves_of(trees)
