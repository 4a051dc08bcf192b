"""t tests, and analysis of variance between and within units, on means per unit.

One linear hypothesis gives all of them: contrasts between groups of units, of contrasts within them
(split plot; Maxwell & Delaney 2004, Designing Experiments, chapters 11-13). Main effects are of
means that weigh every cell alike (type III).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ethoflow.engine.declare import Array


@dataclass(frozen=True)
class Effect:
    """What a test of means gives.

    `p` is corrected for sphericity where `epsilon` is below 1, `p_plain` is not. `eta` is partial
    eta squared. `estimate` and `error` are of effects that are one number.
    """

    statistic: float
    df: tuple[float, float]
    p: float
    p_plain: float
    epsilon: float
    eta: float
    ss: float = float("nan")
    estimate: float = float("nan")
    error: float = float("nan")


def compare_two(first: Array, second: Array, *, equal: bool = True) -> Effect:
    """Student's t test of two groups, or Welch's where `equal` is not assumed; second - first."""
    from scipy.special import stdtr

    n, m = len(first), len(second)
    one, other = first.var(ddof=1) / n, second.var(ddof=1) / m
    if equal:
        df = n + m - 2.0
        pooled = ((n - 1) * first.var(ddof=1) + (m - 1) * second.var(ddof=1)) / df
        error = np.sqrt(pooled * (1 / n + 1 / m))
    else:
        error = np.sqrt(one + other)
        df = (one + other) ** 2 / (one**2 / (n - 1) + other**2 / (m - 1))
    return _of_t(second.mean() - first.mean(), float(error), float(df), stdtr)


def compare_paired(first: Array, second: Array) -> Effect:
    """The t test of two conditions of the same units; second - first."""
    from scipy.special import stdtr

    apart = second - first
    error = apart.std(ddof=1) / np.sqrt(len(apart))
    return _of_t(apart.mean(), float(error), len(apart) - 1.0, stdtr)


def _of_t(estimate: float, error: float, df: float, stdtr: object) -> Effect:
    t = float(estimate) / error
    p = float(2 * stdtr(df, -abs(t)))  # type: ignore[operator]
    eta = t**2 / (t**2 + df)
    return Effect(t, (df, float("nan")), p, p, 1.0, eta, estimate=float(estimate), error=error)


def contrast_effect(values: Array, group: Array, between: Array, within: Array) -> Effect:
    """F of contrasts between groups of contrasts within units.

    Parameters
    ----------
    values
        Dims (unit, cell).
    group
        The group of each unit, from 0.
    between
        Contrasts of the groups, dims (contrast, group); a row of equal weights for none.
    within
        Contrasts of the cells, dims (contrast, cell); the same.
    """
    from scipy.special import fdtrc

    n_groups = between.shape[1]
    design = (group[:, np.newaxis] == np.arange(n_groups)).astype(float)
    counts = design.sum(axis=0)
    basis = _orthonormal(within)
    scores = values @ basis.T
    means = (design.T @ scores) / counts[:, np.newaxis]
    rest = scores - design @ means
    error = rest.T @ rest
    sums = between @ means
    middle = np.linalg.inv((between / counts) @ between.T)
    ss = float(np.trace(sums.T @ middle @ sums))
    left = float(np.trace(error))
    d, free = len(basis), len(values) - n_groups
    df = (float(len(between) * d), float(free * d))
    statistic = (ss / df[0]) / (left / df[1])
    epsilon = left**2 / (d * float(np.square(error).sum())) if d > 1 else 1.0
    p_plain = float(fdtrc(*df, statistic))
    p = float(fdtrc(df[0] * epsilon, df[1] * epsilon, statistic)) if d > 1 else p_plain
    estimate = spread = float("nan")
    if df[0] == 1:
        plain = between @ ((design.T @ values) / counts[:, np.newaxis]) @ within.T
        estimate = float(plain.item())
        spread = abs(estimate) / np.sqrt(statistic) if statistic else float("nan")
    return Effect(statistic, df, p, p_plain, float(epsilon), ss / (ss + left), ss, estimate, spread)


def _orthonormal(contrasts: Array) -> Array:
    """Contrasts of length 1 that span the same; those of a mean add up to it."""
    q, r = np.linalg.qr(contrasts.T)
    return (q * np.sign(np.diag(r))).T


def effects_of(factors: Sequence[str]) -> list[tuple[str, ...]]:
    """Main effects and interactions, the main effects first.

    Examples
    --------
    >>> effects_of(["genotype", "sex"])
    [('genotype',), ('sex',), ('genotype', 'sex')]
    """
    sizes = range(1, len(factors) + 1)
    return [one for size in sizes for one in itertools.combinations(factors, size)]


def contrasts_for(sizes: Sequence[int], active: Sequence[bool]) -> Array:
    """Contrasts of the cells of crossed factors: differences in the active ones, means of others.

    Examples
    --------
    >>> contrasts_for([2, 2], [True, False]).tolist()
    [[-0.5, -0.5, 0.5, 0.5]]
    """
    whole = np.ones((1, 1))
    for size, on in zip(sizes, active, strict=True):
        differences = np.hstack([-np.ones((size - 1, 1)), np.eye(size - 1)])
        whole = np.kron(whole, differences if on else np.full((1, size), 1 / size))
    return whole
