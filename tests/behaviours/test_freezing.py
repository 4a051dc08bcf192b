"""Freezing as a person scored it, by the default rule; and on the simulator."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import ethoflow as ef


def f1(found: np.ndarray, told: np.ndarray) -> float:
    known = ~np.isnan(found)
    shown, truth = found[known] == 1, told[known] == 1
    return float(2 * (shown & truth).sum() / (shown.sum() + truth.sum()))


@pytest.fixture(scope="module")
def demo1(real_data: Path) -> tuple[xr.Dataset, np.ndarray]:
    folder = real_data / "freezing-behaviordepot" / "demo1"
    tracks = ef.read(folder / "demo1_tracking.csv", fps=50)
    with h5py.File(folder / "hB_demo1_manual_annotations.mat.mat") as file:
        told = np.asarray(file["hBehavior/Freezing/Vector"]).ravel()
    return ef.clean(ef.calibrate(tracks, px_per_mm=3.2)), told


def test_the_default_agrees_with_a_person(demo1: tuple[xr.Dataset, np.ndarray]) -> None:
    poses, told = demo1
    found = ef.behaviours.freezing(poses).values[0]
    assert np.isnan(found).mean() < 0.01
    assert f1(found, told) >= 0.9
    for minute in (slice(0, 3000), slice(3000, 6000)):
        known = ~np.isnan(found[minute])
        share = (found[minute] == 1)[known].mean(), told[minute][known].mean()
        assert abs(share[0] - share[1]) < 0.03


@pytest.mark.parametrize("max_speed", [0.07, 0.08, 0.09])
@pytest.mark.parametrize("min_bout", [0.5, 0.75])
def test_the_agreement_does_not_hang_on_one_threshold(
    demo1: tuple[xr.Dataset, np.ndarray], max_speed: float, min_bout: float
) -> None:
    poses, told = demo1
    found = ef.behaviours.freezing(poses, max_speed=max_speed, min_bout=min_bout)
    assert f1(found.values[0], told) >= 0.84


def test_no_scale_is_needed(demo1: tuple[xr.Dataset, np.ndarray]) -> None:
    poses, _ = demo1
    pixels = poses.drop_vars("px_per_mm", errors="ignore")
    pixels["position"] = (poses.position * np.float32(2)).assign_attrs(units="px")
    np.testing.assert_array_equal(ef.behaviours.freezing(pixels), ef.behaviours.freezing(poses))


def test_a_shaking_point_that_is_hidden_changes_nothing() -> None:
    still = ef.simulate.still_then_running()
    whole = ef.behaviours.freezing(still)
    gone = still.copy(deep=True)
    gone.position.values[0, 0] = np.nan
    # The nose gives the body's length, too: without it nothing is known.
    assert np.isnan(ef.behaviours.freezing(gone)).all()
    gone = still.copy(deep=True)
    gone.position.values[0, 1:4, :, 20:60] = np.nan
    np.testing.assert_array_equal(ef.behaviours.freezing(gone)[0, 20:60], whole[0, 20:60])
    gone.position.values[0, 1:8, :, 20:60] = np.nan
    assert np.isnan(ef.behaviours.freezing(gone)[0, 20:60]).all()
