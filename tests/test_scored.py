"""What people scored as a stage: named in the project file, kept up to date, told, made again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

import ethoflow as ef
from ethoflow import store
from ethoflow.project import ProjectError, load_project
from ethoflow.remaking import OUT

from .test_stages import add_stage, invoke
from .test_unchanged import NOTHING, make_project, run, trusting

__all__ = ["add_stage", "trusting"]

TWO = "labels:\n  anna: anna/*.csv\n  ben: {files: ben/*.csv, offset: 1}\n"


def score(file: Path, **bouts: tuple[float, float]) -> None:
    """A table of bouts, one of each behaviour; the file is called as the recording."""
    file.parent.mkdir(exist_ok=True)
    animal = f"{file.stem.partition('DLC')[0]}_a"
    rows = [f"{animal},{name},{start},{stop}\n" for name, (start, stop) in bouts.items()]
    file.write_text("".join(["individual,behavior,start,stop\n", *rows]))


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A project of two recordings that two raters scored."""
    file = make_project(tmp_path, TWO)
    for name in recordings(file):
        score(tmp_path / "anna" / f"{name}.csv", rear=(0, 2), groom=(3, 4))
        score(tmp_path / "ben" / f"{name}.csv", rear=(1, 4))
    return file


def recordings(file: Path) -> list[str]:
    return sorted(path.stem for path in (file.parent / "tracks").glob("*.csv"))


def path_of(file: Path) -> Path:
    return file.parent / "results" / "cohort.zarr"


def labels_of(file: Path, group: str) -> xr.Dataset:
    return ef.open(path_of(file), f"labels/{group}").load()


def seconds(file: Path, group: str, name: str = "rear") -> list[float]:
    """How long a behaviour is labelled in each recording."""
    return ((labels_of(file, group)[name] == 1).sum(["time", "individual"]) / 25).values.tolist()


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_two_raters_are_two_groups(lab: Path) -> None:
    done = run(lab)
    assert done.exit_code == 0, done.output
    assert "labels/anna: 2 behaviours" in done.output
    assert "labels/ben: 1 behaviour\n" in done.output
    tracks = ef.open(path_of(lab), "tracks")
    name = recordings(lab)[0]
    expected = ef.read_labels(lab.parent / "ben" / f"{name}.csv", like=tracks, offset=1)
    found = labels_of(lab, "ben").rear.sel(recording=name)
    np.testing.assert_array_equal(found.values, expected.rear.sel(recording=name).values)
    assert (seconds(lab, "anna"), seconds(lab, "ben")) == ([2, 2], [3, 3])
    assert str(lab.parent) not in (path_of(lab) / "zarr.json").read_text()
    again = run(lab)
    assert NOTHING in again.output
    assert "labels/anna: 2 behaviours" in again.output


def test_a_file_that_changed_or_came_makes_its_group_anew(lab: Path) -> None:
    name, other = recordings(lab)
    (lab.parent / "anna" / f"{other}.csv").rename(lab.parent / "later.csv")
    run(lab)
    ben = store.fingerprint(path_of(lab), "labels/ben")
    assert seconds(lab, "anna") == [2, 0]
    score(lab.parent / "anna" / f"{name}.csv", rear=(0, 3))
    changed = run(lab)
    assert NOTHING not in changed.output
    assert "labels/anna: 1 behaviour (" in changed.output
    assert "labels/ben: 1 behaviour (nothing to do: all is fresh)" in changed.output
    assert seconds(lab, "anna") == [3, 0]
    assert "groom" not in labels_of(lab, "anna")
    (lab.parent / "later.csv").rename(lab.parent / "anna" / f"{other}.csv")
    assert NOTHING not in run(lab).output
    assert seconds(lab, "anna") == [3, 2]
    assert store.fingerprint(path_of(lab), "labels/ben") == ben
    assert NOTHING in run(lab).output


def test_a_key_that_changed_makes_its_group_anew(lab: Path) -> None:
    run(lab)
    anna = store.fingerprint(path_of(lab), "labels/anna")
    rewrite(lab, "offset: 1", "offset: 2")
    done = run(lab)
    assert "labels/anna: 2 behaviours (nothing to do: all is fresh)" in done.output
    assert seconds(lab, "ben") == [2, 2]
    assert store.fingerprint(path_of(lab), "labels/anna") == anna


def test_what_the_project_names_no_more_goes_and_what_was_added_stays(lab: Path) -> None:
    run(lab)
    tables = sorted((lab.parent / "ben").glob("*.csv"))
    invoke("labels", *tables, "--store", path_of(lab), "--group", "labels/second")
    before = store.fingerprint(path_of(lab), "labels/second")
    rewrite(lab, TWO, "labels: anna/*.csv\n")
    done = run(lab)
    assert "labels/ben is taken out: the project names no files of it" in done.output
    assert "labels/anna is taken out" in done.output
    groups = set(store.list_groups(path_of(lab)))
    assert {"labels/human", "labels/second", "labels/rules"} <= groups
    assert groups.isdisjoint({"labels/anna", "labels/ben"})
    rewrite(lab, "labels: anna/*.csv\n", "")
    assert "labels/human is taken out" in run(lab).output
    assert store.fingerprint(path_of(lab), "labels/second") == before


def test_a_group_inside_another_never_takes_the_place_of_its_behaviour(lab: Path) -> None:
    rewrite(lab, TWO, "labels: {anna/rear: ben/*.csv, anna: anna/*.csv}\n")
    for _ in range(2):
        done = run(lab)
        assert done.exit_code == 1
        assert "the group labels/anna has a variable 'rear'" in done.output
        assert seconds(lab, "anna") == [2, 2]
    rewrite(lab, "anna/rear: ben/*.csv, ", "")
    assert run(lab).exit_code == 0
    tables = sorted((lab.parent / "ben").glob("*.csv"))
    inner = ("labels", *tables, "--store", path_of(lab), "--group", "labels/anna/rear")
    assert "the group labels/anna has a variable 'rear'" in invoke(*inner)
    assert seconds(lab, "anna") == [2, 2]
    assert not ef.verify(path_of(lab)).faults


def test_a_group_takes_the_place_of_what_goes(lab: Path) -> None:
    rewrite(lab, TWO, "labels: {anna/rear: ben/*.csv}\n")
    run(lab)
    assert seconds(lab, "anna/rear") == [3, 3]
    rewrite(lab, "anna/rear: ben", "anna: anna")
    done = run(lab)
    assert done.exit_code == 0, done.output
    assert "labels/anna/rear is taken out" in done.output
    assert seconds(lab, "anna") == [2, 2]
    assert NOTHING in run(lab).output
    rewrite(lab, "anna: anna", "anna/rear: ben")
    assert run(lab).exit_code == 0
    assert seconds(lab, "anna/rear") == [3, 3]
    assert "labels/anna" not in store.list_groups(path_of(lab))
    assert not ef.verify(path_of(lab)).faults


def test_a_behaviour_that_goes_makes_room_for_a_group(lab: Path) -> None:
    rewrite(lab, TWO, "labels: {anna: anna/*.csv}\n")
    run(lab)
    for name in recordings(lab):
        score(lab.parent / "anna" / f"{name}.csv", groom=(3, 4))
    rewrite(lab, "{anna: anna/*.csv}", "{anna/rear: ben/*.csv, anna: anna/*.csv}")
    done = run(lab)
    assert done.exit_code == 0, done.output
    assert (seconds(lab, "anna/rear"), seconds(lab, "anna", "groom")) == ([3, 3], [1, 1])
    assert not ef.verify(path_of(lab)).faults


def test_labels_of_people_lie_in_no_group_of_another_stage(lab: Path) -> None:
    rewrite(lab, "  anna:", "  rules/moving:")
    done = run(lab)
    assert done.exit_code == 1
    assert "inside labels/rules, which is that of the stage rules" in done.output


def score_as(file: Path, rater: str, start: float, stop: float) -> None:
    animal = f"{file.stem.partition('DLC')[0]}_a"
    file.write_text(f"individual,behavior,start,stop,rater\n{animal},rear,{start},{stop},{rater}\n")


@pytest.mark.parametrize("second", ["ben", ""])
def test_raters_and_files_are_those_of_each_recording(lab: Path, second: str) -> None:
    name, other = recordings(lab)
    score_as(lab.parent / "anna" / f"{name}.csv", "anna", 0, 2)
    score_as(lab.parent / "anna" / f"{other}.csv", second, 1, 4)
    shown = second or "not named"
    for _ in range(2):
        assert f"files of several raters (anna, {shown}) are in one group" in run(lab).output
    found = labels_of(lab, "anna")
    assert found.rater.values.tolist() == ["anna", second]
    assert found.source_file.values.tolist() == [f"{name}.csv", f"{other}.csv"]
    assert found.attrs["rater"] == f"anna, {shown}"
    (lab.parent / "anna" / f"{other}.csv").unlink()
    assert "several raters" not in run(lab).output
    found = labels_of(lab, "anna")
    assert found.source_file.values.tolist() == [f"{name}.csv", ""]
    assert (found.attrs["rater"], "rater" in found.coords) == ("anna", False)
    score_as(lab.parent / "anna" / f"{name}.csv", "anna", 0, 2)
    extra = lab.parent / "anna" / f"{name}_2.csv"
    animal = f"{name.partition('DLC')[0]}_a"
    extra.write_text(f"video,individual,behavior,start,stop,rater\n{name},{animal},groom,1,2,ben\n")
    run(lab)
    found = labels_of(lab, "anna")
    assert found.rater.values.tolist() == ["anna, ben", ""]
    assert found.source_file.values.tolist() == [f"{name}.csv, {name}_2.csv", ""]


def test_a_group_of_the_command_line_that_a_project_names_is_the_projects(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lab.parent)
    rewrite(lab, TWO, "")
    run(lab)
    tables = sorted(path.relative_to(lab.parent) for path in (lab.parent / "anna").glob("*.csv"))
    invoke("labels", *tables, "--store", path_of(lab), "--group", "labels/anna")
    assert "named_in" not in labels_of(lab, "anna").attrs
    files = ", ".join(map(str, tables))
    with lab.open("a") as file:
        file.write(f"labels: {{anna: [{files}]}}\n")
    assert run(lab).exit_code == 0
    assert labels_of(lab, "anna").attrs["named_in"] == "project"
    assert NOTHING in run(lab).output
    rewrite(lab, f"labels: {{anna: [{files}]}}\n", "")
    assert "labels/anna is taken out" in run(lab).output
    assert "labels/anna" not in store.list_groups(path_of(lab))


def test_labels_that_were_added_say_when_the_tracks_have_other_frames(lab: Path) -> None:
    run(lab)
    tables = sorted((lab.parent / "ben").glob("*.csv"))
    add = ("labels", *tables, "--store", path_of(lab), "--group", "labels/second")
    invoke(*add)
    assert "labels/second was" not in run(lab).output
    rewrite(lab, "fps: 25", "fps: 30")
    rewrite(lab, "metadata: animals.csv\n", "")
    for _ in range(2):
        assert "labels/second was put on the frames of tracks that have changed" in run(lab).output
    with pytest.warns(store.StaleGroup, match="labels/second .*rear from tracks"):
        ef.open(path_of(lab), "labels/second")
    assert any("labels/second" in said for said in ef.verify(path_of(lab)).stale)
    assert "labels/second was made from numbers that have changed" in invoke("info", path_of(lab))
    assert "labels/second was" not in invoke(*add)
    assert "labels/second was" not in run(lab).output
    ef.open(path_of(lab), "labels/second")
    assert not any("labels/" in said for said in ef.verify(path_of(lab)).stale)


def test_a_file_that_cannot_be_used_is_told_in_every_run(lab: Path) -> None:
    (lab.parent / "anna" / "notes.csv").write_text("nothing,of,it\n1,2,3\n")
    for _ in range(2):
        done = run(lab)
        assert done.exit_code == 3
        assert "left out notes.csv" in done.output
        assert "1 files were left out" in done.output
        assert seconds(lab, "anna") == [2, 2]


def test_files_that_are_gone_leave_no_earlier_labels_without_a_word(lab: Path) -> None:
    run(lab)
    shutil.rmtree(lab.parent / "anna")
    done = run(lab)
    assert done.exit_code == 1
    assert "anna/*.csv is a pattern that no file fits" in done.output
    rewrite(lab, "anna/*.csv", "anna/one.csv")
    done = run(lab)
    assert done.exit_code == 1
    assert "one.csv: there is no such file" in done.output


def test_tracks_that_changed_make_labels_anew(lab: Path) -> None:
    run(lab)
    name = recordings(lab)[1]
    (lab.parent / "tracks" / f"{name}.csv").unlink()
    done = run(lab)
    assert f"{name}" in done.output
    assert labels_of(lab, "ben").recording.values.tolist() == recordings(lab)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{anna: {file: a.csv}}", r"unknown key 'labels\.anna\.file'; expected one of: files, "
                                  r".*Did you mean 'files'"),
        ("{anna: {files: []}}", r"labels\.anna\.files: name the files of scoring, such as"),
        ("{anna: {files: a.csv, fps: fast}}", r"labels\.anna\.fps: must be frames per second"),
        ("{anna: {files: a.csv, since: birth}}", r"labels\.anna\.since: .*'origin' or 'tracks'"),
        ("{anna: 3}", r"labels\.anna: must hold keys, of: files, rater.*found 3"),
        ("{anna: {fps: 25}}", r"the key 'labels\.anna\.files' is missing: name the files"),
        ("3", r"labels: must be files, or files by group"),
        ("{files: a.csv}", r"'files' stands where the name of a group is needed"),
        ("{rules: a.csv}", r"cannot go into the group 'labels/rules', which is that of .* rules"),
        ("{../x: a.csv}", r"cannot go into the group 'labels/\.\./x'"),
        ("{labels/anna: a.csv}", r"cannot go into the group 'labels/labels/anna'"),
    ],
)  # fmt: skip
def test_wrong_keys_are_told(tmp_path: Path, line: str, expected: str) -> None:
    with pytest.raises(ProjectError, match=expected):
        load_project(make_project(tmp_path, f"labels: {line}\n"))


def test_the_recipe_has_the_files_of_one_group(lab: Path, tmp_path: Path) -> None:
    run(lab)
    again = tmp_path / "again"
    for folder in ("tracks", "ben"):
        shutil.copytree(lab.parent / folder, again / folder)
    for name in ("animals.csv", "times.txt"):
        shutil.copy(lab.parent / name, again)
    invoke("recipe", path_of(lab), "labels/ben", "--out", again)
    named = yaml.safe_load((again / "project.yaml").read_text())["labels"]
    assert list(named) == ["ben"]
    assert run(again / "project.yaml").exit_code == 0
    found = ef.open(again / OUT / "cohort.zarr", "labels/ben").load()
    assert found.identical(labels_of(lab, "ben"))


def test_labels_of_the_command_line_have_a_recipe(lab: Path) -> None:
    tables = sorted((lab.parent / "ben").glob("*.csv"))
    rewrite(lab, TWO, "")
    run(lab)
    invoke("labels", *tables, "--store", path_of(lab), "--offset", "1")
    again = invoke("labels", *tables, "--store", path_of(lab), "--offset", "1")
    assert "labels/human: 1 behaviour (nothing to do: all is fresh)" in again
    shown = invoke("recipe", path_of(lab), "labels/human")
    assert "human:" in shown
    assert "offset: 1.0" in shown
    tracking = shown.partition("Tracking files")[2].partition("Files of scoring")[0]
    digests = ef.open(path_of(lab), "tracks").digest.values.tolist()
    assert all(digest in tracking for digest in digests)


WEIGHING = '''
from typing import Annotated

import pandas as pd

from ethoflow.csv_text import write_csv
from ethoflow.stages import Files, FileSet, Item, Keys, stage


class Weighing(Keys):
    """Where the weights are."""

    weights: Annotated[str, Files()] = "w.txt"


@stage(reads=("tracks",), writes="weighing/", keys=Weighing)
def weighing(job, keys):
    """What a file says."""

    def make():
        return pd.DataFrame({"weight": [float(job.locate(keys.weights).read_text())]})

    return FileSet([Item(("weight.csv",), make, write_csv)])
'''


def test_results_follow_a_file_that_a_key_names(add_stage, tmp_path: Path) -> None:
    add_stage("weighing", WEIGHING)
    file = make_project(tmp_path)
    for weight in (1, 2):
        (tmp_path / "w.txt").write_text(str(weight))
        os.utime(tmp_path / "w.txt", (1, 1))
        assert run(file).exit_code == 0
        found = pd.read_csv(tmp_path / "results" / "weighing" / "weight.csv")
        assert found.weight.tolist() == [weight]
