"""Slopes over sessions: R's table of the sleep study, t tests of slopes, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from benchmarks.null_cohorts import KINDS, rates
from scipy import stats

from ethoflow.errors import DataError
from ethoflow.stats import ComparisonNote, compare_slopes, sentences
from ethoflow.stats.reml import Term, fit_mixed
from tests.conftest import LONG

SLEEP = """
249.6 258.7 250.8 321.4 356.9 414.7 382.2 290.1 430.6 466.4
222.7 205.3 203 204.7 207.7 216 213.6 217.7 224.3 237.3
199.1 194.3 234.3 232.8 229.3 220.5 235.4 255.8 261 247.5
321.5 300.4 283.9 285.1 285.8 297.6 280.2 318.3 305.3 354
287.6 285 301.8 320.1 316.3 293.3 290.1 334.8 293.7 371.6
234.9 242.8 273 309.8 317.5 310 454.2 346.8 330.3 253.9
283.8 289.6 276.8 299.8 297.2 338.2 332 348.8 333.4 362
265.5 276.2 243.4 254.7 279 284.2 305.5 331.5 335.7 377.3
241.6 273.9 254.5 270.8 251.5 254.6 245.5 235.3 235.8 237.2
312.4 313.8 291.6 346.1 365.7 391.8 404.3 416.7 455.9 458.9
236.1 230.3 238.9 254.9 250.7 269.8 281.6 308.1 336.3 351.6
256.3 243.5 256.2 255.5 268.9 329.7 379.4 362.9 394.5 389.1
250.5 300.1 269.9 280.6 271.8 304.6 287.7 266.6 321.5 347.6
221.7 298.2 326.9 346.9 348.7 352.8 354.4 360.4 375.6 388.5
271.9 268.4 257.2 277.7 314.8 317.2 298.1 348.1 340.3 366.5
225.3 234.5 238.9 240.5 267.5 344.2 281.1 347.6 365.2 372.2
269.9 272.4 277.9 281.8 279.2 284.5 259.3 304.6 350.8 369.5
269.4 273.5 297.6 310.6 287.2 329.6 334.5 343.2 369.1 364.1
"""
"""Reaction times, ms, of 18 people on ten days of little sleep: Belenky et al. 2003, J. Sleep Res.
12:1, to a tenth of a ms."""


def sleep() -> pd.DataFrame:
    numbers = np.array([row.split() for row in SLEEP.strip().splitlines()], float)
    person, day = np.indices(numbers.shape)
    return pd.DataFrame(
        {"subject": person.ravel().astype(str), "day": day.ravel(), "ms": numbers.ravel()}
    )


def lines(n: int, seed: int = 1, **columns: object) -> pd.DataFrame:
    """Animals `m0`, ...; half of them treated; four sessions."""
    rng = np.random.default_rng(seed)
    animal, session = (one.ravel() for one in np.indices((n, 4)))
    level, slope = rng.normal(size=n), rng.normal(0, 0.5, n)
    score = level[animal] + slope[animal] * session + rng.normal(0, 0.5, 4 * n)
    names = np.char.add("m", animal.astype(str))
    drug = np.where(animal < n // 2, "none", "drug")
    return pd.DataFrame(
        {"animal": names, "drug": drug, "session": session, "score": score, **columns}
    )


def test_the_sleep_study_is_what_r_gives() -> None:
    """lmerTest: 10.467, its error 1.546, t 6.771, 17 degrees of freedom, p 3.26e-06."""
    row = compare_slopes(sleep(), over="day", value="ms").iloc[0]
    assert (row.estimate, row.statistic) == pytest.approx((10.467, 6.771), rel=5e-4)
    assert (float(row.df), row.p) == pytest.approx((17, 3.264e-6), rel=5e-3)
    assert (row.high - row.low) / 2 == pytest.approx(stats.t.ppf(0.975, 17) * 1.5458, rel=5e-4)
    table = sleep()
    y, day = table.ms.to_numpy(), table.day.to_numpy(float)
    x, who = np.stack([np.ones(180), day], axis=1), table.subject.to_numpy()
    fit = fit_mixed(y, x, who, [Term(x, who)])
    assert fit is not None
    # lme4: standard deviations 24.741, 5.922, correlation 0.07, residual 25.592
    spreads = np.sqrt(np.diag(fit.terms[0]))
    assert (*spreads, np.sqrt(fit.residual)) == pytest.approx((24.741, 5.922, 25.592), rel=2e-3)
    apart = fit_mixed(y, x, who, [Term(x[:, :1], who), Term(x[:, 1:], who)])
    assert apart is not None
    f, _, df = apart.test(np.array([0.0, 1]))  # lmerTest of (Days || Subject)
    assert (np.sqrt(f), df) == pytest.approx((6.7117, 18.187), rel=1e-3)
    plain = fit_mixed(y, x, who, [Term(x[:, :1], who)])
    assert plain is not None
    assert plain.test(np.array([0.0, 1]))[2] == pytest.approx(161, abs=1e-3)


def test_slopes_in_balance_are_a_t_test_of_them() -> None:
    table = lines(10)
    found = compare_slopes(table, over="session", by="drug", value="score").set_index("contrast")
    own = table.groupby("animal", sort=False).apply(
        lambda one: np.polyfit(one.session, one.score, 1)[0], include_groups=False
    )
    wanted = stats.ttest_ind(own[5:], own[:5])
    row = found.loc["slope over session: drug - none"]
    assert (row.statistic, row.p) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-4)
    assert row.estimate == pytest.approx(own[5:].mean() - own[:5].mean())
    assert float(row.df) == pytest.approx(8, abs=0.01)
    assert found.loc["slope over session: none"].estimate == pytest.approx(own[:5].mean())
    assert (row.n_each, row.n_animals, row.unit) == ("5 + 5", 10, "animal")
    assert (found.loc["slope over session: none", ["n_each", "n_animals"]] == ["5", 5]).all()
    middle = found.loc["at session 1.5: drug - none"]
    means = table.groupby("animal", sort=False).score.mean()
    again = stats.ttest_ind(means[5:], means[:5])
    assert (middle.estimate, middle.p) == pytest.approx(
        (means[5:].mean() - means[:5].mean(), again.pvalue), rel=1e-4
    )


def test_where_occasions_begin_and_their_unit_change_no_p() -> None:
    table = lines(8).drop(index=[0, 9, 14, 22])
    one = compare_slopes(table, over="session", by="drug", value="score")
    moved = table.assign(session=2000 + 7.0 * table.session, score=1e-3 * table.score + 5)
    other = compare_slopes(moved, over="session", by="drug", value="score")
    np.testing.assert_allclose(one.p, other.p, rtol=1e-4)
    slopes = one.contrast.str.startswith("slope")
    np.testing.assert_allclose(one.estimate[slopes], 7e3 * other.estimate[slopes], rtol=1e-4)
    text = compare_slopes(table.astype({"session": str}), over="session", by="drug", value="score")
    pd.testing.assert_frame_equal(text, one)


def test_three_groups_have_an_interaction_and_cage_mates_are_no_units() -> None:
    table = lines(18, cage=np.repeat([f"c{i}" for i in range(9)], 8))
    table["drug"] = np.repeat([*"abc"], 24)
    table["score"] += 2.0 * table.session * (table.drug == "c")
    level, slope = np.random.default_rng(3).normal(size=(2, 9))[:, np.arange(72) // 8]
    table["score"] += level + slope * table.session
    found = compare_slopes(table, over="session", by="drug", value="score").set_index("contrast")
    row = found.loc["drug × session"]
    assert (row.unit, row.n_each, row.n_animals) == ("cage", "3 + 3 + 3", 18)
    assert row.df.startswith("2, ")
    assert row.p < 0.2
    assert row.p > 1e-4  # as many as there are cages, not animals
    assert len(found) == 3 + 1 + 3 + 3
    assert "slope 2." in " ".join(sentences(found.loc[["slope over session: c"]].reset_index()))


def test_a_singular_fit_is_said() -> None:
    table = lines(10)
    table["score"] = np.random.default_rng(5).normal(size=40)
    with pytest.warns(ComparisonNote, match="singular fit: animals do not differ"):
        found = compare_slopes(table, over="session", by="drug", value="score")
    assert found.p.notna().all()


def test_what_cannot_be_known_is_refused() -> None:
    table = lines(8)
    two = table[table.session < 2]
    with pytest.raises(DataError, match="a slope needs 3 occasions or more"):
        compare_slopes(two, over="session", by="drug", value="score")
    with pytest.raises(DataError, match=r"must be a column of numbers.*before"):
        compare_slopes(table.assign(session="before"), over="session", by="drug", value="score")
    mixed = table.assign(drug=np.where(table.session > 1, "drug", "none"))
    with pytest.raises(DataError, match="drug differs within animals"):
        compare_slopes(mixed, over="session", by="drug", value="score")
    few = table[(table.session == 0) | (table.animal.isin(["m0", "m1", "m2", "m4", "m5"]))]
    with pytest.warns(ComparisonNote, match=r"no p.*2 animals of drug have a known value on two"):
        found = compare_slopes(few, over="session", by="drug", value="score")
    assert found.p.isna().all()
    pairs = table[(table.session - table.animal.str[1:].astype(int)) % 4 < 2]
    with pytest.warns(ComparisonNote, match="seen on three occasions or more"):
        compare_slopes(pairs, over="session", by="drug", value="score")
    with pytest.warns(ComparisonNote, match="on straight lines"):
        compare_slopes(table.assign(score=table.session), over="session", by="drug", value="score")


def test_slopes_that_differ_need_a_model_that_says_so() -> None:
    """Without a line for every animal changes are found where there are none."""
    n, seeds = 6, range(200 if LONG else 60)
    wrong = 0
    for seed in seeds:
        table = lines(2 * n, seed)
        treated = (table.drug == "drug").to_numpy(float)
        day, who = table.session.to_numpy(float) - 1.5, table.animal.to_numpy()
        x = np.stack([np.ones_like(day), treated, day, treated * day], axis=1)
        fit = fit_mixed(table.score.to_numpy(), x, who, [Term(x[:, :1], who)])
        assert fit is not None
        f, _, df = fit.test(np.array([0.0, 0, 0, 1]))
        wrong += stats.f.sf(f, 1, df) <= 0.05
    assert wrong > 0.15 * len(seeds)


@pytest.mark.parametrize(
    "name", ["slopes of animals, 6 + 6", "four bins, permutation", "treatment × bin: interaction"]
)
def test_no_more_is_found_than_chance_gives(name: str) -> None:
    cohorts = 1000 if LONG else 150
    found = rates(cohorts, [name], power=False).iloc[0]
    most = stats.binom.ppf(0.999, found.cohorts, 0.05) / found.cohorts
    assert found["untested"] == 0
    assert found["false positives"] <= most


def test_every_kind_of_cohort_is_drawn() -> None:
    for name, kind in KINDS.items():
        p = kind.draw(1, kind.effect, 1)
        assert p.shape == (1,), name
        assert ((p > 0) & (p <= 1)).all(), name
