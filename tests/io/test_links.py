"""Numbers that lie in other files are read when somebody asks for them, and never by themselves."""

from __future__ import annotations

import os
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.io.content import Content
from ethoflow.io.loading import load
from ethoflow.io.options import Options, digest_of
from ethoflow.io.reader import readers
from ethoflow.io.scoring.declare import label_readers, load_labels
from ethoflow.project import load_project
from ethoflow.schema import DataError

ASKED = Options.of(allow_links=True)
TRUTH = np.random.default_rng(1).uniform(0, 500, (1, 2, 2, 60))


def _target(folder: Path, values=TRUTH) -> Path:
    path = folder / "elsewhere.h5"
    with h5py.File(path, "w") as file:
        file["tracks"] = values
    (folder / "elsewhere.raw").write_bytes(np.asarray(values).tobytes())
    return path


def _link(file, place: str, folder: Path, how: str, shape=TRUTH.shape, dtype="f8"):
    group, _, name = place.rpartition("/")
    holder = file.require_group(group) if group else file
    if how == "link":
        holder[name] = h5py.ExternalLink("elsewhere.h5", "tracks")
    elif how == "storage":
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        raw = [(str(folder / "elsewhere.raw"), 0, size)]
        holder.create_dataset(name, shape, dtype, external=raw)
    else:
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource("elsewhere.h5", "tracks", shape, dtype)
        holder.create_virtual_dataset(name, layout)


def _sleap(folder: Path, how: str) -> Path:
    path = folder / "mouse.h5"
    with h5py.File(path, "w") as file:
        file["node_names"] = [b"nose", b"tail"]
        _link(file, "tracks", folder, how)
    return path


@pytest.mark.parametrize("how", ["link", "storage", "virtual"])
def test_arrays_elsewhere_are_refused_and_read_when_asked(tmp_path, how):
    _target(tmp_path)
    path = _sleap(tmp_path, how)
    with pytest.raises(DataError, match=r"/tracks in '.*elsewhere.*allow_links=True"):
        load(path)
    (tracks,) = load(path, ASKED)
    np.testing.assert_array_equal(tracks.position, TRUTH.transpose(0, 2, 1, 3).astype(np.float32))
    assert ef.read(path, fps=30, allow_links=True).sizes["time"] == 60


MARKS = {
    "movement": ("position", {"space": ["x", "y"], "time": [0.0, 0.1], "keypoints": ["a"]}),
    "slp": ("instances", {"metadata": [1], "videos_json": [b""], "frames": [1]}),
    "nwb": ("processing/behavior/pose/nose/data", {}),
    "jabs": ("poseest/points", {"poseest/confidence": [1.0]}),
    "idtracker": ("trajectories", {"id_probabilities": [1.0]}),
    "points3d": ("tracks", {}),
    "deeplabcut": ("df/block0_values", {"df/axis0": [b"x"]}),
    "moseq": ("recording/syllable", {}),
    "matlab 7.3": ("hBehavior/Grooming/Vector", {"#refs#/a": [1.0]}),
    "anything": ("group/inner/deep", {"other": [1.0]}),
}  # fmt: skip


@pytest.mark.parametrize("how", ["link", "storage", "virtual"])
@pytest.mark.parametrize("kind", MARKS)
def test_every_format_in_hdf5_is_asked_first(tmp_path, kind, how):
    """The check comes before any format may look into the file, so no library is handed it."""
    _target(tmp_path)
    path = tmp_path / "mouse.h5"
    place, beside = MARKS[kind]
    with h5py.File(path, "w") as file:
        for name, values in beside.items():
            file[name] = values
        _link(file, place, tmp_path, how)
    for reads in (load, load_labels):
        with pytest.raises(DataError, match="parts of it lie in other files"):
            reads(path)
    assert readers()
    assert label_readers()


def test_secrets_are_not_read_as_numbers(tmp_path):
    size = os.stat("/etc/passwd").st_size
    path = tmp_path / "points3d.h5"
    with h5py.File(path, "w") as file:
        shape = (size // 12, 1, 1, 3)
        raw = [("/etc/passwd", 0, size)]
        file.create_dataset("tracks", shape, "f4", external=raw)
    with pytest.raises(DataError, match="/tracks in '/etc/passwd'"):
        load(path)
    result = CliRunner().invoke(app, ["info", str(path)])
    assert result.exit_code == 1
    assert "parts of it lie in other files" in re.sub(r"\s+", " ", result.output)


def test_what_nothing_but_a_reference_leads_to_is_found(tmp_path):
    _target(tmp_path)
    path = tmp_path / "table.mat"
    with h5py.File(path, "w") as file:
        _link(file, "zz", tmp_path, "storage")
        file["cells"] = np.array([file["zz"].ref], h5py.ref_dtype)
    content = bytearray(path.read_bytes())
    content[content.index(b"SNOD") + 6] -= 1  # the table of names has one less: the last is gone
    path.write_bytes(content)
    with h5py.File(path, "r") as file:
        assert list(file) == ["cells"]
    with pytest.raises(DataError, match="other files"):
        Content(path).check()


def test_a_user_block_hides_nothing(tmp_path):
    _target(tmp_path)
    path = tmp_path / "points3d.h5"
    with h5py.File(path, "w", userblock_size=16384) as file:
        _link(file, "tracks", tmp_path, "storage", (20, 1, 4, 3))
    with pytest.raises(DataError, match="other files"):
        load(path)


def test_links_within_a_file_are_no_links_to_others(tmp_path):
    path = tmp_path / "mouse.h5"
    with h5py.File(path, "w") as file:
        file["node_names"] = [b"nose", b"tail"]
        file["inner/tracks"] = TRUTH
        file["tracks"] = h5py.SoftLink("/inner/tracks")
    assert load(path)[0].position.shape == (1, 2, 2, 60)


@pytest.mark.parametrize("how", ["link", "storage", "virtual"])
def test_a_change_elsewhere_is_a_change(tmp_path, how):
    _target(tmp_path)
    path = _sleap(tmp_path, how)
    before = digest_of(path, ASKED)
    cohort = ef.read_cohort(path, fps=30, allow_links=True)
    _target(tmp_path, TRUTH + 1)
    assert digest_of(path, ASKED) != before
    with pytest.raises(DataError, match="has changed since the cohort was made"):
        cohort.position.compute(scheduler="synchronous")


def test_projects_and_commands_ask_as_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _target(tmp_path)
    path = _sleap(tmp_path, "storage")
    asked = CliRunner().invoke(app, ["info", str(path), "--fps", "30", "--allow-links"])
    assert asked.exit_code == 0, asked.output
    command = ["ingest", str(path), "--fps", "30", "--out", "c.zarr"]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 1
    assert "--allow-links" in refused.output
    assert CliRunner().invoke(app, [*command, "--allow-links"]).exit_code == 0
    project = tmp_path / "project.yaml"
    project.write_text("tracks: mouse.h5\nfps: 30\nallow_links: true\n")
    assert load_project(project).options() == ASKED
