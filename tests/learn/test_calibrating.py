"""Probabilities that were too sure are put right, and nothing else of them changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.learn import boosting
from ethoflow.learn.calibrating import Calibration, calibrate, odds
from ethoflow.learn.choices import Choices
from ethoflow.learn.preparing import prepare
from ethoflow.learn.training import settle
from tests.learn.worlds import QUICK, bursts


def overconfident(slope, offset, n=40_000):
    """Probabilities of a model whose odds are off by a known amount, and what is there."""
    random = np.random.default_rng(2)
    right = random.normal(-1, 2, n)
    state = (random.random(n) < 1 / (1 + np.exp(-right))).astype(np.int8)
    return 1 / (1 + np.exp(-(right - offset) / slope)), state


@pytest.mark.parametrize(("slope", "offset"), [(0.4, 0.5), (1.0, 0.0), (1.8, -1.0)])
def test_what_was_done_to_the_odds_is_undone(slope, offset):
    said, state = overconfident(slope, offset)
    state[::9] = -1
    said[1::9] = np.nan
    found = calibrate([said[:100], said[100:]], [state[:100], state[100:]])
    assert found.slope == pytest.approx(slope, rel=0.05)
    assert found.offset == pytest.approx(offset, abs=0.08)
    put_right = found.of(said)
    np.testing.assert_array_equal(np.isnan(put_right), np.isnan(said))
    known = (state >= 0) & ~np.isnan(said)
    often = [state[known & (np.abs(put_right - p) < 0.05)].mean() for p in (0.05, 0.5, 0.9)]
    np.testing.assert_allclose(often, (0.05, 0.5, 0.9), atol=0.05)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([-1, 0, 1])), min_size=1))
def test_any_numbers_give_probabilities_in_their_order(frames):
    said = np.array([p for p, _ in frames])
    found = calibrate([said], [np.array([state for _, state in frames])]).of(said)
    assert np.isfinite(found).all()
    assert (found >= 0).all() and (found <= 1).all()  # noqa: PT018
    assert (np.diff(found[np.argsort(said, kind="stable")]) >= -1e-12).all()


def test_one_class_or_one_probability_changes_nothing():
    said = np.array([0.2, 0.4, 0.9])
    for state in ([1, 1, 1], [0, 0, 0], [-1, -1, -1]):
        assert calibrate([said], [np.array(state)]) == Calibration()
    assert calibrate([said * 0 + 0.3], [np.array([0, 1, 1])]) == Calibration()


def test_who_is_worse_than_chance_has_no_say():
    said, state = overconfident(0.5, 0.0)
    found = calibrate([1 - said], [state])
    assert found.slope == 0
    np.testing.assert_allclose(found.of(said), state.mean())


def test_what_is_told_apart_without_fault_is_no_certainty():
    said, state = np.repeat([0.1, 0.9], 50), np.repeat([0, 1], 50)
    found = calibrate([said], [state]).of(said)
    np.testing.assert_allclose(found, np.where(state, 51 / 52, 1 / 52), atol=1e-6)


def test_trees_hold_their_calibration():
    pytest.importorskip("sklearn", reason="training needs scikit-learn")
    random = np.random.default_rng(1)
    x = random.normal(size=(500, 2))
    trees = boosting.grow(x, (x[:, 0] > 0).astype(int), settings={"max_iter": 5})
    own = Calibration(0.4, 0.7)
    expected = own.of(boosting.probability(trees, x.T))
    found = boosting.probability(boosting.calibrated(trees, own), x.T)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert odds(np.array(0.5)) == 0


def test_nothing_is_settled_where_nothing_was_held_out():
    pytest.importorskip("sklearn", reason="training needs scikit-learn")
    learnt = prepare(*bursts(), "running", Choices(settings=QUICK))
    nothing = [np.full(track.x.shape[-1], np.nan) for track in learnt.tracks]
    found = settle(nothing, learnt.tracks, "running", [track.known for track in learnt.tracks])
    assert found.calibration == Calibration()
    assert found.decision.min_probability == 0.5


def test_the_curve_ends_at_the_score_of_a_fit_and_grows_towards_it():
    pytest.importorskip("sklearn", reason="training needs scikit-learn")
    world = bursts(noise=6.0)
    made = ef.learn.fit(*world, "running", settings=QUICK, folds=3)
    curve = ef.learn.learning_curve(
        *world, "running", shares=[0.05, 0.5, 1.0], settings=QUICK, folds=3
    )
    scores = made.scores
    assert curve.columns.tolist() == [
        "behaviour", "share", "frames", "minutes", "f1", "low", "high"
    ]  # fmt: skip
    assert curve.minutes.tolist() == pytest.approx(curve.frames / 25 / 60, rel=0.01)
    assert (curve.low <= curve.f1).all() and (curve.f1 <= curve.high).all()  # noqa: PT018
    assert curve.f1.iloc[-1] == pytest.approx(scores[scores.measure == "f1"].value.iloc[0])
    assert curve.f1.iloc[0] < curve.f1.iloc[-1]
    assert curve.frames.is_monotonic_increasing
    assert curve.frames.iloc[1] == pytest.approx(curve.frames.iloc[2] / 2, abs=2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"shares": [0.5, 1.5]}, "up to 1, found 1.5"),
        ({"shares": []}, "found none"),
        ({"folds": 0}, "2 or more"),
        ({"fold": 3}, "Did you mean 'folds'"),
    ],
)
def test_a_curve_of_nothing_is_refused(given, said):
    with pytest.raises(ef.DataError, match=said):
        ef.learn.learning_curve(*bursts(n_frames=200), "running", **given)
