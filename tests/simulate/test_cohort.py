"""The shape of simulated cohorts, and what they depend on."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ethoflow.schema import COORDINATES, DataError, as_dataset
from ethoflow.simulate import CircleArena, PolygonArena, simulate_cohort, simulate_recording


def test_same_seed_same_cohort() -> None:
    one, same, other = (simulate_cohort(2, duration="20 s", seed=s) for s in (7, 7, 8))
    xr.testing.assert_identical(one.tracks, same.tracks)
    xr.testing.assert_identical(one.truth, same.truth)
    xr.testing.assert_identical(one.corruption, same.corruption)
    assert one.script.equals(same.script)
    assert not one.tracks.position.equals(other.tracks.position)


def test_a_recording_does_not_depend_on_the_cohort() -> None:
    alone = simulate_cohort(2, duration="20 s", seed=3)
    among = simulate_cohort(5, duration="20 s", seed=3)
    for name in ("tracks", "truth", "corruption"):
        xr.testing.assert_identical(
            getattr(alone, name), getattr(among, name).isel(recording=[0, 1])
        )


def test_recordings_differ() -> None:
    position = simulate_cohort(2, duration="10 s").clean.values
    assert not np.allclose(position[0], position[1])


def test_one_recording_is_the_first_of_a_cohort() -> None:
    xr.testing.assert_identical(
        simulate_recording(duration="10 s", seed=4).tracks,
        simulate_cohort(1, duration="10 s", seed=4).tracks,
    )


def test_tracks_pass_the_checks_of_every_dataset() -> None:
    tracks = simulate_cohort(3, duration="10 s").tracks
    xr.testing.assert_identical(as_dataset(tracks, needs=["position", "confidence"]), tracks)
    assert tracks.position.dims == ("recording", "individual", "bodypart", "space", "time")
    assert tracks.position.dtype == tracks.confidence.dtype == np.float32
    assert tracks.position.attrs["units"] == "px"
    assert set(tracks.coords) <= {*COORDINATES, "treatment"}
    assert tracks.treatment.values.tolist() == ["control", "treated", "control"]
    assert len(set(tracks.animal.values.ravel())) == 6


@pytest.mark.parametrize("skeleton", [11, 14])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_animals_and_skeletons(count: int, skeleton: int) -> None:
    simulation = simulate_cohort(1, n_individuals=count, skeleton=skeleton, duration="10 s")
    sizes = simulation.tracks.sizes
    assert (sizes["individual"], sizes["bodypart"]) == (count, skeleton)
    roles = set(simulation.tracks.role.values)
    assert {"nose", "left_ear", "right_ear", "centre", "tail_base"} <= roles
    assert ("tail_tip" in roles) == (skeleton == 14)
    if count == 1:
        assert np.isnan(simulation.truth.following).all()


def test_shorter_recordings_are_padded() -> None:
    simulation = simulate_cohort(2, duration=["10 s", 4], fps=30)
    tracks = simulation.tracks
    assert tracks.n_frames.values.tolist() == [300, 120]
    assert np.isnan(tracks.position[1, ..., 120:]).all()
    assert np.isfinite(simulation.clean[1, ..., :120]).all()
    assert np.isnan(simulation.truth.moving[1, :, 120:]).all()


def test_clean_positions_are_tracks_without_errors() -> None:
    simulation = simulate_cohort(1, duration="10 s", noise=0, bursts=0, gaps=0, px_per_mm=2.0)
    np.testing.assert_allclose(
        simulation.tracks.position, 2 * simulation.clean, rtol=1e-6, atol=1e-4
    )


def test_circle_in_the_picture() -> None:
    arena = simulate_cohort(1, duration="2 s", size="40 cm", px_per_mm=2).arena
    assert isinstance(arena, CircleArena)
    assert (arena.radius, arena.size) == (400, "400 mm")


def test_polygon_in_the_picture() -> None:
    corners = [(0, 0), (500, 0), (500, 400), (0, 400)]
    arena = simulate_cohort(1, duration="2 s", arena=corners, px_per_mm=2).arena
    assert isinstance(arena, PolygonArena)
    first, second = np.array(arena.vertices)[:2]
    assert np.linalg.norm(second - first) == pytest.approx(1000)
    assert arena.size == "500 mm"


def test_only_a_climbing_nose_is_outside() -> None:
    simulation = simulate_cohort(1, duration="60 s", seed=1)
    arena = simulation.arena
    assert isinstance(arena, CircleArena)
    centre = np.array([arena.x, arena.y]) / simulation.px_per_mm
    away = simulation.clean - xr.DataArray(centre, dims="space")
    radius = arena.radius / simulation.px_per_mm
    beyond = np.sqrt((away**2).sum("space")).isel(recording=0) - radius
    assert beyond.sel(bodypart="Center").max() < 0
    quiet = simulation.truth.climbing.isel(recording=0) == 0
    assert beyond.sel(bodypart="Nose").where(quiet).max() < 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"skeleton": 12}, "11 or 14"),
        ({"arena": "triangle"}, "circle"),
        ({"arena": [(0, 0), (1, 1)]}, "three or more"),
        ({"size": "10 cm"}, "radius"),
        ({"fps": 0}, "fps"),
        ({"n_individuals": 0}, "one animal"),
        ({"duration": ["1 s", "2 s", "3 s"]}, "duration"),
        ({"duration": 0}, "duration"),
    ],
)
def test_bad_settings_name_what_is_wrong(settings: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        simulate_cohort(2, **{"duration": "2 s", **settings})


def test_no_recording_is_an_error() -> None:
    with pytest.raises(DataError, match="one recording"):
        simulate_cohort(0)


def test_treated_animals_seek_each_other_as_often_as_is_said() -> None:
    usual, alone = (simulate_cohort(2, duration="40 s", sociability=s) for s in (0.5, 0.0))
    np.testing.assert_array_equal(usual.clean[0], alone.clean[0])  # controls do not care
    assert (usual.script[usual.script.recording == "session_01"].partner != "").any()
    assert (alone.script[alone.script.recording == "session_01"].partner == "").all()
    with pytest.raises(DataError, match="sociability must be between 0 and 1, found 2"):
        simulate_cohort(1, duration="1 s", sociability=2)
