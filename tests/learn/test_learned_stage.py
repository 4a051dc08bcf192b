"""Classifiers of a project: which labels they write, when these are stale, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd

import ethoflow as ef
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


def test_what_is_no_classifier_is_refused_with_its_line(tmp_path):
    file = make_project(tmp_path, "models: [models/none]\n")
    done = run(file)
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "there is no model in" in said
    assert "line" in said
