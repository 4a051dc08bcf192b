"""False positives and power of `ef.stats.compare` on simulated cohorts, beside other analyses.

Animals live in cages; the condition is given to cages, and cage mates resemble one another as the
intraclass correlation says. Of every kind of cohort a thousand are drawn, without an effect and
with one, and each is compared as a user would. "bound" is what of 6 % true false positives would be
found by chance in one of all kinds with a probability of 5 %.

Last comes every other test that gives a p, on cohorts of `null_cohorts`.

    python -m benchmarks.statistics                # 1,000 cohorts of each kind
    python -m benchmarks.statistics --cohorts 100
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from benchmarks.null_cohorts import rates
from scipy import stats

import ethoflow as ef

CAGES = ((3, 3), (4, 4), (5, 5), (6, 6), (3, 6), (4, 6), (5, 6))
MATES = {"4 mates": (4, 4), "1-7 mates": (1, 7)}
ICC = (0.0, 0.1, 0.3, 0.5)
EFFECT = 2.0
"""Difference of the groups in standard deviations of a cage's mean."""

TESTS: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "t test": {"test": "t"},
    "Welch": {"test": "welch"},
    "permutation": {"test": "permutation"},
    "animals as units": {"independent": "animal", "test": "t"},
}


def draw(
    cages: tuple[int, int],
    mates: tuple[int, int],
    icc: float,
    cohorts: int,
    effect: float,
    seed: int,
) -> pd.DataFrame:
    """Cohorts in one table, each under the name of a behaviour of its own."""
    rng = np.random.default_rng(seed)
    n = sum(cages)
    sizes = rng.integers(mates[0], mates[1], (cohorts, n), endpoint=True)
    drug = np.arange(n) >= cages[0]
    typical = np.mean([icc + (1 - icc) / m for m in range(mates[0], mates[1] + 1)])
    means = rng.normal(0, np.sqrt(icc), (cohorts, n)) + effect * np.sqrt(typical) * drug
    cohort = np.repeat(np.arange(cohorts), sizes.sum(axis=1))
    cage = np.concatenate([np.repeat(np.arange(n), one) for one in sizes])
    mate = np.concatenate([np.arange(m) for one in sizes for m in one])
    score = np.repeat(means.ravel(), sizes.ravel()) + rng.normal(0, np.sqrt(1 - icc), len(cage))
    return pd.DataFrame(
        {
            "behaviour": cohort.astype(str),
            "cage": np.char.add("c", cage.astype(str)),
            "animal": np.char.add(
                np.char.add("m", cage.astype(str)), np.char.add("_", mate.astype(str))
            ),
            "treatment": np.where(drug[cage], "drug", "saline"),
            "score": score,
        }
    )


def share_found(table: pd.DataFrame, settings: Mapping[str, str]) -> float:
    """Share of the cohorts in which p is at most 0.05."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ef.stats.ComparisonNote)
        found = ef.stats.compare(
            table, by="treatment", value="score", correction="none", interval="none", **settings
        )
    return float((found.p <= 0.05).mean())


def measure(
    cohorts: int, names: list[str], effect: float, icc: tuple[float, ...] = ICC
) -> pd.DataFrame:
    """Shares found, a row per kind of cohort and a column per test."""
    rows = []
    for seed, (cages, (mates, sizes), one) in enumerate(
        itertools.product(CAGES, MATES.items(), icc)
    ):
        table = draw(cages, sizes, one, cohorts, effect, seed)
        rates = {name: share_found(table, TESTS[name]) for name in names}
        rows.append({"cages": f"{cages[0]} + {cages[1]}", "mates": mates, "ICC": one, **rates})
    return pd.DataFrame(rows)


def bound(cohorts: int, kinds: int, rate: float = 0.06) -> float:
    """What the share found of one of so many kinds reaches by chance in 5 % of runs."""
    return float(stats.binom.ppf(1 - 0.05 / kinds, cohorts, rate)) / cohorts


def coverage(cohorts: int) -> pd.DataFrame:
    """How often intervals of 95 % hold the difference that is there."""
    rows = []
    for cages in ((5, 5), (6, 6), (10, 10), (20, 20)):
        table = draw(cages, (4, 4), 0.3, cohorts, 0.0, 7)
        row: dict[str, object] = {"cages": f"{cages[0]} + {cages[1]}"}
        for interval in ("bca", "t"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ef.stats.ComparisonNote)
                found = ef.stats.compare(table, by="treatment", value="score", interval=interval)
            row[interval] = float(((found.low <= 0) & (found.high >= 0)).mean())
        rows.append(row)
    return pd.DataFrame(rows)


def show(table: pd.DataFrame) -> None:
    """A table as Markdown."""
    names = [str(column) for column in table.columns]
    print("|", " | ".join(names), "|\n|", " | ".join("---" for _ in names), "|")
    for row in table.itertuples(index=False):
        cells = [f"{100 * x:.1f} %" if isinstance(x, float) and n != "ICC" else str(x)
                 for n, x in zip(names, row, strict=True)]  # fmt: skip
        print("|", " | ".join(cells), "|")
    print(flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=1000)
    n = parser.parse_args().cohorts
    null = measure(n, ["default"], 0.0)
    print(f"false positives of {n} cohorts of each kind; bound {100 * bound(n, len(null)):.1f} %\n")
    show(null)
    print(f"mean {null['default'].mean():.4f}, largest {null['default'].max():.4f}\n")
    print(f"power, the groups {EFFECT:g} standard deviations of a cage's mean apart\n")
    power = measure(n, ["default", "t test"], EFFECT, (0.3,))
    show(power)
    print(f"largest loss {(power['t test'] - power['default']).max():.4f}\n")
    print("false positives of other analyses\n")
    show(measure(n, list(TESTS)[1:], 0.0, (0.3,)))
    print("intervals of 95 % that hold the difference\n")
    show(coverage(min(n, 300)))
    print("every test: false positives, and power to find an effect of two or so units' spreads\n")
    show(rates(n))
