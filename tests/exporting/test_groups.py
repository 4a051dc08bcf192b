"""`ethoflow export` finds what a format takes: poses or tracks, and which labels."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def said(*arguments):
    done = run("export", *arguments)
    assert done.exit_code == 0, done.output
    return re.sub(r"\s+", " ", done.output)


@pytest.fixture
def store(tmp_path):
    """Tracks in px, poses in mm, no labels yet."""
    poses = ef.simulate.still_then_running()
    tracks = poses.assign(position=(poses.position * 2).assign_attrs(units="px"))
    path = tmp_path / "c.zarr"
    ef.write(tracks, path, "tracks")
    ef.write(poses, path, "poses")
    return path


def labels_of(path):
    return ef.annotate(ef.open(path, "poses"), ["moving"])


def test_tracks_in_px_for_a_format_without_units_poses_for_others(store, tmp_path):
    out = tmp_path / "out"
    text = said(store, "--format", "deeplabcut csv", "--group", "poses", "--out", out)
    assert "its numbers are in mm, and read as px" in text
    text = said(store, "--format", "deeplabcut csv", "--out", out, "--overwrite")
    assert "taken: tracks (poses are in mm, for which DeepLabCut CSV has no place" in text
    (path,) = out.glob("*.csv")
    table = pd.read_csv(path, header=[0, 1, 2], index_col=0)
    tracks = ef.open(store, "tracks").isel(recording=0)
    want = tracks.position.isel(individual=0, bodypart=0).values
    np.testing.assert_array_equal(table.iloc[:, :2].to_numpy("f4").T, want)
    assert "taken: poses" in said(store, "--format", "tidy csv", "--out", tmp_path / "tidy")


def test_labels_are_found_or_the_choice_is_named(store, tmp_path):
    boris = (store, "--format", "boris agg", "--out", tmp_path / "out")
    done = run("export", *boris)
    assert done.exit_code == 1
    assert "takes labels, and" in done.output
    assert "has none: `ethoflow annotate` makes them" in re.sub(r"\s+", " ", done.output)
    ef.write(labels_of(store), store, "labels/jin")
    assert "taken: labels/jin written" in said(*boris)
    ef.write(labels_of(store), store, "labels/ann")
    done = run("export", *boris, "--overwrite")
    assert done.exit_code == 1
    assert "choose one, as in --group labels/" in re.sub(r"\s+", " ", done.output)
    said(*boris, "--group", "labels/ann", "--overwrite")
    ef.write(labels_of(store), store, "labels/rules")
    assert "taken: labels/rules (there is also labels/" in said(*boris, "--overwrite")


def test_nwb_gets_poses_with_the_labels_beside_them(store, tmp_path):
    pytest.importorskip("ndx_ethogram")
    out = tmp_path / "out"
    assert "taken: poses written: 1 files" in said(store, "--format", "nwb", "--out", out)
    ef.write(labels_of(store), store, "labels/rules")
    text = said(store, "--format", "nwb", "--out", out, "--overwrite")
    assert "taken: poses, with labels/rules written: 1 files" in text
    (path,) = out.glob("*.nwb")
    poses = ef.open(store, "poses").isel(recording=0)
    np.testing.assert_array_equal(ef.read(path).position.values, poses.position.values)
    again = ef.read_labels(path, like=poses)
    want = ef.open(store, "labels/rules").moving.isel(recording=0)
    np.testing.assert_array_equal(again.moving.values, want.values)


def test_labels_of_other_frames_are_left_out_and_said(store, tmp_path):
    ef.write(labels_of(store).isel(time=slice(0, 50)), store, "labels/rules")
    text = said(store, "--format", "nwb", "--out", tmp_path / "out")
    assert "taken: poses, without labels/rules: its recordings or frames are others" in text
