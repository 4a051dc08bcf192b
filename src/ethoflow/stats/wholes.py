"""Effects of a factor over all of its levels, and interactions."""

from __future__ import annotations

import math

import numpy as np

from ethoflow.stats import effects
from ethoflow.stats.choice import (
    NoTest,
    Settings,
    check_sizes,
    check_varied,
    choose,
    how_many,
    is_flat,
    smallest_p,
)
from ethoflow.stats.contrasts import Whole
from ethoflow.stats.design import plural
from ethoflow.stats.means import Effect, contrast_effect
from ethoflow.stats.permutation import count_ways, permute_groups, permute_within
from ethoflow.stats.ranks import rank_groups, rank_within
from ethoflow.stats.units import Sample


def effect_row(whole: Whole, part: Sample, settings: Settings) -> dict[str, object]:
    """Cells of the row of an effect.

    Raises
    ------
    NoTest
        Too few units have a value, or there is nothing that varies.
    """
    n_groups, n_cells = whole.between.shape[1], whole.within.shape[1]
    sizes = np.bincount(part.group, minlength=n_groups).tolist()
    check_sizes(sizes, [""] * n_groups, settings.unit)
    check_varied(part.values, settings.unit)
    _check_noise(whole, part, settings.unit)
    kind = choose(whole, sizes, settings.kind)
    effect = contrast_effect(part.values, part.group, whole.between, whole.within)
    found: dict[str, object] = {
        "n_each": " + ".join(map(str, sizes)),
        "statistic": effect.statistic,
        "df": f"{effect.df[0]:.4g}, {effect.df[1]:.4g}",
        "p": effect.p,
        "p_smallest": smallest_p(kind, sizes, n_cells),
        "test": _name(whole, effect),
        "effect": "partial eta²",
        "effect_size": effect.eta,
    }
    if settings.interval != "none":
        found |= _intervals(effect, settings.level)
    if kind in ("permutation", "ranks"):
        found |= _permuted(part, kind, n_cells, settings.seed)
    return found


def _check_noise(whole: Whole, part: Sample, unit: str) -> None:
    """F divides by how much units of a group differ in the contrasts."""
    scores = part.values @ whole.within.T
    for group in np.unique(part.group):
        inside = scores[part.group == group]
        if any(not is_flat(column, part.values) for column in inside.T):
            return
    raise NoTest(f"{plural(unit)} of one group are all alike in it: F has nothing to go by.")


def _name(whole: Whole, effect: Effect) -> str:
    if np.abs(whole.within.sum(axis=1)).max() > 1e-9:
        return "ANOVA"
    if effect.epsilon < 1:
        return f"repeated-measures ANOVA (Greenhouse-Geisser {effect.epsilon:.2g})"
    return "repeated-measures ANOVA"


def _intervals(effect: Effect, level: float) -> dict[str, object]:
    """Of the one number that an effect is, and of eta squared where spheres need no correction."""
    found: dict[str, object] = {}
    if effect.df[0] == 1 and math.isfinite(effect.error):
        low, high = effects.t_interval(effect.estimate, effect.error, effect.df[1], level)
        found = {"estimate": effect.estimate, "low": low, "high": high, "interval": "t"}
    if effect.epsilon == 1:
        low, high = effects.eta_interval(effect.statistic, *effect.df, level)
        found |= {"effect_low": low, "effect_high": high}
    return found


def _permuted(part: Sample, kind: str, n_cells: int, seed: int) -> dict[str, object]:
    ranked = kind == "ranks"
    if n_cells > 1:
        if ranked:
            return {"p": rank_within(part.values), "test": "Friedman"}
        ways = 2.0 ** len(part.values)
        p = permute_within(part.values, seed)
        return {"p": p, "test": f"permutation of signs ({how_many(ways)})"}
    values = part.values[:, 0]
    if ranked:
        return {"p": rank_groups(values, part.group), "test": "Kruskal-Wallis"}
    p = permute_groups(values, part.group, seed)
    many = count_ways(np.bincount(part.group).tolist())
    return {"p": p, "test": f"permutation of F ({how_many(many)})"}
