"""Measures against independent ones, on any states."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ethoflow.labels.comparison import bouts, frames, measures, resampling, totals
from tests.agreement import references

binary = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)
unknown = st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1)), min_size=1, max_size=40)


def states(pairs):
    x, y = np.array(pairs, np.int8).T
    return x, y


def total(sums):
    return {name: values.sum(axis=0) for name, values in sums.items()}


def same(got, want, tolerance=1e-9):
    np.testing.assert_allclose(float(got), want, rtol=0, atol=tolerance)


@given(binary)
def test_frames(pairs):
    x, y = states(pairs)
    sums = total(frames.sum_frames(x, y, 7))
    same(frames.accuracy(sums), np.mean(x == y))
    same(frames.kappa(sums), references.kappa(x, y))
    both, n_a, n_b = sum(x & y), sum(x), sum(y)
    same(frames.f1(sums), references.share(2 * both, n_a + n_b))
    same(frames.precision(sums), references.share(both, n_b))
    same(frames.recall(sums), references.share(both, n_a))
    flat = len(set(x.tolist())) < 2 or len(set(y.tolist())) < 2
    same(frames.mcc(sums), references.NAN if flat else np.corrcoef(x, y)[0, 1])


@given(unknown, st.integers(1, 50))
def test_frames_count_where_both_know(pairs, width):
    x, y = states(pairs)
    known = (x >= 0) & (y >= 0)
    got = total(frames.sum_frames(x, y, width))
    assert float(frames.n_frames(got)) == known.sum()
    if known.any():
        alone = total(frames.sum_frames(x[known], y[known], 99))
        assert {n: float(v) for n, v in got.items()} == {n: float(v) for n, v in alone.items()}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=20))
def test_categories(pairs):
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    sums = total(frames.sum_cells(x, y, 4, 6))
    same(frames.cells_accuracy(sums), np.mean(x == y))
    same(frames.cells_kappa(sums), references.kappa(x, y))
    same(frames.cells_rand(sums), references.rand(x, y))


@given(binary, st.sampled_from([1, 3, 100]))
def test_banos(pairs, width):
    x, y = states(pairs)
    got = bouts.banos(total(bouts.sum_bouts(x, y, width, (0.5,), 2)))
    for name, want in references.banos(x, y).items():
        same(got[f"banos_{name}"], want)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=20),
    st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0]),
    st.integers(0, 4),
)
def test_bouts_that_overlap_or_begin_together(pairs, level, tolerance):
    x, y = states(pairs)
    sums = total(bouts.sum_bouts(x, y, 5, (level,), tolerance))
    ours, theirs = references.runs(x), references.runs(y)
    found = references.detection(ours, theirs, lambda p, q: references.iou(p, q) >= level)
    for function, want in zip((bouts.precision, bouts.recall, bouts.f1), found, strict=True):
        same(function(sums, f"iou_{level:g}"), want)
    # Which bouts run at the first frame began before it, nobody knows when; those of the other
    # that begin within the tolerance of it may be the same.
    seen = [[run for run in side if run[0] > 0] for side in (ours, theirs)]
    hidden = [bool(side) and side[0][0] == 0 for side in (ours, theirs)]
    hit = references.most_pairs(*seen, lambda p, q: abs(p[0] - q[0]) <= tolerance)
    assert float(sums["onset_hit"]) == hit
    if not any(hidden):
        assert float(sums["onset_missed"]) == len(seen[0]) - hit
        assert float(sums["onset_false"]) == len(seen[1]) - hit


@given(binary)
def test_bouts_that_meet(pairs):
    x, y = states(pairs)
    sums = total(bouts.sum_bouts(x, y, 9, (0.5,), 1))
    ours, theirs = references.runs(x), references.runs(y)
    met = [any(references.meets(p, q) for q in theirs) for p in ours]
    met_theirs = [any(references.meets(p, q) for p in ours) for q in theirs]
    got = [float(sums[f"met_{name}"]) for name in ("hit", "missed", "false")]
    assert got == [sum(met), len(met) - sum(met), len(theirs) - sum(met_theirs)]


@given(unknown, st.integers(0, 3))
def test_both_sides_say_the_same(pairs, tolerance):
    """What is missed from one side is false from the other."""
    x, y = states(pairs)
    one = total(bouts.sum_bouts(x, y, 6, (0.3,), tolerance))
    other = total(bouts.sum_bouts(y, x, 6, (0.3,), tolerance))
    for kind in ("banos", "iou_0.3", "onset"):
        assert float(one[f"{kind}_hit"]) == float(other[f"{kind}_hit"])
    for kind in ("banos", "iou_0.3"):
        assert float(one[f"{kind}_missed"]) == float(other[f"{kind}_false"])
    assert float(one["start_lag"]) == -float(other["start_lag"])


def test_a_bout_cut_by_unknown_is_left_out_with_what_meets_it():
    a = np.array([0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0], np.int8)
    b = np.array([0, 1, -1, 1, 0, 0, 0, 0, 0, 1, 1, 0], np.int8)
    sums = total(bouts.sum_bouts(a, b, 99, (0.5,), 0))
    got = {n: float(sums[n]) for n in ("bouts_a", "bouts_b", "cut_a", "cut_b")}
    assert got == {"bouts_a": 2, "bouts_b": 1, "cut_a": 2, "cut_b": 2}
    assert [float(sums[f"banos_{n}"]) for n in ("hit", "missed", "false")] == [1, 1, 0]
    # A whole bout that meets a cut one alone is neither missed nor false.
    b = np.array([0, 0, 1, 1, 1, -1, 1, 1, 0, 0, 0, 0], np.int8)
    sums = total(bouts.sum_bouts(a, b, 99, (0.5,), 0))
    assert [float(sums[f"banos_{n}"]) for n in ("hit", "missed", "false")] == [0, 1, 0]


def test_the_ends_of_the_recording_end_bouts_of_both():
    x = np.array([1, 1, 0, 0, 1, 1], np.int8)
    sums = total(bouts.sum_bouts(x, x, 99, (0.5,), 0))
    assert float(sums["bouts_a"]) == 2
    assert all(float(value) == 1 for value in bouts.banos(sums).values())
    assert [float(sums["start_seen"]), float(sums["stop_seen"])] == [1, 1]


def test_lags_are_those_of_b():
    x, y = np.zeros((2, 40), np.int8)
    x[5:15], y[7:16], x[25:30], y[26:31] = 1, 1, 1, 1
    sums = total(bouts.sum_bouts(x, y, 10, (0.5,), 0))
    assert float(sums["start_lag"] / sums["start_seen"]) == 1.5
    assert float(sums["stop_lag"] / sums["stop_seen"]) == 1.0


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=20))
def test_icc(pairs):
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    assume(np.std(a) > 1e-3)
    assume(np.std(b) > 1e-3)
    sums = total(totals._moments("bin", a, b))
    same(totals.icc(sums, "bin"), references.icc(a, b), 1e-6)


def test_icc_of_a_published_table():
    """Two judges of the six targets of Shrout & Fleiss 1979: ICC(2,1) as R's irr::icc gives it."""
    a, b = np.array([9, 6, 8, 7, 10, 6.0]), np.array([2, 1, 4, 1, 5, 2.0])
    sums = total(totals._moments("bin", a, b))
    same(totals.icc(sums, "bin"), references.icc(a, b))
    assert float(totals.icc(total(totals._moments("bin", a, a)), "bin")) == pytest.approx(1)


def test_bins_count_where_both_know_half():
    x = np.array([1, 1, 0, 0, 1, 1, 1, 1, 0, 0], np.int8)
    y = np.array([1, 0, 0, 0, -1, -1, -1, 1, 0, 1], np.int8)
    sums = total(totals.sum_bins(x, y, 99, 4))
    assert float(sums["bin_n"]) == 2  # the second knows one frame of four; the last has two
    assert float(totals.mean_error(sums)) == pytest.approx((0.25 + 0.5) / 2)


@settings(max_examples=30)
@given(unknown, st.integers(1, 12), st.integers(1, 12))
def test_sums_do_not_depend_on_the_blocks(pairs, one, other):
    x, y = states(pairs)

    def sums(width):
        return total(
            {
                **frames.sum_frames(x, y, width),
                **bouts.sum_bouts(x, y, width, (0.2, 0.6), 1),
                **totals.sum_bins(x, y, width, 5),
            }
        )

    for name, values in sums(one).items():
        np.testing.assert_allclose(values, sums(other)[name], rtol=1e-12, err_msg=name)


@given(binary)
def test_nothing_undefined_is_a_number(pairs):
    """Every measure is NaN with a reason, or a number in its range."""
    x, y = states(pairs)
    sums = total({**frames.sum_frames(x, y, 9), **bouts.sum_bouts(x, y, 9, (0.5,), 1),
                  **totals.sum_bins(x, y, 9, 10), **totals.sum_shares(x, y)})  # fmt: skip
    for name, value in bouts.banos(sums).items():
        sums |= {name: np.nan_to_num(value), f"{name}_n": np.where(np.isnan(value), 0.0, 1.0)}
    for one in measures.of_labels((0.5,), 0.1, 1.0, 10.0):
        value = float(one.value(sums))
        if np.isnan(value):
            assert len(one.why(sums, one.name)) > 10
        elif one.unit == "1":
            least = -np.inf if "icc" in one.name else -1  # of few bins it may be far below 0
            assert least - 1e-9 <= value <= 1 + 1e-9, one.name
    if not (x.any() or y.any()):
        assert np.isnan(frames.kappa(sums))
        assert np.isnan(frames.f1(sums))


def test_draws_are_the_same_for_one_seed():
    one, other = resampling.draw(7, 50, 3), resampling.draw(7, 50, 3)
    np.testing.assert_array_equal(one, other)
    assert (one.sum(axis=1) == 7).all()
    assert (one[0] == 1).all()
    assert resampling.draw(1, 50, 3).shape == (1, 1)


def test_an_interval_covers_what_it_says():
    """Of recordings whose share is drawn at random nine in ten intervals hold the true mean."""
    random = np.random.default_rng(1)
    inside = 0
    for seed in range(200):
        share = random.beta(2, 5, 30)
        sums = {"top": share * 100, "n": np.full(30, 100.0)}
        drawn = resampling.weigh(resampling.draw(30, 400, seed), sums)
        low, high, _ = resampling.interval(drawn["top"] / drawn["n"], 0.9)
        inside += low <= 2 / 7 <= high
    assert 165 <= inside <= 194
