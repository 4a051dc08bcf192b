"""p-values of several tests, corrected for their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ethoflow.engine.declare import Array


def holm(p: Array) -> Array:
    """Holm's step-down: the chance of any false positive is held.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    scaled = p[order] * np.arange(len(p), 0, -1)
    return _back(np.maximum.accumulate(scaled), order)


def benjamini_hochberg(p: Array) -> Array:
    """Benjamini and Hochberg's step-up: the share of false among the positives is held.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(6).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    return _back(np.minimum.accumulate(scaled), order)


def bonferroni(p: Array) -> Array:
    """Each p times the number of tests.

    Examples
    --------
    >>> bonferroni(np.array([0.01, 0.5])).tolist()
    [0.02, 1.0]
    """
    return np.asarray(np.minimum(p * len(p), 1.0))


def uncorrected(p: Array) -> Array:
    """p-values as they are."""
    return p


CORRECTIONS: Mapping[str, Callable[[Array], Array]] = {
    "holm": holm,
    "benjamini-hochberg": benjamini_hochberg,
    "bonferroni": bonferroni,
    "none": uncorrected,
}


def correct(p: Array, families: Sequence[str], correction: str) -> Array:
    """p-values corrected within each family; tests that gave none do not count.

    Examples
    --------
    >>> correct(np.array([0.01, np.nan, 0.04]), ["a", "a", "a"], "holm").tolist()
    [0.02, nan, 0.04]
    """
    corrected = np.full(len(p), np.nan)
    for family in dict.fromkeys(families):
        inside = np.array([one == family for one in families]) & ~np.isnan(p)
        if inside.any():
            corrected[inside] = CORRECTIONS[correction](p[inside])
    return corrected


def _back(values: Array, order: Array) -> Array:
    corrected: Array = np.empty(len(values))
    corrected[order] = np.minimum(values, 1.0)
    return corrected
