"""Bouts of ndx-ethogram as other programs write them: built from the published layout."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import ethoflow as ef
from ethoflow.schema import DataError


def add_bouts(file, place, rows, observed=None, listed=(), **facts):
    """A table of bouts with what it links to, as the schema 0.1 of the extension lays it out."""
    group = file.create_group(place)
    group.attrs.update(neurodata_type="EthogramBouts", namespace="ndx-ethogram", **facts)
    group["start_time"] = np.array([row[0] for row in rows], float)
    group["stop_time"] = np.array([row[1] for row in rows], float)
    group["label"] = np.array([row[2] for row in rows], object).astype(h5py.string_dtype())
    if observed is not None:
        spans = file.create_group(f"{place}_observed")
        spans["start_time"], spans["stop_time"] = np.array(observed, float).T
        group["observation_intervals"] = h5py.SoftLink(spans.name)
    if listed:
        catalogue = file.create_group(f"{place}_ethogram")
        catalogue["behavior"] = np.array(listed, object).astype(h5py.string_dtype())
        group["ethogram"] = h5py.SoftLink(catalogue.name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m1.nwb"


def test_all_was_watched_where_the_file_says_nothing_else(path):
    with h5py.File(path, "w") as file:
        add_bouts(file, "processing/behavior/b", [(0.2, 0.5, "7"), (0.4, 0.6, "run")],
                  labeling_method="manual", annotator="Jin")  # fmt: skip
        file["general/subject/subject_id"] = "mouse 3"
    labels = ef.read_labels(path, fps=10, n_frames=8)
    assert labels["7"].values.tolist() == [[0, 0, 1, 1, 1, 0, 0, 0]]
    assert labels.run.values.tolist() == [[0, 0, 0, 0, 1, 1, 0, 0]]
    assert labels.animal.values.tolist() == ["mouse 3"]
    assert labels.attrs["label_source"] == "human"
    assert labels.attrs["rater"] == "Jin"


def test_outside_of_what_was_observed_nothing_is_known(path):
    program = {"labeling_method": "automated", "source_software": "VAME 1"}
    with h5py.File(path, "w") as file:
        add_bouts(file, "processing/behavior/b", [(0.6, 0.7, "run")], [(0.5, 0.8), (0.1, 0.3)],
                  ["run", "rest"], **program)  # fmt: skip
        add_bouts(file, "processing/behavior/c", [], np.zeros((0, 2)), ["never seen"], **program)
    labels = ef.read_labels(path, fps=10, n_frames=9)
    unknown = np.nan
    np.testing.assert_array_equal(
        labels.run.values[0], [unknown, 0, 0, unknown, unknown, 0, 1, 0, unknown]
    )
    np.testing.assert_array_equal(
        labels.rest.values[0], [unknown, 0, 0, unknown, unknown, 0, 0, 0, unknown]
    )
    assert labels.attrs["label_source"] == "classifier"
    assert set(labels.data_vars) == {"run", "rest"}


def test_two_people_are_not_pooled_and_wrong_rows_are_named(path, tmp_path):
    with h5py.File(path, "w") as file:
        for who in ("Ann", "Jin"):
            add_bouts(file, f"processing/behavior/{who}", [(0, 1, "run")],
                      labeling_method="manual", annotator=who)  # fmt: skip
    with pytest.raises(DataError, match="several raters: 'Ann', 'Jin'"):
        ef.read_labels(path, fps=10)
    with h5py.File(tmp_path / "w.nwb", "w") as file:
        add_bouts(file, "processing/behavior/b", [(0, 1, "run"), (3, 2, "run")],
                  labeling_method="manual")  # fmt: skip
    with pytest.raises(DataError, match=r"row 1: the bout of 'run' stops \(2 s\) before it starts"):
        ef.read_labels(tmp_path / "w.nwb", fps=10)
