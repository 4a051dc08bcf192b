"""Several factors, between and within units: against statsmodels, published tables, and by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ethoflow.errors import DataError
from ethoflow.stats import ComparisonNote, compare, find_design
from ethoflow.stats.contrasts import Whole, list_contrasts
from ethoflow.stats.means import Effect, contrast_effect
from ethoflow.stats.units import make_samples


def effects(table: pd.DataFrame, by: list[str], value: str) -> dict[str, Effect]:
    """Every effect of a design of one behaviour."""
    design = find_design(table, by)
    (sample,) = make_samples(table, design, value, None)[0].values()
    return {
        one.label: contrast_effect(sample.values, sample.group, one.between, one.within)
        for one in list_contrasts(design)
        if isinstance(one, Whole)
    }


def crossed(sizes: dict[tuple[str, str], int], seed: int = 1) -> pd.DataFrame:
    """Animals of two factors, cells of any size."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"{g}{s}{i}", g, s, rng.normal(len(g) + 2 * (s == "m")))
        for (g, s), n in sizes.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["animal", "genotype", "sex", "share"])


def sessions(n: int, phases: list[str], seed: int = 1) -> pd.DataFrame:
    """Animals of two treatments, each in every phase."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"m{i}", "drug" if i % 2 else "saline", phase, rng.normal(k * (1 + i % 2)))
        for i in range(n)
        for k, phase in enumerate(phases)
    ]
    return pd.DataFrame(rows, columns=["animal", "treatment", "phase", "share"])


def test_genotype_by_sex_is_that_of_statsmodels() -> None:
    smf = pytest.importorskip("statsmodels.formula.api", reason="statsmodels is not installed")
    from statsmodels.stats.anova import anova_lm

    table = crossed({("wt", "f"): 4, ("wt", "m"): 6, ("het", "f"): 7, ("het", "m"): 5})
    fit = smf.ols("share ~ C(genotype, Sum) * C(sex, Sum)", table).fit()
    wanted = anova_lm(fit, typ=3)
    found = effects(table, ["genotype", "sex"], "share")
    for name, row in {"genotype": 1, "sex": 2, "genotype × sex": 3}.items():
        assert found[name].statistic == pytest.approx(wanted["F"].iloc[row])
        assert found[name].p == pytest.approx(wanted["PR(>F)"].iloc[row])
        assert found[name].ss == pytest.approx(wanted["sum_sq"].iloc[row])


def test_unbalanced_genotype_by_sex_is_what_a_model_without_the_effect_lacks() -> None:
    table = crossed({("wt", "f"): 4, ("wt", "m"): 6, ("het", "f"): 7, ("het", "m"): 5})
    one, two = np.where(table.genotype == "wt", -1, 1), np.where(table.sex == "f", -1, 1)
    columns = {"genotype": one, "sex": two, "genotype × sex": one * two}

    def left(names: list[str]) -> float:
        model = np.stack([np.ones(len(table)), *(columns[name] for name in names)], axis=1)
        fitted = model @ np.linalg.lstsq(model, table.share.to_numpy(), rcond=None)[0]
        return float(np.square(table.share - fitted).sum())

    whole = left([*columns])
    for name, effect in effects(table, ["genotype", "sex"], "share").items():
        ss = left([other for other in columns if other != name]) - whole
        assert effect.ss == pytest.approx(ss)
        assert effect.p == pytest.approx(stats.f.sf(ss / (whole / 18), 1, 18))


def test_two_factors_within_are_those_of_statsmodels() -> None:
    anova = pytest.importorskip("statsmodels.stats.anova", reason="statsmodels is not installed")
    rng = np.random.default_rng(3)
    rows = [(f"m{i}", a, b, rng.normal()) for i in range(6) for a in "xyz" for b in "pq"]
    table = pd.DataFrame(rows, columns=["animal", "beam", "phase", "share"])
    wanted = anova.AnovaRM(table, "share", "animal", within=["beam", "phase"]).fit().anova_table
    found = effects(table, ["beam", "phase"], "share")
    for name, row in {"beam": "beam", "phase": "phase", "beam × phase": "beam:phase"}.items():
        assert found[name].statistic == pytest.approx(wanted.loc[row, "F Value"])
        assert found[name].p_plain == pytest.approx(wanted.loc[row, "Pr > F"])


def test_balanced_cells_by_hand() -> None:
    table = crossed({(g, s): 5 for g in ("wt", "het") for s in "fm"})
    found = effects(table, ["genotype", "sex"], "share")["genotype"]
    cells = table.groupby(["genotype", "sex"])["share"]
    within = cells.transform(lambda x: x - x.mean())
    apart = np.diff(table.groupby("genotype")["share"].mean().loc[["wt", "het"]]).item()
    assert found.ss == pytest.approx(20 * (apart / 2) ** 2)
    assert found.statistic == pytest.approx(20 * (apart / 2) ** 2 / (np.square(within).sum() / 16))
    assert found.estimate == pytest.approx(apart)


def test_treatment_and_phase() -> None:
    table = sessions(12, ["before", "after"])
    found = compare(table, by=["treatment", "phase"], correction="none").set_index("contrast")
    wide = table.pivot(index=["treatment", "animal"], columns="phase", values="share")
    drug, saline = wide.loc["drug"], wide.loc["saline"]
    apart = [(one["after"] - one["before"]) for one in (drug, saline)]
    wanted = stats.ttest_ind(*apart)
    assert found.p["treatment × phase"] == pytest.approx(wanted.pvalue)
    assert found.estimate["treatment × phase"] == pytest.approx(apart[0].mean() - apart[1].mean())
    assert (found.low["treatment × phase"], found.high["treatment × phase"]) == pytest.approx(
        tuple(wanted.confidence_interval())
    )
    means = stats.ttest_ind(drug.mean(axis=1), saline.mean(axis=1))
    assert found.p["treatment"] == pytest.approx(means.pvalue)
    assert found.test["treatment"] == "ANOVA"
    at_end = found.loc["drug - saline (phase after)"]
    assert at_end.estimate == pytest.approx(drug["after"].mean() - saline["after"].mean())
    assert (at_end.n_units, at_end.test) == (12, "permutation (exact)")


def test_time_bins_are_a_factor_and_not_more_animals() -> None:
    table = sessions(12, ["0", "60", "120", "600"]).rename(columns={"phase": "start"})
    table["start"] = table["start"].astype(float)
    found = compare(table, by=["treatment", "start"]).set_index("contrast")
    labels = [f"drug - saline (start {start})" for start in (0, 60, 120, 600)]
    assert found.index.tolist() == ["treatment", "start", "treatment × start", *labels]
    assert (found.n_units == 12).all()
    row = found.loc["start"]
    assert row.test.startswith("repeated-measures ANOVA (Greenhouse-Geisser")
    assert row.df == "3, 30"


def test_spheres_that_are_there_need_no_correction() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4000, 3))
    whole = contrast_effect(
        values, np.zeros(4000, int), np.ones((1, 1)), np.array([[-1.0, 1, 0], [-1, 0, 1]])
    )
    assert whole.epsilon == pytest.approx(1, abs=0.01)
    tilted = values * [1, 1, 20]
    strong = contrast_effect(
        tilted, np.zeros(4000, int), np.ones((1, 1)), np.array([[-1.0, 1, 0], [-1, 0, 1]])
    )
    assert strong.epsilon == pytest.approx(0.5, abs=0.01)


def test_animals_that_lack_a_condition_are_left_out_and_said() -> None:
    table = sessions(12, ["before", "after"]).iloc[1:]
    with pytest.warns(ComparisonNote, match="up to 1 animals have no known value of share in all"):
        found = compare(table, by="phase")
    assert found.n_units[0] == 11
    few = table[(table.phase == "before") | table.animal.isin(["m1", "m2"])]
    with pytest.raises(DataError, match="phase differs within 2 of 11 animals"):
        compare(few, by="phase")


def test_combinations_that_nobody_is_in_are_refused() -> None:
    table = crossed({("wt", "f"): 4, ("wt", "m"): 6, ("het", "f"): 7})
    with pytest.raises(DataError, match="some combinations of genotype and sex have no animal"):
        compare(table, by=["genotype", "sex"])


PUBLISHED = re.compile(
    r"RM ANOVA - (?P<value>[\w ]+?) *\n.*?\| SC Percentage \|(?P<time>.*?)\n"
    r"\| Group \|(?P<group>.*?)\n\| SC Percentage \* Group \|(?P<both>.*?)\n",
    re.S,
)


def test_the_published_gait_of_three_beams(real_data: Path) -> None:
    """Sums of squares, F, p and Greenhouse-Geisser p of six measures, as AutoGaitA printed them."""
    pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    folder = real_data / "gait-beamwalk-autogaita" / "group"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    parts = [
        pd.read_excel(folder / f"{width} mm - Average Group Stepcycles.xlsx").assign(beam=width)
        for width in (5, 12, 25)
    ]
    whole = pd.concat(parts, ignore_index=True).rename(columns={"ID": "animal"})
    whole = whole[whole.animal.isin([15, 17, 18])].reset_index(
        drop=True
    )  # those that crossed all three
    text = (folder / "Stats Summary.txt").read_text()
    published = list(PUBLISHED.finditer(text))
    assert len(published) == 6
    for table in published:
        found = effects(whole, ["SC Percentage", "beam"], table["value"])
        for name, row in {
            "SC Percentage": "time", "beam": "group", "SC Percentage × beam": "both",
        }.items():  # fmt: skip
            ss, df, error, _, f, p, corrected, _, _ = map(float, re.findall(r"[\d.]+", table[row]))
            effect = found[name]
            assert effect.df == (df, error)
            assert effect.ss == pytest.approx(ss, rel=1e-4)
            assert effect.statistic == pytest.approx(f, rel=1e-4)
            assert effect.p_plain == pytest.approx(p, abs=6e-5)
            if row != "both":  # its epsilon of the interaction is below what there can be
                assert effect.p == pytest.approx(corrected, abs=6e-5)


def test_the_published_maze_of_c9_mice(real_data: Path) -> None:
    """24 against 24: 33.7 s and 20.5 s in open arms, and genotype by sex."""
    path = real_data / "endpoint-cohorts-c9-tdp43" / "EPM" / "C9_EPM_standard_harmonised.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    table = pd.read_csv(path, encoding="utf-8-sig").rename(columns={"Section": "behaviour"})
    table = table.rename(columns={"Duration_sec": "duration"})
    found = compare(table, by="genotype", value="duration", test="t").set_index("behaviour")
    opened = table[table.behaviour == "open"].set_index("genotype")["duration"]
    het, wt = (opened[opened.index.str.endswith(name)] for name in (":Het", ":WT"))
    assert (wt.mean().round(1), het.mean().round(1)) == (33.7, 20.5)
    assert found.n_each["open"] == "24 + 24"
    assert found.estimate["open"] == pytest.approx(het.mean() - wt.mean())
    assert found.p["open"] == pytest.approx(stats.ttest_ind(het, wt).pvalue)
    both = compare(table, by=["genotype", "sex"], value="duration").set_index(
        ["behaviour", "contrast"]
    )
    # Cells of twelve: sums of squares add up, whatever their type.
    centre = table[table.behaviour == "centre"]
    cells = centre.groupby(["genotype", "sex"])["duration"]
    inner = np.square(cells.transform(lambda x: x - x.mean())).sum()
    means = cells.mean().unstack()
    crossed = 12 * 4 * (np.diff(np.diff(means)[:, 0]).item() / 4) ** 2
    row = both.loc[("centre", "genotype × sex")]
    assert row.statistic == pytest.approx(crossed / (inner / 44))
    assert row.p == pytest.approx(stats.f.sf(row.statistic, 1, 44))


def test_the_published_clusters_of_stressed_mice(real_data: Path) -> None:
    """13 of 25 clusters at p < 0.05, 2 after Bonferroni; rare clusters are 0 where they are not."""
    folder = real_data / "oft-csi-cohort-ethz"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    metadata = pd.read_csv(folder / "Example_metadata.csv", sep=";")
    rows = []
    for name in metadata["DLCFile"]:
        clusters = pd.read_csv(folder / "CSVinput" / name, sep=";")["kmeans.25"].dropna()
        rows += [(name, f"cluster {k:g}", n) for k, n in clusters.value_counts().items()]
    counts = pd.DataFrame(rows, columns=["DLCFile", "behaviour", "count"])
    assert len(counts) < 59 * 25
    table = counts.merge(metadata, on="DLCFile")
    asked = {"by": "Condition", "value": "count", "test": "mann-whitney", "interval": "none"}
    with pytest.warns(ComparisonNote, match="it was taken as 0 there"):
        found = compare(table, correction="bonferroni", **asked)  # type: ignore[arg-type]
    assert (found.p < 0.05).sum() == 13
    assert (found.p_adjusted < 0.05).sum() == 2
    assert (found.n_units == 59).all()
    usage = counts.pivot(index="DLCFile", columns="behaviour", values="count").fillna(0)
    stressed = metadata.set_index("DLCFile")["Condition"].reindex(usage.index) == "CSI"
    wanted = stats.mannwhitneyu(usage[stressed], usage[~stressed]).pvalue
    np.testing.assert_allclose(found.set_index("behaviour").p[usage.columns], wanted)


def test_the_published_maze_of_tdp_mice_by_genotype_and_sex(real_data: Path) -> None:
    """An animal was taken out, so cells are unequal: what models without each effect leave."""
    name = "TDP_EPM_1.1c_removed_standard_harmonised.csv"
    path = real_data / "endpoint-cohorts-c9-tdp43" / "EPM" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    table = pd.read_csv(path, encoding="utf-8-sig").rename(
        columns={"Section": "behaviour", "Duration_sec": "duration"}
    )
    opened = table[table.behaviour == "open"]
    cells = opened.groupby(["genotype", "sex"]).size()
    assert cells.nunique() > 1
    found = compare(table, by=["genotype", "sex"], value="duration").set_index(
        ["behaviour", "contrast"]
    )
    one = np.where(opened.genotype == opened.genotype.min(), -1, 1)
    two = np.where(opened.sex == "f", -1, 1)
    columns = {"genotype": one, "sex": two, "genotype × sex": one * two}

    def left(names: list[str]) -> float:
        model = np.stack([np.ones(len(opened)), *(columns[n] for n in names)], axis=1)
        return float(np.linalg.lstsq(model, opened.duration.to_numpy(), rcond=None)[1].item())

    whole, free = left([*columns]), len(opened) - 4
    for effect in columns:
        f = (left([n for n in columns if n != effect]) - whole) / (whole / free)
        row = found.loc[("open", effect)]
        assert (row.n_units, row.df) == (len(opened), f"1, {free}")
        assert row.statistic == pytest.approx(f)
        assert row.p == pytest.approx(stats.f.sf(f, 1, free))
