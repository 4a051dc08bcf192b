"""Exact Shapley values of trees, against rows of a background: no sampling, no approximation.

A leaf is reached by a row that lies within an interval of every column on the way to it. In a mix
of a row and a background row it is reached where each of these columns comes from one that lies
within. So a leaf has as many cases as there are patterns of columns within and without, of the row
and of the background, and the Shapley value of each case is known: they are summed once over the
background, and then looked up for every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.errors import DataError

MOST_DEPTH = 8
"""Columns on the way to a leaf; the cases of a leaf double with each."""
CLOSE = 1e-4
"""How far, in log odds, values of a row may add up to something else than its prediction."""
TILE = 512


class Leaves(NamedTuple):
    """Ways to the leaves of trees, one behind the other.

    Attributes
    ----------
    first
        Where the way to each leaf begins; one more than there are leaves.
    column, low, high
        Of each step: the column, and the interval (low, high] that leads on.
    value
        Of each leaf, in log odds.
    """

    first: Array
    column: Array
    low: Array
    high: Array
    value: Array


def leaves_of(trees: Mapping[str, Array]) -> Leaves:
    """The ways to all leaves of trees as `boosting.grow` gives them.

    Raises
    ------
    DataError
        A tree is deeper than eight columns.
    """
    first: list[int] = [0]
    column: list[int] = []
    low: list[float] = []
    high: list[float] = []
    value: list[float] = []
    for root in trees["roots"].tolist():
        stack: list[tuple[int, dict[int, tuple[float, float]]]] = [(root, {})]
        while stack:
            node, way = stack.pop()
            split = int(trees["feature"][node])
            if split >= 0:
                at = float(trees["threshold"][node])
                under, over = way.get(split, (-np.inf, np.inf))
                stack.append((int(trees["right"][node]), {**way, split: (max(under, at), over)}))
                stack.append((int(trees["left"][node]), {**way, split: (under, min(over, at))}))
                continue
            if len(way) > MOST_DEPTH:
                raise DataError(
                    f"a tree is {len(way)} columns deep; Shapley values are computed up to "
                    f"{MOST_DEPTH}: give settings={{'max_depth': {MOST_DEPTH}}}."
                )
            column += way
            low += [pair[0] for pair in way.values()]
            high += [pair[1] for pair in way.values()]
            value.append(float(trees["value"][node]))
            first.append(len(column))
    return Leaves(
        np.array(first, np.int64), np.array(column, np.int64), np.array(low, np.float64),
        np.array(high, np.float64), np.array(value, np.float64),
    )  # fmt: skip


def tabulate(leaves: Leaves, background: Array, weights: Array) -> tuple[Array, Array]:
    """Shapley values of every case of every leaf, and where each leaf's begin.

    Parameters
    ----------
    background
        Real rows, dims (column, row), without missing numbers.
    weights
        How much each row counts; they add up to 1.
    """
    depths = np.diff(leaves.first)
    start = np.concatenate([[0], np.cumsum(depths << depths)]).astype(np.int64)
    table = np.zeros(int(start[-1]))
    factorial = np.cumprod([1.0, *range(1, MOST_DEPTH + 1)])
    _tabulate(*leaves, np.ascontiguousarray(background, np.float64), weights, factorial, start,
              table)  # fmt: skip
    return table, start


@jit
def _patterns(
    columns: Array, column: Array, low: Array, high: Array, a: int, b: int, begin: int, found: Array
) -> None:
    """Which columns of a way lie within, as a bit each, of the rows from `begin` on."""
    found[:] = 0
    for step in range(a, b):
        own, under, over, bit = columns[column[step]], low[step], high[step], 1 << (step - a)
        for t in range(found.size):
            x = own[begin + t]
            found[t] |= bit * ((x > under) & (x <= over))


@jit
def _tabulate(
    first: Array, column: Array, low: Array, high: Array, value: Array, background: Array,
    weights: Array, factorial: Array, start: Array, table: Array,
) -> None:  # fmt: skip
    found = np.empty(weights.size, np.int64)
    for leaf in range(value.size):
        a, b = first[leaf], first[leaf + 1]
        depth = b - a
        _patterns(background, column, low, high, a, b, 0, found)
        share = np.zeros(1 << depth)
        for t in range(found.size):
            share[found[t]] += weights[t]
        for within in range(1 << depth):
            if share[within] == 0.0:
                continue
            without = ((1 << depth) - 1) & ~within
            p = 0
            for i in range(depth):
                p += (without >> i) & 1
            # The row has to bring all that the background lacks; what else it has is free.
            extra = within
            while True:
                case = start[leaf] + (without | extra) * depth
                lost = within & ~extra
                n = 0
                for i in range(depth):
                    n += (lost >> i) & 1
                amount = value[leaf] * share[within]
                for i in range(depth):
                    if (without >> i) & 1:
                        table[case + i] += (
                            amount * factorial[p - 1] * factorial[n] / factorial[p + n]
                        )
                    elif (lost >> i) & 1:
                        table[case + i] -= (
                            amount * factorial[p] * factorial[n - 1] / factorial[p + n]
                        )
                if extra == 0:
                    break
                extra = (extra - 1) & within


@jit
def _look_up(
    first: Array, column: Array, low: Array, high: Array, columns: Array, start: Array,
    table: Array, out: Array,
) -> None:  # fmt: skip
    n = columns.shape[1]
    for begin in range(0, n, TILE):
        size = min(TILE, n - begin)
        found = np.empty(size, np.int64)
        for leaf in range(start.size - 1):
            a, b = first[leaf], first[leaf + 1]
            depth = b - a
            _patterns(columns, column, low, high, a, b, begin, found)
            for step in range(a, b):
                row = out[column[step]]
                at = start[leaf] + step - a
                for t in range(size):
                    row[begin + t] += table[at + found[t] * depth]


def shapley_values(leaves: Leaves, table: Array, start: Array, columns: Array) -> Array:
    """Shapley values of rows, dims (column, row), in log odds; missing where a number is missing.

    Parameters
    ----------
    columns
        Dims (column, row).
    """
    columns = np.ascontiguousarray(columns, np.float64)
    out = np.zeros(columns.shape)
    _look_up(leaves.first, leaves.column, leaves.low, leaves.high, columns, start, table, out)
    out[:, np.isnan(columns).any(axis=0)] = np.nan
    return out
