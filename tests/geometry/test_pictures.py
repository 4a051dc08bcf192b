"""An arena that was found at one size of the video is not taken for tracks of another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.geometry.files import read_arenas
from tests.strategies import stack


def roaming(times: float, name: str = "a", seed: int = 0):
    """A mouse in a picture of 640 x 480 px, tracked at `times` its size; a tenth wild, unsure."""
    rng = np.random.default_rng(seed)
    turn = np.arange(800) / np.array([[17.0], [23.0]])
    place = np.array([[320], [240]]) + np.array([[280], [200]]) * np.cos(turn)
    position = times * (place + rng.normal(0, 1, (1, 2, 2, 800)))
    confidence = np.ones((1, 2, 800))
    wild = rng.random((1, 2, 800)) < 0.1
    position[0, :, 0][wild[0]] += 5000
    confidence[wild] = 0.1
    return ef.from_arrays(
        position, fps=25, bodyparts=["nose", "tail_base"], confidence=confidence, recording=name
    )


def floor(width: int, height: int, times: float = 1, size: str | None = "560 mm") -> ef.Arena:
    """The floor the mouse goes on, as found in a picture `times` as large."""
    corners = times * np.array([[40, 40], [600, 40], [600, 440], [40, 440]])
    return replace(ef.polygon(corners.tolist(), size=size), picture=(width, height))


def test_tracks_of_a_larger_picture_are_refused() -> None:
    cohort = stack([roaming(1, "a"), roaming(1.5, "b")])
    right, large = floor(640, 480), floor(960, 720, 1.5)
    ef.calibrate(cohort, {"a": right, "b": large})
    ef.calibrate(cohort, {"a": right, "b": replace(right, picture=None)})
    with pytest.raises(ef.DataError, match=r"b: the arena .* 640 x 480 px, and \d+% of the points"):
        ef.calibrate(cohort.chunk(recording=1, time=100), right)
    with pytest.raises(ef.DataError, match=r"\d+% of the points"):
        ef.calibrate(roaming(1.5), right, px_per_mm=3)


def test_tracks_of_a_smaller_picture_are_told() -> None:
    """They lie within the larger picture, and the scale would be wrong by the same factor."""
    with pytest.warns(UserWarning, match="a picture 0.5 times as large"):
        ef.calibrate(roaming(0.5), floor(640, 480))


@pytest.mark.parametrize("arena", [None, "560 mm", "560 x 400 mm"])
def test_regions_know_their_picture_too(arena: str | None) -> None:
    """In px, and in the mm of a scale or a floor seen askew."""
    written = f"polygon 80,80 1200,80 1200,880 80,880 px = {arena}"
    poses = roaming(2) if arena is None else ef.calibrate(roaming(2), written)
    ef.mark_regions(poses, {"floor": floor(1280, 960, 2, None)})
    with pytest.raises(ef.DataError, match=r"640 x 480 px, and \d+% of the points"):
        ef.mark_regions(poses, {"floor": floor(640, 480, 1, None)})


def test_what_is_found_knows_its_picture() -> None:
    pytest.importorskip("cv2")
    picture = np.full((240, 320), 40, np.uint8)
    picture[40:200, 60:260] = 200
    found = ef.find_arena(picture).arena
    assert found is not None
    with pytest.raises(ef.DataError, match="320 x 240 px"):
        ef.calibrate(roaming(1), found)


ROW = "{name},polygon 40 40 600 40 600 440 40 440 px = 560 mm,0.9,{width},{height},\n"


def run(folder, times, width=640, height=480):
    ef.simulate.write_dlc(stack([roaming(times, "m1")]), folder / "tracks")
    head = "recording,arena,confidence,width,height,note\n"
    (name,) = [path.stem for path in (folder / "tracks").iterdir()]
    (folder / "arenas.csv").write_text(head + ROW.format(name=name, width=width, height=height))
    project = folder / "project.yaml"
    project.write_text("tracks: tracks/*.csv\nfps: 25\narena: arenas.csv\nskeleton: {centre: nose}")
    ran = CliRunner().invoke(app, ["run", str(project)])
    return ran, " ".join(ran.output.split())


def test_a_run_refuses_them_and_says_what_is_smaller(tmp_path) -> None:
    ran, said = run(tmp_path / "right", 1)
    assert ran.exit_code == 0, said
    assert "another size" not in said
    ran, said = run(tmp_path / "large", 2)
    assert ran.exit_code == 1
    assert "Find the arena in the video that was tracked" in said
    assert not ef.store.has_data(tmp_path / "large/results/cohort.zarr", "poses")
    ran, said = run(tmp_path / "small", 0.5)
    assert ran.exit_code == 0, said
    assert "a picture 0.5 times as large" in said
    ran, said = run(tmp_path / "mended", 2, "", "")
    assert ran.exit_code == 0, said
    assert "a picture 2 times as large" in said


@pytest.mark.parametrize(("width", "height"), [("wide", 480), (0, 480), (640, ""), ("inf", 1)])
def test_sizes_that_are_none_are_refused(width, height, tmp_path) -> None:
    table = tmp_path / "arenas.csv"
    row = ROW.format(name="m1", width=width, height=height)
    table.write_text("recording,arena,confidence,width,height,note\n" + row)
    with pytest.raises(ef.DataError, match=r"row 2: width and height are"):
        read_arenas(table)
