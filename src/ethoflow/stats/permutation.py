"""Permutation tests: units exchanged between groups, or turned to their mirror images.

All ways are gone through where there are at most `EXACT`, else `RANDOM` are drawn, and the one that
was found counts among them (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ethoflow.engine.declare import Array

EXACT = 200_000
RANDOM = 20_000
_CLOSE = 1e-9
"""Statistics that differ by less than this share of the spread are the same."""


def permute_groups(values: Array, group: Array, seed: int = 0) -> float:
    """The p of a difference between groups, units exchanged between them.

    Of two groups the statistic is the difference of their means, two-sided; of more the sum of
    squares between them. Both order the ways as t and F do.

    Parameters
    ----------
    values
        One number per unit.
    group
        The group of each unit.
    seed
        Of the ways that are drawn where there are too many.

    Examples
    --------
    >>> permute_groups(np.array([1.0, 2, 3, 7, 8, 9]), np.array([0, 0, 0, 1, 1, 1]))
    0.1
    """
    sizes = tuple(np.bincount(np.unique(group, return_inverse=True)[1]).tolist())
    order = np.argsort(group, kind="stable")
    centred = values[order] - values.mean()
    ways, exact = group_ways(sizes, seed)
    own = _between(centred[np.newaxis], sizes)[0]
    found = _between(centred[ways], sizes)
    return share_reached(found, own, float(centred @ centred), exact)


def permute_within(values: Array, seed: int = 0) -> float:
    """The p of a difference between the conditions of each unit, signs of units being flipped.

    What a unit's conditions differ from its mean by is as likely as its mirror image where there is
    no difference. Of two conditions that is to exchange them. To exchange more than two would take
    that all vary alike and resemble one another alike, which bins of time do not: of four of which
    the last vary four times as much as the first, 9 % would be found by chance.

    Parameters
    ----------
    values
        Dims (unit, condition).
    seed
        Of the ways that are drawn where there are too many.

    Examples
    --------
    >>> permute_within(np.array([[1.0, 2], [1, 4], [0, 3], [2, 3]]))
    0.125
    """
    centred = values - values.mean(axis=1, keepdims=True)
    signs, exact = flips(len(values), seed)
    found = np.square(signs @ centred).sum(axis=1)
    own = float(np.square(centred.sum(axis=0)).sum())
    return share_reached(found, own, float(np.square(centred).sum()) * len(values), exact)


def exchange_within(values: Array) -> float:
    """The p of a difference between conditions, exchanged within units in all ways there are.

    For ranks, which vary alike in all conditions.

    Examples
    --------
    >>> round(exchange_within(np.array([[1.0, 2, 3], [1, 2, 3], [1, 2, 3]])), 4)
    0.0278
    """
    n, k = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    ways = within_ways(n, k)
    found = np.square(centred[np.arange(n)[:, None], ways].sum(axis=1)).sum(axis=-1)
    own = float(np.square(centred.sum(axis=0)).sum())
    return share_reached(found, own, float(np.square(centred).sum()) * n, exact=True)


def floor_of_groups(sizes: Sequence[int]) -> float:
    """The smallest p that exchanging units between groups can give.

    Examples
    --------
    >>> floor_of_groups([3, 3]), round(floor_of_groups([3, 4]), 4)
    (0.1, 0.0286)
    """
    total = count_ways(sizes)
    alike = math.prod(math.factorial(n) for n in Counter(sizes).values())
    return alike / total if total <= EXACT else max(alike / total, 1 / (RANDOM + 1))


def floor_within(n_units: int) -> float:
    """The smallest p that flipping the signs of units can give.

    Examples
    --------
    >>> floor_within(4)
    0.125
    """
    p = 2.0 ** (1 - n_units)
    return p if 2**n_units <= EXACT else max(p, 1 / (RANDOM + 1))


def is_exact(sizes: Sequence[int]) -> bool:
    """Whether all ways to exchange units between groups are gone through."""
    return count_ways(sizes) <= EXACT


def count_ways(sizes: Sequence[int]) -> int:
    """In how many ways units can be put into groups of these sizes."""
    return math.factorial(sum(sizes)) // math.prod(math.factorial(n) for n in sizes)


def _between(values: Array, sizes: tuple[int, ...]) -> Array:
    """Sum of squares between groups that follow one another, of each row of centred values."""
    stops = np.cumsum(sizes)
    found = np.zeros(len(values))
    for start, stop in zip([0, *stops[:-1]], stops, strict=True):
        found += np.square(values[:, start:stop].sum(axis=1)) / (stop - start)
    return found


def share_reached(found: Array, own: float, spread: float, exact: bool) -> float:
    """Share of the ways in which a statistic is no less than the one found."""
    reached = int((found >= own - _CLOSE * spread).sum())
    return reached / len(found) if exact else (1 + reached) / (1 + len(found))


@lru_cache(maxsize=4)
def group_ways(sizes: tuple[int, ...], seed: int) -> tuple[Array, bool]:
    """Orders of units, of which the first fill the first group, and whether they are all."""
    n = sum(sizes)
    if not is_exact(sizes):
        rng = np.random.default_rng(seed)
        return rng.permuted(np.tile(np.arange(n), (RANDOM, 1)), axis=1), False
    ways = [_fill(sizes, range(n))]
    return np.array(list(itertools.chain(*ways)), np.int16 if n < 2**15 else np.int64), True


def _fill(sizes: Sequence[int], left: Sequence[int]) -> list[tuple[int, ...]]:
    """All ways to put units into groups of these sizes."""
    if len(sizes) == 1:
        return [tuple(left)]
    found = []
    for chosen in itertools.combinations(left, sizes[0]):
        inside = set(chosen)
        rest = [unit for unit in left if unit not in inside]
        found += [(*chosen, *others) for others in _fill(sizes[1:], rest)]
    return found


@lru_cache(maxsize=4)
def flips(n: int, seed: int) -> tuple[Array, bool]:
    """Signs of units, dims (way, unit), and whether they are all ways."""
    if 2**n > EXACT:
        return np.random.default_rng(seed).choice([-1.0, 1.0], (RANDOM, n)), False
    return np.array(list(itertools.product([1.0, -1.0], repeat=n))), True


@lru_cache(maxsize=4)
def within_ways(n: int, k: int) -> Array:
    """All orders of the conditions of each unit, dims (way, unit, condition)."""
    orders = np.array(list(itertools.permutations(range(k))))
    picks = np.array(list(itertools.product(range(len(orders)), repeat=n)))
    ways: Array = orders[picks]
    return ways
