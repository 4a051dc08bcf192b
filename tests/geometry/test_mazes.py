"""Mazes: their arms from corners in any order, and a simulated one through a whole run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.cli.screen import Screen
from ethoflow.geometry.landmarks import mark_landmarks
from ethoflow.geometry.mazes import find_maze
from ethoflow.geometry.regions import corners_of
from ethoflow.geometry.rings import signed_area
from ethoflow.stages.corners import KEPT, mark_corners
from ethoflow.stages.job import Job
from tests.conftest import no_compute
from tests.strategies import make_tracks, stack


def plus(length: float = 350, width: float = 50) -> np.ndarray:
    h, far = width / 2, width / 2 + length
    return np.array([
        (-h, -h), (-h, -far), (h, -far), (h, -h), (far, -h), (far, h), (h, h), (h, far), (-h, far),
        (-h, h), (-far, h), (-far, -h),
    ])  # fmt: skip


def tee(bar: float = 300, stem: float = 400, width: float = 60) -> np.ndarray:
    h = width / 2
    return np.array([
        (-bar, 0), (bar, 0), (bar, width), (h, width), (h, stem), (-h, stem), (-h, width),
        (-bar, width),
    ], float)  # fmt: skip


def wye(length: float = 300, width: float = 60) -> np.ndarray:
    rows, inner = [], width / 2 / np.tan(np.pi / 3)
    for angle in np.deg2rad([-90, 30, 150]):
        way, across = (
            np.array([np.cos(angle), np.sin(angle)]),
            np.array([-np.sin(angle), np.cos(angle)]),
        )
        half = across * width / 2
        rows += [(inner + length) * way - half, (inner + length) * way + half, inner * way + half]
    return np.array(rows)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from([plus, tee, wye]),
    turn=st.floats(-3.1, 3.1),
    seed=st.integers(0, 999),
    mirror=st.booleans(),
)
def test_the_order_of_the_corners_is_found(kind, turn: float, seed: int, mirror: bool) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = (
        kind() @ matrix.T * [(-1 if mirror else 1), 1] + rng.normal(0, 1.5, kind().shape) + 400
    )
    maze = find_maze(corners[rng.permutation(len(corners))])
    assert abs(signed_area(maze.outline)) == pytest.approx(abs(signed_area(corners)))
    whole = sum(abs(signed_area(ring)) for ring in (*maze.arms, maze.middle))
    assert whole == pytest.approx(abs(signed_area(corners)), rel=0.02)
    assert len(maze.arms) == (4 if kind is plus else 3)


def test_arms_are_called_by_their_direction() -> None:
    assert find_maze(plus()).names == ("up", "right", "down", "left")
    assert find_maze(tee()).names == ("right", "down", "left")
    turned = plus() @ np.array([[1, -1], [1, 1]]).T
    assert find_maze(turned).names == ("arm1", "arm2", "arm3", "arm4")


@pytest.mark.parametrize("wrong", range(12))
def test_a_corner_at_a_wrong_place_is_refused(wrong: int) -> None:
    corners = plus()
    corners[wrong] += (150, 110)
    with pytest.raises(ef.DataError, match="no plus maze's"):
        find_maze(corners)


def test_other_numbers_of_corners_are_no_maze() -> None:
    with pytest.raises(ef.DataError, match="12 corners"):
        find_maze(plus()[:11])


PROJECT = """\
tracks: tracks/*.csv
fps: 30
arena: {arena}
regions: {regions}
cleaning: {{pictures: 0}}
"""


def run(folder: Path, arena: str, regions: str = "maze, open arms left right") -> pd.DataFrame:
    project = folder / "project.yaml"
    project.write_text(PROJECT.format(arena=arena, regions=regions))
    result = CliRunner().invoke(app, ["run", str(project)])
    assert result.exit_code == 0, result.output
    return pd.read_csv(folder / "results/summary/summary.csv")


def test_two_lines_give_arm_times_and_entries_as_scripted(tmp_path: Path) -> None:
    mazes = {f"m{seed}": ef.simulate.plus_maze(seed=seed, name=f"m{seed}") for seed in range(2)}
    for maze in mazes.values():
        ef.simulate.write_dlc(stack([maze.tracks]), tmp_path / "tracks")
    table = run(tmp_path, mazes["m0"].arena).set_index("recording")
    called = {"open1": "left", "open2": "right", "closed1": "up", "closed2": "down",
              "middle": "middle"}  # fmt: skip
    for name, row in table.iterrows():
        script = mazes[str(name)[:2]].script.set_index("region")
        for region, arm in called.items():
            visits = max(script.entries[arm], 1)
            assert row[f"entries_{region}"] == script.entries[arm]
            assert row[f"time_inside_{region}"] == pytest.approx(
                script.time_inside[arm], abs=2.1 * visits / 30
            )
            assert row[f"latency_{region}"] == pytest.approx(
                script.latency[arm], abs=2.1 / 30, nan_ok=True
            )
    poses = ef.open(tmp_path / "results/cohort.zarr", "poses")
    assert not any("corner" in str(part) for part in poses.bodypart.values)
    assert float(poses.px_per_mm[0]) == pytest.approx(0.8, rel=0.005)
    # Another region, and what rests on it is made again; the same, and nothing is.
    # The corner tracked second is at the end of the arm that points up.
    again = run(tmp_path, mazes["m0"].arena, "{open: arms left right, far: arms corner2}")
    np.testing.assert_allclose(again.time_inside_far, table.time_inside_closed1, atol=1e-6)
    np.testing.assert_allclose(
        again.time_inside_open, table.time_inside_open1 + table.time_inside_open2, atol=1e-6
    )


def test_a_second_run_finds_all_fresh(tmp_path: Path) -> None:
    maze = ef.simulate.plus_maze(seed=4, name="m4")
    ef.simulate.write_dlc(stack([maze.tracks]), tmp_path / "tracks")
    run(tmp_path, maze.arena)
    again = CliRunner().invoke(app, ["run", str(tmp_path / "project.yaml")])
    said = " ".join(again.output.split())
    for stage in ("tracks", "poses", "features", "labels"):
        assert re.search(
            rf"{stage}: [^()]*(\([^()]*\)[^()]*)*\(nothing to do: all is fresh\)", said
        )
    for stage, n in {"summary": 2, "tables": 4, "pictures": 4}.items():
        assert f"{stage}: {n} kept, as what they show has not changed" in said


def test_corners_of_an_added_recording_alone_are_read(tmp_path: Path) -> None:
    """Those of the others are kept, as long as their tracks and what is asked stay the same."""
    mazes = [ef.simulate.plus_maze(seed=seed, name=f"m{seed}") for seed in (4, 5)]
    cohort = stack([maze.tracks for maze in mazes])
    path, corners = tmp_path / "c.zarr", corners_of(mazes[0].arena, "maze")

    def mark(parts: list[str] = corners) -> xr.DataArray:
        job = Job(path, tmp_path, Screen())
        return mark_corners(job, job.open("tracks"), parts).landmark_position

    def reads(parts: list[str] = corners) -> bool:
        try:
            with no_compute():
                mark(parts)
        except AssertionError:
            return True
        return False

    ef.write(cohort.isel(recording=[0]), path, "tracks")
    assert reads()
    alone = mark()
    assert not reads()
    assert reads(corners[1:])
    ef.write(cohort, path, "tracks")
    assert reads()
    both = mark()
    assert not reads()
    np.testing.assert_array_equal(both[0], alone[0])
    np.testing.assert_array_equal(both, mark_landmarks(cohort, corners).landmark_position)
    (path / KEPT).write_bytes((path / KEPT).read_bytes().replace(b"1", b"2"))  # not to be trusted
    assert reads()


def test_the_same_in_a_script() -> None:
    maze = ef.simulate.plus_maze(3)
    poses = ef.calibrate(maze.tracks, maze.arena)
    poses = ef.mark_regions(poses, "maze")
    assert poses.region.values.tolist() == ["up", "right", "down", "left", "middle"]
    row = ef.summarise(poses).iloc[0]
    for region, entries in maze.script.set_index("region").entries.items():
        assert row[f"entries_{region}"] == entries


def test_points_that_move_are_no_corners() -> None:
    maze = ef.simulate.plus_maze(6)
    wrong = maze.arena.replace("corner3,", "Nose,")
    with pytest.raises(ef.DataError, match="Nose: no fixed point"):
        ef.calibrate(maze.tracks, wrong)
    with pytest.raises(ef.DataError, match="no body part is called 'corner13'"):
        ef.calibrate(maze.tracks, maze.arena.replace("corner3,", "corner13,"))
    unseen = maze.tracks.assign(
        position=maze.tracks.position.where(maze.tracks.bodypart != "corner3")
    )
    with pytest.raises(ef.DataError, match="corner3: this corner was never seen"):
        ef.calibrate(unseen, maze.arena)


def test_open_arms_that_are_none() -> None:
    maze = ef.simulate.plus_maze(3)
    poses = ef.calibrate(maze.tracks, maze.arena)
    for regions, said in (
        ("maze, open arms left left", "two of these are one"),
        ("maze, open arms left north", "no arm 'north'; its arms are: up, right"),
        ("maze, open arms up down left right", "all arms"),
        ("a maze", "cannot read the regions"),
    ):
        with pytest.raises(ef.DataError, match=said):
            ef.mark_regions(poses, regions)
    with pytest.raises(ef.DataError, match="there is none"):
        ef.mark_regions(make_tracks(1, 20), "maze")
