"""Floors seen askew: a camera by construction, and what no camera sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.geometry.homography import find_homography, project
from tests.strategies import make_tracks, stack

FLOOR = np.array([(0, 0), (400, 0), (400, 300), (0, 300)], float)


def camera(tilt: float, turn: float = 0.2, height: float = 900.0) -> np.ndarray:
    """From mm on the floor to px of a pinhole camera with 800 px of focal length."""
    a, b = np.deg2rad(tilt), turn
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    rotation = about_x @ about_z
    focal = np.array([[800, 0, 320], [0, 800, 240], [0, 0, 1.0]])
    moved = np.array([[1, 0, -200], [0, 1, -150], [0, 0, 1.0]])
    outward = np.stack([rotation[:, 0], rotation[:, 1], [0, 0, height]], axis=1)
    return focal @ outward @ moved


@settings(max_examples=40, deadline=None)
@given(tilt=st.floats(0, 50), turn=st.floats(-3, 3), seed=st.integers(0, 99))
def test_the_floor_is_found_again(tilt: float, turn: float, seed: int) -> None:
    seen = camera(tilt, turn)
    matrix = find_homography(project(FLOOR, seen), 400, 300)
    places = np.random.default_rng(seed).uniform((0, 0), (400, 300), (50, 2))
    np.testing.assert_allclose(project(project(places, seen), matrix), places, atol=1e-6)
    back = project(project(places, matrix @ seen), np.linalg.inv(matrix))
    np.testing.assert_allclose(back, project(places, seen), atol=1e-6)


def run_across(tilt: float = 40.0) -> tuple[np.ndarray, str]:
    """A run at 200 mm/s along the diagonal of the floor in px, and the arena as written."""
    way = np.linspace(0, 1, 76)[:, np.newaxis] * [400, 300]
    corners = " ".join(f"{x},{y}" for x, y in project(FLOOR, camera(tilt)).tolist())
    return project(way, camera(tilt)).T, f"polygon {corners} px = 400 mm x 300 mm"


def test_speeds_are_right_everywhere() -> None:
    seen, arena = run_across()
    tracks = ef.from_arrays(seen[np.newaxis, np.newaxis], fps=30, bodyparts=["centre"])
    poses = ef.calibrate(tracks, arena)
    assert poses.position.attrs["units"] == "mm"
    np.testing.assert_allclose(ef.features.speed(poses), 200, rtol=1e-4)
    raw = ef.features.speed(tracks).values
    assert raw.max() > 1.3 * raw.min(), "the camera looks askew"
    np.testing.assert_allclose(poses.arena, FLOOR, atol=1e-3)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [1, 2, 3, 0], [3, 2, 1, 0], [0, 3, 2, 1]])
def test_left_stays_left_whichever_way_round_corners_are_given(order: list[int]) -> None:
    corners = FLOOR[order]
    sides = [np.linalg.norm(corners[k + 1] - corners[k]) for k in (0, 1)]
    angle = np.linspace(0, 3, 60)
    ring = [200, 150] + 80 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ahead = [200, 150] + 80 * np.stack([np.cos(angle + 0.2), np.sin(angle + 0.2)], axis=1)
    seen = np.stack([project(points, camera(40)).T for points in (ahead, ring)])
    tracks = ef.from_arrays(seen[np.newaxis], fps=20, bodyparts=["nose", "tail_base"])
    arena = ef.polygon(project(corners, camera(40)).tolist(), sides=(sides[0], sides[1]))
    poses = ef.calibrate(tracks, arena)
    turning = ef.features.angular_velocity(poses).values
    np.testing.assert_allclose(turning, 3 / 59 * 20, rtol=1e-3)
    assert float(poses.arena.min()) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("first", ["regions", "calibration"])
def test_regions_in_px_go_through_the_same_homography(first: str) -> None:
    seen, arena = run_across()
    box = project(np.array([(100, 75), (200, 75), (200, 150), (100, 150.0)]), camera(40))
    middle = project(np.array([[150.0, 112.5]]), camera(40))[0]
    regions = {"box": ef.polygon(box.tolist()), "disc": ef.circle(*middle, 20)}
    tracks = ef.from_arrays(seen[np.newaxis, np.newaxis], fps=30, bodyparts=["centre"])
    if first == "regions":
        poses = ef.calibrate(ef.mark_regions(tracks, regions), arena)
    else:
        poses = ef.mark_regions(ef.calibrate(tracks, arena), regions)
    found = ef.features.in_region(poses)[0, 0]
    expected = ef.features.in_region(ef.mark_regions(tracks, regions))[0, 0]
    apart = ef.features.region_distance(poses)[0, 0]
    clear = np.abs(apart) > 0.5
    np.testing.assert_array_equal(found.where(clear), expected.where(clear))
    np.testing.assert_allclose(poses.region_centre[0], [150, 112.5], atol=1e-2)
    assert np.isnan(poses.region_radius).all(), "a circle in the picture is none on the floor"


def test_recordings_may_have_other_cameras() -> None:
    seen, askew = run_across()
    one = ef.from_arrays(seen[np.newaxis, np.newaxis], fps=25, bodyparts=["c"], recording="a")
    other = ef.from_arrays(2 * seen[np.newaxis, np.newaxis], fps=25, bodyparts=["c"], recording="b")
    cohort = stack([one, other])
    poses = ef.calibrate(cohort, {"a": askew, "default": "circle 300 200 100 px = 100 mm"})
    np.testing.assert_allclose(poses.position[1], cohort.position[1] / 2, rtol=1e-5)
    np.testing.assert_allclose(ef.features.speed(poses)[0].isel(time=5), 200 / 30 * 25, rtol=1e-3)


def test_what_is_beyond_the_horizon_is_unknown() -> None:
    matrix = find_homography(project(FLOOR, camera(50)), 400, 300)
    x, y = np.meshgrid(np.linspace(-2000, 2000, 40), np.linspace(-2000, 2000, 40))
    seen = np.stack([x.ravel(), y.ravel()])
    tracks = ef.from_arrays(seen[np.newaxis, np.newaxis], fps=30, bodyparts=["centre"])
    corners = project(FLOOR, camera(50)).tolist()
    poses = ef.calibrate(tracks, ef.polygon(corners, sides=("40 cm", "30 cm")))
    behind = matrix[2] @ np.stack([*seen, np.ones(seen.shape[1])]) <= 0
    assert behind.any()
    np.testing.assert_array_equal(np.isnan(poses.position.values[0, 0, 0]), behind)


@pytest.mark.parametrize(
    ("arena", "said"),
    [
        ("polygon 0,0 10,0 0,10 10,10 px = 4 mm x 3 mm", "cross"),
        ("polygon 0,0 10,0 20,0.001 30,0 px = 4 mm x 3 mm", "line"),
        ("polygon 0,0 10,0 3,3 0,10 px = 4 mm x 3 mm", "inwards"),
        ("polygon 0,0 10,0 10,10 px = 4 mm x 3 mm", "four corners"),
        ("polygon 0,0 10,0 10,10 0,10 px = 4 mm x 0 mm", "positive length"),
        ("polygon 0,0 10,0 10,10 0,10 px = 4 mm x 3 px", "size of the arena"),
    ],
)
def test_what_no_camera_sees_is_refused(arena: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ef.calibrate(make_tracks(1, 20), arena)


def test_lengths_in_px_are_not_scaled_by_guess() -> None:
    seen, arena = run_across()
    tracks = ef.from_arrays(seen[np.newaxis, np.newaxis], fps=30, bodyparts=["centre"])
    with pytest.raises(ef.DataError, match="speed: in px"):
        ef.calibrate(tracks.assign(speed=ef.features.speed(tracks)), arena)
    with pytest.raises(ef.DataError, match="leave px_per_mm"):
        ef.calibrate(tracks, arena, px_per_mm=2)
