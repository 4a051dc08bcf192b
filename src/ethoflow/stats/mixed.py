"""A mixed model of animals in units, with the test of Kenward and Roger.

Every animal counts, and units have a random intercept: what unbalanced cages lose as plain means is
kept. Kenward & Roger 1997, Biometrics 53:983.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.stats.choice import NoTest
from ethoflow.stats.means import Effect
from ethoflow.stats.reml import Term, fit_mixed


def compare_mixed(first: Sequence[Array], second: Sequence[Array]) -> Effect:
    """Difference of two groups of units, second - first.

    Parameters
    ----------
    first, second
        For each unit of a group the means of its animals.

    Raises
    ------
    NoTest
        Units hold one animal each, or the model cannot be fitted.

    Examples
    --------
    >>> cages = [np.array(one) for one in ([1.0, 2], [2.0, 4], [1.0, 1], [5.0, 6], [4.0], [7.0, 5])]
    >>> effect = compare_mixed(cages[:3], cages[3:])
    >>> round(effect.estimate, 2), round(effect.df[0], 1), round(effect.p, 3)
    (3.49, 3.9, 0.014)
    """
    units = [*first, *second]
    if max(len(unit) for unit in units) < 2:
        raise NoTest("a mixed model needs units of several animals; there is one in each.")
    sizes = [len(unit) for unit in units]
    group = np.repeat([0.0] * len(first) + [1.0] * len(second), sizes)
    names = np.repeat(np.arange(len(units)), sizes)
    values = np.concatenate(units)
    scale = float(values.std())
    ones = np.ones_like(group)
    fit = fit_mixed(
        (values - values.mean()) / scale,
        np.stack([ones, group], axis=1),
        names,
        [Term(ones[:, np.newaxis], names)],
    )
    if fit is None:
        raise NoTest("the mixed model could not be fitted; leave test out, or test='t'.")
    f, _, df = fit.test(np.array([0.0, 1.0]))
    from scipy.special import fdtrc

    nan, p = float("nan"), float(fdtrc(1.0, df, f))
    error = float(np.sqrt(fit.covariance[1, 1])) * scale
    estimate = float(fit.beta[1]) * scale
    return Effect(
        estimate / error, (df, nan), p, p, 1.0, nan, estimate=estimate, error=error,
    )  # fmt: skip
