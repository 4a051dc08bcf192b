"""How large a difference is, with an interval: in the units of the value, and in those of g."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np

from ethoflow.engine.declare import Array

RESAMPLES = 9_999


def difference(first: Array, second: Array, axis: int = -1) -> Array:
    """Difference of means, second - first."""
    return np.asarray(second.mean(axis=axis) - first.mean(axis=axis))


def hedges_g(first: Array, second: Array, axis: int = -1) -> Array:
    """Difference of means in pooled standard deviations, corrected for small samples.

    Hedges 1981, J. Educ. Stat. 6:107, with the exact correction.

    Examples
    --------
    >>> round(float(hedges_g(np.array([1.0, 2, 3]), np.array([3.0, 4, 5]))), 4)
    1.5958
    """
    n, m = first.shape[axis], second.shape[axis]
    squares = (n - 1) * first.var(axis=axis, ddof=1) + (m - 1) * second.var(axis=axis, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        d = difference(first, second, axis) / np.sqrt(squares / (n + m - 2))
    return np.asarray(d * small_sample(n + m - 2))


def mean_change(apart: Array, axis: int = -1) -> Array:
    """Mean of the differences within units."""
    return np.asarray(apart.mean(axis=axis))


def g_of_change(apart: Array, axis: int = -1) -> Array:
    """The same in standard deviations of the differences, corrected for small samples."""
    n = apart.shape[axis]
    with np.errstate(divide="ignore", invalid="ignore"):
        d = apart.mean(axis=axis) / apart.std(axis=axis, ddof=1)
    return np.asarray(d * small_sample(n - 1))


def small_sample(df: int) -> float:
    """What takes the bias out of a standardised difference of `df` degrees of freedom.

    Examples
    --------
    >>> round(small_sample(10), 4)
    0.9227
    """
    gain = math.lgamma(df / 2) - math.lgamma((df - 1) / 2) if df > 1 else -math.inf
    return math.exp(gain) / math.sqrt(df / 2)


def bca_interval(
    samples: Sequence[Array],
    statistic: Callable[..., Array],
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Bias-corrected and accelerated bootstrap interval, units drawn within their groups.

    Efron 1987, J. Am. Stat. Assoc. 82:171. Unknown where resamples are degenerate, as of units that
    are nearly all alike.
    """
    from scipy.stats import bootstrap

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = bootstrap(
            tuple(samples), statistic, vectorized=True, method="BCa", confidence_level=level,
            n_resamples=RESAMPLES, rng=np.random.default_rng(seed),
        )  # fmt: skip
    low, high = map(float, found.confidence_interval)
    known = math.isfinite(low) and math.isfinite(high)
    return (low, high) if known else (float("nan"), float("nan"))


def t_interval(estimate: float, error: float, df: float, level: float) -> tuple[float, float]:
    """Interval of an estimate whose error is that of a t test."""
    from scipy.special import stdtrit

    half = float(stdtrit(df, 0.5 + level / 2)) * error
    return estimate - half, estimate + half


def g_interval(t: float, df: float, scale: float, level: float) -> tuple[float, float]:
    """Interval of a standardised difference, from the noncentral t distribution.

    `scale` is what t is multiplied with to give g.
    """
    from scipy.special import nctdtrinc

    tail = (1 - level) / 2
    low, high = (float(nctdtrinc(df, p, t)) for p in (1 - tail, tail))
    return low * scale, high * scale


def eta_interval(f: float, df: float, df_error: float, level: float) -> tuple[float, float]:
    """Interval of partial eta squared, from the noncentral F distribution."""
    from scipy.optimize import brentq
    from scipy.special import ncfdtr

    tail = (1 - level) / 2
    ends = []
    for p in (1 - tail, tail):
        if float(ncfdtr(df, df_error, 0.0, f)) <= p:
            ends.append(0.0)
            continue
        most = 1.0
        while float(ncfdtr(df, df_error, most, f)) > p:
            most *= 2
        lam = float(brentq(lambda x, p=p: float(ncfdtr(df, df_error, x, f)) - p, 0.0, most))
        ends.append(lam / (lam + df + df_error + 1))
    return ends[0], ends[1]
