"""Grids of examples: whole bouts, spread and seeded, each from its own frames, over and over."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.place import place as place_of
from ethoflow.report.videos import video_section
from ethoflow.schema import DataError
from ethoflow.video.picking import pick_bouts
from tests.video.footage import write_frames

pytest.importorskip("cv2")

N = 60
NAMES = ["r0", "r1", "r2"]
BOUTS = {"r0": [(0, 5), (10, 20), (30, 34)], "r1": [(8, 18)], "r2": [(12, 20), (40, 44), (50, 60)]}
"""The first of r0 and the last of r2 are cut by the ends."""


@pytest.fixture(scope="module")
def study() -> tuple[xr.Dataset, xr.Dataset]:
    """Three recordings of an animal that stays in the middle, and labels with known bouts."""
    place = np.array([[0.0, 8.0], [0.0, 0.0]])[:, :, None] + np.array([100.0, 80.0])[:, None, None]
    points = place.transpose(1, 0, 2).repeat(N, axis=2)[None].astype(np.float32)
    one = ef.from_arrays(points, fps=25, bodyparts=["nose", "tail_base"])
    poses = xr.concat([one.assign_coords(recording=name) for name in NAMES], "recording")
    poses = poses.assign_coords(n_frames=("recording", [N] * 3), origin=("recording", [0, 2.0, 0]))
    digging = np.zeros((3, 1, N), np.float32)
    for row, name in enumerate(NAMES):
        for start, stop in BOUTS[name]:
            digging[row, 0, start:stop] = 1
    digging[1, 0, 40:] = np.nan
    kinds = np.where(digging == 1, 3.0, 1.0).astype(np.float32)
    dims = ("recording", "individual", "time")
    labels = xr.Dataset(
        {"digging": (dims, digging, {"kind": "label"}),
         "cluster": (dims, kinds, {"kind": "category", "flag_values": [1, 3],
                                   "flag_meanings": "calm wild"})},
        poses.coords,
    )  # fmt: skip
    return poses.drop_vars("animal"), labels.drop_vars(["bodypart", "space", "role", "animal"])


def test_bouts_are_whole_spread_and_seeded(study: tuple[xr.Dataset, xr.Dataset]) -> None:
    _, labels = study
    three = pick_bouts(labels, "digging", None, 3, 7)
    assert sorted(bout.recording for bout in three.bouts) == [0, 1, 2]
    assert (three.n_whole, three.n_cut) == (5, 2)
    assert pick_bouts(labels, "digging", None, 3, 7) == three
    assert any(pick_bouts(labels, "digging", None, 3, seed) != three for seed in range(8, 20))
    every = pick_bouts(labels, "digging", None, 99, 7).bouts
    assert {(bout.recording, bout.start, bout.stop) for bout in every} == {
        (0, 10, 20), (0, 30, 34), (1, 8, 18), (2, 12, 20), (2, 40, 44)
    }  # fmt: skip
    wild = pick_bouts(labels, "wild", None, 99, 7)
    assert (wild.behaviour, wild.category, wild.bouts) == ("cluster", "wild", every)


def test_behaviours_that_cannot_be_shown(study: tuple[xr.Dataset, xr.Dataset]) -> None:
    _, labels = study
    with pytest.raises(DataError, match="no behaviour 'diging'. Did you mean 'digging'"):
        pick_bouts(labels, "diging", None, 3, 0)
    with pytest.raises(DataError, match=r"no category '9'.*calm, wild"):
        pick_bouts(labels, "cluster", "9", 3, 0)
    with pytest.raises(DataError, match="digging is a label and has no categories"):
        pick_bouts(labels, "digging", "wild", 3, 0)
    cut = labels.isel(recording=[2], time=slice(45, None))
    with pytest.raises(DataError, match="no whole bout of digging; 1 are cut by unknown"):
        pick_bouts(cut, "digging", None, 3, 0)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of each recording, whose stripes say the frame; that of r1 begins 2 s before it."""
    folder = tmp_path_factory.mktemp("striped")
    for name, before in zip(NAMES, (0, 50, 0), strict=True):
        numbers = [max(k - before, 0) for k in range(N + before)]
        write_frames(folder / f"{name}.avi", [striped(number) for number in numbers])
    return folder


def striped(number: int) -> np.ndarray:
    """A number as six stripes, dark or light, over the 48 px around the animal."""
    image = np.full((160, 200, 3), 100, np.uint8)
    for bit in range(6):
        image[:, 80 + 8 * bit : 88 + 8 * bit] = 40 + 180 * (number >> bit & 1)
    return image


def number_of_stripes(cell: np.ndarray) -> int:
    """The number that a cell of 100 px shows, above its animal."""
    lights = [cell[12:25, round((bit + 0.5) * 100 / 6)].mean() > 130 for bit in range(6)]
    return sum(1 << bit for bit, light in enumerate(lights) if light)


def test_each_cell_shows_the_frames_of_its_bout(
    study: tuple[xr.Dataset, xr.Dataset], videos: Path, tmp_path: Path
) -> None:
    poses, labels = study
    table = ef.video.examples(poses, labels, "digging", to=tmp_path / "g.webm", video=videos, n=3,
                              columns=3, around="0.2 s", size=100, seed=1)  # fmt: skip
    grid = ef.video.frames(tmp_path / "g.webm").values
    lengths, firsts = [], []
    for row in table.itertuples():
        origin = 2.0 if row.recording == "r1" else 0.0
        start, stop = round((row.start - origin) * 25), round((row.stop - origin) * 25)
        assert (start, stop) in BOUTS[row.recording]
        firsts.append(max(start - 5, 0))
        lengths.append(min(stop + 5, N) - firsts[-1])
    assert len(grid) == max(lengths)
    for place, (first, length) in enumerate(zip(firsts, lengths, strict=True)):
        left = 6 + place * 106
        seen = [number_of_stripes(frame[38:138, left : left + 100]) for frame in grid]
        assert seen == (first + np.arange(len(grid)) % length).tolist()


def test_cells_without_video_and_around_the_animal(
    study: tuple[xr.Dataset, xr.Dataset], tmp_path: Path
) -> None:
    poses, labels = study
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = ef.video.examples(poses, labels, "wild", to=tmp_path / "g.webm", n=2, size=100)
    assert list(table.columns) == ["recording", "individual", "animal", "start", "stop"]
    frame = ef.video.frames(tmp_path / "g.webm")[0].values.astype(int)
    cell = frame[38 + 6 : 138 - 6, 12:100]
    y, x = np.nonzero(np.abs(cell - [243, 241, 238]).max(axis=-1) > 60)
    np.testing.assert_allclose([x.mean(), y.mean()], [44, 44], atol=4)


def test_a_grid_needs_cells(study: tuple[xr.Dataset, xr.Dataset], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 cell or more"):
        ef.video.examples(*study, "digging", to=tmp_path / "g.webm", n=0)


@pytest.fixture(scope="module")
def video_store(
    study: tuple[xr.Dataset, xr.Dataset], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("store") / "lab.zarr"
    poses, labels = study
    ef.write(poses, path, "poses")
    ef.write(labels[["digging"]], path, "labels/rules")
    ef.write(labels[["cluster"]], path, "labels/clusters-vade")
    return path


def test_the_command_writes_and_says_what_next(video_store: Path, videos: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["video", str(video_store), "--recording", "r1", "--video", str(videos)])
    assert done.exit_code == 0, done.output
    made = video_store.parent / "lab_results" / "videos" / "r1.webm"
    assert ef.video.frames(made).sizes["time"] == N
    assert str(made) in done.output
    assert "labels/rules" in done.output
    assert "next: open it in a browser" in done.output
    again = run(app, ["video", str(video_store), "--recording", "r1"])
    assert again.exit_code == 1
    assert "is there already: give --overwrite" in again.output


def test_the_command_writes_grids(video_store: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["video", str(video_store), "--clusters", "vade", "--n", "4"])
    assert done.exit_code == 0, done.output
    folder = video_store.parent / "lab_results" / "videos"
    assert {file.name for file in folder.glob("clusters-*")} == {
        "clusters-vade-calm.webm", "clusters-vade-wild.webm"
    }  # fmt: skip
    assert "cluster calm: 4 of" in done.output
    # Each grid has as many as were asked for, whatever the one before it had.
    assert "cluster wild: 4 of 5 whole bouts, 3 recordings, seed 0; 2 are cut" in done.output
    done = run(app, ["video", str(video_store), "--examples", "digging", "--recording", "r0"])
    assert done.exit_code == 0, done.output
    assert "digging: 2 of 2 whole bouts, 1 recording," in done.output


def test_the_command_says_what_is_wrong(video_store: Path) -> None:
    run = CliRunner().invoke
    for asked, said in (
        ([], "a video is of one recording: choose it with --recording. There are: r0, r1, r2"),
        (["--recording", "r9"], "no recording 'r9'"),
        (["--recording", "r1", "--labels", "humans"], "no group of labels 'labels/humans'"),
        (["--recording", "r1", "--video", "gone.mp4", "--overwrite"], "no video gone.mp4"),
        (["--examples", "resting"], "no behaviour 'resting'"),
        (["--examples", "digging", "--examples", "diging", "--out", "none"], "Did you mean 'dig"),
        (["--clusters", "hmm"], "no group of labels 'labels/clusters-hmm'"),
    ):
        done = run(app, ["video", str(video_store), *asked])
        assert done.exit_code == 1, asked
        assert said in " ".join(done.output.split()), done.output
    assert not Path("none").exists()


def test_videos_that_show_other_numbers_are_told(
    study: tuple[xr.Dataset, xr.Dataset], tmp_path: Path
) -> None:
    poses, labels = study
    store, run = tmp_path / "lab.zarr", CliRunner().invoke
    ef.write(poses, store, "poses")
    ef.write(labels[["cluster"]], store, "labels/clusters-vade")
    grids = ["video", str(store), "--clusters", "vade", "--n", "1"]
    one = ["video", str(store), "--recording", "r0", "--stop", "0.2"]
    assert [run(app, asked).exit_code for asked in (grids, one)] == [0, 0]

    def up_to_date() -> dict[str, str]:
        section = video_section(tmp_path / "lab_results" / "videos", place_of(store))
        assert section is not None
        cells = re.findall("<td[^>]*>(.*?)</td>", "".join(section.pieces))
        return dict(zip(cells[::3], cells[2::3], strict=True))

    assert set(up_to_date().values()) == {"yes"}
    other = labels.cluster.copy()
    other[2, 0, 14:20] = 1
    ef.write(other.to_dataset(), store, "labels/clusters-vade")
    # Grids are of all recordings; what the video of r0 shows has not changed.
    assert {name for name, said in up_to_date().items() if said == "yes"} == {"r0.webm"}
    refused = run(app, grids)
    assert "shows labels or poses that are others by now: give --overwrite" in " ".join(
        refused.output.split()
    )
    kinds = {"flag_values": [0, 1], "flag_meanings": "calm fast"}
    merged = xr.where(other == 3, 1, 0).where(other.notnull()).assign_attrs(other.attrs | kinds)
    merged = merged.transpose(*other.dims).to_dataset(name="cluster")
    ef.write(merged.astype(np.float32), store, "labels/clusters-vade")
    assert run(app, [*grids, "--overwrite"]).exit_code == 0
    found = up_to_date()
    assert found.pop("r0.webm").startswith("no: labels, poses")
    assert found == {"clusters-vade-calm.webm": "yes", "clusters-vade-fast.webm": "yes"}
    written = run(app, ["report", str(store)])
    assert written.exit_code == 0, written.output
    page = (tmp_path / "lab_results" / "report.html").read_text(encoding="utf-8")
    assert "some videos show labels or poses that are others by now" in page
