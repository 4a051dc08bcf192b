"""Ways of filling and smoothing: against independent formulas, and against motion that is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

import ethoflow as ef
from ethoflow.cleaning import fill_kalman, fill_pchip, smooth_kalman, smooth_polynomial
from tests.conftest import no_compute
from tests.strategies import make_poses, masks

N = 60


def track(values: np.ndarray, fps: float = 10, confidence: np.ndarray | None = None) -> xr.Dataset:
    """One point, dims (space, time)."""
    given = None if confidence is None else confidence[np.newaxis, np.newaxis]
    position = values[np.newaxis, np.newaxis]
    return ef.from_arrays(position, fps=fps, bodyparts=["nose"], units="mm", confidence=given)


def walk(missing: np.ndarray, seed: int = 0) -> np.ndarray:
    values = np.cumsum(np.random.default_rng(seed).normal(0, 3, (2, missing.size)), axis=-1)
    values[:, missing] = np.nan
    return values.astype(np.float32)


def pieces_of(missing: np.ndarray, max_gap: int) -> list[np.ndarray]:
    """Seen frames, cut where a gap is too long."""
    seen = np.flatnonzero(~missing)
    return np.split(seen, np.flatnonzero(np.diff(seen) > max_gap + 1) + 1)


@given(missing=masks(N), max_gap=st.integers(0, 15), chunk=st.integers(1, N))
@settings(max_examples=60, deadline=None)
def test_pchip_is_that_of_scipy(missing: np.ndarray, max_gap: int, chunk: int) -> None:
    values = walk(missing)
    with no_compute():
        lazy = fill_pchip(track(values).chunk(time=chunk), max_gap=f"{max_gap} frames")
    expected, marked = values.astype(float), np.zeros(N)
    for seen in pieces_of(missing, max_gap):
        inside = np.arange(seen[0], seen[-1] + 1) if seen.size else seen
        gaps = np.setdiff1d(inside, seen)
        marked[gaps] = 1
        if gaps.size:
            expected[:, gaps] = PchipInterpolator(seen, values[:, seen], axis=1)(gaps)
    np.testing.assert_allclose(lazy.position.values[0, 0], expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(lazy.filled.values[0, 0], marked)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@given(missing=masks(N), half=st.integers(0, 6))
@settings(max_examples=30, deadline=None)
def test_savitzky_golay_is_least_squares_through_what_was_seen(
    order: int, missing: np.ndarray, half: int
) -> None:
    values = walk(missing)
    found = smooth_polynomial(track(values), window=f"{2 * half + 1} frames", order=order)
    for row, result in zip(values.astype(float), found.position.values[0, 0], strict=True):
        for t in range(N):
            near = np.arange(max(t - half, 0), min(t + half + 1, N))
            near = near[~np.isnan(row[near])]
            expected = row[t]
            if not missing[t] and near.size > order and 2 * half > order:
                expected = np.polyfit(near - t, row[near], order)[-1]
            np.testing.assert_allclose(result[t], expected, rtol=1e-4, atol=2e-4)


@given(missing=masks(N), chunk=st.integers(1, N))
@settings(max_examples=30, deadline=None)
def test_a_parabola_stays_beside_gaps(missing: np.ndarray, chunk: int) -> None:
    t = np.arange(N, dtype=float)
    values = np.stack([0.1 * t**2 - 3 * t, 5 - 0.05 * t**2])
    values[:, missing] = np.nan
    found = smooth_polynomial(track(values).chunk(time=chunk), window="9 frames")
    np.testing.assert_allclose(found.position.values[0, 0], values, rtol=1e-5, atol=2e-4)


# --- Kalman -------------------------------------------------------------------------------------


def noisy_run(seed: int, noise: float = 1.0, n: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """A path whose velocity changes at random, and the same seen with noise."""
    rng = np.random.default_rng(seed)
    truth = np.cumsum(np.cumsum(rng.normal(0, 0.1, (2, n)), axis=-1), axis=-1)
    return truth, truth + rng.normal(0, noise, truth.shape)


def plant(n: int, length: int) -> np.ndarray:
    missing = np.zeros(n, bool)
    for start in range(50, n - 50 - length, 60):
        missing[start : start + length] = True
    return missing


@pytest.mark.parametrize("length", [2, 6, 15])
def test_what_kalman_fills_is_as_far_off_as_it_says(length: int) -> None:
    truth, seen = noisy_run(1)
    missing = plant(truth.shape[1], length)
    values = np.where(missing, np.nan, seen).astype(np.float32)
    found = fill_kalman(track(values, confidence=np.ones(truth.shape[1])), max_gap=2.0)
    spread = found.position_sd.values[0, 0]
    off = np.abs(found.position.values[0, 0] - truth)[:, missing]
    assert np.isfinite(spread[:, missing]).all()
    assert np.isnan(spread[:, ~missing]).all()
    assert 0.82 < (off < 1.645 * spread[:, missing]).mean() < 0.96
    linear = ef.cleaning.fill_gaps(track(values), max_gap=2.0).position.values[0, 0]
    assert np.square(off).mean() < np.square(linear - truth)[:, missing].mean()
    np.testing.assert_array_equal(found.filled.values[0, 0], missing)
    np.testing.assert_array_equal(found.position.values[0, 0][:, ~missing], values[:, ~missing])


def test_kalman_is_the_solution_of_least_squares() -> None:
    """All frames at once, as one system of normal equations, with the strengths it has found."""
    from ethoflow.cleaning.kalman import _choose, _smooth

    _, seen = noisy_run(2, n=80)
    missing = plant(80, 4) | (np.arange(80) % 13 == 5)
    values, n = np.where(missing, np.nan, seen), 80
    mean, spread = _smooth(values, ~missing, np.full(n, np.nan), 20)
    middle = np.nanmedian(values, axis=1, keepdims=True)
    ratio, variance = _choose(values - middle, np.ones(n), np.empty((n, 2, 7)))
    inverse = np.linalg.inv(ratio * np.array([[1 / 3, 1 / 2], [1 / 2, 1]]))
    step = np.array([[-1, -1, 1, 0], [0, -1, 0, 1.0]])
    precision = np.zeros((2 * n, 2 * n))
    for t in range(n - 1):
        precision[2 * t : 2 * t + 4, 2 * t : 2 * t + 4] += step.T @ inverse @ step
    precision[2 * np.flatnonzero(~missing), 2 * np.flatnonzero(~missing)] += 1
    covariance = np.linalg.inv(precision)
    told = np.zeros((2 * n, 2))
    told[2 * np.flatnonzero(~missing)] = values[:, ~missing].T
    np.testing.assert_allclose(mean, (covariance @ told)[::2].T, atol=1e-3)
    np.testing.assert_allclose(spread, np.sqrt(np.diag(covariance)[::2] * variance), rtol=1e-4)


def test_points_of_low_confidence_count_less() -> None:
    truth, seen = noisy_run(3)
    rng = np.random.default_rng(4)
    doubtful = rng.random(truth.shape[1]) < 0.2
    seen[:, doubtful] += rng.normal(0, 9, (2, int(doubtful.sum())))
    confidence = np.where(doubtful, 0.1, 1.0)
    unfilled = xr.DataArray(
        np.zeros((1, 1, truth.shape[1]), np.float32), dims=("individual", "bodypart", "time"),
        attrs={"kind": "flag", "units": "1"},
    )  # fmt: skip
    off = {}
    for name, scores in (("told", confidence), ("untold", np.ones_like(confidence))):
        ds = track(seen, confidence=scores).assign(filled=unfilled)
        off[name] = np.square(smooth_kalman(ds).position.values[0, 0] - truth).mean()
    assert off["told"] < 0.5 * off["untold"]


def test_what_was_filled_is_no_measurement() -> None:
    _, seen = noisy_run(5)
    missing = plant(seen.shape[1], 5)
    wrong = np.where(missing, 1e4, seen)
    ds = track(wrong, confidence=np.ones(seen.shape[1]))
    marks = xr.zeros_like(ds.confidence) + missing.astype(np.float32)
    smooth = smooth_kalman(ds.assign(filled=marks.assign_attrs(kind="flag", units="1")))
    bare = fill_kalman(track(np.where(missing, np.nan, seen), confidence=np.ones(seen.shape[1])),
                       max_gap=2.0)  # fmt: skip
    np.testing.assert_allclose(
        smooth.position.values[0, 0][:, missing], bare.position.values[0, 0][:, missing], atol=1e-3
    )


@pytest.mark.parametrize("fill", ["linear", "pchip", "kalman"])
@pytest.mark.parametrize("smoothing", ["median", "polynomial", "kalman"])
@pytest.mark.parametrize("scored", [True, False])
def test_every_way_marks_what_it_fills_and_invents_nothing(
    fill: str, smoothing: str, scored: bool
) -> None:
    ds = make_poses(1, 90)
    ds = ds if scored else ds.drop_vars("confidence")
    found = ef.clean(ds, fill=fill, smoothing=smoothing)
    with no_compute():
        lazy = ef.clean(ds.chunk(time=13), fill=fill, smoothing=smoothing)
    xr.testing.assert_identical(lazy.compute(), found)
    bare = ef.clean(ds, max_gap=None, window=None)
    seen = bare.position.notnull().all("space")
    there = found.position.notnull().all("space")
    np.testing.assert_array_equal(there, seen | (found.filled == 1))
    assert not ((found.filled == 1) & seen).any()
    assert found.filled.sum() > 20
    first, last = seen.argmax("time"), seen[..., ::-1].argmax("time")
    frames = np.arange(seen.sizes["time"])
    outside = (frames < first.values[..., None]) | (frames[::-1] < last.values[..., None])
    assert not there.values[outside].any()
    assert ("position_sd" in found) == ("kalman" in (fill, smoothing))
    if fill == "kalman":
        marked = (found.filled == 1).broadcast_like(found.position)
        assert np.isfinite(found.position_sd.where(marked, 0)).all()


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ef.DataError, match="pchip"):
        ef.clean(make_poses(1, 20), fill="pchipp")
    with pytest.raises(ef.DataError, match="median"):
        ef.clean(make_poses(1, 20), smoothing="mean")
