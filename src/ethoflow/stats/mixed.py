"""A mixed model of animals in units, with the degrees of freedom of Kenward and Roger.

Every animal counts, and units have a random intercept: what unbalanced cages lose as plain means is
kept. It needs the package `mixedlm`; Kenward & Roger 1997, Biometrics 53:983.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.stats.choice import NoTest
from ethoflow.stats.means import Effect


def compare_mixed(first: Sequence[Array], second: Sequence[Array]) -> Effect:
    """Difference of two groups of units, second - first.

    Parameters
    ----------
    first, second
        For each unit of a group the means of its animals.

    Raises
    ------
    DataError
        The package is not installed.
    NoTest
        Units hold one animal each, or the model cannot be fitted.
    """
    try:
        import mixedlm
    except ImportError as error:
        raise DataError(
            "test='mixed' needs mixedlm: pip install \"ethoflow[mixed]\", or leave test out."
        ) from error
    units = [*first, *second]
    if max(len(unit) for unit in units) < 2:
        raise NoTest("a mixed model needs units of several animals; there is one in each.")
    sizes = [len(unit) for unit in units]
    group = np.repeat([0.0] * len(first) + [1.0] * len(second), sizes)
    names = np.repeat([f"u{i}" for i in range(len(units))], sizes)
    table = pd.DataFrame({"value": np.concatenate(units), "other": group, "unit": names})
    scale = float(table["value"].std())
    table["value"] /= scale
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = mixedlm.lmer("value ~ other + (1 | unit)", table)
        estimate, t, p = mixedlm.pvalues_with_ddf(fit, method="Kenward-Roger")["other"]
        place = list(fit.fixef()).index("other")
        df = float(np.asarray(mixedlm.kenward_roger_df(fit).df)[place])
    if not (fit.converged and np.isfinite([estimate, t, p, df]).all() and df > 0 and t):
        raise NoTest("the mixed model could not be fitted; leave test out, or test='t'.")
    nan = float("nan")
    return Effect(
        float(t), (df, nan), float(p), float(p), 1.0, nan,
        estimate=float(estimate) * scale, error=abs(float(estimate / t)) * scale,
    )  # fmt: skip
