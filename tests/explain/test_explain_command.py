"""``ethoflow explain``: what it writes, and what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.place import place
from ethoflow.report.cards import state_of
from tests.learn.worlds import bursts

pytest.importorskip("sklearn", reason="training needs scikit-learn")


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == code, done.output
    return re.sub(r"\s+", " ", done.output)


def test_explain_writes_tables_pictures_and_examples(tmp_path: Path) -> None:
    poses, labels = bursts(n_recordings=3, n_frames=500)
    store = tmp_path / "c.zarr"
    codes = labels.running.astype(np.float32)
    codes.attrs = {
        "kind": "category",
        "flag_values": [0, 1],
        "flag_meanings": "cluster_0 cluster_1",
    }
    ef.write(poses, store, "poses")
    ef.write(labels, store, "labels/human")
    found = codes.to_dataset(name="cluster").assign_attrs(label_source="clusters")
    ef.write(found, store, "labels/clusters-states")
    few = ["--features", "smoothed_speed,body_span", "--rows", 900]
    said = run("explain", store, *few)
    assert "labels/clusters-states" in said
    assert "next: look at the bouts" in said
    assert re.search(r"cluster_1: smoothed speed .*: high \(\d+ mm/s against", said)
    folder = tmp_path / "c_results" / "explanations" / "clusters-states"
    overlap = pd.read_csv(folder / "overlap.csv").set_index(["behaviour", "other"])
    assert overlap.loc[("cluster_1", "running"), "share"] == 1
    examples = pd.read_csv(folder / "examples.csv")
    assert list(examples.columns[:4]) == ["recording", "start", "stop", "label"]
    assert {p.name for p in folder.glob("*.png")} == {
        f"{kind}_0{i}_cluster_{i}.png" for kind in ("card", "bars", "beeswarm") for i in (0, 1)
    }
    page = run("report", store, "--group", "labels/clusters-states")
    assert "report.html" in page
    text = (tmp_path / "c_results" / "report.html").read_text(encoding="utf-8")
    assert "Reasons: clusters-states" in text
    assert text.count("data:image/png;base64") >= 2
    changed = "are not those that this was written from"
    assert changed not in text
    before = state_of(place(store), ["labels/clusters-states"])
    ef.write(found.map(lambda one: 1 - one, keep_attrs=True), store, "labels/clusters-states")
    assert state_of(place(store), ["labels/clusters-states"]) != before
    ef.write(found, store, "labels/clusters-states")
    run("report", store, "--group", "labels/clusters-states")
    assert changed not in (tmp_path / "c_results" / "report.html").read_text(encoding="utf-8")
    # The cards say what overlaps with the other labels too.
    ef.write(labels.map(lambda one: 1 - one, keep_attrs=True), store, "labels/human")
    run("report", store, "--group", "labels/clusters-states")
    assert changed in (tmp_path / "c_results" / "report.html").read_text(encoding="utf-8")
    said = run("explain", store, "--labels", "human", "--by", "treatment", code=1)
    assert "treatment" in said
    assert "Did you mean" in run("explain", store, "--labels", "clusters-state", code=1)
