"""A row per frame: what background means, codes of clusters, and what is no frame."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.scoring import LabelNote
from ethoflow.schema import DataError
from tests.io.scoring.conftest import frames


def one_hot(states, background="background"):
    """Lines of labels with a column of background; None is a frame nobody labelled."""
    lines = [f",{background},run,rest"]
    for i, state in enumerate(states):
        cells = [-1] * 3 if state is None else [int(state == k) for k in range(3)]
        lines.append(",".join(map(str, (i, *cells))))
    return "\n".join(lines) + "\n"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(states=st.lists(st.sampled_from([0, 1, 2, None]), min_size=8, max_size=30))
def test_background_by_what_the_file_marks(table, states):
    states = [1, 0, *states, None]
    with pytest.warns(LabelNote, match="other frames are marked as not labelled"):
        labels = ef.read_labels(table(one_hot(states)), fps=10)
    want = [np.nan if s is None else float(s == 1) for s in states]
    np.testing.assert_array_equal(labels.run[0].values, want)
    unlabelled = ef.read_labels(table(one_hot(states)), fps=10, background="unlabelled")
    want = [np.nan if s in (None, 0) else float(s == 1) for s in states]
    np.testing.assert_array_equal(unlabelled.run[0].values, want)
    assert set(labels.data_vars) <= {"run", "rest"}


@pytest.mark.parametrize(("name", "share"), [("background", 0.5), ("none", 0.25), ("Other", 0.25)])
def test_background_that_nothing_tells_is_said(table, name, share):
    states = [0, 0, 1, 2]
    with pytest.warns(LabelNote, match=f"{name!r} is taken as .* says otherwise"):
        labels = ef.read_labels(table(one_hot(states, name)), fps=10)
    assert float(labels.run.mean()) == share
    assert float(ef.read_labels(table(one_hot(states, name)), fps=10,
                                background="absent").run.mean()) == 0.25  # fmt: skip
    with pytest.raises(DataError, match="background must be 'absent' or 'unlabelled'"):
        ef.read_labels(table(one_hot(states, name)), fps=10, background="missing")


@pytest.mark.parametrize("word", ["None", "other", "background", "no behaviour"])
def test_background_as_a_class(table, word):
    path = table("frame,behavior\n" + "".join(f"{i},{x}\n" for i, x in enumerate([word, "run"])))
    labels = ef.read_labels(path, fps=10, background="absent")
    assert labels.run[0].values.tolist() == [0, 1]
    assert list(labels.data_vars) == ["run"]


@pytest.mark.parametrize(
    "text",
    [
        "behavior,onset,duration\nrun,2,2\nrest,5,1\n",
        "bout,behaviour,first_frame,last_frame\n1,run,60,119\n2,rest,150,179\n",
        "behavior;Beginn;Ende\nrun;1;2\n",
        "label,start_frame,n_frames\nrun,1,5\n",
    ],
)
def test_bouts_are_no_frames(table, text):
    from ethoflow.io.scoring.declare import recognise_labels

    assert recognise_labels(table(text)).name == "interval table"


@pytest.mark.parametrize(
    "text",
    [
        "behavior,weight\nrun,2\nrest,5\nrun,7\n",
        "label,Zone,box\nrun,a,1\nrest,b,2\n",
    ],
)
def test_a_row_is_a_frame_only_where_nothing_says_otherwise(table, text):
    with pytest.raises(DataError, match="no known format of scored behaviour"):
        ef.list_labels(table(text))


def test_moments_are_no_frames(table):
    with pytest.raises(DataError, match="single frames far apart"):
        ef.list_labels(table("frame,behavior\n10,run\n60,rest\n75,run\n200,rest\n"))
    with pytest.raises(DataError, match="its times are not regular"):
        ef.list_labels(table("time,behavior\n1.5,run\n6,rest\n7.5,run\n20,rest\n"))


def test_regular_times_give_the_rate(table):
    rows = "".join(f"{i * 0.04:.2f},{'run' if 5 <= i < 10 else 'rest'}\n" for i in range(50))
    labels = ef.read_labels(table("time,behavior\n" + rows))
    assert float(labels.fps) == 25
    assert frames(labels.run[0]) == list(range(5, 10))


def test_recordings_and_animals_of_frames_stay_apart(table):
    rows = [f"{v},{m},{i},{'run' if (v, m) == ('v2', 'b') else 'rest'}"
            for v in ("v1", "v2") for m in ("a", "b") for i in range(4)]  # fmt: skip
    listed = ef.list_labels(table("video,mouse,frame,behavior\n" + "\n".join(rows) + "\n"))
    found = listed[["recording", "individual", "behaviour", "total"]].values.tolist()
    assert ["v2", "b", "run", 4.0] in found
    assert len(found) == 4


# Codes of clusters.

CODES = np.array([2, 2, 0, 0, 0, -1, 5, 5])


def check_codes(labels, name):
    assert sorted(labels.data_vars) == [f"{name}_{code}" for code in (0, 2, 5)]
    for code in (0, 2, 5):
        want = np.where(CODES < 0, np.nan, (code == CODES).astype(float))
        np.testing.assert_array_equal(labels[f"{name}_{code}"].squeeze().values, want)
    assert labels.attrs["label_source"] == "classifier"


@pytest.mark.parametrize("heading", ["syllable", "cluster", "motif"])
def test_codes_in_a_table(table, heading):
    """Built from the published layout of keypoint-MoSeq, which has more columns."""
    rows = "".join(f"{code},{i * 1.5},{-i},{i / 9}\n" for i, code in enumerate(CODES))
    path = table(f"{heading},centroid x,centroid y,heading\n{rows}")
    check_codes(ef.read_labels(path, fps=30), heading)


def test_codes_of_b_soid(tmp_path):
    """Built from the published layout: the labels stand beside a table of poses."""
    head = [["", "B-SOiD labels", "scorer", "net", "net"], ["0", "", "bodyparts", "nose", "nose"],
            ["1", "", "coords", "x", "y"]]  # fmt: skip
    rows = [[str(i + 2), str(c), str(i), "1.5", "2.5"] for i, c in enumerate(CODES)]
    path = tmp_path / "labels_pose_60HzmDLC.csv"
    path.write_text("\n".join(map(",".join, [*head, *rows])) + "\n")
    labels = ef.read_labels(path)
    check_codes(labels, "bsoid")
    assert float(labels.fps) == 60
    # Where the labels begin beside the headings, the last frames have none.
    shifted = [*map(str, CODES), "", ""]
    for row, label in zip([*head[1:], *rows], shifted, strict=True):
        row[1] = label
    path.write_text("\n".join(map(",".join, [*head, *rows])) + "\n")
    with pytest.warns(LabelNote, match="begin 2 rows above the frames"):
        check_codes(ef.read_labels(path), "bsoid")


def test_codes_of_vame(tmp_path):
    """Built from the published layout."""
    path = tmp_path / "15_km_label_mouse-1.npy"
    np.save(path, CODES.astype(np.int32))
    labels = ef.read_labels(path, fps=30)
    check_codes(labels, "motif")
    assert ef.list_labels(path).recording.unique().tolist() == ["mouse-1"]


def test_codes_of_keypoint_moseq(tmp_path):
    """Built from the published layout."""
    path = tmp_path / "results.h5"
    with h5py.File(path, "w") as file:
        for name in ("m1", "m2"):
            file[f"{name}/syllable"] = CODES
            file[f"{name}/latent_state"] = np.random.default_rng(0).random((8, 4))
            file[f"{name}/centroid"] = np.zeros((8, 2))
    labels = ef.read_labels(path, fps=30)
    assert labels.recording.values.tolist() == ["m1", "m2"]
    check_codes(labels.sel(recording="m2"), "syllable")


def test_probabilities_are_no_codes(tmp_path, table):
    np.save(tmp_path / "p.npy", np.linspace(0, 1, 9))
    with pytest.raises(DataError, match="no known format"):
        ef.list_labels(tmp_path / "p.npy")
    with pytest.raises(DataError, match="no known format"):
        ef.list_labels(table("syllable,x\n0.25,1\n0.75,2\n"))
    np.save(tmp_path / "q.npy", np.arange(5000))
    with pytest.raises(DataError, match="too many to be codes"):
        ef.list_labels(tmp_path / "q.npy")


# SimBA and a third coordinate.


def simba(path, animals=("",), *, features=0, targets=(), n_frames=6):
    rng = np.random.default_rng(0)
    found = {}
    for animal in animals:
        for part in ("Nose", "Ear_left", "Ear_right", "Tail_base"):
            name = f"{part}_{animal}" if animal else part
            for axis in "xy":
                found[f"{name}_{axis}"] = rng.random(n_frames) * 100
            found[f"{name}_p"] = rng.random(n_frames)
    found["Nose" + (f"_{animals[0]}" if animals[0] else "") + "_x"][0] = np.nan
    for i in range(features):
        found[f"feature_{i}"] = rng.random(n_frames) * 9
    for name in targets:
        found[name] = [0, 1, 1, 0, 0, 1]
    frame = pd.DataFrame(found)
    frame.to_csv(path)
    return frame


@pytest.mark.parametrize("animals", [("",), ("1", "2")])
@pytest.mark.parametrize("features", [0, 4, 30])
def test_targets_of_simba_of_one_animal_and_of_two(tmp_path, animals, features):
    """Built from the published layout."""
    path = tmp_path / "m.csv"
    simba(path, animals, features=features, targets=("attack", "rear"))
    labels = ef.read_labels(path, fps=25)
    assert sorted(labels.data_vars) == ["attack", "rear"]
    assert labels.attack[0].values.tolist() == [0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize("animals", [("",), ("1", "2")])
def test_poses_of_simba(tmp_path, animals):
    """Built from the published layout: outlier_corrected, and any table with more columns."""
    path = tmp_path / "m.csv"
    for features in (0, 5):
        frame = simba(path, animals, features=features)
        ds = ef.read(path, fps=25)
        assert ds.bodypart.values.tolist() == ["Nose", "Ear_left", "Ear_right", "Tail_base"]
        assert ds.sizes["individual"] == len(animals)
        first = f"Tail_base_{animals[-1]}" if animals[-1] else "Tail_base"
        got = ds.position.sel(bodypart="Tail_base", space="y")[-1]
        np.testing.assert_allclose(got, frame[f"{first}_y"], rtol=1e-6)
        score = ds.confidence.sel(bodypart="Tail_base")[-1]
        np.testing.assert_allclose(score, frame[f"{first}_p"], rtol=1e-6)


def test_a_third_column_that_leaves_0_to_1_is_z(tmp_path):
    path = tmp_path / "m.csv"
    z = np.array([12.0, 13.5, -2.0])
    pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6], "c": z, "d": [0.9, 0.8, 0.1]}).to_csv(
        path, index=False
    )
    from ethoflow.io.reader import TrackingNote

    with pytest.warns(TrackingNote, match="taken as z"):
        ds = ef.read(path, fps=30, columns={"nose": ("a", "b", "c")})
    assert ds.space.values.tolist() == ["x", "y", "z"]
    np.testing.assert_array_equal(ds.position.sel(space="z").squeeze(), z)
    ds = ef.read(path, fps=30, columns={"nose": ("a", "b", "d")})
    assert ds.space.values.tolist() == ["x", "y"]
    np.testing.assert_allclose(ds.confidence.squeeze(), [0.9, 0.8, 0.1], rtol=1e-6)
