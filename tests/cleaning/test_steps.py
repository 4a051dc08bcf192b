"""Each cleaning step by construction and by property."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.cleaning import fill_gaps, fillable, mask_low_confidence, remove_jumps, smooth
from tests.conftest import no_compute
from tests.strategies import make_pixels, make_poses, make_tracks, masks

N = 60


def path(missing: np.ndarray, seed: int = 0) -> xr.Dataset:
    """A smooth path of one point with gaps."""
    rng = np.random.default_rng(seed)
    position = np.cumsum(rng.normal(0, 3, (1, 1, 2, missing.size)), axis=-1)
    position[..., missing] = np.nan
    return ef.from_arrays(position, fps=10, bodyparts=["nose"], units="mm")


def gaps_of(missing: np.ndarray) -> list[tuple[int, int]]:
    edges = np.diff(missing.astype(int), prepend=0, append=0)
    return list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True))


# --- gaps -------------------------------------------------------------------------------------


@given(missing=masks(N), max_gap=st.integers(0, 15), chunk=st.integers(1, N))
@settings(max_examples=80, deadline=None)
def test_gaps_are_filled_by_straight_lines(missing: np.ndarray, max_gap: int, chunk: int) -> None:
    ds = path(missing)
    filled = fill_gaps(ds.chunk(time=chunk), max_gap=f"{max_gap} frames").position.values[0, 0]
    marks = fillable(ds.chunk(time=chunk), max_gap=f"{max_gap} frames").values[0, 0]
    expected = ds.position.values[0, 0].astype(float)
    marked = np.zeros(N)
    for start, stop in gaps_of(missing):
        if start > 0 and stop < N and stop - start <= max_gap:
            inside, ends = np.arange(start, stop), [start - 1, stop]
            expected[:, inside] = [np.interp(inside, ends, row[ends]) for row in expected]
            marked[inside] = 1
    np.testing.assert_allclose(filled, expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(filled[:, ~missing], ds.position.values[0, 0][:, ~missing])
    np.testing.assert_array_equal(marks, marked)


def test_gap_lengths_are_durations() -> None:
    missing = np.zeros(N, bool)
    missing[10:13] = missing[20:24] = True
    for max_gap in (0.3, "300 ms", "3 frames", 0.25):  # 2.5 frames are 3
        known = ~np.isnan(fill_gaps(path(missing), max_gap=max_gap).position.values[0, 0, 0])
        assert known[10:13].all()
        assert not known[20:24].any()


def test_a_half_seen_point_is_filled_as_a_whole() -> None:
    ds = path(np.zeros(N, bool))
    ds.position.values[0, 0, 0, 20] = np.nan
    filled = fill_gaps(ds).position.values[0, 0]
    middle = ds.position.values[0, 0][:, [19, 21]].mean(axis=1)
    np.testing.assert_allclose(filled[:, 20], middle, rtol=1e-5)


# --- smoothing --------------------------------------------------------------------------------


@given(missing=masks(N), half=st.integers(0, 8), chunk=st.integers(1, N))
@settings(max_examples=60, deadline=None)
def test_the_median_is_that_of_symmetric_windows(
    missing: np.ndarray, half: int, chunk: int
) -> None:
    ds = path(missing)
    found = smooth(ds.chunk(time=chunk), window=f"{2 * half + 1} frames").position.values[0, 0]
    edges = np.concatenate([[-1], np.flatnonzero(missing), [N]])
    for row, result in zip(ds.position.values[0, 0], found, strict=True):
        for t in range(N):
            reach = min(half, int(np.abs(edges - t).min()) - 1)
            window = row[t - reach : t + reach + 1]
            np.testing.assert_equal(result[t], np.nan if missing[t] else np.median(window))


def test_an_even_window_does_not_grow() -> None:
    ds = path(np.zeros(N, bool))
    odd, even = (smooth(ds, window=f"{n} frames").position for n in (5, 6))
    xr.testing.assert_equal(even, odd)
    at_30_fps = ef.from_arrays(ds.position.values, fps=30, bodyparts=["nose"], units="mm")
    np.testing.assert_array_equal(smooth(at_30_fps, window=0.2).position, odd)


@pytest.mark.parametrize("window", [0, "1 frames", "2 frames", 0.04])
def test_a_window_of_one_frame_changes_nothing(window: float | str) -> None:
    ds = make_poses(1, 40)
    np.testing.assert_array_equal(smooth(ds, window=window).position, ds.position)


# --- jumps ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 1, 25, 58, 59])
def test_a_jump_goes_and_all_else_stays(at: int) -> None:
    ds = path(np.zeros(N, bool))
    before = ds.position.values.copy()
    ds.position.values[0, 0, 1, at] += 400
    found = remove_jumps(ds).position.values[0, 0]
    assert np.isnan(found[:, at]).all()  # both coordinates
    kept = np.delete(np.arange(N), at)
    np.testing.assert_array_equal(found[:, kept], before[0, 0][:, kept])


def test_a_fast_run_is_no_jump() -> None:
    position = np.zeros((1, 1, 2, N))
    position[0, 0, 0] = np.arange(N) * 40.0
    ds = ef.from_arrays(position, fps=25, bodyparts=["nose"], units="mm")
    np.testing.assert_array_equal(remove_jumps(ds).position, ds.position)


def test_a_point_that_stays_away_has_not_jumped() -> None:
    position = np.zeros((1, 1, 2, N))
    position[..., 30:] = 100
    ds = ef.from_arrays(position, fps=25, bodyparts=["nose"], units="mm")
    np.testing.assert_array_equal(remove_jumps(ds).position, ds.position)


# --- confidence -------------------------------------------------------------------------------


def test_low_confidence_hides_both_coordinates() -> None:
    ds = make_tracks(1, 50)
    found = mask_low_confidence(ds, min_confidence=0.7).position
    kept = ds.position.where(~(ds.confidence < np.float32(0.7)))
    np.testing.assert_array_equal(found, kept)


def test_the_threshold_itself_is_enough() -> None:
    ds = ef.from_arrays(
        np.ones((1, 1, 2, 3)), fps=25, bodyparts=["nose"],
        confidence=np.array([[[0.6, np.nextafter(np.float32(0.6), 0), np.nan]]]),
    )  # fmt: skip
    assert np.isnan(mask_low_confidence(ds).position[0, 0, 0]).values.tolist() == [
        False,
        True,
        False,
    ]


# --- all together -----------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [None, 11])
def test_clean_is_its_steps_in_order(chunk: int | None) -> None:
    ds = make_poses(1, 90)
    with no_compute():
        lazy = ef.clean(ds.chunk(time=11))
    found = lazy.compute() if chunk else ef.clean(ds)
    masked = remove_jumps(mask_low_confidence(ds), max_jump=20)
    expected = smooth(fill_gaps(masked))
    np.testing.assert_array_equal(found.position, expected.position)
    seen_before, seen_after = (
        ~np.isnan(x.position).any("space") for x in (masked, fill_gaps(masked))
    )
    np.testing.assert_array_equal(found.filled, seen_after & ~seen_before)
    assert found.filled.sum() > 50
    assert not np.isnan(found.filled).any()


def test_parts_can_be_left_out() -> None:
    ds = make_poses(1, 60)
    off = {"min_confidence": None, "max_jump": None, "max_gap": None, "window": None}
    xr.testing.assert_identical(ef.clean(ds, **off), ds)
    for name, step, default in (
        ("min_confidence", mask_low_confidence, 0.6), ("max_jump", remove_jumps, 20),
        ("max_gap", fill_gaps, 0.2), ("window", smooth, 0.2),
    ):  # fmt: skip
        one = ef.clean(ds, **{**off, name: default})
        np.testing.assert_array_equal(one.position, step(ds).position)


def test_pixels_have_no_scale_for_jumps() -> None:
    ds = make_pixels(1, 60)
    np.testing.assert_array_equal(ef.clean(ds).position, ef.clean(ds, max_jump=None).position)
    with pytest.raises(ef.UnitError):
        ef.clean(ds, max_jump="30 mm")
    given = ef.clean(ds, max_jump="40 px").position
    np.testing.assert_array_equal(given / 2, ef.clean(make_poses(1, 60)).position)


@pytest.mark.parametrize("chunk", [None, 7])
def test_what_was_filled_stays_marked(chunk: int | None) -> None:
    ds = make_poses(1, 90)
    once = ef.clean(ds.chunk(time=chunk) if chunk else ds)
    with no_compute():
        twice = ef.clean(once, max_gap=0.1) if chunk else None
    twice = ef.clean(once, max_gap=0.1) if twice is None else twice.compute()
    seen = ~np.isnan(twice.position).any("space").values
    assert ((once.filled.values == 1) & seen).sum() > 50
    assert twice.filled.values[(once.filled.values == 1) & seen].all()
    assert not twice.filled.values[~seen].any()
    np.testing.assert_array_equal(
        ef.clean(once, min_confidence=None).filled.values >= once.filled.values, True
    )


def test_tracks_without_confidence_are_kept() -> None:
    ds = make_poses(1, 60).drop_vars("confidence")
    np.testing.assert_array_equal(
        ef.clean(ds).position, ef.clean(make_poses(1, 60), min_confidence=None).position
    )
