"""Real mazes: plausible times and entries, with regions of a file and corners of the occupancy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef


@pytest.fixture(scope="module")
def mazes(real_data: Path) -> Path:
    return real_data / "freezing-behaviordepot"


def share_in_a_plus(points: np.ndarray) -> float:
    """The most of some points that a plus holds whose arms are a fifth of their extent wide."""
    best = 0.0
    half = np.ptp(points, axis=0).max() / 10
    for turn in np.deg2rad(np.arange(0, 90, 3)):
        along = points @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        places = np.linspace(along.min(axis=0), along.max(axis=0), 31)
        near = [np.abs(along[:, i] - places[:, i, np.newaxis]) < half for i in (0, 1)]
        both = near[0].astype(float) @ near[1].T
        within = near[0].sum(axis=1)[:, np.newaxis] + near[1].sum(axis=1) - both
        best = max(best, float(within.max()) / len(points))
    return best


def seen_points(tracks: xr.Dataset, part: str) -> np.ndarray:
    one = tracks.isel(individual=0).sel(bodypart=part)
    places = one.position.where(one.confidence > 0.9).transpose("time", "space").values
    return places[np.isfinite(places).all(axis=1)]


@pytest.mark.parametrize("part", ["Nose", "LeftEar", "RightEar", "Tailbase", "Implant"])
def test_a_recording_called_plus_maze_is_of_a_field(mazes: Path, part: str) -> None:
    """The network is called EPM; the animal is where a plus maze, however it lies, has no floor."""
    points = seen_points(ef.read(mazes / "demo4/demo4_video.csv", fps=30), part)
    low, high = points.min(axis=0), points.max(axis=0)
    third = np.floor((points - low) / (high - low) * 2.999).astype(int)
    visits = np.bincount(third @ [1, 3], minlength=9).reshape(3, 3)
    # In the arms' corners, where an upright plus has none; most of the time in them,
    assert visits[::2, ::2].min() > 250
    assert visits[::2, ::2].sum() > 0.6 * len(points)
    # and along the middle of all four sides, where one that lies askew has none.
    assert min(visits[0, 1], visits[2, 1], visits[1, 0], visits[1, 2]) > 100
    assert share_in_a_plus(points) < 0.75
    maze = ef.simulate.plus_maze(3).tracks
    assert share_in_a_plus(seen_points(maze, "Nose")) > 0.97


def test_a_field_by_its_occupancy(mazes: Path) -> None:
    """Corners read off it: the animal keeps to the border, and no maze is made of them."""
    tracks = ef.assign_roles(
        ef.read(mazes / "demo4/demo4_video.csv", fps=30), {"centre": "Implant"}
    )
    field = "polygon 300,40 965,40 925,695 325,695 px = 500 mm"
    poses = ef.clean(ef.calibrate(tracks, field))
    poses = ef.mark_regions(
        poses, {"centre": "centre 50 % of side", "border": "periphery 50 % of side"}
    )
    row = ef.summarise(poses).iloc[0]
    inside = row.time_inside_centre + row.time_inside_border
    assert inside == pytest.approx(row.time_seen, rel=0.02)
    assert row.time_inside_border > 3 * row.time_inside_centre > 0
    assert abs(row.entries_centre - row.entries_border) <= 1
    with pytest.raises(ef.DataError, match="maze has 12 corners"):
        ef.mark_regions(poses, "maze")


def test_a_tee_maze_with_the_regions_of_its_file(mazes: Path) -> None:
    tracks = ef.read(mazes / "demo5/demo5_tracking.csv", fps=29.385)
    with pytest.warns(UserWarning, match="30.8%"):
        poses = ef.clean(ef.calibrate(tracks, px_per_mm=1.4))
    poses = ef.mark_regions(poses, ef.read_regions(mazes / "demo5/demo5_analyzed/Params.mat"))
    row = ef.summarise(poses).iloc[0]
    assert 250 < row.time_seen < 442, "a third of the recording is not seen, and counts nowhere"
    # The cup of the food lies in the arm of the reward.
    for side in "LR":
        assert 0 < row[f"time_inside_FoodCup{side}"] <= row[f"time_inside_Reward{side}"]
    assert row.time_inside_RewardR > row.time_inside_RewardL
    assert row.entries_EffortR >= row.entries_RewardR - 1
