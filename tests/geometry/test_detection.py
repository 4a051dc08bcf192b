"""Arenas in pictures and videos whose outline is known, and pictures without one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.geometry.files import read_arenas
from ethoflow.geometry.in_videos import FINISHED, find_arenas
from ethoflow.geometry.still import median_frame

cv2 = pytest.importorskip("cv2")

QUAD = [(120, 60), (540, 80), (560, 430), (90, 410)]


def scene(kind: str, *, seed: int = 0, noise: float = 8) -> np.ndarray:
    """A floor lighter than what is around it, in uneven light, or none."""
    rng = np.random.default_rng(seed)
    picture = np.full((480, 640), 70.0)
    if kind == "circle":
        cv2.circle(picture, (330, 230), 190, 190.0, -1)
    if kind == "quad":
        cv2.fillPoly(picture, [np.array(QUAD, np.int32)], 185.0)
    picture *= np.linspace(0.75, 1.15, 640)
    if kind == "clutter":
        for _ in range(40):
            x, y = (int(v) for v in rng.integers(0, 480, 2))
            cv2.circle(picture, (x, y), int(rng.integers(5, 60)), float(rng.integers(0, 255)), -1)
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("noise", [2, 8, 15])
def test_outlines_are_found(noise: float) -> None:
    found = ef.find_arena(scene("circle", noise=noise)).arena
    assert found is not None
    np.testing.assert_allclose([*found.centre, found.radius], [330, 230, 190], atol=3)
    corners = ef.find_arena(scene("quad", noise=noise)).arena.corners()
    np.testing.assert_allclose(corners, QUAD, atol=4)


@pytest.mark.parametrize("kind", ["nothing", "clutter"])
def test_where_there_is_none_nothing_is_given(kind: str) -> None:
    for seed in range(2):
        found = ef.find_arena(scene(kind, seed=seed))
        assert found.arena is None
        assert found.confidence < 0.5


def film(path: Path) -> None:
    """A dark animal that runs over a round floor."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (640, 480))
    for frame in range(60):
        picture = scene("circle", seed=frame)
        place = (330 + int(120 * np.cos(frame / 9)), 230 + int(120 * np.sin(frame / 9)))
        cv2.circle(picture, place, 25, 10, -1)
        writer.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    writer.release()


def test_a_table_that_a_project_reads(tmp_path: Path) -> None:
    film(tmp_path / "m1.avi")
    (tmp_path / "m2.avi").write_bytes(b"no video")
    videos = [str(tmp_path / "m1.avi"), str(tmp_path / "m2.avi")]
    out = tmp_path / "arenas.csv"
    result = CliRunner().invoke(app, ["arenas", *videos, "--out", str(out), "--size", "38 cm"])
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out, keep_default_na=False)
    assert table.recording.tolist() == ["m1", "m2"]
    assert table.arena[0].startswith("circle 33")
    assert table.arena[1] == ""
    assert "cannot be opened" in table.note[1]
    assert (tmp_path / "arenas_pictures/m1.png").stat().st_size > 1000
    arenas = read_arenas(out)
    assert arenas["m1"].px_per_mm == pytest.approx(1.0, abs=0.02)
    assert list(arenas) == ["m1"]
    told = []
    find_arenas([tmp_path / "m1.avi"], tmp_path / "b.csv", progress=lambda *done: told.append(done))
    assert told == [(1, 1)]
    with pytest.raises(ef.DataError, match="there already"):
        find_arenas([tmp_path / "m1.avi"], out)


KILLED = """
import os, signal, sys
from pathlib import Path
from ethoflow.geometry.in_videos import find_arenas
def die(done, total):
    if done == 2:
        os.kill(os.getpid(), signal.SIGKILL)
find_arenas([Path(name) for name in sys.argv[2:]], Path(sys.argv[1]), size="38 cm", progress=die)
"""


def test_a_killed_command_goes_on(tmp_path: Path) -> None:
    """Of videos that were looked at nothing is read again, unless they are others by now."""
    videos = [tmp_path / f"m{number}.avi" for number in (1, 2, 3)]
    film(videos[0])
    for copy in videos[1:]:
        shutil.copy(videos[0], copy)
    out = tmp_path / "arenas.csv"
    command = [sys.executable, "-c", KILLED, str(out), *map(str, videos)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert not out.exists()
    finished = tmp_path / "arenas_pictures" / FINISHED
    finished.write_bytes(finished.read_bytes() + b'\n["half a line')
    before = videos[0].stat()
    videos[0].write_bytes(bytes(before.st_size))  # could not be read any more
    os.utime(videos[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    videos[1].write_bytes(b"another")
    table, folder = find_arenas(videos, out, size="38 cm")
    assert table.arena[0] == table.arena[2] != ""
    assert "cannot be opened" in table.note[1]
    assert not (folder / FINISHED).exists()


@pytest.mark.parametrize(("codec", "n"), [("mp4v", 3500), ("mp4v", 300), ("MJPG", 20)])
def test_what_does_not_move_of_videos_long_and_short(codec: str, n: int, tmp_path: Path) -> None:
    """A square that crosses the picture is gone, wherever whole frames lie."""
    path = tmp_path / ("m.avi" if codec == "MJPG" else "m.mp4")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (96, 64))
    floor = np.full((64, 96, 3), 180, np.uint8)
    floor[:10] = 60
    for frame in range(n):
        picture = floor.copy()
        at = 12 + round(60 * frame / n)
        picture[20:50, at : at + 20] = 0
        writer.write(picture)
    writer.release()
    off = np.abs(median_frame(path).astype(int) - floor[:, :, 0])
    assert np.quantile(off, 0.95) <= 8


def test_real_floors(real_data: Path) -> None:
    """Corners and radius read off the pictures by eye, to 8 px."""
    field = ef.find_arena(real_data / "dlc-openfield-m3v1/m3v1mp4.mp4")
    assert field.arena is not None
    expected = [(16, 50), (618, 56), (608, 465), (16, 465)]
    np.testing.assert_allclose(field.arena.corners(), expected, atol=8)
    dish = ef.find_arena(real_data / "centroid-trackers/tracktor/mouse_video.mp4").arena
    np.testing.assert_allclose([*dish.centre, dish.radius], [308, 234, 209], atol=8)


@pytest.mark.slow
def test_an_open_field_with_its_arena_found_in_the_video(real_data: Path, tmp_path: Path) -> None:
    """No hand work: the video, three networks' tracks of it, and five lines."""
    folder = real_data / "dlc-openfield-m3v1"
    (tmp_path / "tracks").mkdir()
    for file in folder.glob("m3v1mp4DLC*.h5"):
        shutil.copy(file, tmp_path / "tracks")
    out = tmp_path / "arenas.csv"
    found = CliRunner().invoke(
        app, ["arenas", str(folder / "m3v1mp4.mp4"), "--size", "40 cm", "--out", str(out)]
    )
    assert found.exit_code == 0, found.output
    project = tmp_path / "project.yaml"
    project.write_text(
        "tracks: tracks/*.h5\nfps: 30\narena: arenas.csv\nsummary: {bin: 20 s}\n"
        "regions: {inner: centre 50 % of side, outer: periphery 50 % of side}\n"
    )
    ran = CliRunner().invoke(app, ["run", str(project)])
    said = " ".join(ran.output.split())
    assert ran.exit_code == 0, said
    for word in ("another size", "outside of the arena", "arena of no recording", "long from nose"):
        assert word not in said
    poses = ef.open(tmp_path / "results/cohort.zarr", "poses")
    np.testing.assert_allclose(poses.px_per_mm, 602 / 400, rtol=0.01)
    table = pd.read_csv(tmp_path / "results/summary/summary.csv")
    assert table.groupby("recording").bin.max().tolist() == [3, 3, 3]
    inside = table.time_inside_inner + table.time_inside_outer
    np.testing.assert_allclose(inside, table.time_seen, atol=1.0)
    # A mouse keeps to the walls, and the networks agree on it.
    sums = table.groupby("recording")[["distance_moved", "time_inside_outer"]].sum()
    assert (table.time_inside_outer > 4 * table.time_inside_inner).all()
    assert sums.distance_moved.between(3500, 6000).all()
    assert sums.time_inside_outer.max() < 1.1 * sums.time_inside_outer.min()
