"""Lines of animals over occasions, and the mixed model of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.stats.choice import NoTest, check_varied
from ethoflow.stats.design import LEAST, column_of, plural
from ethoflow.stats.reml import Fit, Term, fit_mixed


@dataclass(frozen=True)
class Lines:
    """Numbers of one behaviour at each occasion of an animal (or unit).

    `group`, `unit` and `member` are numbers from 0, dims (row,); a member is inside of one unit.
    `occasion` is in standard deviations from `centre`, `spread` being one.
    """

    value: Array
    occasion: Array
    group: Array
    unit: Array
    member: Array
    centre: float
    spread: float


def make_lines(means: pd.DataFrame, groups: tuple[str, ...], by: str | None, over: str) -> Lines:
    """Lines from means of each animal (or unit) on each occasion, as `means_at` gives them."""
    of = means[column_of(by)].map(groups.index) if by else pd.Series(0, index=means.index)
    unit = pd.factorize(means["unit"])[0]
    finest = list(zip(unit, means["animal"], strict=True)) if "animal" in means else unit
    member = pd.factorize(pd.Series(finest, dtype=object))[0]
    times = means[column_of(over)].to_numpy(float)
    known = np.unique(times)
    centre, spread = float(known.mean()), float(known.std()) or 1.0
    return Lines(
        means["value"].to_numpy(float), (times - centre) / spread, of.to_numpy(int), unit, member,
        centre, spread,
    )  # fmt: skip


def fit_lines(lines: Lines, groups: tuple[str, ...], unit: str) -> Fit:
    """The model of lines, each member's rows being first turned into its line and what is left.

    What is left over of a line tells the residual alone, so that long recordings are cheap.

    Raises
    ------
    NoTest
        Too few units or occasions, or no noise.
    """
    for k, group in enumerate(groups):
        own = lines.group == k
        n = sum(np.ptp(lines.occasion[own & (lines.unit == u)]) > 0 for u in set(lines.unit[own]))
        if n < LEAST:
            of = f" of {group}" if len(groups) > 1 else ""
            raise NoTest(
                f"{n} {plural(unit)}{of} have a known value on two occasions or more: {LEAST} are "
                "needed."
            )
    check_varied(lines.value, unit)
    scale = float(lines.value.std())
    y = (lines.value - lines.value.mean()) / scale
    z = np.stack([np.ones_like(y), lines.occasion], axis=1)
    kept, values, columns, squares = [], [], [], 0.0
    for one in np.unique(lines.member):
        rows = np.flatnonzero(lines.member == one)
        basis = np.linalg.qr(z[rows])[0] if np.ptp(lines.occasion[rows]) else _alone(len(rows))
        turned = basis.T @ y[rows]
        kept += [rows[0]] * len(turned)
        values.append(turned)
        columns.append(basis.T @ z[rows])
        squares += float(np.square(y[rows] - basis @ turned).sum())
    spare = len(y) - len(kept)
    if spare < LEAST:
        raise NoTest(
            f"there are {len(y)} values for {len(kept)} lines' ends: to tell a slope from noise, "
            "animals are needed that were seen on three occasions or more."
        )
    if squares < 1e-18 * len(y):
        raise NoTest("all values lie on straight lines: there is no noise to hold slopes against.")
    first, lines_of = np.array(kept), np.concatenate(columns)
    group = np.eye(len(groups))[lines.group[first]]
    x = (group[:, :, np.newaxis] * lines_of[:, np.newaxis]).reshape(len(first), -1)
    terms = [Term(lines_of, lines.unit[first])]
    if lines.member.max() > lines.unit.max():
        terms.append(Term(lines_of, lines.member[first]))
    found = fit_mixed(np.concatenate(values), x, lines.unit[first], terms, (squares, spare))
    if found is None:
        raise NoTest("the mixed model could not be fitted: compare occasions with compare().")
    middle = np.tile([lines.value.mean(), 0.0], len(groups))
    return replace(
        found,
        beta=found.beta * scale + middle,
        covariance=found.covariance * scale**2,
    )


def _alone(n: int) -> Array:
    """The basis of a member that was seen on one occasion."""
    return np.full((n, 1), 1 / np.sqrt(n))
