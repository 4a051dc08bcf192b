"""Mixed models: against R's table of the sleep study, and against what theory says of balance."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy import stats

from ethoflow.errors import DataError
from ethoflow.stats import ComparisonNote, compare
from ethoflow.stats.mixed import compare_mixed
from tests.stats.test_design import cohort

there = pytest.mark.skipif(
    importlib.util.find_spec("mixedlm") is None, reason="mixedlm is not installed"
)


def cages(sizes: list[int], seed: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(rng.normal(0, 2), 1, n) for n in sizes]


@there
@pytest.mark.filterwarnings("ignore:The .float_precision. argument")
def test_the_package_gives_what_r_gives() -> None:
    """lmerTest: Days 10.467, t 6.771, 17 degrees of freedom, p 3.26e-06."""
    import mixedlm

    fit = mixedlm.lmer("Reaction ~ Days + (Days | Subject)", mixedlm.load_sleepstudy())
    estimate, t, p = mixedlm.pvalues_with_ddf(fit, method="Kenward-Roger")["Days"]
    assert (estimate, t, p) == pytest.approx((10.467, 6.771, 3.26e-06), rel=2e-3)
    assert mixedlm.kenward_roger_df(fit).df[1] == pytest.approx(17, abs=0.01)


@there
def test_balanced_cages_are_the_t_test_on_their_means() -> None:
    first, second = cages([4] * 5, 1), cages([4] * 5, 2)
    effect = compare_mixed(first, second)
    means = [[one.mean() for one in part] for part in (second, first)]
    wanted = stats.ttest_ind(*means)
    assert effect.df[0] == pytest.approx(8, abs=0.01)
    assert effect.p == pytest.approx(wanted.pvalue, rel=1e-3)
    assert effect.estimate == pytest.approx(np.mean(means[0]) - np.mean(means[1]))


@there
def test_unbalanced_cages_have_degrees_of_freedom_of_cages() -> None:
    effect = compare_mixed(cages([1, 6, 3, 2], 1), cages([5, 1, 4, 7], 2))
    assert 3 < effect.df[0] < 10


@there
def test_compare_with_a_mixed_model() -> None:
    rng = np.random.default_rng(1)
    table = cohort(10, 3)
    table["share"] = rng.normal(size=10)[table.cage.str[1:].astype(int)] + rng.normal(size=30)
    row = compare(table, by="treatment", test="mixed").iloc[0]
    assert (row.test, row.n_units, row.n_animals) == ("mixed model (Kenward-Roger)", 10, 30)
    assert row.low < row.estimate < row.high
    with pytest.warns(ComparisonNote, match="units of several animals"):
        compare(cohort(10, 1), by="treatment", test="mixed")


@pytest.mark.skipif(importlib.util.find_spec("mixedlm") is not None, reason="mixedlm is installed")
def test_without_the_package_there_is_a_sentence() -> None:
    with pytest.raises(DataError, match=r"pip install .ethoflow\[mixed\]"):
        compare(cohort(10, 2), by="treatment", test="mixed")
