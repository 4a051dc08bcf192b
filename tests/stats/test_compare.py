"""One row per behaviour and contrast, against SciPy, and a sentence where there is no p."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ethoflow.errors import DataError
from ethoflow.stats import ComparisonNote, compare
from ethoflow.stats.compare import COLUMNS
from ethoflow.stats.corrections import benjamini_hochberg, holm
from ethoflow.stats.permutation import (
    floor_of_groups,
    floor_within,
    permute_groups,
    permute_within,
)
from tests.stats.test_design import cohort

ASKED = (
    "behaviour", "contrast", "test", "unit", "n_units", "n_animals", "estimate", "low", "high",
    "p", "p_adjusted", "p_smallest",
)  # fmt: skip


def animals(groups: dict[str, list[float]]) -> pd.DataFrame:
    """One animal a row."""
    rows = [(f"{g}{i}", g, x) for g, values in groups.items() for i, x in enumerate(values)]
    return pd.DataFrame(rows, columns=["animal", "group", "share"])


def drawn(*sizes: int, seed: int = 1) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(i, 1, size).tolist() for i, size in enumerate(sizes)]


def test_cages_by_hand() -> None:
    table = cohort(6, 2, 2)
    found = compare(table, by="treatment")
    assert tuple(found.columns[: len(ASKED)]) == ASKED
    assert tuple(found.columns) == COLUMNS
    row = found.iloc[0]
    means = table.groupby(["treatment", "cage"])["share"].mean()
    wanted = stats.ttest_ind(means["drug"], means["saline"])
    assert (row.contrast, row.test, row.unit) == ("drug - saline", "t test", "cage")
    assert (row.n_units, row.n_animals, row.n_recordings, row.n_each) == (6, 12, 24, "3 + 3")
    interval = wanted.confidence_interval()
    np.testing.assert_allclose(
        [row.estimate, row.p, row.low, row.high],
        [means["drug"].mean() - means["saline"].mean(), wanted.pvalue, *interval],
    )
    assert row.p_smallest == 0


def test_means_are_of_means_whatever_the_number_of_rows() -> None:
    table = cohort(6, 2)
    more = pd.concat([table, *[table[table.animal == "c1m0"]] * 9], ignore_index=True)
    plain, twice = compare(table, by="treatment"), compare(more, by="treatment")
    assert plain.estimate[0] == pytest.approx(twice.estimate[0])


@pytest.mark.parametrize(("n", "test"), [(4, "t test"), (5, "permutation (exact)")])
def test_five_units_a_group_are_permuted(n: int, test: str) -> None:
    one, other = drawn(n, n)
    row = compare(animals({"a": one, "b": other}), by="group").iloc[0]
    assert row.test == test
    if n == 5:
        wanted = stats.permutation_test(
            (one, other), lambda x, y: np.mean(x) - np.mean(y), n_resamples=np.inf
        )
        assert row.p == pytest.approx(wanted.pvalue)
        assert row.p_smallest == pytest.approx(2 / 252)


@pytest.mark.parametrize("sizes", [(3, 3), (5, 6), (12, 14), (30, 29)])
def test_two_groups_against_scipy(sizes: tuple[int, int]) -> None:
    one, other = drawn(*sizes)
    table = animals({"a": one, "b": other})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ComparisonNote)
        found = {
            test: compare(table, by="group", test=test).iloc[0] for test in ("t", "welch", "ranks")
        }
    assert found["t"].p == pytest.approx(stats.ttest_ind(one, other).pvalue)
    assert found["welch"].p == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue)
    exact = "asymptotic" if sum(sizes) > 20 else "exact"
    wanted = stats.mannwhitneyu(one, other, method=exact).pvalue
    assert found["ranks"].p == pytest.approx(wanted)
    assert found["ranks"].test == "Mann-Whitney"


@pytest.mark.parametrize("n", [4, 9, 25])
def test_conditions_within_animals_against_scipy(n: int) -> None:
    one, other = drawn(n, n)
    table = pd.concat([
        pd.DataFrame({"animal": [f"m{i}" for i in range(n)], "phase": phase, "share": values})
        for phase, values in (("before", one), ("after", other))
    ])  # fmt: skip
    row = compare(table, by="phase", test="t").iloc[0]
    wanted = stats.ttest_rel(other, one)
    assert (row.contrast, row.test) == ("after - before", "paired t test")
    np.testing.assert_allclose(
        [row.p, row.estimate], [wanted.pvalue, np.mean(other) - np.mean(one)]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ComparisonNote)
        ranks = compare(table, by="phase", test="wilcoxon").iloc[0]
        permuted = compare(table, by="phase", test="permutation").iloc[0]
    method = "exact" if n < 17 else "approx"
    assert ranks.p == pytest.approx(stats.wilcoxon(other, one, method=method).pvalue)
    assert permuted.p_smallest == pytest.approx(max(2.0 ** (1 - n), 1 / 20_001 if n > 17 else 0))
    assert permuted.p == pytest.approx(wanted.pvalue, abs=0.1)
    assert (
        compare(table, by="phase").iloc[0].test.startswith("paired t" if n < 8 else "paired perm")
    )


def test_three_groups_have_a_row_for_all_and_for_each_pair() -> None:
    parts = drawn(4, 5, 4)
    table = animals(dict(zip("abc", parts, strict=True)))
    found = compare(table, by="group", test="anova", correction="none")
    assert found.contrast.tolist() == ["group", "b - a", "c - a", "c - b"]
    assert found.p[0] == pytest.approx(stats.f_oneway(*parts).pvalue)
    ranks = compare(table, by="group", test="kruskal", correction="none").iloc[0]
    assert ranks.test == "Kruskal-Wallis"
    assert ranks.p == pytest.approx(stats.kruskal(*parts).pvalue, abs=0.03)
    many = animals(dict(zip("abc", drawn(20, 21, 22), strict=True)))
    assert compare(many, by="group", test="kruskal").p[0] == pytest.approx(
        stats.kruskal(*drawn(20, 21, 22)).pvalue
    )
    permuted = compare(table, by="group", test="permutation", correction="none").iloc[0]
    assert permuted.test == "permutation of F (exact)"
    assert permuted.p == pytest.approx(found.p[0], abs=0.03)


def test_the_f_of_all_ways_is_that_of_scipy() -> None:
    values, group = np.array([1.0, 4, 2, 8, 5, 7, 3]), np.repeat([0, 1, 2], [2, 2, 3])
    own = stats.f_oneway(*(values[group == g] for g in range(3))).statistic
    orders = set(itertools.permutations(group.tolist()))
    reached = sum(
        stats.f_oneway(*(values[np.array(order) == g] for g in range(3))).statistic >= own - 1e-9
        for order in sorted(orders)
    )
    assert permute_groups(values, group) == pytest.approx(reached / len(orders))


def test_the_smallest_p_is_that_of_groups_wholly_apart() -> None:
    for sizes in [(3, 3), (3, 5), (2, 2, 2), (2, 3, 3)]:
        group = np.repeat(np.arange(len(sizes)), sizes)
        values = 100.0 * 3**group + np.arange(len(group)) * 1e-3
        assert permute_groups(values, group) == pytest.approx(floor_of_groups(sizes))
    for n, k in [(4, 2), (3, 3)]:
        assert permute_within(np.tile(10.0 ** np.arange(k), (n, 1))) == pytest.approx(
            floor_within(n)
        )


def test_permutation_that_can_say_nothing_says_so_first() -> None:
    one, other = drawn(3, 3)
    with pytest.warns(ComparisonNote, match=r"no data can give p below 0\.1 in this test"):
        row = compare(animals({"a": one, "b": other}), by="group", test="permutation").iloc[0]
    assert row.p_smallest == 0.1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrections(p: list[float]) -> None:
    values = np.array(p)
    np.testing.assert_allclose(benjamini_hochberg(values), stats.false_discovery_control(values))
    adjusted = holm(values)
    assert (adjusted >= values).all()
    assert (adjusted <= np.minimum(values * len(values), 1) + 1e-12).all()
    assert adjusted.min() == pytest.approx(min(values.min() * len(values), 1))
    order = np.argsort(values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_behaviours_are_corrected_together_and_those_without_p_do_not_count() -> None:
    one, other = drawn(5, 5)
    tables = [
        animals({"a": one, "b": other}).assign(behaviour="x"),
        animals({"a": other, "b": one}).assign(behaviour="y"),
        animals({"a": [0.0] * 5, "b": [0.0] * 5}).assign(behaviour="never"),
    ]
    with pytest.warns(ComparisonNote, match="no p for never: all animals have the same value, 0"):
        found = compare(pd.concat(tables), by="group", correction="bonferroni")
    assert found.behaviour.tolist() == ["x", "y", "never"]
    np.testing.assert_allclose(found.p_adjusted[:2], np.minimum(found.p[:2] * 2, 1))
    assert np.isnan(found.p[2])
    assert np.isnan(found.p_adjusted[2])


def test_a_behaviour_that_was_never_shown_somewhere_is_0_there() -> None:
    table = cohort(8)
    digging = [0, 0, 0.2, 0.1, 0, 0.3, 0.4, 0, 0, 0.1, 0.2, 0.1, 0.3, 0.3, 0.4, 0]
    more = table.assign(behaviour="digging", share=digging)
    whole = pd.concat([table, more], ignore_index=True)
    shown = whole[(whole.behaviour != "digging") | (whole.share > 0)]
    full = compare(whole, by="treatment")
    with pytest.warns(ComparisonNote, match="digging: no row in up to 6 places"):
        filled = compare(shown, by="treatment")
    pd.testing.assert_frame_equal(filled, full)
    length = shown.rename(columns={"share": "mean_bout"})
    with pytest.warns(ComparisonNote, match="no known value of digging"):
        lost = compare(length, by="treatment", value="mean_bout")
    assert lost[lost.behaviour == "digging"].n_units.item() < 8
    rearing = [one[one.behaviour == "rearing"].drop(columns="p_adjusted") for one in (lost, full)]
    pd.testing.assert_frame_equal(*rearing)


def test_latencies_of_those_who_never_did_it_are_no_unknown_values() -> None:
    table = cohort(8).rename(columns={"share": "latency_to_first"})
    table.loc[table.treatment == "drug", "latency_to_first"] = [np.nan, 1, np.nan, 2] * 2
    table.loc[table.treatment != "drug", "latency_to_first"] = [50, 60, 70, 80] * 2
    with pytest.warns(ComparisonNote, match="missing in 4 rows of those who never did it"):
        found = compare(table, by="treatment", value="latency_to_first")
    assert any("test='ranks'" in note for note in found.attrs["notes"])
    whole = table.fillna({"latency_to_first": 600.0})
    assert not any("never did it" in note for note in compare(
        whole, by="treatment", value="latency_to_first", test="ranks").attrs["notes"])  # fmt: skip


def test_a_behaviour_that_a_whole_store_lacks_is_not_known_there() -> None:
    table = cohort(8).assign(store="one")
    other = cohort(8).assign(store="two")
    other[["animal", "cage", "recording"]] = "x" + other[["animal", "cage", "recording"]]
    more = table.assign(behaviour="digging")
    with pytest.warns(ComparisonNote, match="no known value of digging"):
        found = compare(pd.concat([table, other, more]), by="treatment").set_index("behaviour")
    assert (found.n_units["digging"], found.n_units["rearing"]) == (8, 16)


@pytest.mark.parametrize("kind", ["missing", "constant", "flat groups"])
def test_values_that_tell_nothing_have_a_sentence_and_no_p(kind: str) -> None:
    values = {
        "missing": ([np.nan, np.nan, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0]),
        "constant": ([0.1 + 0.2] * 4, [0.3] * 4),
        "flat groups": ([0.0] * 4, [1.0] * 4),
    }[kind]
    said = {
        "missing": "only 2 animals of a have a known value: 3 are needed",
        "constant": "all animals have the same value, 0.3",
        "flat groups": "no variation within groups",
    }[kind]
    with pytest.warns(ComparisonNote):
        found = compare(animals({"a": values[0], "b": values[1]}), by="group")
    assert found.p.isna().all()
    assert said in found.note[0]
    assert any(said in note for note in found.attrs["notes"])


def test_intervals_of_the_bootstrap_are_those_of_scipy() -> None:
    one, other = drawn(8, 9)
    row = compare(animals({"a": one, "b": other}), by="group", seed=3, interval="bca").iloc[0]
    wanted = stats.bootstrap(
        (np.array(one), np.array(other)), lambda x, y, axis: y.mean(axis) - x.mean(axis),
        rng=np.random.default_rng(3), vectorized=True,
    ).confidence_interval  # fmt: skip
    assert (row.low, row.high) == pytest.approx(tuple(wanted))
    assert row.interval == "BCa bootstrap"
    assert row.effect_low < row.effect_size < row.effect_high


@settings(max_examples=5)
@given(st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 99))
def test_units_of_the_value_do_not_matter(scale: float, shift: float, seed: int) -> None:
    one, other = drawn(4, 6, seed=seed)
    plain = animals({"a": one, "b": other})
    moved = plain.assign(share=plain.share * scale + shift)
    for test in ("t", "permutation", "ranks"):
        a, b = (compare(t, by="group", test=test, interval="none").p[0] for t in (plain, moved))
        assert a == pytest.approx(b, rel=1e-6)


def test_the_seed_decides_what_is_drawn() -> None:
    table = animals(dict(zip("ab", drawn(15, 15), strict=True)))
    first, again, other = (compare(table, by="group", seed=s) for s in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert other.low[0] != first.low[0]
    assert first.p[0] >= first.p_smallest[0] == pytest.approx(1 / 20_001)


def test_several_values_are_behaviours_of_their_own() -> None:
    table = cohort().drop(columns="behaviour").assign(speed=np.arange(12.0))
    found = compare(table, by="treatment", value=["share", "speed"])
    assert found.behaviour.tolist() == ["share", "speed"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"test": "studnt"}, "no test 'studnt'"),
        ({"correction": "hollm"}, "no correction 'hollm'. Did you mean 'holm'"),
        ({"interval": "bootstrap"}, "no interval"),
        ({"value": "shere"}, "no column 'shere'.*Did you mean 'share'"),
        ({"value": "cage"}, "cage is not a column of numbers"),
        ({"level": 95}, "between 0 and 1"),
        ({"reference": "salt"}, "no group 'salt'"),
    ],
)
def test_what_cannot_be_asked(given: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        compare(cohort(), by="treatment", **given)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="takes a table"):
        compare([1, 2], by="treatment")  # type: ignore[arg-type]


def test_a_number_of_a_pair_is_of_neither_where_its_animals_are_different_units() -> None:
    rows = [
        (f"r{r}", f"individual_{i}", f"m{r}{'ab'[i]}", partner, other, name, 0.1 * r + 0.2 * i)
        for r in range(5)
        for i in (0, 1)
        for name, partner, other in (
            ("moving", "", ""),
            ("following", f"individual_{1 - i}", f"m{r}{'ba'[i]}"),
            ("nose_to_nose", f"individual_{1 - i}", f"m{r}{'ba'[i]}"),
        )
        if i == 0 or name != "nose_to_nose"
    ]
    columns = [
        "recording", "individual", "animal", "partner", "partner_animal", "behaviour", "share",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["genotype"] = np.where(table.animal.str.endswith("a"), "wt", "het")
    with pytest.warns(ComparisonNote) as said:
        found = compare(table, by="genotype", interval="none").set_index("behaviour")
    assert any("nose_to_nose: one number for two animals" in str(one.message) for one in said)
    assert found.n_units.tolist() == [10, 10, 0]
    assert np.isnan(found.p["nose_to_nose"])
    table["genotype"] = np.where(table.recording < "r2", "wt", "het")
    more = table.assign(
        recording="x" + table.recording, animal="x" + table.animal,
        partner_animal=("x" + table.partner_animal).where(table.partner_animal != "", ""),
    )  # fmt: skip
    whole = compare(pd.concat([table, more]), by="genotype").set_index("behaviour")
    assert (whole.n_units == 10).all()
    assert (whole.n_animals == 20).all()


def test_rows_as_units_are_not_filled_with_rows_of_others() -> None:
    one, other = drawn(6, 6)
    tables = [animals({"a": one, "b": other}), animals({"a": other, "b": one})]
    both = pd.concat([t.assign(behaviour=name) for t, name in zip(tables, "xy", strict=True)])
    bare = both.drop(columns="animal")
    found = compare(bare, by="group", unit="row", correction="none")
    assert found.n_units.tolist() == [12, 12]
    assert found.p[0] == compare(tables[0], by="group").p[0]


@pytest.mark.parametrize(("n", "interval"), [(4, "t"), (9, "t"), (10, "BCa bootstrap")])
def test_few_units_are_not_drawn_again(n: int, interval: str) -> None:
    table = animals(dict(zip("ab", drawn(n, n), strict=True)))
    assert compare(table, by="group").interval[0] == interval


@pytest.mark.parametrize("name", ["bin", "kind", "unit", "value", "store", "partner"])
def test_a_factor_may_be_called_as_anything(name: str) -> None:
    table = cohort(8)
    wanted = compare(table, by="treatment")
    found = compare(table.rename(columns={"treatment": name}), by=name)
    pd.testing.assert_frame_equal(found, wanted)
    parts = [table.assign(**{name: i, "share": table.share ** (i + 1)}) for i in range(3)]
    within = compare(pd.concat(parts), by=["treatment", name], correction="none", interval="none")
    assert within.contrast.tolist()[:3] == ["treatment", name, f"treatment × {name}"]
    with pytest.raises(DataError, match="too few animals to compare: 1 in c0m0"):
        compare(table, by="animal")


def test_columns_in_the_index_are_columns() -> None:
    table = cohort(8)
    pd.testing.assert_frame_equal(
        compare(table.set_index(["cage", "animal"]), by="treatment"), compare(table, by="treatment")
    )


def test_numbers_that_cannot_be_squared_are_refused() -> None:
    table = cohort(10)
    for scale in (1e300, 1e-300):
        with pytest.raises(DataError, match="cannot be squared"):
            compare(table.assign(share=table.share * scale), by="treatment")
    with pytest.raises(DataError, match="no column is named"):
        compare(table, by="treatment", value=[])
