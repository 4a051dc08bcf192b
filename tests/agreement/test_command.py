"""The command: what it takes, what it writes, and what it says."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app


def run(*arguments, code=0):
    done = CliRunner().invoke(app, ["agreement", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return re.sub(r"\s+", " ", done.output)


@pytest.fixture
def lab(tmp_path):
    """A store with rules, and scores of two people in one table and of a third in another."""
    tracks = ef.simulate.still_then_running().expand_dims("recording")
    tracks = tracks.assign_coords(recording=["m1"])
    path = tmp_path / "c.zarr"
    ef.write(tracks, path, "tracks")
    ef.write(ef.annotate(tracks, ["moving"]), path, "labels/rules")
    rows = ["recording,rater,behaviour,start,stop", "m1,anna,moving,4,8", "m1,ben,moving,4.2,8"]
    (tmp_path / "people.csv").write_text("\n".join(rows))
    (tmp_path / "carl.csv").write_text("recording,behaviour,start,stop\nm1,moving,4.4,7\n")
    return tmp_path


def test_files_of_scoring(lab, monkeypatch):
    monkeypatch.chdir(lab)
    said = run("people.csv", "carl.csv", "--fps", 25, "--reference", "anna")
    assert "neither anna nor ben says how long was watched" in said
    assert "written: agreement.csv agreement.parquet next:" in said
    table, other = pd.read_csv("agreement.csv"), pd.read_parquet("agreement.parquet")
    assert table[["a", "b"]].drop_duplicates().values.tolist() == [
        ["anna", "ben"],
        ["anna", "carl"],
    ]
    np.testing.assert_array_equal(table.value, other.value)
    assert "is there already: give --overwrite" in run("people.csv", "--fps", 25, code=1)
    run("people.csv", "--fps", 25, "--overwrite", "--iou", 0.3, "--iou", 0.7, "--draws", 0)
    table = pd.read_csv("agreement.csv")
    assert table[table.measure == "overlap_f1"]["at"].tolist() == [0.3, 0.7]


def test_a_store_and_files_on_its_frames(lab):
    said = run(lab / "c.zarr", "rules", lab / "people.csv", "--reference", "labels/rules")
    assert str(lab / "c_results/agreement.csv") in said.replace(" ", "") or "written:" in said
    table = pd.read_csv(lab / "c_results/agreement.csv")
    f1 = table[table.measure == "f1"].set_index("b")
    assert f1.n.tolist() == [200, 200]
    assert f1.value["anna"] > 0.99
    assert f1.value["ben"] < f1.value["anna"]
    done = run(lab / "c.zarr", "--out", lab / "x.csv", code=1)
    assert "there is one: labels/rules" in done


def test_what_is_wrong_is_said(lab):
    assert "--out ends in .csv or .parquet" in run(lab / "c.zarr", "--out", "x.txt", code=1)
    out = lab / "x.csv"
    people = lab / "people.csv"
    nothing = lab / "nothing.csv"
    assert "there is no such file" in run(people, nothing, "--fps", 25, "--out", out, code=1)
    assert "the frame rate is not known" in run(people, "--out", out, code=1)
    said = run(people, "--fps", 25, "--reference", "ana", "--out", out, code=1)
    assert "Did you mean 'anna'" in said
    said = run(people, "--fps", 25, "--rename", "moving", "--out", out, code=1)
    assert "write it as name=value" in said
    assert not out.exists()
