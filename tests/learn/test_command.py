"""``ethoflow learn``: what it takes, writes and says."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.labels.comparison import AgreementNote
from tests.learn.worlds import bursts

pytest.importorskip("sklearn", reason="training needs scikit-learn")


def run(*arguments, code=0):
    done = CliRunner().invoke(app, ["learn", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return re.sub(r"\s+", " ", done.output)


def test_a_classifier_is_trained_saved_and_applied(tmp_path):
    poses, labels = bursts(n_recordings=2, n_frames=800)
    store = tmp_path / "c.zarr"
    ef.write(poses, store, "poses")
    ef.write(labels, store, "labels/human")
    said = run(store, "human", "--out", tmp_path / "running", "--folds", 2, "--apply")
    assert "kappa" in said
    assert "labels/classifier-running" in said
    made = ef.open(store)["labels/classifier-running"]
    expected = ef.learn.open_classifier(tmp_path / "running").predict(poses)
    assert (made.running.values == expected.running.values).all()
    tree = ef.open(store)
    with pytest.warns(AgreementNote, match="was trained in 2 of 2 recordings"):
        ef.agreement(tree, "labels/human", "labels/classifier-running", draws=0)
    assert "is there already" in run(store, "human", "--out", tmp_path / "running", code=1)
    said = run(store, "human", "--out", tmp_path / "x", "--behaviour", "walking", code=1)
    assert "no behaviour 'walking'" in said


def test_a_network_is_trained_by_name(tmp_path):
    pytest.importorskip("torch", reason="networks need PyTorch")
    poses, labels = bursts(n_frames=600)
    ef.write(poses, tmp_path / "c.zarr", "poses")
    ef.write(labels, tmp_path / "c.zarr", "labels/human")
    made = ("--out", tmp_path / "net", "--model", "tcn", "--folds", 0, "--apply")
    assert "labels/classifier-net" in run(tmp_path / "c.zarr", "human", *made)
    kept = ef.open(tmp_path / "c.zarr")["labels/classifier-net"]
    assert kept.attrs["label_source"] == "classifier"
    said = run(tmp_path / "c.zarr", "human", "--out", tmp_path / "x", "--model", "cnn", code=1)
    assert "'boosting' or 'tcn', found 'cnn'" in said
