"""Suspected swaps: what is found of simulated ones, and that nothing else is."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import simulate
from ethoflow.identities.scoring import score_swaps
from tests.conftest import LONG


@pytest.fixture(scope="module")
def pair() -> simulate.Simulation:
    return simulate.simulate_cohort(1, duration="3 min", seed=20)


def test_simulated_swaps_are_told_truly(pair):
    made = simulate.swap_animals(pair, 5, seed=1)
    repaired = ef.swap_identities(made.tracks, made.edits.drop(columns="kind"))
    for name in ("position", "confidence"):
        np.testing.assert_array_equal(repaired[name], made.unswapped[name])
    assert not made.tracks.position.equals(made.unswapped.position)


def test_swaps_are_found_and_repaired(pair):
    made = simulate.swap_animals(pair, 5, seed=1)
    found = ef.find_swaps(made.tracks)
    score = score_swaps(found, made.edits, made.tracks.sizes["time"])
    assert (score.found, score.false) == (score.true, 0)
    repaired = ef.swap_identities(made.tracks, found)
    wrong = (repaired.position.fillna(-1) != made.unswapped.position.fillna(-1)).any(
        ("individual", "bodypart", "space")
    )
    assert float(wrong.mean()) < 0.01


def test_nothing_is_found_where_nobody_was_swapped(pair):
    assert (ef.find_swaps(pair.tracks).status != "accepted").all()


def test_in_any_unit_and_order(pair):
    made = simulate.swap_animals(pair, 3, kinds=["contact", "occlusion"], seed=2).tracks
    found = ef.find_swaps(made)
    assert len(found)
    in_mm = ef.find_swaps(ef.calibrate(made, px_per_mm=pair.px_per_mm))
    assert in_mm.start_frame.tolist() == found.start_frame.tolist()
    lazy = ef.find_swaps(made.chunk(time=500).transpose())
    assert lazy.equals(found)


def test_a_long_absence_of_animals_of_one_size_is_not_repaired(pair):
    one = pair.tracks.isel(individual=[0, 0])
    twins = one.assign_coords(individual=pair.tracks.individual, animal=pair.tracks.animal)
    position = twins.position.values.copy()
    position[:, 1] = position[:, 1, ..., ::-1]  # the same animal, at another time
    twins = twins.assign(position=twins.position.copy(data=position))
    hidden = twins.where((twins.time < 80) | (twins.time > 100))
    swapped = hidden.position.values.copy()
    swapped[:, :, ..., 2000:] = swapped[:, ::-1, ..., 2000:]
    for data in (hidden.position.values, swapped):
        found = ef.find_swaps(hidden.assign(position=hidden.position.copy(data=data)))
        there = found[(found.start >= 80) & (found.start <= 101)]
        assert there.status.tolist() == ["undecided"]
        assert there.unseen.iloc[0] > 19


def test_nothing_to_look_at():
    one = simulate.simulate_cohort(1, n_individuals=1, duration="10 s", seed=1).tracks
    assert len(ef.find_swaps(one)) == 0
    two = simulate.simulate_cohort(1, duration="10 s", seed=1).tracks
    assert len(ef.find_swaps(two.where(False))) == 0
    assert len(ef.find_swaps(two.where(two.individual == "individual_0"))) == 0
    with pytest.warns(UserWarning, match=r"individual_0 \(5 frames\).* fewer than 50 frames"):
        assert len(ef.find_swaps(two.isel(time=slice(5)))) == 0
    assert list(ef.find_swaps(one)) == list(ef.find_swaps(two.where(False)))


def test_each_recording_of_a_cohort_is_found_as_if_alone():
    cohort = simulate.simulate_cohort(2, n_individuals=2, duration=["70 s", "50 s"], seed=3)
    alone = [cohort.tracks.isel(recording=[k], time=slice(n)) for k, n in enumerate((1750, 1250))]
    swapped = []
    for one in alone:
        position = one.position.values.copy()
        position[..., 700:] = position[:, ::-1, ..., 700:]
        swapped.append(one.assign(position=one.position.copy(data=position)))
    together = xr.concat(swapped, "recording", join="outer")
    found = ef.find_swaps(together)
    assert found.start_frame.tolist() == [700, 700]
    assert found.stop_frame.tolist() == [1750, 1250]


def test_a_swapped_part_of_the_animals_only():
    """Four animals, of whom the last two change places far from each other."""
    one = simulate.simulate_cohort(
        1, n_individuals=4, duration="40 s", size="500 mm", seed=5
    ).tracks
    position = one.position.values.copy()
    position[:, [2, 3], ..., 500:800] = position[:, [3, 2], ..., 500:800]
    found = ef.find_swaps(one.assign(position=one.position.copy(data=position)))
    assert found[["start_frame", "stop_frame"]].values.tolist() == [[500, 800]]
    assert found[["a", "b"]].values.tolist() == [["individual_2", "individual_3"]]


def test_an_animal_away_is_not_taken_for_one_that_stays():
    """Animals of one size: where the other one was last seen says who is who."""
    twins = simulate.simulate_cohort(1, duration="3 min", alike=True, seed=30)
    made = simulate.swap_animals(twins, 3, kinds=["refuge"], seed=30)
    n_frames = made.tracks.sizes["time"]
    score = score_swaps(ef.find_swaps(made.tracks), made.edits, n_frames)
    assert score.true > 0
    assert (score.found, score.false) == (score.true, 0)
    assert not len(ef.find_swaps(made.unswapped))


def test_tracks_that_jump_all_the_time_say_little(real_data):
    flies = ef.read(real_data / "sleap-flies" / "clip.predictions.slp", fps=30)
    assert (ef.find_swaps(flies).status != "accepted").all()


def test_real_flies_exchanged_at_a_known_frame(real_data):
    path = real_data / "sleap-flies" / "courtship_predictions.analysis.h5"
    flies = ef.read(path, fps=30)
    assert not len(ef.find_swaps(flies))
    a, b = flies.individual.values
    rows = pd.DataFrame({"start_frame": [700, 2000], "stop_frame": [1300, 3000], "a": a, "b": b})
    found = ef.find_swaps(ef.restore_identities(ef.swap_identities(flies, rows)))
    assert not len(found)
    exchanged = ef.swap_identities(flies, rows).drop_vars(["exchange_frame", "exchange_holder"])
    found = ef.find_swaps(exchanged)
    assert found[["start_frame", "stop_frame"]].values.tolist() == [[700, 1300], [2000, 3000]]
    assert (found.status == "accepted").all()


def test_one_that_is_hardly_seen_does_not_keep_the_others_from_being_looked_at(pair):
    made = simulate.swap_animals(pair, 2, kinds=["contact"], seed=3)
    found = ef.find_swaps(made.tracks)
    assert len(found)
    rare = made.tracks.isel(individual=[0]).assign_coords(
        individual=["ghost"], animal=(("recording", "individual"), [["ghost"]])
    )
    rare = rare.where((rare.time > 5) & (rare.time < 5.3))
    three = xr.concat([made.tracks, rare.transpose(*made.tracks.dims)], "individual")
    with pytest.warns(UserWarning, match=r": ghost \(7 frames\): seen in fewer") as said:
        again = ef.find_swaps(three)
    assert len(said) == 1
    columns = ["start_frame", "stop_frame", "a", "b", "status"]
    assert again[columns].values.tolist() == found[columns].values.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3])
def test_recall_and_precision(n):
    """On seeds that no setting was chosen on."""
    totals = np.zeros(5, int)
    for seed in (10, 11, 12) if LONG else (10, 11):
        simulation = simulate.simulate_cohort(1, n_individuals=n, duration="10 min", seed=seed)
        made = simulate.swap_animals(simulation, 14, seed=seed)
        totals += score_swaps(ef.find_swaps(made.tracks), made.edits, made.tracks.sizes["time"])
        plain = ef.find_swaps(simulation.tracks)
        assert not len(plain) or (plain.status != "accepted").all()
    n_true, n_found, _, n_false, _ = totals
    assert n_found >= 0.95 * n_true
    assert n_found >= 0.9 * (n_found + n_false)
