"""Whose labels are learnt, of whom, and what is said where they may mean something else."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.learn.choices import Choices
from ethoflow.learn.preparing import prepare
from ethoflow.learn.samples import labelled
from tests.learn.worlds import as_labels, bursts

pytest.importorskip("sklearn", reason="training needs scikit-learn")


def prepared(poses, labels, **choices):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ef.learn.LearnNote)
        return prepare(poses, labels, None, Choices(folds=0, **choices))


def told(poses, labels, behaviours=None):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        prepare(poses, labels, behaviours, Choices(folds=0))
    return " ".join(str(one.message) for one in heard)


@pytest.fixture(scope="module")
def three():
    poses, labels = bursts(n_recordings=3, n_frames=400)
    whose = np.array(["anna", "ben", "anna"], object)
    return poses, labels.assign_coords(rater=("recording", whose)).assign_attrs(rater="anna, ben")


@pytest.fixture(scope="module")
def two_animals():
    made = ef.simulate.simulate_recording(n_individuals=2, duration="40 s", seed=5)
    together = np.zeros((1, 2, 2, made.tracks.sizes["time"]), np.float32)
    together[:, 0, 1, 300:420] = together[:, 1, 0, 300:420] = 1
    together[:, [0, 1], [0, 1]] = np.nan
    labels = made.truth[["nose_to_nose"]].copy(data={"nose_to_nose": together})
    return made.tracks, labels.assign_attrs(label_source="human")


def test_recordings_of_another_person_are_not_learnt_from(three):
    with pytest.raises(ef.DataError, match="several people.*anna, ben.*rater='anna'"):
        prepared(*three)
    with pytest.warns(ef.learn.LearnNote, match="labels of m1 are not learnt from: they are not"):
        found = prepare(*three, None, Choices(folds=0, rater="anna"))
    assert [track.seat.recording for track in found.tracks] == ["m0", "m2"]
    assert found.met.rater == "anna"
    with pytest.raises(ef.DataError, match="no rater 'carl'"):
        prepared(*three, rater="carl")


def test_somebody_who_did_not_label_is_no_rater_of_it(three):
    poses, labels = three[0].isel(recording=[0]), three[1].isel(recording=[0]).drop_vars("rater")
    with pytest.raises(ef.DataError, match="no rater 'carl'"):
        prepared(poses, labels.assign_attrs(rater="anna"), rater="carl")
    assert prepared(poses, labels.assign_attrs(rater="")).met.rater == "human"
    assert prepared(poses, labels.assign_attrs(rater=""), rater="carl").met.rater == "carl"


def test_recordings_labelled_in_part_are_learnt_from_in_part(three):
    poses = three[0]
    values = three[1].running.values.copy()
    values[1, :, 150:], values[2] = np.nan, np.nan
    found = prepared(poses, as_labels(poses, values))
    counts = [int(mask.sum()) for mask in labelled(found.tracks, ["running"])]
    assert counts == [400, 150]


def test_a_long_end_without_bouts_is_said(three):
    poses = three[0].isel(recording=[0])
    values = three[1].running.values[:1].copy()
    values[..., 200:] = 0
    said = told(poses, as_labels(poses, values))
    assert "at the end of m0 (after" in said
    assert "it is learnt as absent there" in said
    later = values.copy()
    later[..., 380:390] = 1
    other = as_labels(poses, values).assign(as_labels(poses, later, "other").data_vars)
    assert "at the end of" not in told(poses, other, "running")  # somebody watched to the end
    values[..., 230:] = np.nan
    assert "at the end of" not in told(poses, as_labels(poses, values))


def test_labels_of_animals_whose_tracks_changed_hands_are_doubted(two_animals):
    tracks, labels = two_animals
    edits = pd.DataFrame({"start": [10.0], "stop": [20.0], "a": ["individual_0"],
                          "b": ["individual_1"]})  # fmt: skip
    corrected = ef.swap_identities(tracks, edits)
    said = told(corrected, labels)
    assert "corrected (10 s of 1 recording): labels stay with the name of an animal" in said
    assert "identities" not in told(tracks, labels)


def test_what_two_do_is_learnt_of_both_and_counted_once(two_animals):
    tracks, labels = two_animals
    with pytest.warns(ef.learn.LearnNote, match="nose_to_nose has 1 bout:"):
        found = prepare(tracks, labels, None, Choices(folds=0))
    assert [track.place for track in found.tracks] == [(0, 0, 1), (0, 1, 0)]
    one = labels.nose_to_nose.max("partner").to_dataset(name="nose_to_nose")
    one.nose_to_nose.attrs = labels.nose_to_nose.attrs
    same = prepared(tracks, one, of="pair")
    for a, b in zip(found.tracks, same.tracks, strict=True):
        np.testing.assert_array_equal(a.states["nose_to_nose"], b.states["nose_to_nose"])
    half = labels.copy(deep=True)
    half.nose_to_nose[:, 1] = np.nan
    assert [track.place for track in prepared(tracks, half).tracks] == [(0, 0, 1)]
