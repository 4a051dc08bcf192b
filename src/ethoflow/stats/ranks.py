"""Tests on ranks: Mann-Whitney, Kruskal-Wallis, Wilcoxon and Friedman.

Small samples are permuted, which is exact with ties too; large ones have the usual approximations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.stats.permutation import (
    EXACT,
    exchange_within,
    floor_of_groups,
    is_exact,
    permute_groups,
)


def rank_groups(values: Array, group: Array) -> float:
    """The p of Mann-Whitney for two groups, of Kruskal-Wallis for more."""
    from scipy.stats import kruskal, mannwhitneyu, rankdata

    parts = [values[group == one] for one in np.unique(group)]
    if is_exact([len(part) for part in parts]):
        return permute_groups(rankdata(values), group)
    test = mannwhitneyu if len(parts) == 2 else kruskal
    return float(test(*parts).pvalue)


def rank_within(values: Array) -> float:
    """The p of Wilcoxon's signed ranks for two conditions of each unit, of Friedman for more."""
    from scipy.stats import friedmanchisquare, rankdata, wilcoxon

    n, k = values.shape
    if k > 2 and math.factorial(k) ** n <= EXACT:
        return exchange_within(rankdata(values, axis=1))
    if k > 2:
        return float(friedmanchisquare(*values.T).pvalue)
    apart = values[:, 1] - values[:, 0]
    apart = apart[apart != 0]
    if 2 ** len(apart) > EXACT:
        return float(wilcoxon(apart, method="approx").pvalue)
    signed = rankdata(np.abs(apart)) * np.sign(apart)
    return _flip_signs(signed)


def _flip_signs(signed: Array) -> float:
    """The p of a sum of signed ranks, every sign being as likely as the other."""
    sums = np.zeros(1)
    for rank in np.abs(signed):
        sums = np.concatenate([sums + rank, sums - rank])
    return float((np.abs(sums) >= abs(signed.sum()) - 1e-9).mean())


def floor_of_ranks(sizes: Sequence[int]) -> float:
    """The smallest p that groups of these sizes can give: that of groups wholly apart."""
    if is_exact(sizes):
        return floor_of_groups(sizes)
    group = np.repeat(np.arange(len(sizes)), sizes)
    return rank_groups(np.arange(len(group), dtype=float), group)


def floor_of_ranks_within(n: int, k: int) -> float:
    """The smallest p that k conditions of n units can give."""
    rows = np.tile(np.arange(k, dtype=float), (n, 1)) * (1 + np.arange(n)[:, np.newaxis])
    return rank_within(rows)
