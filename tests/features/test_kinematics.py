"""Movement of known paths: circles, changes of pace, one-sided ends, gaps."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef


def along_circle(speed: np.ndarray, fps: float, radius: float = 200.0) -> xr.Dataset:
    """One point on a circle with the given speed (mm/s) at each moment."""
    angle = np.cumsum(speed) / fps / radius
    position = radius * np.stack([np.cos(angle), np.sin(angle)])[np.newaxis, np.newaxis]
    return ef.from_arrays(position, fps=fps, bodyparts=["centre"], units="mm")


@pytest.mark.parametrize("fps", [25.0, 30.0, 29.97, 100.0])
@pytest.mark.parametrize("pace", [20.0, 150.0])
def test_running_in_a_circle(pace: float, fps: float) -> None:
    ds = along_circle(np.full(400, pace), fps)
    found = ef.features.speed(ds).values[0, 0]
    # Over two frames the chord is shorter than the arc by this factor.
    step = pace / fps / 200
    np.testing.assert_allclose(found[1:-1], pace * np.sin(step) / step, rtol=2e-3)
    chords = 4 * np.exp(1j * step) - np.exp(2j * step) - 3  # one-sided, of second order
    np.testing.assert_allclose(found[[0, -1]], np.abs(chords) * 100 * fps, rtol=3e-3)
    velocity = ef.features.velocity(ds).values[0, 0]
    radial = (velocity * ds.position.values[0, 0]).sum(axis=0)[1:-1] / 200
    np.testing.assert_allclose(radial, 0, atol=2e-3 * max(pace, fps))


def test_acceleration_is_signed() -> None:
    fps = 50.0
    pace = np.concatenate([np.linspace(0, 200, 200), np.full(100, 200.0), np.linspace(200, 0, 200)])
    found = ef.features.acceleration(along_circle(pace, fps)).values[0, 0]
    gain = 200 / 199 * fps
    np.testing.assert_allclose(np.median(found[20:180]), gain, rtol=0.02)
    np.testing.assert_allclose(np.median(found[320:480]), -gain, rtol=0.02)
    assert abs(np.median(found[220:280])) < 1
    assert (found[20:180] > 0).mean() > 0.95
    assert (found[320:480] < 0).mean() > 0.95


def test_derivatives_are_numpys() -> None:
    rng = np.random.default_rng(0)
    position = rng.normal(0, 50, (2, 3, 2, 40))
    ds = ef.from_arrays(position, fps=30, bodyparts=["a", "b", "c"], units="mm")
    velocity = np.gradient(ds.position.values.astype(float), 1 / 30, axis=-1, edge_order=2)
    np.testing.assert_allclose(ef.features.velocity(ds), velocity, rtol=1e-4, atol=1e-2)
    speed = np.linalg.norm(velocity, axis=2)
    np.testing.assert_allclose(ef.features.speed(ds), speed, rtol=1e-4)
    change = np.gradient(speed, 1 / 30, axis=-1, edge_order=2)
    np.testing.assert_allclose(ef.features.acceleration(ds), change, rtol=1e-3, atol=1)


def test_a_gap_reaches_one_frame_to_either_side() -> None:
    ds = along_circle(np.full(20, 50.0), 25)
    ds.position.values[..., 10] = np.nan
    assert np.flatnonzero(np.isnan(ef.features.speed(ds)[0, 0])).tolist() == [9, 10, 11]
    assert np.flatnonzero(np.isnan(ef.features.acceleration(ds)[0, 0])).tolist() == [
        8,
        9,
        10,
        11,
        12,
    ]


def test_one_missing_coordinate_is_a_missing_point() -> None:
    ds = along_circle(np.full(20, 50.0), 25)
    ds.position.values[0, 0, 1, 10] = np.nan
    assert np.flatnonzero(np.isnan(ef.features.speed(ds)[0, 0])).tolist() == [9, 10, 11]


def test_two_frames_have_one_slope() -> None:
    ds = ef.from_arrays(
        np.array([0.0, 3, 0, 4]).reshape(1, 1, 2, 2), fps=10, bodyparts=["nose"], units="mm"
    )
    assert ef.features.speed(ds).values.tolist() == [[[50.0, 50.0]]]
    assert np.isnan(ef.features.acceleration(ds)).all()


@pytest.mark.parametrize("n_frames", [3, 4, 5, 40])
@pytest.mark.parametrize("fps", [25.0, 30.0, 59.94])
@pytest.mark.parametrize("gain", [0.0, 500.0, -300.0])
def test_constant_acceleration_is_constant(gain: float, fps: float, n_frames: int) -> None:
    t = np.arange(n_frames) / fps
    way = 600 * t + gain * t**2 / 2
    ds = ef.from_arrays(
        np.stack([0.6 * way, -0.8 * way])[np.newaxis, np.newaxis], fps=fps, bodyparts=["nose"],
        units="mm",
    )  # fmt: skip
    for chunk in (1, n_frames):
        speed = ef.features.speed(ds.chunk(time=chunk)).values[0, 0]
        np.testing.assert_allclose(speed, 600 + gain * t, rtol=1e-4)
        change = ef.features.acceleration(ds.chunk(time=chunk)).values[0, 0]
        np.testing.assert_allclose(change, gain, atol=6)  # of float32 positions
