"""Nothing of a tested frame is known in training: the worst fault a score can have."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest

import ethoflow as ef
from ethoflow.learn.choices import Choices
from ethoflow.learn.deciding import Decision
from ethoflow.learn.folds import Fold, Seat, choose_by, split
from ethoflow.learn.preparing import prepare
from ethoflow.learn.samples import labelled
from ethoflow.learn.training import cross_validate, out_of_fold
from tests.learn.worlds import QUICK, as_labels, bursts

pytest.importorskip("sklearn", reason="training needs scikit-learn")


def of_chance(poses, seed):
    """Labels in bouts that have nothing to do with the data."""
    random = np.random.default_rng(seed)
    n = poses.sizes["time"]
    state = np.repeat(np.arange(n) % 2, random.integers(15, 60, n))[:n]
    return as_labels(poses, state[None].astype(float))


def kappa_of(x, y):
    known = (x >= 0) & (y >= 0)
    x, y = x[known], y[known]
    chance = x.mean() * y.mean() + (1 - x.mean()) * (1 - y.mean())
    return ((x == y).mean() - chance) / (1 - chance)


def test_labels_without_meaning_are_learnt_at_chance_and_shuffled_frames_would_not_show_it():
    poses, _ = bursts(n_frames=3000)
    learnt = prepare(poses, of_chance(poses, 1), "running", Choices(settings=QUICK))
    (track,) = learnt.tracks
    tested = cross_validate(learnt.tracks, ("running",), learnt.plan)[0]["running"]
    honest = kappa_of(tested.states[0], track.states["running"])
    place = np.random.default_rng(0).permutation(track.x.shape[-1]) % 5
    shuffled = [Fold((place != k,), (place == k,)) for k in range(5)]
    leaky = out_of_fold(learnt.tracks, ("running",), shuffled, learnt.plan)["running"][0]
    dishonest = kappa_of(Decision().states(leaky), track.states["running"])
    assert abs(honest) < 0.15
    assert dishonest > 0.4  # the windows of neighbours overlap: what blocks are for


def test_labels_of_a_tested_block_change_nothing_that_is_said_of_it():
    poses, labels = bursts()
    learnt = prepare(poses, labels, "running", Choices(settings=QUICK))
    (track,) = learnt.tracks
    fold = split([track.seat], labelled(learnt.tracks, ["running"]), "block", 5,
                 learnt.plan.embargo)[2]  # fmt: skip
    state = track.states["running"].copy()
    state[fold.test[0]] = 1 - state[fold.test[0]]
    other = dataclasses.replace(track, states={"running": state})
    one, two = (
        cross_validate([each], ("running",), learnt.plan)[0]["running"] for each in (track, other)
    )
    own = fold.test[0]
    np.testing.assert_array_equal(one.probability[0][own], two.probability[0][own])
    np.testing.assert_array_equal(one.states[0][own], two.states[0][own])
    assert (one.probability[0][~own] != two.probability[0][~own]).any()


def test_numbers_of_a_tested_block_change_nothing_elsewhere_in_it():
    """Scales and bins are made of training frames alone."""
    poses, labels = bursts()
    learnt = prepare(poses, labels, "running", Choices(settings=QUICK))
    (track,) = learnt.tracks
    folds = split([track.seat], labelled([track], ["running"]), "block", 5, learnt.plan.embargo)
    own = np.flatnonzero(folds[0].test[0])
    x = track.x.copy()
    x[:, own[10:]] *= 1e6
    other = dataclasses.replace(track, x=x)
    one, two = (
        out_of_fold([each], ("running",), folds[:1], learnt.plan)["running"][0]
        for each in (track, other)
    )
    np.testing.assert_array_equal(one[own[:10]], two[own[:10]])


@pytest.mark.parametrize("windows", [["0.4 s"], ["1 s", "3 s"]])
def test_no_frame_is_in_a_window_of_training_and_in_one_of_testing(windows):
    poses, labels = bursts()
    learnt = prepare(poses, labels, "running", Choices(windows=windows))
    (track,) = learnt.tracks
    for fold in split([track.seat], [track.known], "block", 5, learnt.plan.embargo):
        train, test = (np.flatnonzero(mask[0]) for mask in (fold.train, fold.test))
        assert np.abs(train[:, None] - test).min() > learnt.plan.embargo
    # and the embargo is as far as two frames can rest on one: a change shows within half of it
    moved = poses.copy(deep=True)
    moved.position[..., 700] += 30
    other = prepare(moved, labels, "running", Choices(windows=windows)).tracks[0]
    changed = np.flatnonzero(~np.isclose(track.x, other.x, equal_nan=True).all(axis=0))
    assert 2 * np.abs(changed - 700).max() <= learnt.plan.embargo
    longest = float(windows[-1].split()[0]) * 25
    assert learnt.plan.embargo >= longest


def test_recordings_and_animals_are_never_on_both_sides():
    seats = [Seat("r1", ("a",)), Seat("r1", ("b",)), Seat("r2", ("b",)), Seat("r3", ("c",))]
    usable = [np.ones(n, bool) for n in (50, 50, 80, 20)]
    for by, together in (("recording", {(0, 1)}), ("animal", {(1, 2)})):
        folds = split(seats, usable, by, 5, 10)
        for fold in folds:
            tested = {i for i, mask in enumerate(fold.test) if mask.any()}
            trained = {i for i, mask in enumerate(fold.train) if mask.any()}
            assert not tested & trained
            assert all(not (set(pair) & tested and set(pair) & trained) for pair in together)
        each = np.sum([[mask.all() for mask in fold.test] for fold in folds], axis=0)
        assert each.tolist() == [1, 1, 1, 1]
    assert choose_by(seats, None, 5) == "recording"
    with pytest.raises(ef.DataError, match="use by='block'"):
        choose_by(seats[:1], "animal", 5)


def test_a_pair_and_its_animals_are_held_out_together():
    seats = [Seat("r1", ("a", "b")), Seat("r2", ("b", "c")), Seat("r3", ("d", "e"))]
    usable = [np.ones(10, bool)] * 3
    tested = [tuple(m.any() for m in f.test) for f in split(seats, usable, "animal", 5, 0)]
    assert sorted(tested) == [(False, False, True), (True, True, False)]


def test_blocks_too_short_for_the_embargo_are_refused():
    poses, labels = bursts(n_frames=120)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ef.learn.LearnNote)
        with pytest.raises(ef.DataError, match="nothing is left to train"):
            ef.learn.fit(poses, labels, "running", windows=["4 s"])
