"""Two groups of units, or two conditions of the same units: test, difference, effect size."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ethoflow.engine.declare import Array
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
from ethoflow.stats.contrasts import Pair
from ethoflow.stats.means import Effect, compare_paired, compare_two
from ethoflow.stats.mixed import compare_mixed
from ethoflow.stats.permutation import count_ways, permute_groups, permute_within
from ethoflow.stats.ranks import rank_groups, rank_within
from ethoflow.stats.units import Sample

ENOUGH_TO_DRAW = 10
"""Units a group from which on units drawn again tell how much a difference varies: of five, 95 %
intervals hold it in 87 %."""

_UNKNOWN = (float("nan"), float("nan"))


def involved(pair: Pair, sample: Sample) -> Sample:
    """The units and cells that a pair is of."""
    cells = pair.cells if pair.paired else pair.cells[:1]
    return sample.pick(np.isin(sample.group, pair.groups), cells)


def pair_row(pair: Pair, part: Sample, settings: Settings) -> dict[str, object]:
    """Cells of the row of a pair.

    Raises
    ------
    NoTest
        Too few units have a value, or there is nothing that varies.
    """
    first, second = _split(pair, part)
    sizes = [len(first)] if pair.paired else [len(first), len(second)]
    kind = choose(pair, sizes, settings.kind)
    check_sizes(sizes, pair.names if len(sizes) > 1 else [""], settings.unit)
    check_varied(part.values, settings.unit)
    samples = [second - first] if pair.paired else [first, second]
    flat = all(is_flat(one, part.values) for one in samples)
    if flat and kind in ("t", "welch"):
        where = "in the differences" if pair.paired else "within groups"
        raise NoTest(
            f"there is no variation {where}: a t test has nothing to go by; test='permutation' has."
        )
    if kind == "mixed":
        return {"n_each": " + ".join(map(str, sizes)), **_mixed(pair, part, settings)}
    return {
        "n_each": " + ".join(map(str, sizes)),
        "estimate": float(effects.difference(first, second)),
        "p_smallest": smallest_p(kind, sizes, 2),
        **_test(first, second, pair.paired, kind, settings.seed),
        **_sizes(first, second, pair.paired, kind, flat, settings),
    }


def _mixed(pair: Pair, part: Sample, settings: Settings) -> dict[str, object]:
    if pair.paired or not part.members:
        raise NoTest("a mixed model here is of one condition between units; leave test out.")
    first, second = (
        [part.members[i] for i in np.flatnonzero(part.group == group)] for group in pair.groups
    )
    effect = compare_mixed(first, second)
    low, high = effects.t_interval(effect.estimate, effect.error, effect.df[0], settings.level)
    return {
        "test": "mixed model (Kenward-Roger)",
        "estimate": effect.estimate,
        "low": low,
        "high": high,
        "interval": "t",
        "statistic": effect.statistic,
        "df": f"{effect.df[0]:.4g}",
        "p": effect.p,
        "p_smallest": 0.0,
    }


def _split(pair: Pair, part: Sample) -> tuple[Array, Array]:
    if pair.paired:
        return part.values[:, 0], part.values[:, 1]
    first, second = (part.values[part.group == group, 0] for group in pair.groups)
    return first, second


def _test(first: Array, second: Array, paired: bool, kind: str, seed: int) -> dict[str, object]:
    lead = "paired " if paired else ""
    if kind in ("t", "welch"):
        effect = _t_of(first, second, paired, kind)
        name = "Welch's t test" if kind == "welch" and not paired else f"{lead}t test"
        return {
            "test": name,
            "statistic": effect.statistic,
            "df": f"{effect.df[0]:.4g}",
            "p": effect.p,
        }
    both = np.stack([first, second], axis=1) if paired else np.concatenate([first, second])
    group = np.repeat([0, 1], [len(first), len(second)])
    if kind == "permutation":
        ways = 2.0 ** len(first) if paired else count_ways([len(first), len(second)])
        p = permute_within(both, seed) if paired else permute_groups(both, group, seed)
        return {"test": f"{lead}permutation ({how_many(ways)})", "p": p}
    if paired:
        return {"test": "Wilcoxon", "p": rank_within(both)}
    return {"test": "Mann-Whitney", "p": rank_groups(both, group)}


def _t_of(first: Array, second: Array, paired: bool, kind: str) -> Effect:
    if paired:
        return compare_paired(first, second)
    return compare_two(first, second, equal=kind != "welch")


def _sizes(
    first: Array, second: Array, paired: bool, kind: str, flat: bool, settings: Settings
) -> dict[str, object]:
    """The effect size, and intervals: of units drawn again, or of t where it is the test or few."""
    few = min(len(first), len(second)) < ENOUGH_TO_DRAW
    how = settings.interval or ("t" if kind in ("t", "welch") or few else "bca")
    samples = [second - first] if paired else [first, second]
    size: Callable[..., Array] = effects.g_of_change if paired else effects.hedges_g
    g = float("nan") if flat else float(size(*samples))
    interval = sized = _UNKNOWN
    if how == "bca":
        moved: Callable[..., Array] = effects.mean_change if paired else effects.difference
        given = settings.level, settings.seed
        interval = effects.bca_interval(samples, moved, *given)
        sized = _UNKNOWN if flat else effects.bca_interval(samples, size, *given)
    elif how == "t" and not flat:
        t = _t_of(first, second, paired, kind)
        interval = effects.t_interval(t.estimate, t.error, t.df[0], settings.level)
        pooled = _t_of(first, second, paired, "t")
        if pooled.statistic:
            scale = g / pooled.statistic
            sized = effects.g_interval(pooled.statistic, pooled.df[0], scale, settings.level)
    names = {"bca": "BCa bootstrap", "t": "t", "none": ""}
    return {
        "low": interval[0],
        "high": interval[1],
        "effect": "Hedges g of differences" if paired else "Hedges g",
        "effect_size": g if math.isfinite(g) else float("nan"),
        "effect_low": sized[0],
        "effect_high": sized[1],
        "interval": names[how],
    }
