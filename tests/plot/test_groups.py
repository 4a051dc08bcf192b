"""Pictures of groups: their points and numbers are those of the tests."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef


def cages(seed: int = 0) -> pd.DataFrame:
    """A budget of six cages of two animals, half of them treated."""
    rng = np.random.default_rng(seed)
    rows = [
        {"recording": f"r{c}{a}", "animal": f"m{c}{a}", "cage": f"c{c}", "behaviour": b,
         "treatment": "drug" if c > 2 else "control", "share": float(rng.uniform(0, 0.5))}
        for c in range(6) for a in range(2) for b in ("grooming", "rearing")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_points_are_the_means_of_units() -> None:
    table = cages()
    picture = ef.plot.comparison(table, by="treatment")
    expected = table.groupby(["behaviour", "cage"])["share"].mean()
    found = picture.data.set_index(["behaviour", "cage"])["value"]
    pd.testing.assert_series_equal(found.sort_index(), expected.sort_index(), check_names=False)
    apart = picture.data.groupby(["behaviour", "group"])["value"].mean().unstack()
    tested = ef.stats.compare(table, by="treatment").set_index("behaviour")["estimate"]
    np.testing.assert_allclose(apart["drug"] - apart["control"], tested.loc[apart.index])


def test_what_cannot_be_compared_has_no_picture() -> None:
    one = cages().assign(treatment="drug")
    with pytest.raises(ef.DataError):
        ef.plot.comparison(one, by="treatment")
    with pytest.raises(ef.DataError, match="no behaviour 'groming'"):
        ef.plot.comparison(cages(), by="treatment", behaviours=["groming"])


def test_differences_are_those_of_the_table() -> None:
    found = ef.stats.compare(cages(), by="treatment")
    picture = ef.plot.differences(found, value="share")
    paths = [layer for layer in picture.figure if type(layer).__name__ == "Points"]
    shown = [float(layer.data.iloc[0, 0]) for layer in paths]
    np.testing.assert_allclose(shown, 100 * found.estimate)
    with pytest.raises(ef.DataError, match="contrast"):
        ef.plot.differences(cages())


def test_trends_are_means_of_the_units_that_were_observed() -> None:
    table = pd.concat(
        [cages(k).assign(bin=k, start=100.0 + 60 * k, stop=160.0 + 60 * k) for k in range(3)]
    ).reset_index(drop=True)
    gone = (table["cage"] == "c5") & (table["bin"] == 1)
    table.loc[gone, "share"] = np.nan
    found = ef.plot.trends(table, by="treatment").data.set_index(["behaviour", "group", "bin"])
    assert found.loc[("grooming", "drug", 1), "n_units"] == 2
    assert found.loc[("grooming", "control", 1), "n_units"] == 3
    own = table[(table.behaviour == "grooming") & (table.treatment == "drug") & (table.bin == 1)]
    expected = own.groupby("cage")["share"].mean().mean()
    assert found.loc[("grooming", "drug", 1), "mean"] == pytest.approx(expected)
    assert found.loc[("grooming", "drug", 0), "start"] == 0
    with pytest.raises(ef.DataError, match="'bin'"):
        ef.plot.trends(cages(), by="treatment")


def test_what_an_animal_never_showed_does_not_count_in_its_row() -> None:
    bouts = pd.DataFrame(
        {"animal": ["m1"] * 4 + ["m2"] * 2, "behaviour": [*"abacab"], "start": [0, 1, 2, 3, 0, 1],
         "stop": [1, 2, 3, 4, 1, 2]}
    ).assign(behaviour=[*"abac", *"ab"])  # fmt: skip
    table = ef.stats.transitions(bouts)
    means = ef.plot.transition_matrix(table).data.set_index(["origin", "target"])
    assert means.loc[("a", "b"), "probability"] == pytest.approx((0.5 + 1.0) / 2)
    assert means.loc[("b", "a"), "n_animals"] == 1  # of m2 nothing followed b
    assert np.isnan(means.loc[("c", "a"), "probability"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(ef.plot.transition_graph(table).data) == len(means)
