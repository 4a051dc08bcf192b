"""Real mazes: plausible times and entries, with regions of a file and corners of the occupancy."""

from __future__ import annotations

from pathlib import Path

import pytest

import ethoflow as ef

REAL = Path("/work/shared/data/tracking/freezing-behaviordepot")
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real recordings are not here")


def test_a_field_by_its_occupancy() -> None:
    """Its occupancy fills a square, densest along the sides: no plus maze, whatever its name."""
    tracks = ef.assign_roles(ef.read(REAL / "demo4/demo4_video.csv", fps=30), {"centre": "Implant"})
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


def test_a_tee_maze_with_the_regions_of_its_file() -> None:
    tracks = ef.read(REAL / "demo5/demo5_tracking.csv", fps=29.385)
    with pytest.warns(UserWarning, match="30.8%"):
        poses = ef.clean(ef.calibrate(tracks, px_per_mm=1.4))
    poses = ef.mark_regions(poses, ef.read_regions(REAL / "demo5/demo5_analyzed/Params.mat"))
    row = ef.summarise(poses).iloc[0]
    assert 250 < row.time_seen < 442, "a third of the recording is not seen, and counts nowhere"
    # The cup of the food lies in the arm of the reward.
    for side in "LR":
        assert 0 < row[f"time_inside_FoodCup{side}"] <= row[f"time_inside_Reward{side}"]
    assert row.time_inside_RewardR > row.time_inside_RewardL
    assert row.entries_EffortR >= row.entries_RewardR - 1
