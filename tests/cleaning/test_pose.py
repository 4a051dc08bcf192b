"""Filling from the pose: as far off as it says, never worse than a line, and refused elsewhere."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.cleaning import fill_from_pose, fit_poses
from ethoflow.cleaning.scoring import BINS, score_filling
from ethoflow.engine.model import Model


@pytest.fixture(scope="module")
def simulation() -> ef.simulate.Simulation:
    return ef.simulate.simulate_cohort(1, duration="2 min", gaps=6.0, seed=5)


@pytest.fixture(scope="module")
def mice(simulation: ef.simulate.Simulation) -> xr.Dataset:
    """Simulated mice with gaps, in mm, masked and without jumps."""
    tracks = ef.calibrate(simulation.tracks, px_per_mm=simulation.px_per_mm)
    return ef.clean(tracks, max_gap=None, window=None)


@pytest.fixture(scope="module")
def model(mice: xr.Dataset) -> Model:
    return fit_poses(mice)


def test_filled_points_are_near_and_as_sure_as_they_say(mice: xr.Dataset) -> None:
    """The protocol of DISK: gaps as the data have them, made where the points were seen."""
    table = score_filling(mice)
    tried = table[table.n_points > 100]
    assert len(tried) >= 3
    assert (tried.rmse <= tried.rmse_linear).all()
    long = tried.gap.isin([f"{low}-{high}" for low, high in BINS[2:]])
    assert (tried.rmse_linear[long] > 2 * tried.rmse[long]).all()
    assert tried.coverage.between(0.85, 0.95).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "fps", "scale", "better"),
    [
        ("freezing-behaviordepot/demo1/demo1_tracking.csv", 50.0, 3.2, 1.5),
        ("freezing-behaviordepot/demo5/demo5_tracking.csv", 29.385, 1.4, 2.0),
        ("dlc-openfield-m3v1/dlcutils_m3v1mp4DeepCut_resnet50_openfieldOct30shuffle1_15001.h5",
         30.0, 2.0, 1.4),
        ("dlc-openfield-bsoid/raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000.csv",
         60.0, 2.0, 1.2),
        ("sleap-flies/courtship_predictions.analysis.h5", 30.0, 2.0, 1.1),
        ("jabs-pose/sample_pose_est_v5.h5", 30.0, 1.25, 1.0),
    ],
)  # fmt: skip
def test_real_gaps_are_no_worse_than_lines(
    path: str, fps: float, scale: float, better: float, real_data: Path
) -> None:
    """Paws, and points of flies, say less of each other than those of a mouse seen from above."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracks = ef.calibrate(ef.read(real_data / path, fps=fps), px_per_mm=scale)
        table = score_filling(ef.clean(tracks, max_gap=None, window=None))
    tried = table[table.n_points > 200]
    assert (tried.rmse <= 1.02 * tried.rmse_linear).all()
    long = tried.gap.isin([f"{low}-{high}" for low, high in BINS[2:]])
    assert (tried.rmse_linear[long] >= better * tried.rmse[long]).all()
    assert (tried.coverage > 0.85).all()


@pytest.mark.parametrize("gone", [["Center"], ["Nose"], ["Center", "Nose", "Tail_base"]])
def test_the_centre_and_the_nose_may_be_what_is_missing(
    gone: list[str], mice: xr.Dataset, model: Model, simulation: ef.simulate.Simulation
) -> None:
    one = mice.isel(recording=0, individual=[0])
    places = [list(one.bodypart.values).index(part) for part in gone]
    missing = np.zeros((1, 11, one.sizes["time"]), bool)
    for start in range(100, 2800, 150):
        missing[:, places, start : start + 40] = True
    mask = xr.DataArray(missing, dims=("individual", "bodypart", "time"))
    given = one.assign(position=one.position.where(~mask).assign_attrs(one.position.attrs))
    found = fill_from_pose(given, model=model)
    truth = simulation.clean.isel(recording=0, individual=[0]).transpose(*found.position.dims)
    filled = (found.filled == 1) & mask
    off = np.square(found.position - truth.values).sum("space").where(filled)
    assert float(filled.sum()) > 0.95 * mask.sum()
    assert float(np.sqrt(off.mean())) < 1.0
    assert np.isfinite(found.position_sd.where(filled.broadcast_like(found.position), 0)).all()


def test_a_mirrored_mouse_is_another_one(mice: xr.Dataset, model: Model) -> None:
    """Left stays left: the model of mirrored mice is the mirror of the model."""
    mirrored = mice.assign(position=mice.position * xr.DataArray([1, -1], dims="space"))
    mirrored.position.attrs = mice.position.attrs
    one, other = model["shape"], fit_poses(mirrored)["shape"]
    shape, mirror = one[0] + 1j * one[1], np.conj(other[0] + 1j * other[1])
    turn = np.vdot(mirror, shape) / abs(np.vdot(mirror, shape))
    np.testing.assert_allclose(mirror * turn, shape, atol=0.05)
    left = list(mice.bodypart.values).index("Left_ear")
    right = list(mice.bodypart.values).index("Right_ear")
    assert abs(shape[left] - shape[right]) > 5


def test_an_absent_animal_stays_absent(mice: xr.Dataset, model: Model) -> None:
    absent = xr.zeros_like(mice.position, bool)
    absent[0, 0, :, :, 200:230] = True
    absent[0, 0, 3] = False  # one body part alone says nothing of the others
    given = mice.assign(position=mice.position.where(~absent).assign_attrs(mice.position.attrs))
    found = fill_from_pose(given, model=model)
    gone = found.isel(recording=0, individual=0, time=slice(200, 230)).drop_isel(bodypart=3)
    assert gone.position.isnull().all()
    assert (gone.filled == 0).all()


def test_a_model_is_for_its_own_kind_of_data(
    mice: xr.Dataset, model: Model, tmp_path: Path
) -> None:
    pixels = mice.assign(position=mice.position.assign_attrs(units="px"))
    renamed = mice.assign_coords(bodypart=[f"{part}_" for part in mice.bodypart.values])
    slower = mice.assign_coords(fps=30.0, time=mice.time * 25 / 30)
    for ds, word in (
        (pixels, "px"), (renamed, "Nose_"), (mice.isel(bodypart=slice(1, None)), "Nose"),
        (mice.isel(bodypart=slice(None, None, -1)), "Tail_base"), (slower, "30"),
    ):  # fmt: skip
        with pytest.raises(ef.DataError, match=word):
            fill_from_pose(ds, model=model)
    with pytest.raises(ef.DataError, match="fit_poses"):
        fill_from_pose(mice)
    with pytest.raises(ef.DataError, match="200 frames"):
        fit_poses(mice.isel(time=slice(40)))
    with pytest.raises(ef.DataError, match="three body parts"):
        fit_poses(mice.isel(bodypart=slice(2)))
    saved = model.save(tmp_path / "poses")
    xr.testing.assert_identical(
        fill_from_pose(mice, model=saved), fill_from_pose(mice, model=model)
    )


def test_clean_fills_from_the_pose_and_the_rest_by_lines(mice: xr.Dataset, model: Model) -> None:
    found = ef.clean(mice, fill="pose")
    short = ef.clean(mice)
    lazy = ef.clean(mice.chunk(time=500), fill="pose", pose_model=model)
    xr.testing.assert_identical(lazy.compute(), found)
    assert (found.filled >= short.filled).all()
    assert found.position.isnull().sum() < 0.5 * short.position.isnull().sum()
    there = found.position.notnull().all("space")
    np.testing.assert_array_equal(there, mice.position.notnull().all("space") | (found.filled == 1))
