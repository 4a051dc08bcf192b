"""The script against the noise-free geometry, judged by definitions written for these tests."""

from __future__ import annotations

import numpy as np
import pytest

from ethoflow.simulate import Simulation, simulate_cohort
from tests.simulate.definitions import alone, together

EDGE = 0.2
"""Left out on both sides of a scripted start or stop, in s: a ramp crosses the threshold there."""

LEAST = {"moving": (0.95, 0.95), "nose_to_tail": (0.85, 0.9)}
"""Share of scripted frames that are clear of the threshold, and on its right side, at least.

A run is scripted from the turn on the spot before it; a nose that sniffs on a tight bend may swing
out for a moment. Everything else is (nearly) always clear, and never on the wrong side.
"""

SETTINGS = {
    "circle": {"duration": "150 s", "seed": 2},
    "square, 14 points": {"duration": "150 s", "arena": "square", "skeleton": 14, "seed": 5},
    "hexagon, 50 fps": {
        "duration": "90 s",
        "arena": [(0, 120), (210, 0), (420, 120), (420, 360), (210, 480), (0, 360)],
        "fps": 50,
        "seed": 1,
    },
    "one mouse": {"duration": "150 s", "n_individuals": 1, "seed": 3},
    "three mice": {"duration": "90 s", "n_individuals": 3, "size": 500, "seed": 4},
}


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def simulation(request: pytest.FixtureRequest) -> Simulation:
    return simulate_cohort(2, **SETTINGS[request.param])


def judge(simulation: Simulation) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per behaviour, what the script says and how strongly it is shown, away from edges."""
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for r in range(simulation.tracks.sizes["recording"]):
        clean = simulation.clean.isel(recording=r)
        count = clean.sizes["individual"]
        edge = round(EDGE * float(clean.fps))
        shown = [
            (name, (i,), strength)
            for i in range(count)
            for name, strength in alone(clean, i, simulation.arena, simulation.px_per_mm).items()
        ] + [
            (name, (i, j), strength)
            for i in range(count)
            for j in range(count)
            if i != j
            for name, strength in together(clean, i, j).items()
        ]
        for name, place, strength in shown:
            told = simulation.truth[name].isel(recording=r).values[place]
            near = np.zeros(told.size, bool)
            for frame in np.flatnonzero(np.diff(told == 1)):
                near[max(frame + 1 - edge, 0) : frame + 1 + edge] = True
            found.setdefault(name, []).append((told[~near], strength[~near]))
    return {
        name: (np.concatenate([t for t, _ in parts]), np.concatenate([s for _, s in parts]))
        for name, parts in found.items()
    }


def test_what_is_scripted_is_shown_clear_of_the_threshold(simulation: Simulation) -> None:
    for name, (told, strength) in judge(simulation).items():
        shown = strength[told == 1]
        assert shown.size > 0, name
        clear, right = LEAST.get(name, (0.99, 1.0))
        assert (shown >= 1).mean() >= clear, name
        assert (shown > 0).mean() >= right, name


def test_what_is_not_scripted_is_not_shown(simulation: Simulation) -> None:
    for name, (told, strength) in judge(simulation).items():
        against = strength[told == 0]
        if name == "immobile":
            # A mouse stands still for an instant where it stops; immobility takes 1 s.
            assert longest(against > 0) < float(simulation.tracks.fps), name
        else:
            assert (against > 0).mean() <= 0.002, name
            assert (against > -1).mean() <= 0.005, name


def longest(flags: np.ndarray) -> int:
    """Length of the longest run of True."""
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return int(lengths.max(initial=0))


def test_truth_has_labels_nan_diagonals_and_few_unknowns(simulation: Simulation) -> None:
    for name, label in simulation.truth.data_vars.items():
        assert label.attrs["kind"] == "label"
        assert label.dtype == np.float32
        values = label.values
        assert set(np.unique(values[~np.isnan(values)])) <= {0, 1}
        if "partner" in label.dims:
            count = label.sizes["individual"]
            assert label.dims == ("recording", "individual", "partner", "time")
            assert np.isnan(values[:, np.arange(count), np.arange(count)]).all()
            values = values[:, ~np.eye(count, dtype=bool)]
        if values.size:
            assert np.isnan(values).mean() < 0.25, name


def test_symmetric_behaviours_are_symmetric(simulation: Simulation) -> None:
    for name in ("nose_to_nose", "side_by_side"):
        label = simulation.truth[name]
        np.testing.assert_array_equal(label.values, label.values.swapaxes(1, 2))


def test_script_lists_the_bouts_of_the_truth(simulation: Simulation) -> None:
    fps = float(simulation.tracks.fps)
    truth = simulation.truth
    for name, rows in simulation.script.groupby("behaviour"):
        rebuilt = np.zeros(truth[str(name)].shape, bool)
        for row in rows.itertuples():
            place = [truth.get_index("recording").get_loc(row.recording)]
            place.append(truth.get_index("individual").get_loc(row.individual))
            if row.partner:
                place.append(truth.get_index("partner").get_loc(row.partner))
            rebuilt[(*place, slice(round(row.start * fps), round(row.stop * fps)))] = True
        np.testing.assert_array_equal(truth[str(name)].values == 1, rebuilt)


def test_animals_move_like_animals(simulation: Simulation) -> None:
    trunk = simulation.clean.isel(bodypart=slice(11))  # a tail may whip faster
    step = np.diff(trunk.values, axis=-1)
    speed = np.linalg.norm(step, axis=-2) * float(simulation.tracks.fps)
    assert speed.max() < 600


def test_every_behaviour_comes_several_times_in_three_minutes() -> None:
    for seed in range(3):
        script = simulate_cohort(1, duration="3 min", seed=seed).script
        bouts = script.groupby("behaviour").size()
        assert len(bouts) == 7
        assert bouts.min() >= 2


def test_treated_animals_seek_each_other_less() -> None:
    simulation = simulate_cohort(4, duration="4 min", seed=0)
    social = [name for name in simulation.truth if "partner" in simulation.truth[name].dims]
    share = sum(simulation.truth[name].mean(["individual", "partner", "time"]) for name in social)
    by_treatment = share.groupby(simulation.tracks.treatment).mean()
    assert by_treatment.sel(treatment="treated") < 0.85 * by_treatment.sel(treatment="control")
