"""Intervals by bootstrap: recordings, or blocks of one, are drawn again with replacement."""

from __future__ import annotations

import numpy as np

from ethoflow.labels.comparison.frames import Array, Sums

FEW = 5
"""Units from which on an interval is not said to rest on few."""

SHARE = 0.5
"""Share of the draws in which a measure has to be defined for it to have an interval."""


def draw(n_units: int, n_draws: int, seed: int) -> Array:
    """How often each unit counts, dims (draw, unit); in the first draw every one once."""
    weights = np.ones((1, n_units))
    if n_units < 2 or n_draws < 1:
        return weights
    random = np.random.default_rng(seed)
    drawn = random.multinomial(n_units, np.full(n_units, 1 / n_units), size=n_draws)
    return np.concatenate([weights, drawn])


def weigh(weights: Array, sums: Sums) -> dict[str, Array]:
    """Sums over the units of every draw; the dim `unit` comes first in `sums`."""
    return {name: np.tensordot(weights, values, axes=(1, 0)) for name, values in sums.items()}


def interval(values: Array, confidence: float) -> tuple[float, float, str]:
    """Percentiles of a measure over all draws but the first, and what is to be said of them.

    Examples
    --------
    >>> interval(np.array([0.5, *np.linspace(0, 1, 101)]), 0.9)
    (0.05, 0.95, '')
    """
    drawn = values[1:]
    known = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return np.nan, np.nan, ""
    if len(known) < SHARE * len(drawn):
        return np.nan, np.nan, "undefined in most draws"
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    lost = 1 - len(known) / len(drawn)
    note = f"undefined in {lost:.0%} of the draws" if lost >= 0.01 else ""
    return round(float(low), 12), round(float(high), 12), note
