"""Ways in windows: straight lines, circles, and what is not known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef


def along(x: np.ndarray, y: np.ndarray, fps: float = 25.0) -> xr.Dataset:
    """One point on a path."""
    position = np.stack([x, y]).astype(np.float32)[np.newaxis, np.newaxis]
    return ef.from_arrays(position, fps=fps, bodyparts=["centre"], units="mm")


def of_point(name: str, ds: xr.Dataset, **parameters: object) -> np.ndarray:
    return getattr(ef.features, name)(ds, **parameters).values[0, 0]


@pytest.mark.parametrize("window", ["0.4 s", "1 s", "2 s"])
def test_a_straight_line(window: str) -> None:
    seconds = float(window.split(maxsplit=1)[0])
    t = np.arange(200) / 25
    ds, half = along(30 * t, 40 * t), round(seconds * 25) // 2
    for name in ("path_length", "displacement"):
        found = of_point(name, ds, window=window)
        np.testing.assert_allclose(found[half:-half], 50 * 2 * half / 25, rtol=1e-4)
        assert np.isnan(found[:half]).all()
        assert np.isnan(found[-half:]).all()
    np.testing.assert_allclose(
        of_point("straightness", ds, window=window)[half:-half], 1, rtol=1e-4
    )


def test_a_circle() -> None:
    angle = 2 * np.pi * np.arange(200) / 50  # one round in two seconds
    ds = along(100 * np.cos(angle), 100 * np.sin(angle))
    chord = 2 * 100 * np.sin(np.pi / 50)
    np.testing.assert_allclose(of_point("path_length", ds, window="2 s")[25:-25], 50 * chord, 1e-4)
    np.testing.assert_allclose(of_point("displacement", ds, window="2 s")[25:-25], 0, atol=1e-3)
    np.testing.assert_allclose(
        of_point("straightness", ds, window="1 s")[12:-12], 2 * 100 * np.sin(np.pi * 24 / 50)
        / (24 * chord), rtol=1e-4,
    )  # fmt: skip


def test_against_numpy() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (2, 120)).cumsum(axis=1)
    steps = np.hypot(np.diff(x), np.diff(y))
    found = of_point("path_length", along(x, y), window="0.8 s")
    expected = [steps[t - 10 : t + 10].sum() for t in range(10, 110)]
    np.testing.assert_allclose(found[10:-10], expected, rtol=1e-4)


def test_a_gap_in_a_window_is_unknown() -> None:
    t = np.arange(100) / 25
    ds = along(30 * t, 0 * t)
    ds.position.values[..., 50] = np.nan
    found = of_point("path_length", ds, window="0.4 s")
    assert np.flatnonzero(np.isnan(found[5:-5])).tolist() == list(range(40, 51))
    ends = of_point("displacement", ds, window="0.4 s")
    assert np.flatnonzero(np.isnan(ends[5:-5])).tolist() == [40, 45, 50]


def test_nobody_who_stands_still_goes_straight() -> None:
    still = along(np.full(60, 5.0), np.full(60, 7.0))
    assert np.isnan(of_point("straightness", still, window="1 s")).all()
    assert (of_point("path_length", still, window="1 s")[12:-12] == 0).all()


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_recordings_shorter_than_the_window(n: int) -> None:
    ds = along(np.arange(n) * 1.0, np.zeros(n))
    for name in ("path_length", "displacement", "straightness"):
        assert np.isnan(of_point(name, ds, window="0.8 s")).all()
