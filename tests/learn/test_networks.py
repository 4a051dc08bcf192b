"""Networks that classify: what is learnt, kept, the same in pieces, and never seen in testing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.errors import DataError, WrongUse
from ethoflow.learn.calibrating import Calibration
from ethoflow.learn.choices import Choices
from ethoflow.learn.folds import split
from ethoflow.learn.models import train
from ethoflow.learn.preparing import prepare
from ethoflow.learn.samples import labelled
from ethoflow.learn.training import hold_out
from tests.conftest import no_compute
from tests.learn.test_leakage import kappa_of, of_chance
from tests.learn.worlds import as_labels, bursts

torch = pytest.importorskip("torch", reason="networks need PyTorch")

SMALL = {"networks": 1, "steps": 30, "width": 16, "every": 10}


@pytest.fixture(scope="module")
def world():
    return bursts()


@pytest.fixture(scope="module")
def classifier(world):
    return ef.learn.fit(*world, "running", model="tcn", settings=SMALL, folds=2)


def test_what_is_there_to_learn_is_learnt_by_a_network(classifier, world):
    scores = classifier.scores.set_index("measure")
    assert scores.value["f1"] > 0.95
    found = classifier.predict(world[0])
    assert float((found.running == world[1].running).mean()) > 0.95
    assert classifier.training.columns.tolist() == ["network", "loss", "held_out", "step"]
    assert classifier.training.loss.iloc[-1] < classifier.training.loss.iloc[0]
    assert classifier.recipe.windows == ()


def test_a_network_is_kept_without_pickles_and_opened_the_same(classifier, world, tmp_path):
    kept = classifier.save(tmp_path / "running")
    again = ef.learn.open_classifier(tmp_path / "running")
    assert again.digest == kept.digest == classifier.digest == again.save(tmp_path / "b").digest
    xr.testing.assert_identical(again.predict(world[0]), classifier.predict(world[0]))
    files = {path.name for path in (tmp_path / "running").rglob("*") if path.is_file()}
    assert files == {"zarr.json", "config.json", "model.safetensors"}


def test_training_goes_on_where_it_was_stopped(world, tmp_path):
    settings = {**SMALL, "networks": 2}
    whole = ef.learn.fit(*world, model="tcn", settings=settings, folds=0)
    again = ef.learn.fit(*world, model="tcn", settings=settings, folds=0, checkpoint=tmp_path / "c")
    files = sorted((tmp_path / "c").glob("*.npz"))
    assert len(files) == 2
    files[1].unlink()  # as if stopped between the two
    resumed = ef.learn.fit(
        *world, model="tcn", settings=settings, folds=0, checkpoint=tmp_path / "c"
    )
    assert whole.digest == again.digest == resumed.digest
    with pytest.raises(DataError, match="differs in seed"):
        ef.learn.fit(
            *world, model="tcn", settings=settings, folds=0, seed=1, checkpoint=tmp_path / "c"
        )
    more = {**settings, "dropout": 0.5}
    with pytest.raises(DataError, match="differs in choices.settings"):
        ef.learn.fit(*world, model="tcn", settings=more, folds=0, checkpoint=tmp_path / "c")
    with pytest.raises(WrongUse, match="it is for model='tcn'"):
        ef.learn.fit(*world, checkpoint=tmp_path / "c")


def test_a_seed_makes_the_same_network(world):
    settings = {**SMALL, "steps": 10}
    one, same, other = (
        ef.learn.fit(*world, model="tcn", settings=settings, folds=0, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one.digest == same.digest != other.digest


def test_chunks_do_not_show_in_what_a_network_says(classifier):
    poses = bursts(n_frames=5000, seed=3)[0]  # more than a tile
    whole = classifier.predict(poses)
    for chunk in (61, 700, 4096):
        with no_compute():
            lazy = classifier.predict(poses.chunk(time=chunk))
        xr.testing.assert_identical(lazy.compute(), whole)


def test_a_network_says_the_same_beside_longer_recordings(classifier):
    alone = [bursts(n_frames=n, seed=n)[0].expand_dims("recording") for n in (300, 5000)]
    padded = [
        one.pad(time=(0, 5000 - one.sizes["time"])).assign_coords(
            time=alone[1].time, recording=[name], n_frames=("recording", [one.sizes["time"]])
        )
        for one, name in zip(alone, "ab", strict=True)
    ]
    cohort = classifier.predict(xr.concat(padded, "recording", join="override", coords="minimal",
                                          compat="override"))  # fmt: skip
    for row, one in enumerate(alone):
        own = cohort.isel(recording=row, time=slice(one.sizes["time"]))
        found = classifier.predict(one).isel(recording=0)
        for name in ("running", "running_probability"):
            np.testing.assert_array_equal(own[name].values, found[name].values)


def test_what_was_tested_is_what_is_predicted(world):
    learnt = prepare(*world, None, Choices(model="tcn", settings={**SMALL, "steps": 10}))
    (track,) = learnt.tracks
    model = train([track], [track.known], ("running",), learnt.plan)
    whole = model.probability(track, track.known)[0]
    own = Calibration(0.4, 0.7)
    put_right = model.calibrated([own]).probability(track, track.known)[0]
    np.testing.assert_allclose(put_right, own.of(whole), atol=1e-5)


def test_behaviours_that_were_labelled_in_other_frames_are_learnt_by_one_network(world):
    poses, labels = world
    running = labels.running.values.copy()
    standing = 1 - running
    running[:, 900:], standing[:, :600] = np.nan, np.nan
    both = as_labels(poses, running).assign(as_labels(poses, standing, "standing").data_vars)
    made = ef.learn.fit(poses, both, model="tcn", settings=SMALL, folds=0)
    found = made.predict(poses)
    counts = {name: one["frames"] for name, one in made.trained_on["labels"].items()}
    assert counts == {"running": 900, "standing": 900}
    assert float((found.running == labels.running).mean()) > 0.95
    assert float((found.standing == 1 - labels.running).mean()) > 0.95


@pytest.mark.slow
def test_labels_without_meaning_are_learnt_at_chance_by_a_network():
    poses = bursts(n_frames=3000)[0]
    labels = of_chance(poses, 1)
    learnt = prepare(poses, labels, "running", Choices(model="tcn", settings=SMALL, folds=3))
    (track,) = learnt.tracks
    folds = split([track.seat], labelled([track], ["running"]), "block", 3, learnt.plan.embargo)
    tested = hold_out([track], ("running",), folds, learnt.plan)[0]["running"]
    assert abs(kappa_of(tested.states[0], track.states["running"])) < 0.2


def test_nothing_of_a_tested_block_is_in_the_network_that_is_tested_on_it(world):
    learnt = prepare(*world, "running", Choices(model="tcn", settings=SMALL))
    (track,) = learnt.tracks
    fold = split([track.seat], labelled([track], ["running"]), "block", 5, learnt.plan.embargo)[2]
    (test,) = fold.test
    state, x = track.states["running"].copy(), track.x.copy()
    state[test], x[:, test] = 1 - state[test], 1e3
    other = dataclasses.replace(track, states={"running": state}, x=x)
    one, two = (train([each], fold.train, ("running",), learnt.plan) for each in (track, other))
    for a, b in zip(one.networks[0].parameters(), two.networks[0].parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(one.networks[0].centre, two.networks[0].centre)


def test_unknown_is_where_nothing_is_seen_also_for_a_network(classifier, world):
    poses = world[0].copy(deep=True)
    poses.position[..., 300:400] = np.nan
    found = classifier.predict(poses)
    assert found.running[0, 302:398].isnull().all()
    assert found.running[0, :290].notnull().all()


def test_what_does_not_fit_a_network_is_refused(classifier, world):
    with pytest.raises(ef.DataError, match="25 frames per second, and these data have 30"):
        classifier.predict(bursts(fps=30.0)[0])
    with pytest.raises(TypeError, match="windows and statistics are what trees look at"):
        ef.learn.fit(*world, model="tcn", windows=["1 s"])
    for wrong, said in (
        ({"width_": 3}, "'width'"),
        ({"networks": 0}, "a whole number from 1 to inf"),
        ({"held_out": 0.9}, "held_out is a number from 0 to 0.5"),
    ):
        with pytest.raises(TypeError, match=said):
            ef.learn.fit(*world, model="tcn", settings=wrong)


def test_what_two_do_is_told_by_a_network():
    made = ef.simulate.simulate_recording(n_individuals=2, duration="40 s", seed=5)
    labels = made.truth[["nose_to_nose"]].copy(deep=True)
    labels.nose_to_nose[:, [0, 1], [1, 0], 300:420] = 1
    with pytest.warns(ef.learn.LearnNote):
        found = ef.learn.fit(made.tracks, labels, model="tcn", settings=SMALL, folds=0)
    assert found.recipe.of == "pair"
    whole = found.predict(made.tracks).nose_to_nose
    assert np.isnan(whole.values[0, [0, 1], [0, 1]]).all()
    lazy = found.predict(made.tracks.chunk(time=130)).nose_to_nose.compute()
    xr.testing.assert_identical(lazy, whole)
