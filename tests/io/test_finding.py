"""Tracking files in folders: patterns that name them and nothing else, and what was left out."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ethoflow.cli import app
from ethoflow.io.finding import find_tracks
from ethoflow.io.scan import find_files
from ethoflow.io.twins import leave_twins
from ethoflow.stamps import expand

NET = "DLC_resnet50_cageJan1shuffle1"


def files(folder, patterns):
    kept, _ = leave_twins(find_files([str(folder / pattern) for pattern in patterns]))
    return sorted(str(path.relative_to(folder)) for path in kept)


@pytest.fixture
def save(tmp_path, make_table):
    def save(*names):
        for i, name in enumerate(names):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            make_table(seed=i).to_csv(path)
        return [str(name) for name in names]

    return save


def test_tables_beside_are_not_named(tmp_path, save):
    names = save(*(f"m{i}{NET}_5000.csv" for i in range(3)))
    (tmp_path / "animals.csv").write_text("video,group\nm1,a\n")
    (tmp_path / "zones.csv").write_text("zone,x,y\na,1,2\n")
    patterns, notes = find_tracks(tmp_path)
    assert patterns == ["*DLC*.csv"]
    assert files(tmp_path, patterns) == names
    assert "left out files that are no tracks: animals.csv, zones.csv." in notes


def test_every_subfolder_has_its_pattern(tmp_path, save):
    names = save("day1/a.csv", "day1/b.csv", "day2/deep/c.csv", "d[1]/e.csv")
    (tmp_path / "results" / "cohort.zarr").mkdir(parents=True)
    save("results/tables/bouts.csv")
    patterns, _ = find_tracks(tmp_path)
    assert files(tmp_path, patterns) == sorted(names)
    assert all("results" not in name for name in patterns)


def test_where_no_pattern_tells_them_apart_they_are_named(tmp_path, save):
    names = save("a.csv", "c.csv")
    (tmp_path / "b.csv").write_text("video,group\na,x\n")
    patterns, _ = find_tracks(tmp_path)
    assert sorted(patterns) == names
    save("mouse_1.csv", "mouse_2.csv")
    for name in names:
        (tmp_path / name).unlink()
    assert find_tracks(tmp_path)[0] == ["mouse_*.csv"]


def test_labels_for_training_and_other_formats_are_told_of(tmp_path, save):
    save("m1.csv", "m2.csv", "labeled-data/m1/CollectedData_me.csv")
    (tmp_path / "t.csv").write_text("frame,bodypart,x,y\n0,nose,1,2\n")
    patterns, notes = find_tracks(tmp_path)
    assert files(tmp_path, patterns) == ["m1.csv", "m2.csv"]
    assert "left out labels for training: labeled-data/m1/CollectedData_me.csv." in notes
    assert "left out files in the format tidy CSV: t.csv." in notes


def test_nothing(tmp_path):
    patterns, (note,) = find_tracks(tmp_path)
    assert "no tracking files" in note
    assert expand(patterns) == []


def test_init_and_run_count_a_video_once(tmp_path, save):
    save(*(f"day{i}/m{i}{NET}_5000{end}.csv" for i in (1, 2) for end in ("", "_filtered")))
    (tmp_path / "animals.csv").write_text("video,group\nm1.mp4,a\nm2.mp4,b\n")
    found = CliRunner().invoke(app, ["init", str(tmp_path), "--fps", "30"])
    assert found.exit_code == 0, found.output
    assert "filtered versions" in found.output
    project = tmp_path / "project.yaml"
    project.write_text(project.read_text().replace("# metadata:", "metadata:"))
    project.write_text(
        f"{project.read_text()}pictures: {{recordings: 0}}\ncleaning: {{pictures: 0}}\n"
    )
    ran = CliRunner().invoke(app, ["run", str(project)])
    assert ran.exit_code == 0, ran.output
    assert "2 of 2 recordings have a row in animals.csv" in ran.output
    assert "2 recordings, 1 animal each" in ran.output
