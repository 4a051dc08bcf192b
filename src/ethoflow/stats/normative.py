"""How unusual each animal is: the density of a reference group that it is held out of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, no_such
from ethoflow.stats.design import LEAST, find_design
from ethoflow.stats.levels import with_index
from ethoflow.stats.separation import make_cloud

WIDTHS = np.geomspace(0.1, 10, 41)
"""Widths of the kernel that are tried, in standard deviations."""


def deviations(
    table: pd.DataFrame,
    *,
    by: str,
    reference: str,
    columns: Sequence[str],
    unit: str | None = None,
    animal: str | None = None,
    independent: str | None = None,
) -> pd.DataFrame:
    """How far each unit is from what the reference group is like, each held out of its own density.

    The density is a sum of Gaussian kernels on the means of the units of the reference, whose width
    is the one that makes each of them likeliest without itself. Each unit of the reference is
    measured by the others, their spreads and width; other units by all such sets of others (the
    mean), so that those of the same kind deviate as much.

    Parameters
    ----------
    table
        A row per window, bin or animal, with columns for the numbers and for who is who.
    by
        The column of the condition, of two groups.
    reference
        The group that is the norm.
    columns
        The numbers.
    unit, animal, independent
        As for `ef.stats.compare`.

    Returns
    -------
    DataFrame
        A row per unit: the unit's name in a column called as the unit, the condition, n_reference
        (units it was measured by), deviation: minus the logarithm of the density, larger for
        stranger ones; p: share of the reference that deviates as much, each from the same others,
        the unit itself counting among them. Whether groups differ is what `ef.stats.separation`
        tests: others share the norm that they are held against, and are not independent in it.

    Raises
    ------
    DataError
        As `ef.stats.separation`; there is no such group, or it has fewer than four units.

    Examples
    --------
    >>> table = pd.DataFrame({"animal": [*"abcdefgh"], "drug": [*"nnnnnddd"],
    ...     "x": [0.0, 0.1, -0.1, 0.2, -0.2, 0.1, 3.0, 2.0]})
    >>> found = deviations(table, by="drug", reference="n", columns=["x"]).set_index("animal")
    >>> bool(found.deviation["g"] > found.deviation["f"])
    True
    """
    table = with_index(table)
    design = find_design(
        table, by, unit=unit, animal=animal, independent=independent, reference=reference
    )
    if reference not in design.by[by]:
        raise DataError(f"reference: {no_such('group', reference, design.by[by])}")
    if len(design.by[by]) != 2 or design.within:
        raise DataError(f"a norm and one other group are needed, between {design.unit}s.")
    cloud = make_cloud(table, design, by, columns)
    norm = cloud.means[cloud.group == 0]
    if len(norm) <= LEAST:
        raise DataError(
            f"the reference {reference!r} has {len(norm)} {design.unit}s: a density needs four."
        )
    spreads = np.array([np.delete(norm, i, axis=0).std(axis=0, ddof=1) for i in range(len(norm))])
    known = (spreads > 1e-12).all(axis=0)
    if not known.any():
        raise DataError(f"all of {reference!r} are alike in these numbers: there is no density.")
    own, others = _strangeness(norm[:, known], cloud.means[cloud.group == 1][:, known])
    reached = [(own >= one - 1e-12).mean() for one in own]
    p = [*reached, *((1 + (own >= one - 1e-12).sum()) / (1 + len(own)) for one in others)]
    return pd.DataFrame(
        {
            design.unit: cloud.units,
            by: [design.by[by][g] for g in cloud.group],
            "n_reference": np.where(cloud.group == 0, len(norm) - 1, len(norm)),
            "deviation": np.concatenate([own, others.mean(axis=1)]),
            "p": p,
        }
    )


def _strangeness(norm: Array, others: Array) -> tuple[Array, Array]:
    """Minus the log density of each of the norm by the rest of it, and of others by each such rest.

    Spreads and width are those of the rest: held against its own, a unit would seem more usual than
    a new one of the same kind. Dims (unit,), and (other unit, unit that is left out).
    """
    own, found = np.empty(len(norm)), np.empty((len(others), len(norm)))
    for i, one in enumerate(norm):
        rest = np.delete(norm, i, axis=0)
        centre, spread = rest.mean(axis=0), rest.std(axis=0, ddof=1)
        inner = (rest - centre) / spread
        width = choose_width(inner)
        at = (np.concatenate([one[np.newaxis], others]) - centre) / spread
        deviation = np.log(spread).sum() - _log_density(at, inner, width)
        own[i], found[:, i] = deviation[0], deviation[1:]
    return own, found


def choose_width(places: Array) -> float:
    """The width of kernels at which each place is likeliest by those of the others."""
    likelihoods = [_log_density(places, places, w, without_own=True).sum() for w in WIDTHS]
    return float(WIDTHS[int(np.argmax(likelihoods))])


def _log_density(at: Array, places: Array, width: float, *, without_own: bool = False) -> Array:
    """Logarithm of the density of Gaussian kernels at `places`, at each row of `at`."""
    squares = np.square(at[:, np.newaxis] - places[np.newaxis]).sum(axis=-1) / width**2
    exponents = -squares / 2
    if without_own:
        np.fill_diagonal(exponents, -np.inf)
    n = len(places) - without_own
    top = exponents.max(axis=1)
    sums = np.log(np.exp(exponents - top[:, np.newaxis]).sum(axis=1)) + top
    d = at.shape[1]
    return np.asarray(sums - np.log(n) - d * np.log(width) - d / 2 * np.log(2 * np.pi))
