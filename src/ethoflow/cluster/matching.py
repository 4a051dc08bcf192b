"""Agreement of two clusterings, and which cluster of one is which of the other."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array


def crossed(one: Array, other: Array) -> Array:
    """Frames by the cluster in one (row) and the other (column); negative and NaN are unknown."""
    here, there = (np.asarray(x, np.float64).ravel() for x in (one, other))
    known = (here >= 0) & (there >= 0)
    a, b = here[known].astype(np.int64), there[known].astype(np.int64)
    table = np.zeros((a.max(initial=-1) + 1, b.max(initial=-1) + 1), np.int64)
    np.add.at(table, (a, b), 1)
    return table


def adjusted_rand(one: Array, other: Array) -> float:
    """Agreement of two clusterings of the same frames: 1 for the same, 0 by chance.

    Whatever the clusters are called (Hubert & Arabie 1985, J. Classif. 2:193). NaN where nothing is
    known in both.

    Examples
    --------
    >>> float(adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2])))
    1.0
    """
    table = crossed(one, other).astype(np.float64)
    total = table.sum()
    if total < 2:
        return float("nan")
    pairs, rows, columns = (
        float((x * (x - 1) / 2).sum()) for x in (table, table.sum(1), table.sum(0))
    )
    chance = rows * columns / (total * (total - 1) / 2)
    most = (rows + columns) / 2
    return 1.0 if most == chance else (pairs - chance) / (most - chance)


def match(one: Array, other: Array) -> Array:
    """For every cluster of `one` the cluster of `other` that is the same, -1 where none is left.

    The matching under which most frames agree (Kuhn 1955).

    Examples
    --------
    >>> match(np.array([0, 0, 1, 1, 1]), np.array([1, 1, 0, 0, 1])).tolist()
    [1, 0]
    """
    from scipy.optimize import linear_sum_assignment  # heavy

    table = crossed(one, other)
    rows, columns = linear_sum_assignment(table, maximize=True)
    found = np.full(len(table), -1)
    found[rows] = columns
    return found


def matched_accuracy(one: Array, other: Array) -> float:
    """Share of frames in which matched clusters agree."""
    table = crossed(one, other)
    found = match(one, other)
    kept = found >= 0
    total = table.sum()
    return float(table[np.flatnonzero(kept), found[kept]].sum() / total) if total else float("nan")
