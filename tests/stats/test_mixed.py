"""Mixed models: against tables that R gives, and against what theory says of balance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ethoflow.stats import ComparisonNote, compare
from ethoflow.stats.mixed import compare_mixed
from ethoflow.stats.reml import Term, fit_mixed
from tests.stats.test_design import cohort

DOUGH = """
1 --- 15.6 | 1 +-+ 15.7 | 1 000 11.2 | 1 ++- 13.4 | 2 0+- 13.6 | 2 +++ 15.9 | 2 +-0 16.2 |
2 -0+ 13.2 | 3 0-- 12.5 | 3 +0+ 14 | 3 ++- 11.9 | 3 -+0 9.2 | 4 --- 13.7 | 4 +-+ 17.2 |
4 -++ 11.7 | 4 000 11.9 | 5 ++0 10.9 | 5 -0- 9.5 | 5 0-+ 14.7 | 5 -++ 11.9 | 6 --+ 15.2 |
6 +-- 16 | 6 +++ 15.1 | 6 -+- 9.1 | 7 --0 15.6 | 7 0++ 14 | 7 -+- 11.6 | 7 +0- 14.2
"""
"""Day, flow rate, moisture and screw speed, expansion: Goos & Jones 2011, Optimal Design of
Experiments, chapter 7."""


def cages(sizes: list[int], seed: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(rng.normal(0, 2), 1, n) for n in sizes]


def test_dough_of_seven_days_is_what_r_gives() -> None:
    """lmerTest's summary with ddf="Kenward-Roger": adjusted errors, and degrees of freedom."""
    rows = [row.split() for row in DOUGH.split("|")]
    of = {"-": -1.0, "0": 0.0, "+": 1.0}
    flow, wet, speed = np.array([[of[sign] for sign in signs] for _, signs, _ in rows]).T
    x = np.stack(
        [np.ones(28), flow, wet, speed, flow**2, wet**2, speed**2, flow * wet, flow * speed,
         wet * speed], axis=1,
    )  # fmt: skip
    day = np.array([int(one) for one, *_ in rows])
    y = np.array([float(number) for *_, number in rows])
    fit = fit_mixed(y, x, day, [Term(np.ones((28, 1)), day)])
    assert fit is not None
    wanted = [
        (11.3844051286165, 0.658534445673044, 17.9081871339357),
        (1.01038896027136, 0.206295357737288, 12.3526285829433),
        (-1.471738196107, 0.20426517484691, 12.3156273759996),
        (0.726682072878481, 0.206295357737288, 12.3526285829433),
        (0.327581807478654, 0.438685368048047, 12.1589854691269),
        (1.30258180747866, 0.438685368048047, 12.1589854691269),
        (1.05258180747865, 0.438685368048047, 12.1589854691269),
        (0.423845176568154, 0.223965020958373, 12.1401601758639),
        (-0.0701332513194276, 0.221216087020783, 12.0918611993801),
        (0.211154823431846, 0.223965020958373, 12.1401601758639),
    ]
    errors = np.sqrt(np.diag(fit.covariance))
    for k, (estimate, error, df) in enumerate(wanted):
        f, _, found = fit.test(np.eye(10)[k])
        assert (fit.beta[k], errors[k], found) == pytest.approx((estimate, error, df), rel=1e-6)
        assert f == pytest.approx((estimate / error) ** 2, rel=1e-5)


def test_the_f_of_pbkrtest() -> None:
    """KRmodcomp of y ~ x + (1 | g): F 18.4584, 27.368 degrees of freedom."""
    i = np.arange(30)
    g, x = i // 5, np.sin(1.3 * i) + 0.1 * i
    y = 2 + 0.5 * x + np.array([-0.6, 0.3, 0.9, -0.2, 0.4, -0.8])[g] + 0.5 * np.sin(2.9 * i + 0.4)
    fit = fit_mixed(y, np.stack([np.ones(30), x], axis=1), g, [Term(np.ones((30, 1)), g)])
    assert fit is not None
    assert fit.test(np.array([0.0, 1])) == pytest.approx(
        (18.45840988129, 1, 27.3679792999), rel=1e-6
    )
    assert (fit.terms[0].item(), fit.residual) == pytest.approx(
        (0.417783839, 0.139952281), rel=1e-6
    )


def test_several_contrasts_in_balance_are_the_f_of_means() -> None:
    groups = [cages([4] * 5, seed) for seed in (1, 2, 3)]
    values = np.concatenate([one for group in groups for one in group])
    unit, group = np.repeat(np.arange(15), 4), np.repeat(np.arange(3), 20)
    x = np.eye(3)[group]
    fit = fit_mixed(values, x, unit, [Term(np.ones((60, 1)), unit)])
    wanted = stats.f_oneway(*[[one.mean() for one in part] for part in groups])
    assert fit is not None
    f, many, df = fit.test(np.array([[-1.0, 1, 0], [-1, 0, 1]]))
    assert (f, many, df) == pytest.approx((wanted.statistic, 2, 12), rel=1e-6)


def test_balanced_cages_are_the_t_test_on_their_means() -> None:
    first, second = cages([4] * 5, 1), cages([4] * 5, 2)
    effect = compare_mixed(first, second)
    means = [[one.mean() for one in part] for part in (second, first)]
    wanted = stats.ttest_ind(*means)
    assert effect.df[0] == pytest.approx(8, abs=1e-4)
    assert effect.p == pytest.approx(wanted.pvalue, rel=1e-5)
    assert effect.estimate == pytest.approx(np.mean(means[0]) - np.mean(means[1]))


def test_unbalanced_cages_have_degrees_of_freedom_of_cages() -> None:
    effect = compare_mixed(cages([1, 6, 3, 2], 1), cages([5, 1, 4, 7], 2))
    assert 3 < effect.df[0] < 10


def test_compare_with_a_mixed_model() -> None:
    rng = np.random.default_rng(1)
    table = cohort(10, 3)
    table["share"] = rng.normal(size=10)[table.cage.str[1:].astype(int)] + rng.normal(size=30)
    row = compare(table, by="treatment", test="mixed").iloc[0]
    assert (row.test, row.n_units, row.n_animals) == ("mixed model (Kenward-Roger)", 10, 30)
    assert row.low < row.estimate < row.high
    with pytest.warns(ComparisonNote, match="units of several animals"):
        compare(cohort(10, 1), by="treatment", test="mixed")
