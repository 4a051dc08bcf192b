"""Every fault of the tracker, alone, against its mask."""

from __future__ import annotations

import numpy as np
import pytest

from ethoflow.simulate import Simulation, simulate_cohort

PX_PER_MM = 2.0
NONE = {"noise": 0.0, "bursts": 0.0, "gaps": 0.0}


def simulate(**faults: float) -> Simulation:
    return simulate_cohort(1, duration="60 s", px_per_mm=PX_PER_MM, seed=6, **{**NONE, **faults})


def error(simulation: Simulation) -> np.ndarray:
    """Tracked minus true position, px, dims (individual, bodypart, space, time)."""
    true = simulation.clean.values[0] * PX_PER_MM
    return np.asarray(simulation.tracks.position.values[0] - true)


def test_no_faults() -> None:
    simulation = simulate()
    assert np.abs(error(simulation)).max() < 1e-3
    assert simulation.tracks.confidence.min() >= 0.95
    assert all(not mask.any() for mask in simulation.corruption.values())


@pytest.mark.parametrize("noise", [0.3, 1.0])
def test_noise_has_the_deviation_asked_for_in_mm(noise: float) -> None:
    found = error(simulate(noise=noise)).std(axis=(0, 1, 3)) / PX_PER_MM
    np.testing.assert_allclose(found, noise, rtol=0.03)


def test_bursts_jump_away_with_low_confidence() -> None:
    simulation = simulate(bursts=20)
    hit = simulation.corruption.burst.values[0] == 1
    confidence = simulation.tracks.confidence.values[0]
    away = np.linalg.norm(error(simulation), axis=2)
    assert 0.001 < hit.mean() < 0.3
    assert confidence[hit].max() < 0.3
    assert confidence[~hit].min() >= 0.95
    assert np.median(away[hit]) > 20
    assert away[~hit].max() < 1e-3


def test_gaps_are_missing_points_mostly_short() -> None:
    simulation = simulate(gaps=10)
    gap = simulation.corruption.gap.values[0] == 1
    position = simulation.tracks.position.values[0]
    np.testing.assert_array_equal(
        np.isnan(position), np.broadcast_to(gap[:, :, None], position.shape)
    )
    np.testing.assert_array_equal(np.isnan(simulation.tracks.confidence.values[0]), gap)
    edges = np.diff(np.pad(gap.astype(int), [(0, 0), (0, 0), (1, 1)]), axis=-1)
    length = np.nonzero(edges == -1)[2] - np.nonzero(edges == 1)[2]
    assert np.mean(length <= 5) > 0.8
    assert length.max() > 5


def test_swaps_exchange_two_animals_and_leave_the_truth() -> None:
    simulation, without = simulate(swaps=6), simulate()
    swap = simulation.corruption.swap.values[0] == 1
    assert 0 < swap.mean() < 1
    tracked, true = simulation.tracks.position.values[0], without.tracks.position.values[0]
    np.testing.assert_array_equal(tracked[..., swap], true[::-1][..., swap])
    np.testing.assert_array_equal(tracked[..., ~swap], true[..., ~swap])
    assert simulation.truth.identical(without.truth)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_an_absent_animal_is_missing_and_its_truth_unknown(share: float) -> None:
    simulation = simulate(absent=share)
    absent = simulation.corruption.absent.values[0] == 1
    assert absent[-1].mean() == pytest.approx(share)
    assert not absent[0].any()
    assert np.isnan(simulation.tracks.position.values[0, -1][..., absent[-1]]).all()
    assert np.isfinite(simulation.tracks.position.values[0, 0]).all()
    truth = simulation.truth.isel(recording=0)
    assert np.isnan(truth.moving.values[-1, absent[-1]]).all()
    assert np.isnan(truth.nose_to_tail.values[:, -1][:, absent[-1]]).all()
    assert np.isnan(truth.nose_to_tail.values[-1][:, absent[-1]]).all()
    assert np.isfinite(truth.moving.values[0]).all()
