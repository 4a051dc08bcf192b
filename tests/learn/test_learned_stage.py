"""Classifiers of a project: which labels they write, when these are stale, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from tests.learn.worlds import QUICK, as_labels, bursts
from tests.test_stages import invoke
from tests.test_unchanged import NOTHING, make_project, run, trusting

__all__ = ["trusting"]  # files that were written just now are remembered


def test_a_project_names_classifiers_and_they_stand_among_the_tables(tmp_path):
    file = make_project(tmp_path, "models: {still: immobility}\n")
    done = run(file)
    assert done.exit_code == 0, done.output
    (path,) = tmp_path.rglob("cohort.zarr")
    kept = ef.open(path)["labels/classifier-still"]
    expected = ef.learn.open_classifier("immobility").predict(ef.open(path)["poses"])
    np.testing.assert_array_equal(kept.immobility.values, expected.immobility.values)
    (table,) = tmp_path.rglob("time_budget.csv")
    assert "classifier-still" in set(pd.read_csv(table).source)
    assert NOTHING in " ".join(run(file).output.split())
    ef.learn.open_classifier("immobility").save(tmp_path / "models" / "other")
    text = file.read_text()
    file.write_text(text.replace("{still: immobility}", "[models/other]"))
    again = run(file)
    assert "taken out" in " ".join(again.output.split())
    assert set(ef.open(path)["labels"].children) >= {"classifier-other"}
    assert "classifier-still" not in ef.open(path)["labels"].children
    assert NOTHING in " ".join(run(file).output.split())
    poses, labels = bursts(n_frames=600)
    ef.learn.fit(poses, labels, settings=QUICK, folds=0).save(tmp_path / "models" / "other")
    assert NOTHING not in " ".join(run(file).output.split())
    assert set(ef.open(path)["labels/classifier-other"].data_vars) == {
        "running", "running_probability"
    }  # fmt: skip


def test_what_is_no_classifier_is_refused_with_its_line(tmp_path):
    file = make_project(tmp_path, "models: [models/none]\n")
    done = run(file)
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "there is no model in" in said
    assert "line" in said


def test_the_command_writes_labels_and_refuses_another_frame_rate(tmp_path):
    pytest.importorskip("sklearn", reason="training needs scikit-learn")
    poses, labels = bursts(n_frames=600)
    ef.write(poses, tmp_path / "c.zarr", "poses")
    for name, frames in (("runs", poses), ("slow", bursts(n_frames=600, fps=10.0)[0])):
        own = as_labels(frames, labels.running.values)
        ef.learn.fit(frames, own, settings=QUICK, folds=0).save(tmp_path / name)
    said = invoke("predict", tmp_path / "c.zarr", "--model", f"runs={tmp_path / 'runs'}")
    assert "labels/classifier-runs: running" in said
    assert ef.open(tmp_path / "c.zarr")["labels/classifier-runs"].running.notnull().any()
    assert "all is fresh" in invoke("predict", tmp_path / "c.zarr", "--model", tmp_path / "runs")
    said = invoke("predict", tmp_path / "c.zarr", "--model", f"slow={tmp_path / 'slow'}")
    assert "trained at 10 frames per second, and these data have 25" in said
    assert "labels/classifier-slow" not in ef.open(tmp_path / "c.zarr").groups


def running_in(store):
    return ef.open(store)["labels/classifier-runs"].running.values


def test_labels_are_stale_and_made_anew_where_poses_or_the_classifier_change(tmp_path):
    pytest.importorskip("sklearn", reason="training needs scikit-learn")
    store, folder = tmp_path / "c.zarr", tmp_path / "runs"
    poses, labels = bursts(n_frames=600)
    ef.write(poses, store, "poses")
    ef.learn.fit(poses, labels, settings=QUICK, folds=0).save(folder)
    predict = ("predict", store, "--model", f"runs={folder}")
    assert "nothing to do" not in invoke(*predict)
    assert "nothing to do: all is fresh" in invoke(*predict)
    first = running_in(store)
    still = poses.copy(deep=True)
    still.position[..., 100:400] = still.position.values[..., 100:101]
    ef.write(still, store, "poses")
    with pytest.warns(ef.store.StaleGroup, match="classifier-runs was made from numbers that have"):
        ef.open(store)
    assert "nothing to do" not in invoke(*predict)
    second = running_in(store)
    assert first[..., 105:395].any()
    assert not second[..., 105:395].any()
    turned = as_labels(poses, 1 - labels.running.values)
    ef.learn.fit(poses, turned, settings=QUICK, folds=0).save(folder)
    assert "nothing to do" not in invoke(*predict)
    expected = ef.learn.open_classifier(folder).predict(still).running.values
    np.testing.assert_array_equal(running_in(store)[0], expected)
    assert (running_in(store) != second).mean() > 0.9


def test_poses_in_another_unit_are_refused_where_nobody_knows_how_long_animals_are(tmp_path):
    pytest.importorskip("sklearn", reason="training needs scikit-learn")
    poses, labels = bursts(n_frames=600)
    ef.learn.fit(poses.isel(bodypart=[3]), labels, settings=QUICK, folds=0).save(tmp_path / "runs")
    px = poses.assign(position=poses.position.assign_attrs(units="px"))
    ef.write(px, tmp_path / "c.zarr", "poses")
    said = invoke("predict", tmp_path / "c.zarr", "--model", f"runs={tmp_path / 'runs'}")
    assert "trained on positions in mm, and these are in px: calibrate both alike" in said
    assert "labels" not in ef.open(tmp_path / "c.zarr").children
