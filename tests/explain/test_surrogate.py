"""Reasons of labels whose reason is known by construction."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.errors import DataError
from ethoflow.explain import ExplainNote, surrogate
from ethoflow.explain.rows import with_any
from ethoflow.learn.samples import LearnNote
from ethoflow.plot.save import still_of
from tests.conftest import no_compute
from tests.explain.worlds import clusters, column, labels, matrix

pytest.importorskip("sklearn", reason="training needs scikit-learn")

QUICK = {"settings": {"max_iter": 12, "max_depth": 4}, "folds": 3}


@pytest.fixture(scope="module")
def planted():
    """Running is a high speed, crouching a low span, middling a span in between; luck is noise."""
    x = matrix(treatment=("recording", np.array(["saline", "drug"] * 2, object)))
    speed, span = column(x, "speed"), column(x, "span")
    luck = matrix(seed=9).sel(feature="noise").values > 0
    flags = {"running": speed > 60, "crouching": span < 38, "middling": abs(span - 40) < 2,
             "luck": luck}  # fmt: skip
    own = labels(x, **flags)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExplainNote)
        found = surrogate(x, own, max_rows=2400, **QUICK)
        saline = surrogate(x, own, "running", max_rows=2400, reference={"treatment": "saline"},
                           **QUICK)  # fmt: skip
    return x, own, found, saline


def test_the_planted_feature_comes_first_with_its_direction(planted) -> None:
    _, _, found, _ = planted
    first = found.reasons[found.reasons["rank"] == 1].set_index("behaviour")
    assert {first.loc["running", "feature"], first.loc["running", "also"]} == {
        "speed", "copy of speed"
    }  # fmt: skip
    assert first.direction.to_dict() == {
        "running": "high", "crouching": "low", "middling": "between"
    }  # fmt: skip
    assert first.loc["crouching", "feature"] == "span"
    assert (first["share"] > 0.85).all()
    assert "noise" not in set(found.reasons.loc[found.reasons["share"] > 0.1, "feature"])
    words = found.words("crouching")[0]
    assert words.startswith("span: low (3")
    assert "mm against 4" in words


def test_medians_are_those_of_all_frames(planted) -> None:
    """The sample is even in time and weighs as the frames it stands for."""
    x, own, found, _ = planted
    row = found.reasons.set_index(["behaviour", "rank"]).loc[("crouching", 1)]
    span, there = column(x, "span"), own.crouching.values == 1
    assert row["here"] == pytest.approx(np.median(span[there]), abs=0.5)
    assert row["elsewhere"] == pytest.approx(np.median(span[~there]), abs=0.5)
    scores = found.scores.set_index("behaviour")
    assert scores.loc["crouching", "share"] == pytest.approx(there.mean())
    assert scores.loc["crouching", "frames"] == there.sum()


def test_a_label_that_is_not_told_has_no_reasons(planted) -> None:
    _, _, found, _ = planted
    score = found.scores.set_index("behaviour").loc["luck"]
    assert not score["explains"]
    assert score["auc"] < 0.65
    assert "luck" not in set(found.reasons["behaviour"])
    (said,) = found.words("luck")
    assert said.startswith("luck is not explained")
    assert "not told in frames that were held out" in said  # blocks of time, in one recording
    with pytest.raises(ef.DataError, match="luck is not explained"):
        ef.plot.shap_beeswarm(found, "luck")


def test_sample_adds_up_and_the_background_is_real_and_stated(planted) -> None:
    x, _, found, saline = planted
    sample = found.sample
    known = {tuple(row) for row in x.stack(row=("recording", "individual", "time")).T.values}
    assert {tuple(row) for row in sample.value.T.values} <= known
    assert float(sample.weight.sum()) == x.sizes["recording"] * x.sizes["time"]
    assert "4 recordings (all recordings)" in sample.background
    assert "2 recordings (treatment saline)" in saline.background
    ours = saline.sample
    own = np.isin(ours.recording.values, ["m0", "m2"])
    total = ours["shap"][0].sum("feature") + ours.base[0]
    w = ours.weight.values[own]
    assert float(ours.base[0]) == pytest.approx(np.average(total[own], weights=w), abs=1e-4)
    assert float(ours.base[0]) != pytest.approx(float(sample.base[0]), abs=1e-3)


def test_a_beeswarm_is_coloured_by_the_values(planted) -> None:
    picture = ef.plot.shap_beeswarm(planted[2], "running", n=1)
    arrays = [dots.get_array() for axis in still_of(picture).axes for dots in axis.collections]
    (levels,) = [one for one in arrays if one is not None]
    assert np.ptp(levels) > 0.9
    drawn = picture.data
    assert drawn.groupby(drawn["label"] == 1)["shap"].mean().diff().iloc[-1] > 1
    assert np.corrcoef(drawn["level"], drawn["shap"])[0, 1] > 0.5


def test_values_of_recordings_are_lazy_and_the_same_in_any_chunks(planted) -> None:
    x, _, found, _ = planted
    gap = x.where((x.time > 2) | (x.feature != "span"))
    whole = found.shap(gap, "running")
    assert whole.dims == ("recording", "individual", "feature", "time")
    with no_compute():
        lazy = found.shap(gap.copy(data=gap.chunk(time=170, recording=1).data), "running")
    xr.testing.assert_identical(lazy.compute(), whole)
    assert np.isnan(whole.values[..., :51]).all()
    assert np.isfinite(whole.values[..., 51:]).all()
    sample = found.sample.sel(behaviour="running")
    at = sample.isel(row=500)
    there = whole.sel(recording=str(at.recording.values), time=float(at.time)).isel(individual=0)
    np.testing.assert_array_equal(there.values, at["shap"].values)


def test_values_that_do_not_add_up_are_refused(planted) -> None:
    x, _, found, _ = planted
    broken = {**found.model.arrays, "b0_base": found.model["b0_base"] + 0.01}
    wrong = replace(found, model=replace(found.model, arrays=broken))
    with pytest.raises(ef.DataError, match="add up to something else"):
        wrong.shap(x, "running")
    with pytest.raises(ef.DataError, match="other features"):
        found.shap(x.isel(feature=[0, 1, 2]), "running")


def test_what_is_missing_is_unknown_and_told() -> None:
    x = matrix(seed=3)
    running = column(x, "speed") > 60
    x = x.where(~((x.feature == "span") & (xr.DataArray(running, dims=(
        "recording", "individual", "time")) & (x.time < 8))))  # fmt: skip
    x = x.where((x.feature != "noise") | (x.time < 1))
    unknown = np.where(np.arange(600) % 2, np.nan, running)
    own = labels(x, running=unknown)
    with pytest.warns(ExplainNote) as said:
        found = surrogate(x, own, max_rows=1200, **QUICK)
    text = " ".join(str(one.message) for one in said)
    assert "noise: known in less than half" in text
    assert "a feature is missing" in text
    assert 0.2 < found.scores["lost"].iloc[0] < 0.6
    assert found.rows.names == ("speed", "copy of speed", "span")
    assert np.isfinite(found.rows.x).all()
    frames = np.concatenate([track.frames for track in found.rows.tracks])
    assert (frames % 2 == 0).all()


def test_what_cannot_be_explained_is_a_sentence() -> None:
    x = matrix(n_recordings=2, n_frames=120)
    speed = column(x, "speed")
    with pytest.raises(ef.DataError, match="always is shown in every frame"):
        surrogate(x, labels(x, always=np.ones_like(speed)), **QUICK)
    rare = np.zeros_like(speed)
    rare[0, 0, -10:] = 1
    with pytest.raises(ef.DataError, match="rare has 10 frames with it"):
        surrogate(x, labels(x, rare=rare), **QUICK)
    with pytest.raises(ef.DataError, match="no frame of these labels is known"):
        surrogate(x, labels(x, rare=np.full_like(speed, np.nan)), **QUICK)
    alone = x.isel(recording=[0])
    fast = column(alone, "speed") > np.median(column(alone, "speed"))
    with pytest.raises(ef.DataError, match="too short to test"):
        surrogate(alone, labels(alone, fast=fast), embargo="4 s", **QUICK)
    with pytest.raises(ef.DataError, match="no recording has treatment|no metadata"):
        surrogate(x, labels(x, fast=speed > 50), reference={"treatment": "x"}, **QUICK)
    two = matrix(n_recordings=2, n_individuals=2, n_frames=120)
    whole = labels(two, huddling=column(two, "speed") > 50).isel(individual=0, drop=True)
    with pytest.raises(ef.DataError, match="huddling is of all animals together"):
        surrogate(two, whole, **QUICK)
    with pytest.raises(ef.DataError, match="give poses, or what"):
        surrogate(x.drop_vars("unit"), labels(x, fast=speed > 50), **QUICK)


def test_one_recording_is_tested_on_blocks() -> None:
    x = matrix(n_recordings=1, n_frames=1500)
    found = surrogate(x, labels(x, fast=column(x, "speed") > 60), max_rows=1500, **QUICK)
    assert found.model.recipe["held_out"] == "block"
    assert found.scores["auc"].iloc[0] > 0.95


def test_deep_trees_are_refused() -> None:
    x = matrix(n_recordings=2, n_frames=100)
    with pytest.raises(Exception, match="max_depth is 1 to 8"):
        surrogate(x, labels(x, a=column(x, "speed") > 50), settings={"max_depth": 9})


def test_cards_count_what_is_never_shown_as_none() -> None:
    groups = np.array(["a", "b"] * 3, object)
    x = matrix(n_recordings=6, n_frames=300, n_individuals=2, treatment=("recording", groups))
    x[:2, :, 2] += 40  # the first two recordings never crouch
    speed, span = column(x, "speed"), column(x, "span")
    codes = np.where(span < 38, 2, np.where(speed > 60, 1, 0))
    found = clusters(x, codes, ["rest", "run", "crouch"])
    rule = labels(x, fast=codes == 1)
    model = surrogate(x, found, max_rows=1500, **QUICK)
    made = ef.explain.cards(model, found, by="treatment", unit="recording", beside={"rules": rule})
    use = made.units.set_index(["behaviour", "unit"])["usage"]
    assert use.loc["crouch"].reindex(["m0", "m1"]).tolist() == [0.0, 0.0]
    for name, code in (("rest", 0), ("run", 1), ("crouch", 2)):
        shares = (codes == code).mean(axis=(1, 2))
        assert use.loc[name].to_numpy() == pytest.approx(shares, abs=1e-6)
    over = made.overlap.set_index("behaviour")
    assert over.loc["run", "share"] == 1
    assert over.loc["crouch", "share"] == 0
    assert over.loc["run", "bits"] == pytest.approx(-np.log2((codes == 1).mean()), rel=0.01)
    assert over.loc["run", "enrichment"] == pytest.approx(1 / (codes == 1).mean(), rel=0.01)
    assert set(made.nearest.loc[made.nearest["behaviour"] == "run", "nearest"]) == {
        "rest", "crouch"
    }  # fmt: skip
    table = made.examples
    assert list(table.columns[:4]) == ["recording", "start", "stop", "label"]
    for row in table.itertuples():
        at = [int(row.recording[1:]), int(row.individual[-1])]
        own = codes[at[0], at[1], round(row.start * 25) : round(row.stop * 25)]
        assert (own == ["rest", "run", "crouch"].index(row.label)).all()
    assert made.bouts["n"].gt(0).all()
    assert len(made.table) == 3
    with pytest.raises(ef.DataError, match="no card"):
        made.of("fly")
    assert len(ef.plot.cluster_card(made, "run").data)


def test_cards_are_of_one_rater_and_of_every_animal() -> None:
    """Animals that are only counted are others in every recording; two raters are not mixed."""
    x = matrix(n_recordings=3, n_frames=300, n_individuals=2)
    slots = np.array([["track_0", "track_1"]] * 3, object)
    x = x.assign_coords(animal=(("recording", "individual"), slots))
    own = labels(x, fast=column(x, "speed") > 60)
    raters = xr.DataArray(np.array(["ann", "bob"], object), dims="rater", name="rater")
    both = xr.concat([own, own.map(lambda one: one * 0, keep_attrs=True)], raters)
    model = surrogate(x, both, rater="ann", max_rows=900, **QUICK)
    made = ef.explain.cards(model, both)
    assert made.usage["n_units"].tolist() == [6]
    shares = own.fast.mean("time").values.ravel()
    assert sorted(made.units["usage"]) == pytest.approx(sorted(shares), abs=1e-6)


def test_a_pair_label_with_any_other_stays_unknown() -> None:
    """With b known to be no, and c not known: nobody knows of any; who is not there counts not."""
    names = np.array(["a", "b", "c"], object)
    with_whom = np.zeros((2, 3, 3, 2))
    with_whom[:, range(3), range(3)] = np.nan
    with_whom[0, 0, 1, 0] = 1
    with_whom[0, 0, 2] = np.nan
    with_whom[1, 2], with_whom[1, :, 2] = np.nan, np.nan
    animals = np.array([["a", "b", "c"], ["d", "e", ""]], object)
    ds = xr.Dataset(
        {"follows": (("recording", "individual", "partner", "time"), with_whom)},
        {"individual": names, "partner": names, "animal": (("recording", "individual"), animals)},
    )
    found = with_any(ds).follows.transpose("recording", "individual", "time").values
    np.testing.assert_array_equal(found[0], [[1, np.nan], [0, 0], [0, 0]])
    np.testing.assert_array_equal(found[1], [[0, 0], [0, 0], [np.nan, np.nan]])
    alone = with_any(ds.assign_coords(animal=(("recording", "individual"), [["a", "", ""]] * 2)))
    assert np.isnan(alone.follows.sel(individual="a").isel(recording=1)).all()


def test_labels_of_other_recordings_are_told() -> None:
    x = matrix(n_recordings=3)
    own = labels(x, fast=column(x, "speed") > 60)
    with pytest.warns(LearnNote, match="not learnt from"):
        surrogate(x.isel(recording=slice(2)), own, max_rows=600, **QUICK)


def test_a_pair_label_goes_by_names_whatever_the_order() -> None:
    """Animals in another order than their partners are the same animals."""
    names = np.array(["a", "b"], object)
    with_whom = np.full((2, 2, 3), np.nan)
    with_whom[0, 1], with_whom[1, 0] = [1, 0, np.nan], [0, 0, 1]
    ds = xr.Dataset(
        {"follows": (("individual", "partner", "time"), with_whom)},
        {"individual": names, "partner": names, "animal": ("individual", names)},
    )
    wanted = with_any(ds).follows
    for places in ({"individual": [1, 0]}, {"partner": [1, 0]}):
        found = with_any(ds.isel(places)).follows.sel(individual=names)
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(wanted, with_whom[[0, 1], [1, 0]])
    alone = with_any(ds.isel(individual=[0])).follows
    np.testing.assert_array_equal(alone, wanted[:1])


def test_cards_are_of_the_labels_that_are_explained(planted) -> None:
    _, own, found, _ = planted
    turned = own.map(lambda one: 1 - one, keep_attrs=True)
    with pytest.raises(DataError, match=r"not the labels .* \(running: 100.0% of its frames"):
        ef.explain.cards(found, turned)
    with pytest.raises(DataError, match=r"crouching: there is none"):
        ef.explain.cards(found, own[["running"]])
    with pytest.warns(ExplainNote, match="usage and bouts are of the 2 recordings of the labels"):
        fewer = ef.explain.cards(found, own.isel(recording=slice(2)))
    assert set(fewer.usage["n_units"]) == {2}
    mixed = ef.explain.cards(found, own.isel(recording=[2, 0, 3, 1]))
    pd.testing.assert_frame_equal(
        mixed.usage.sort_values("behaviour"), ef.explain.cards(found, own).usage
        .sort_values("behaviour")
    )  # fmt: skip


def test_a_saved_surrogate_explains_on_as_it_was(planted, tmp_path) -> None:
    x, own, found, _ = planted
    kept = found.save(tmp_path / "why")
    again = ef.explain.load(tmp_path / "why")
    for other in (kept, again):
        pd.testing.assert_frame_equal(other.scores, found.scores)
        pd.testing.assert_frame_equal(other.reasons, found.reasons)
        xr.testing.assert_identical(other.sample, found.sample)
        assert other.model.digest == found.model.digest
    lazy = again.shap(x.chunk(time=100), "running")
    xr.testing.assert_identical(lazy.compute(), found.shap(x, "running"))
    beside = {"rules": own[["crouching"]]}
    one, other = (ef.explain.cards(s, own, beside=beside) for s in (found, again))
    for name in ("usage", "units", "bouts", "overlap", "nearest", "examples"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert not list(tmp_path.rglob("*.pkl"))
    with pytest.raises(DataError, match="there is no model in"):
        ef.explain.load(tmp_path)
    with pytest.raises(DataError, match="these data lack noise"):
        again.shap(x.sel(feature=["speed", "copy of speed", "span"]), "running")


def test_a_surrogate_of_another_version_or_other_features_is_refused(tmp_path) -> None:
    poses = ef.calibrate(
        ef.simulate.simulate_cohort(2, n_individuals=1, duration="20 s", seed=1).tracks,
        px_per_mm=1.6,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExplainNote)
        found = surrogate(poses, ef.annotate(poses, ["moving"]), features=["speed"], window=None,
                          folds=2, max_rows=400, settings={"max_iter": 5})  # fmt: skip
    assert list(found.model.recipe["made_of"]) == ["speed", "velocity"]
    saved = found.save(tmp_path / "why")
    older = replace(saved.model, recipe={**saved.model.recipe, "format": "ethoflow surrogate 0"})
    older.save(tmp_path / "older")
    with pytest.raises(DataError, match="'ethoflow surrogate 0'.*fit the surrogate again"):
        ef.explain.load(tmp_path / "older")
    recipe = saved.model.recipe
    changed = {**recipe["made_of"], "velocity": [99, ""]}
    replace(saved.model, recipe={**recipe, "made_of": changed}).save(tmp_path / "changed")
    with pytest.raises(DataError, match="velocity is not computed as it was"):
        ef.explain.load(tmp_path / "changed")
    own = {**recipe["made_of"], "sniffiness": [1, "ab"]}
    replace(saved.model, recipe={**recipe, "made_of": own}).save(tmp_path / "own")
    with pytest.raises(DataError, match="fitted on sniffiness, and no such feature is declared"):
        ef.explain.load(tmp_path / "own")


def test_clusters_of_pairs_are_explained_for_two_and_never_mixed_for_more() -> None:
    """Of two animals a cluster is that with the other; of three there may be two at once."""
    x = matrix(n_recordings=3, n_frames=300, n_individuals=2)
    fast = (column(x, "speed") > 60).astype(np.float32)
    names = x.individual.values
    codes = np.full((3, 2, 2, 300), np.nan, np.float32)
    codes[:, 0, 1], codes[:, 1, 0] = fast[:, 0], fast[:, 1]
    own = clusters(x, fast, ["calm", "wild"])
    dims = ("recording", "individual", "partner", "time")
    pairs = own.drop_vars("cluster").assign_coords(partner=names)
    pairs = pairs.assign(cluster=(dims, codes, own.cluster.attrs))
    one, other = (surrogate(x, c, max_rows=900, **QUICK) for c in (own, pairs))
    for name in ("calm", "wild"):
        np.testing.assert_array_equal(one.rows.states[name], other.rows.states[name])
    pd.testing.assert_frame_equal(one.reasons, other.reasons)

    trio = np.array(["a", "b", "c"], object)
    codes = np.full((3, 3, 4), 1.0)
    codes[range(3), range(3)] = np.nan
    codes[0, 2] = 2
    three = xr.Dataset(
        {"cluster": (("individual", "partner", "time"), codes, {"kind": "category"})},
        {"individual": trio, "partner": trio},
    )
    with pytest.raises(DataError, match="a category with each of several others"):
        with_any(three)
    with_c = with_any(three.sel(partner=["c"])).cluster
    np.testing.assert_array_equal(with_c[:, 0], [2, 1, np.nan])
