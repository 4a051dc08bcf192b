"""Cohorts without an effect and with one, for every test of `ef.stats` that gives a p.

A kind of cohort draws numbers, lets the package test them as a user would, and gives p values, one
per cohort. Conditions are given to cages of four whose mates resemble one another (intraclass
correlation 0.3), or to animals where conditions differ within them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

import ethoflow as ef

ICC, MATES = 0.3, 4
Array = np.ndarray
Noise = Callable[[np.random.Generator, tuple[int, ...]], Array]


@dataclass(frozen=True)
class Kind:
    """A test, what gives its p values from (cohorts, effect, seed), and an effect to be found.

    `effect` is in standard deviations of a unit's mean.
    """

    draw: Callable[[int, float, int], Array]
    effect: float
    slow: bool = False
    """Whether a third of the cohorts are enough."""


def quiet(call: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """What a comparison gives, without its notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ef.stats.ComparisonNote)
        return call()


def scores(
    rng: np.random.Generator, n_cages: int, cohorts: int, shift: Array, noise: str = "normal"
) -> pd.DataFrame:
    """Rows of animals in cages, which are shifted by `shift` standard deviations of their means."""
    typical = np.sqrt(ICC + (1 - ICC) / MATES)
    cage = rng.normal(0, np.sqrt(ICC), (cohorts, n_cages, 1)) + (typical * shift)[:, np.newaxis]
    score = cage + rng.normal(0, np.sqrt(1 - ICC), (cohorts, n_cages, MATES))
    if noise == "counts":
        score = rng.poisson(2 * np.exp(0.6 * score)).astype(float)
    elif noise == "mostly none":
        score = np.maximum(score - 1.0, 0)
    elif noise == "skewed":
        score = np.exp(1.5 * score)
    cohort, place, mate = np.indices(score.shape)
    return pd.DataFrame(
        {
            "behaviour": cohort.ravel().astype(str),
            "cage": np.char.add("c", place.ravel().astype(str)),
            "animal": np.char.add("m", (MATES * place + mate).ravel().astype(str)),
            "place": place.ravel(),
            "score": score.ravel(),
        }
    )


def groups(sizes: tuple[int, ...], contrast: str, noise: str = "normal", **settings: str) -> Kind:
    """Groups of cages; the last is shifted."""

    def draw(cohorts: int, effect: float, seed: int) -> Array:
        of = np.repeat(np.arange(len(sizes)), sizes)
        shift = effect * (of == len(sizes) - 1)
        table = scores(np.random.default_rng(seed), len(of), cohorts, shift, noise)
        table["drug"] = np.array([*"abc"])[of[table.pop("place")]]
        return _p(table, contrast, by="drug", **settings)

    return Kind(draw, 2.0)


def _p(table: pd.DataFrame, contrast: str, by: str | list[str], **settings: str) -> Array:
    found = quiet(
        lambda: ef.stats.compare(
            table, by=by, value="score", correction="none", interval="none", **settings
        )
    )
    return found.loc[found.contrast == contrast, "p"].to_numpy()


def factorial(contrast: str) -> Kind:
    """Genotype by sex, cells of 3, 4, 5 and 6 cages; the last cell is shifted."""

    def draw(cohorts: int, effect: float, seed: int) -> Array:
        of = np.repeat(np.arange(4), [3, 4, 5, 6])
        table = scores(np.random.default_rng(seed), len(of), cohorts, effect * (of == 3))
        cell = of[table.pop("place")]
        table["genotype"], table["sex"] = np.array([*"wm"])[cell // 2], np.array([*"fm"])[cell % 2]
        return _p(table, contrast, by=["genotype", "sex"])

    return Kind(draw, 3.0)


def series(rng: np.random.Generator, shape: tuple[int, ...], noise: str) -> Array:
    """Numbers of conditions or bins of animals, of which neighbours resemble one another."""
    found = rng.normal(size=shape)
    if noise == "alike":
        return found + rng.normal(size=(*shape[:-1], 1))
    for k in range(1, shape[-1]):
        found[..., k] = 0.8 * found[..., k - 1] + 0.6 * found[..., k]
    return found * (np.linspace(0.5, 2.0, shape[-1]) if noise == "uneven" else 1.0)


def within(n: int, k: int, contrast: str, noise: str, **settings: str) -> Kind:
    """Conditions of the same animals; the last is shifted."""

    def draw(cohorts: int, effect: float, seed: int) -> Array:
        numbers = series(np.random.default_rng(seed), (cohorts, n, k), noise)
        numbers[..., -1] += effect
        cohort, animal, phase = (one.ravel() for one in np.indices(numbers.shape))
        table = pd.DataFrame(
            {
                "behaviour": cohort.astype(str),
                "animal": np.char.add("m", animal.astype(str)),
                "phase": phase,
                "score": numbers.ravel(),
            }
        )
        return _p(table, contrast, by="phase", **settings)

    return Kind(draw, 1.5)


def split_plot(contrast: str, noise: str) -> Kind:
    """Treatment of cages by four bins of time; the last bin of the treated is shifted."""

    def draw(cohorts: int, effect: float, seed: int) -> Array:
        rng = np.random.default_rng(seed)
        shape = (cohorts, 10, MATES, 4)
        numbers = np.sqrt(ICC) * series(rng, (cohorts, 10, 1, 4), noise)
        numbers = numbers + np.sqrt(1 - ICC) * series(rng, shape, noise)
        numbers[:, 5:, :, -1] += effect * np.sqrt(ICC + (1 - ICC) / MATES)
        cohort, cage, mate, bin_ = (one.ravel() for one in np.indices(shape))
        table = pd.DataFrame(
            {
                "behaviour": cohort.astype(str),
                "cage": np.char.add("c", cage.astype(str)),
                "animal": np.char.add("m", (MATES * cage + mate).astype(str)),
                "bin": bin_,
                "drug": np.where(cage >= 5, "drug", "none"),
                "score": numbers.ravel(),
            }
        )
        return _p(table, contrast, by=["drug", "bin"])

    return Kind(draw, 3.0)


def each(make: Callable[[np.random.Generator, float], float], effect: float) -> Kind:
    """A test of one cohort after the other."""

    def draw(cohorts: int, size: float, seed: int) -> Array:
        rng = np.random.default_rng(seed)
        return np.array([make(rng, size) for _ in range(cohorts)])

    return Kind(draw, effect, slow=True)


def clouds(rng: np.random.Generator, effect: float, n_bins: int = 1, n: int = 10) -> pd.DataFrame:
    """Three numbers of each animal (and bin), cage mates alike; half of the cages are shifted."""
    shape = (n, MATES, n_bins, 3)
    numbers = rng.normal(0, np.sqrt(ICC), (n, 1, 1, 3)) + rng.normal(0, np.sqrt(1 - ICC), shape)
    numbers[n // 2 :, :, -1] += effect * np.sqrt(ICC + (1 - ICC) / MATES)
    cage, mate, bin_ = (one.ravel() for one in np.indices(shape[:-1]))
    table = pd.DataFrame(numbers.reshape(-1, 3), columns=["x", "y", "z"])
    return table.assign(
        cage=np.char.add("c", cage.astype(str)),
        animal=np.char.add("m", (MATES * cage + mate).astype(str)),
        bin=bin_,
        drug=np.where(cage >= n // 2, "drug", "none"),
    )


def _separated(measure: str) -> Callable[[np.random.Generator, float], float]:
    def make(rng: np.random.Generator, effect: float) -> float:
        table = clouds(rng, effect)
        found = quiet(lambda: ef.stats.separation(table, by="drug", columns=["x", "y", "z"]))
        return float(found.loc[found.measure == measure, "p"].iloc[0])

    return make


def _best_bin(rng: np.random.Generator, effect: float) -> float:
    table = clouds(rng, effect, 4)
    found = quiet(
        lambda: ef.stats.separation(table, by="drug", columns=["x", "y", "z"], time="bin")
    )
    return float(found.p_adjusted.min())


def _deviating(rng: np.random.Generator, effect: float) -> float:
    table = clouds(rng, effect, n=40)
    table.loc[table.drug == "drug", ["x", "y", "z"]] *= 1 + effect  # stranger in any direction
    norm = ef.stats.deviations(table, by="drug", reference="none", columns=["x", "y", "z"])
    return float(norm.loc[norm.drug == "drug", "p"].iloc[0])


def _flow(rng: np.random.Generator, effect: float) -> float:
    """Shares of nine transitions, of counts of each animal."""
    cages, rows = 10, []
    likely = np.exp(rng.normal(0, 0.5, 9))
    for cage in range(cages):
        own = likely * np.exp(rng.normal(0, 0.3, 9))
        own[0] *= np.exp(0.5 * effect * (cage >= cages // 2))
        for mate in range(MATES):
            counts = rng.multinomial(60, own / own.sum())
            rows += [
                (f"c{cage}", f"m{cage}_{mate}", "drug" if cage >= 5 else "none", f"t{k}", n / 60)
                for k, n in enumerate(counts)
            ]
    table = pd.DataFrame(rows, columns=["cage", "animal", "drug", "behaviour", "share"])
    return float(quiet(lambda: ef.stats.compare_flow(table, by="drug")).p.iloc[0])


def _any_of_ten(correction: str) -> Callable[[np.random.Generator, float], float]:
    """The smallest corrected p of ten behaviours of the same animals."""

    def make(rng: np.random.Generator, effect: float) -> float:
        table = scores(rng, 12, 10, effect * (np.arange(12) >= 6))
        shared = rng.normal(size=12)[table["place"]]
        table["score"] += 0.5 * shared
        table["drug"] = np.array([*"ab"])[(table.pop("place") >= 6).astype(int)]
        found = quiet(
            lambda: ef.stats.compare(
                table, by="drug", value="score", correction=correction, interval="none"
            )
        )
        return float(found.p_adjusted.min())

    return make


def slopes(n: int, mates: int, contrast: str) -> Kind:
    """Five sessions, of which a fifth is missing; lines of cages (or animals) differ."""

    def draw(cohorts: int, effect: float, seed: int) -> Array:
        rng = np.random.default_rng(seed)
        unit, animal = rng.normal(size=(2, cohorts, 2 * n, 1, 1)), 0.0
        if mates > 1:
            animal = 0.5 * rng.normal(size=(2, cohorts, 2 * n, mates, 1))
        level, slope = unit + animal
        day = np.arange(5)
        drug = (np.arange(2 * n) >= n)[:, np.newaxis, np.newaxis]
        noise = rng.normal(size=(cohorts, 2 * n, mates, 5))
        score = level + effect * drug + (0.5 * slope + 0.5 * effect * drug) * (day - 2) + noise
        keep = rng.random(score.shape) > 0.2
        cohort, cage, mate, session = (one[keep] for one in np.indices(score.shape))
        table = pd.DataFrame(
            {
                "behaviour": cohort.astype(str),
                "cage": np.char.add("c", cage.astype(str)),
                "animal": np.char.add("m", (mates * cage + mate).astype(str)),
                "drug": np.where(cage >= n, "drug", "none"),
                "session": session,
                "score": score[keep],
            }
        )
        found = quiet(
            lambda: ef.stats.compare_slopes(
                table, over="session", by="drug", value="score", correction="none"
            )
        )
        return found.loc[found.contrast == contrast, "p"].to_numpy()

    return Kind(draw, 2.0, slow=True)


TWO, APART = "b - a", "slope over session: drug - none"
KINDS: Mapping[str, Kind] = {
    "two groups, t": groups((6, 6), TWO, test="t"),
    "two groups, Welch": groups((6, 6), TWO, test="welch"),
    "two groups, permutation": groups((6, 6), TWO, test="permutation"),
    "two groups, Mann-Whitney": groups((6, 6), TWO, test="ranks"),
    "two groups, Mann-Whitney, 14 + 14": groups((14, 14), TWO, test="ranks"),
    "two groups, mixed model": groups((6, 6), TWO, test="mixed"),
    "two groups, mixed model, 3 + 5": groups((3, 5), TWO, test="mixed"),
    "counts of bouts, default": groups((4, 6), TWO, "counts"),
    "mostly zeros, default": groups((4, 6), TWO, "mostly none"),
    "skewed, default, 3 + 6": groups((3, 6), TWO, "skewed"),
    "skewed, default, 5 + 9": groups((5, 9), TWO, "skewed"),
    "three groups, F": groups((4, 4, 4), "drug", test="anova"),
    "three groups, permutation of F": groups((5, 5, 5), "drug", test="permutation"),
    "three groups, Kruskal-Wallis": groups((4, 4, 4), "drug", test="ranks"),
    "three groups, Kruskal-Wallis, 9 each": groups((9, 9, 9), "drug", test="ranks"),
    "genotype × sex: genotype": factorial("genotype"),
    "genotype × sex: interaction": factorial("genotype × sex"),
    "genotype × sex: pair of males": factorial("w - m (sex m)"),
    "two conditions, paired t": within(6, 2, "1 - 0", "alike", test="t"),
    "two conditions, permutation": within(10, 2, "1 - 0", "uneven", test="permutation"),
    "two conditions, Wilcoxon": within(10, 2, "1 - 0", "uneven", test="ranks"),
    "four conditions, F": within(8, 4, "phase", "alike", test="anova"),
    "four bins, F (Greenhouse-Geisser)": within(8, 4, "phase", "uneven", test="anova"),
    "four bins, permutation": within(8, 4, "phase", "uneven", test="permutation"),
    "four bins, Friedman": within(8, 4, "phase", "uneven", test="ranks"),
    "treatment × bin: treatment": split_plot("drug", "uneven"),
    "treatment × bin: bin": split_plot("bin", "uneven"),
    "treatment × bin: interaction": split_plot("drug × bin", "uneven"),
    "treatment × bin: pair in the last bin": split_plot("drug - none (bin 3)", "uneven"),
    "slopes of animals, 6 + 6": slopes(6, 1, APART),
    "slopes of cages, 4 + 4": slopes(4, 3, APART),
    "middles of lines, 6 + 6": slopes(6, 1, "at session 2: drug - none"),
    "flow of transitions": each(_flow, 1.0),
    "separation, energy": each(_separated("energy"), 1.5),
    "separation, AUC": each(_separated("auc"), 1.5),
    "separation, best of four bins": each(_best_bin, 2.0),
    "deviation of one unit from 20": each(_deviating, 1.5),
    "any of ten behaviours, Holm": each(_any_of_ten("holm"), 1.0),
    "any of ten behaviours, Benjamini-Hochberg": each(_any_of_ten("benjamini-hochberg"), 1.0),
}


def rates(cohorts: int, names: list[str] | None = None, power: bool = True) -> pd.DataFrame:
    """Share of the cohorts with p at most 0.05, without an effect and with one."""
    rows = []
    for seed, (name, kind) in enumerate(KINDS.items()):
        if names is not None and name not in names:
            continue
        n = cohorts // 3 if kind.slow else cohorts
        null = kind.draw(n, 0.0, seed)
        row: dict[str, object] = {"test": name, "cohorts": n, "untested": int(np.isnan(null).sum()),
                                  "false positives": float((null <= 0.05).mean())}  # fmt: skip
        if power:
            row["power"] = float((kind.draw(max(n // 3, 1), kind.effect, seed) <= 0.05).mean())
        rows.append(row)
    return pd.DataFrame(rows)
