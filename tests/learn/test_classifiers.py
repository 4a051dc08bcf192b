"""Classifiers: what is learnt, predicted, kept and refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.errors import DataError
from ethoflow.exporting.declare import ExportNote
from ethoflow.learn import boosting
from ethoflow.learn.scoring import calibration
from ethoflow.learn.training import HeldOut
from tests.conftest import no_compute
from tests.learn.worlds import QUICK, as_labels, bursts

ensemble = pytest.importorskip("sklearn.ensemble", reason="training needs scikit-learn")


@pytest.fixture(scope="module")
def world():
    return bursts()


@pytest.fixture(scope="module")
def classifier(world):
    return ef.learn.fit(*world, "running", settings=QUICK, folds=3)


def value_of(classifier, measure):
    scores = classifier.scores
    return float(scores[scores.measure == measure].value.iloc[0])


def test_what_is_there_to_learn_is_learnt(classifier, world):
    assert value_of(classifier, "f1") > 0.9
    row = classifier.scores[classifier.scores.measure == "f1"].iloc[0]
    assert row.low < row.value < row.high
    found = classifier.predict(world[0])
    assert float((found.running == world[1].running).mean()) > 0.9
    assert found.running.attrs["kind"] == "label"
    assert (
        0 <= float(found.running_probability.min()) <= float(found.running_probability.max()) <= 1
    )
    assert classifier.trained_on["labels"]["running"]["frames"] == 1500


def test_trees_say_what_scikit_learn_says():
    random = np.random.default_rng(3)
    x = random.normal(size=(800, 6))
    x[random.random(x.shape) < 0.2] = np.nan
    y = (np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1]) ** 2 > 1).astype(int)
    model = ensemble.HistGradientBoostingClassifier(max_iter=20, early_stopping=False)
    with boosting._threads_for(len(x)):
        model.fit(x, y)
    start = float(np.ravel(model._baseline_prediction)[0])
    trees = boosting._as_arrays([one.nodes for (one,) in model._predictors], start)
    ours = boosting.probability(trees, x.T)
    np.testing.assert_allclose(ours, model.predict_proba(x)[:, 1], atol=1e-12)


def test_bins_are_undone_exactly():
    random = np.random.default_rng(4)
    x = random.normal(size=(3000, 3)).astype(np.float32)
    x[::7, 1] = np.nan
    edges = [boosting._edges(column) for column in x.astype(float).T]
    y = (x[:, 0] > 0.3).astype(int)
    model = ensemble.HistGradientBoostingClassifier(max_iter=5, early_stopping=False)
    coded = boosting._in_bins(x, edges)
    with boosting._threads_for(len(x)):
        model.fit(coded, y)
    start = float(np.ravel(model._baseline_prediction)[0])
    trees = [boosting._unbinned(one.nodes, edges) for (one,) in model._predictors]
    ours = boosting.probability(boosting._as_arrays(trees, start), x.T)
    np.testing.assert_allclose(ours, model.predict_proba(coded)[:, 1], atol=1e-12)


def test_weights_of_classes_leave_probabilities_right():
    random = np.random.default_rng(5)
    x = random.normal(size=(20_000, 1))
    y = (random.random(20_000) < 0.05).astype(int)  # nothing to learn but that it is rare
    trees = boosting.grow(x, y, settings={"max_iter": 2})
    assert abs(boosting.probability(trees, x.T).mean() - 0.05) < 0.01


@settings(max_examples=12, deadline=None)
@given(chunk=st.integers(1, 1600))
def test_chunks_do_not_show(chunk, world, classifier):
    whole = classifier.predict(world[0])
    with no_compute():
        lazy = classifier.predict(world[0].chunk(time=max(chunk, 40)))
    xr.testing.assert_identical(lazy.compute(), whole)


def test_a_recording_alone_is_what_it_is_in_a_cohort():
    poses, labels = bursts(n_recordings=3, n_frames=800)
    made = ef.learn.fit(poses, labels, "running", settings=QUICK, folds=3)
    assert made.model.recipe["plan"]["by"] == "recording"
    whole = made.predict(poses)
    one = made.predict(poses.isel(recording=1))
    xr.testing.assert_equal(whole.isel(recording=1).running, one.running)


def test_it_is_kept_without_pickles_and_opened_the_same(classifier, world, tmp_path):
    kept = classifier.save(tmp_path / "running")
    again = ef.learn.open_classifier(tmp_path / "running")
    assert again.digest == kept.digest == classifier.digest
    xr.testing.assert_identical(again.predict(world[0]), classifier.predict(world[0]))
    assert again.recipe == classifier.recipe
    assert value_of(again, "f1") == value_of(classifier, "f1")
    names = {path.name for path in (tmp_path / "running").rglob("*") if path.is_file()}
    assert not [name for name in names if name.endswith((".pkl", ".joblib", ".npy", ".pt"))]


def test_what_was_learnt_from_tells_classifiers_apart(world):
    one = ef.learn.fit(*world, "running", settings=QUICK, folds=0)
    same = ef.learn.fit(*world, "running", settings=QUICK, folds=0)
    poses, labels = bursts(seed=9)
    other = ef.learn.fit(poses, labels, "running", settings=QUICK, folds=0)
    assert one.digest == same.digest != other.digest
    assert one.trained_on["fingerprint"] != other.trained_on["fingerprint"]


def test_labels_may_be_written_to_a_store(classifier, world, tmp_path):
    ef.write(world[0], tmp_path / "c.zarr", group="poses")
    poses = ef.open(tmp_path / "c.zarr")["poses"]
    ef.write(classifier.predict(poses), tmp_path / "c.zarr", group="labels/classifier-x")
    kept = ef.open(tmp_path / "c.zarr")["labels/classifier-x"]
    np.testing.assert_array_equal(
        kept.running.values[0], classifier.predict(world[0]).running.values
    )


def test_unknown_is_where_nothing_is_seen_and_part_of_a_body_is_enough(classifier, world):
    poses = world[0].copy(deep=True)
    poses.position[..., 300:400] = np.nan
    poses.position.loc[{"bodypart": "nose", "time": slice(20, 24)}] = np.nan
    found = classifier.predict(poses)
    assert found.running[0, 301:399].isnull().all()
    assert found.running_probability[0, 301:399].isnull().all()
    assert found.running.sel(time=slice(20, 24)).notnull().all()


def test_unlabelled_frames_are_not_learnt_from(world):
    poses, labels = world
    values = labels.running.values.copy()
    values[:, 700:900] = np.nan
    some = ef.learn.fit(poses, as_labels(poses, values), settings=QUICK, folds=0)
    assert some.trained_on["labels"]["running"]["frames"] == 1300


def test_several_behaviours_need_not_exclude_each_other(world):
    poses, labels = world
    both = labels.assign(moving=labels.running)
    made = ef.learn.fit(poses, both, settings=QUICK, folds=0)
    found = made.predict(poses)
    assert made.behaviours == ("running", "moving")
    np.testing.assert_array_equal(found.running.values, found.moving.values)


def test_labels_of_another_animal_at_that_place_are_refused(world):
    poses, labels = world
    other = labels.assign_coords(animal=("individual", ["B"]))
    with pytest.raises(ef.DataError, match="and of the labels: individual_0 is A and B"):
        ef.learn.fit(poses.assign_coords(animal=("individual", ["A"])), other, folds=0)
    unnamed = labels.assign_coords(animal=("individual", [""]))
    assert ef.learn.fit(poses, unnamed, settings=QUICK, folds=0).behaviours == ("running",)


def test_who_scored_stays_with_what_is_learnt(world):
    poses, labels = world
    two = xr.concat([labels, labels], "rater", coords="minimal", compat="override")
    two = two.assign_coords(rater=["anna", "ben"])
    with pytest.raises(ef.DataError, match="rater='anna'"):
        ef.learn.fit(poses, two, settings=QUICK, folds=0)
    made = ef.learn.fit(poses, two, rater="ben", settings=QUICK, folds=0)
    assert made.trained_on["rater"] == "ben"
    assert made.predict(poses).attrs["trained_on_rater"] == "ben"


def test_a_bout_of_pairs_is_learnt_from_what_two_do():
    made = ef.simulate.simulate_recording(n_individuals=2, duration="3 min", seed=5)
    poses = ef.clean(ef.calibrate(made.tracks, px_per_mm=made.px_per_mm))
    truth = made.truth[["nose_to_nose"]]
    with pytest.warns(ef.learn.LearnNote, match="3 bouts"):  # of both animals, counted once
        found = ef.learn.fit(poses, truth, "nose_to_nose", settings={"max_iter": 30}, folds=3)
    assert found.recipe.of == "pair"
    assert value_of(found, "f1") > 0.8
    labels = found.predict(poses).isel(recording=0)
    assert labels.nose_to_nose.dims == ("individual", "partner", "time")
    assert labels.nose_to_nose.values[[0, 1], [0, 1]].size
    assert np.isnan(labels.nose_to_nose.values[[0, 1], [0, 1]]).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda poses: bursts(fps=30.0)[0], "25 frames per second, and these data have 30"),
        (lambda poses: poses.isel(bodypart=slice(1, None)), "nose"),
    ],
)
def test_other_data_are_refused(change, said, classifier, world):
    with pytest.raises(ef.DataError, match=said):
        classifier.predict(change(world[0]))


def test_other_units_are_refused_where_nobody_knows_how_long_animals_are(world):
    poses, labels = world
    few = poses.isel(bodypart=[3])
    made = ef.learn.fit(few, labels, settings=QUICK, folds=0)
    assert made.recipe.length == "mm"
    px = few.copy()
    px["position"] = px.position.assign_attrs(units="px")
    with pytest.raises(ef.DataError, match="trained on positions in mm, and these are in px"):
        made.predict(px)


def test_px_and_mm_are_one_in_body_lengths(classifier, world):
    px = world[0].copy()
    px["position"] = (px.position * 4).assign_attrs(units="px")
    found, expected = classifier.predict(px), classifier.predict(world[0])
    assert float((found.running == expected.running).mean()) > 0.99


def test_bad_labels_are_refused_with_a_sentence(world):
    poses, labels = world
    cases = [
        (labels * 0, "never there in the 1,500 labelled frames"),
        (labels * 0 + 1, "there in every frame"),
        (labels * np.nan, "no frame of these labels is known"),
        (bursts(n_frames=1700)[1], "1500 frames in the data and 1700 frames in the labels"),
        (labels.assign_coords(recording="other"), "share no recording"),
        (labels.assign_coords(fps=30.0, time=labels.time * 25 / 30), "frames per second"),
        (poses, "there are no labels to learn"),
    ]
    for given_labels, said in cases:
        given_labels = given_labels.copy()
        for name, array in given_labels.data_vars.items():
            if name == "running":
                array.attrs["kind"] = "label"
        with pytest.raises(ef.DataError, match=said):
            ef.learn.fit(poses, given_labels, settings=QUICK)
    with pytest.raises(ef.DataError, match="'walking'"):
        ef.learn.fit(poses, labels, "walking")
    with pytest.raises(TypeError, match="boosting"):
        ef.learn.fit(poses, labels, model="boost")  # type: ignore[arg-type]


def test_mean_f1_counts_laboratories_and_behaviours_alike():
    poses, _ = bursts(n_recordings=2, n_frames=100)
    truth, found = np.zeros((2, 1, 100)), np.zeros((2, 1, 100))
    truth[0, 0, :10] = found[0, 0, :10] = 1  # F1 of 1
    truth[1, 0, :20], found[1, 0, 10:20] = 1, 1  # half of it: F1 of 2/3
    truth[1, 0, 50:], found[1, 0, 50:] = np.nan, 1  # unlabelled: does not count
    people, ours = (as_labels(poses, one).assign_coords(laboratory=("recording", ["x", "y"]))
                    for one in (truth, found))  # fmt: skip
    value, table = ef.learn.mean_f1(people, ours, laboratory="laboratory")
    assert table.f1.tolist() == pytest.approx([1, 2 / 3])
    assert value == pytest.approx(5 / 6)
    again = ef.learn.mean_f1(people, ours.isel(recording=[1, 0]), laboratory="laboratory")
    assert again[1].equals(table)
    others = ours.assign_coords(animal=(("recording", "individual"), [["p"], ["q"]]))
    mine = people.assign_coords(animal=(("recording", "individual"), [["q"], ["p"]]))
    with pytest.raises(DataError, match="other animals of .* sit in the seats"):
        ef.learn.mean_f1(mine, others)
    with pytest.raises(DataError, match="lacks recordings"):
        ef.learn.mean_f1(people, ours.isel(recording=[1]))


def test_calibration_is_that_of_the_frames(world):
    from ethoflow.learn.choices import Choices
    from ethoflow.learn.preparing import prepare

    learnt = prepare(*world, "running", Choices(settings=QUICK))
    (track,) = learnt.tracks
    y = track.states["running"]
    table = calibration(learnt.tracks, {"running": HeldOut([np.where(y == 1, 0.95, 0.05)], [y])})
    seen = table[table.frames > 0]
    assert seen.share.tolist() == [0, 1]
    assert table.brier.iloc[0] == pytest.approx(0.0025)
    assert table.brier_of_share.iloc[0] == pytest.approx(y.mean() * (1 - y.mean()))


def test_the_next_frames_are_uncertain_known_and_of_every_recording(tmp_path):
    poses, labels = bursts(n_recordings=3, n_frames=800)
    poses.position[0, ..., :200] = np.nan
    made = ef.learn.fit(poses, labels, "running", settings=QUICK, folds=0)
    found = ef.learn.next_to_label(made, poses, count=6, length="2 s")
    bouts = ef.find_bouts(found)
    total = found.to_label.sum("time").values.ravel()
    assert total.tolist() == [100, 100, 100]  # two of 50 frames in each
    assert (
        found.to_label.values[0, 0, :200][~np.isnan(found.to_label.values[0, 0, :200])].sum() == 0
    )
    assert set(bouts.recording) == {"m0", "m1", "m2"}
    with pytest.warns(ExportNote, match="unknown"):
        written = ef.export(found, tmp_path / "next", format="BORIS aggregated events")
    assert len(written) == 3
    with pytest.raises(ef.DataError, match="shorter length"):
        ef.learn.next_to_label(made, poses, length="50 s")


def test_features_that_data_have_are_not_taken_for_its_own(classifier, world):
    poses, labels = world
    other = ef.features.smoothed_speed(poses, window="3 s")
    both = poses.assign(smoothed_speed=other)
    xr.testing.assert_identical(
        classifier.predict(both).running_probability, classifier.predict(poses).running_probability
    )
    with pytest.raises(DataError, match="made by smoothed_speed"):
        ef.learn.fit(both, labels, "running", features=["smoothed_speed"], folds=0, settings=QUICK)
    wrong = {"smothed_speed": {"window": "3 s"}}
    with pytest.raises(DataError, match="Did you mean 'smoothed_speed'"):
        ef.learn.fit(poses, labels, "running", parameters=wrong, folds=0, settings=QUICK)


def test_features_of_somebody_else_are_held_to_their_units(world):
    poses, labels = world
    away = abs(poses.position.isel(bodypart=3, space=0, drop=True)).reset_coords(drop=True)
    own = poses.assign(away=away.assign_attrs(units="mm"))
    settings = {"features": ["smoothed_speed", "away"], "folds": 0, "settings": QUICK}
    made = ef.learn.fit(own, labels, "running", **settings)
    assert made.recipe.given == {"away": "body_length"}
    px = own.assign(position=(own.position * 4).assign_attrs(units="px"))
    px["away"] = (own.away * 4).assign_attrs(units="px")
    same = made.predict(px).running == made.predict(own).running
    assert float(same.mean()) > 0.99
    cm = own.assign(away=(own.away / 10).assign_attrs(units="cm"))
    with pytest.raises(DataError, match="away is in cm, and the positions are in mm"):
        made.predict(cm)
    with pytest.raises(DataError, match="away is in cm, and the positions are in mm"):
        ef.learn.fit(cm, labels, "running", **settings)
    speed = own.assign(away=own.away.assign_attrs(units="mm/s"))
    with pytest.raises(DataError, match="on away in body_length, and here it is in body_length/s"):
        made.predict(speed)


@pytest.mark.slow
def test_freezing_is_learnt_from_a_person(real_data):
    folder = real_data / "freezing-behaviordepot/demo1"
    tracks = ef.read(folder / "demo1_tracking.csv", fps=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = ef.read_labels(folder / "hB_demo1_manual_annotations.mat.mat", like=tracks)
    made = ef.learn.fit(ef.clean(tracks), labels, "Freezing")
    assert value_of(made, "f1") > 0.85
    assert made.recipe.length == "body_length"


def test_the_classifier_that_comes_with_ethoflow_is_small_and_fits_any_frame_rate():
    made = ef.learn.open_classifier("immobility")
    folder = Path(made.model.folder)
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 300_000
    for fps in (25.0, 40.0):
        world = ef.simulate.simulate_cohort(
            1, n_individuals=1, duration="1 min", fps=fps, noise=0.4, seed=99
        )
        poses = ef.clean(ef.calibrate(world.tracks, px_per_mm=world.px_per_mm))
        found, truth = made.predict(poses).immobility, world.truth.immobile
        known = truth.notnull() & found.notnull()
        assert float((found == truth).where(known).mean()) > 0.95
