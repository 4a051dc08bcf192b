"""Scored behaviour on frames: rounding, what is unknown, raters, animals, offsets."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.scoring import LabelNote, find_offset, list_labels, read_labels
from ethoflow.io.scoring.declare import label_readers, load_labels, recognise_labels
from ethoflow.io.scoring.pairing import Mark, pair_marks
from ethoflow.schema import DataError


def table(path, text):
    path.write_text(text)
    return path


def test_a_frame_is_in_a_bout_when_its_middle_is(tmp_path):
    path = table(tmp_path / "m.csv", "behaviour,start,stop\nrun,0.1,0.349\nrun,0.5,0.55\n")
    with pytest.warns(LabelNote, match="1 of 2 bouts are shorter than a frame"):
        label = read_labels(path, fps=10, n_frames=8).run[0].values
    middles = (np.arange(8) + 0.5) / 10
    want = ((middles >= 0.1) & (middles < 0.349)) | ((middles >= 0.5) & (middles < 0.55))
    np.testing.assert_array_equal(label, want.astype(float))


@given(
    fps=st.floats(5, 200),
    bouts=st.lists(st.tuples(st.floats(0, 9), st.floats(0, 1)), max_size=5),
    offset=st.floats(-2, 2),
)
def test_any_bouts_at_any_rate(tmp_path_factory, fps, bouts, offset):
    path = tmp_path_factory.mktemp("t") / "m.csv"
    rows = [f"run,{start!r},{start + length!r}" for start, length in bouts]
    table(path, "\n".join(["behaviour,start,stop", "rest,0,0.5", *rows]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelNote)  # bouts shorter than a frame
        ds = read_labels(path, fps=fps, n_frames=300, offset=offset)
    middles = (np.arange(300) + 0.5) / fps + offset
    if not bouts:
        assert "run" not in ds
        return
    inside = np.any([(middles >= a) & (middles < a + n) for a, n in bouts], axis=0)
    # Times within a millionth of a frame's middle count as on it.
    ends = [end for a, n in bouts for end in (a, a + n)]
    near = np.any([np.abs(middles - end) < 1e-5 for end in ends], axis=0)
    got = ds.run[0].values == 1
    np.testing.assert_array_equal(got[~near], inside[~near])


@pytest.mark.parametrize(
    "header",
    ["behaviour,start,stop", "Behavior;Start;End", "type\tfrom\tto", '"label","t_start","t_stop"'],
)
def test_headings_and_separators(tmp_path, header):
    separator = next(mark for mark in ";\t," if mark in header)
    path = table(tmp_path / "m.csv", f"{header}\r\nrun{separator}1{separator}2\r\n")
    assert read_labels(path, fps=10, n_frames=30).run.values.sum() == 10


def test_labels_are_of_the_same_kind_as_rules_give(tmp_path):
    path = table(tmp_path / "m.csv", "behaviour,start,stop\nHead Dip,1,2\n")
    labels = read_labels(path, fps=25, n_frames=100)
    bouts = ef.find_bouts(labels)
    assert bouts[["behaviour", "start_frame", "stop_frame"]].values.tolist() == [
        ["Head_Dip", 25, 50]
    ]
    assert float(ef.time_budget(labels).share.iloc[0]) == 0.25
    ef.write(labels, tmp_path / "c.zarr", "labels/human")
    stored = ef.open(tmp_path / "c.zarr", "labels/human")
    np.testing.assert_array_equal(stored.Head_Dip[0].values, labels.Head_Dip.values)
    assert stored.attrs["label_source"] == "human"


def test_unknown_ends_stay_unknown():
    events = pair_marks([Mark(1, "a"), Mark(2, "a"), Mark(5, "a"), Mark(3, "b", kind="stop")])
    assert (events[0].behaviour, events[0].start, events[0].stop) == ("a", 1, 2)
    assert np.isnan(next(e for e in events if e.behaviour == "b").start)
    assert np.isnan(events[-1].stop)
    with pytest.raises(DataError, match="starts a second time before it stops"):
        pair_marks([Mark(1, "a", kind="start"), Mark(2, "a", kind="start")])


def test_a_bout_without_stop_is_unknown_until_the_next(tmp_path):
    path = table(tmp_path / "m.csv", "behaviour,start,stop\nrun,1,NA\nrun,3,4\nrun,6,\n")
    with pytest.warns(LabelNote, match="2 bouts begin and never stop"):
        label = read_labels(path, fps=1, n_frames=8).run[0].values
    np.testing.assert_array_equal(label, [0, np.nan, np.nan, 1, 0, 0, np.nan, np.nan])


def test_raters_recordings_and_animals(tmp_path):
    rows = ["recording,rater,animal,behaviour,start,stop", "a,Jo,m1,run,0,1", "a,Al,m1,run,0,2",
            "b,Jo,m2,run,1,2", "b,Jo,m3,rest,0,1"]  # fmt: skip
    path = table(tmp_path / "x.csv", "\n".join(rows))
    with pytest.raises(DataError, match="several raters: 'Jo', 'Al'"):
        read_labels(path, fps=10)
    ds = read_labels(path, fps=10, rater="Jo")
    assert ds.recording.values.tolist() == ["a", "b"]
    assert ds.animal.values.tolist() == [["m1", ""], ["m2", "m3"]]
    assert np.isnan(ds.run.sel(recording="a")[1]).all()
    assert float(ds.rest.sel(recording="b")[1].sum()) == 10
    assert "recording" not in read_labels(path, fps=10, rater="Al").dims
    with pytest.raises(DataError, match="no rater 'X'"):
        read_labels(path, fps=10, rater="X")


def test_labels_on_the_frames_of_tracks(tmp_path):
    tracks = ef.from_arrays(
        np.zeros((2, 1, 2, 40)), fps=10, bodyparts=["nose"], animals=["m1", "m2"], recording="a"
    )
    path = table(tmp_path / "a.csv", "subject,behaviour,start,stop\nm2,run,1,2\n")
    ds = read_labels(path, like=tracks)
    assert ds.run.shape == (2, 40)
    assert np.isnan(ds.run[0]).all()
    assert ds.run[1].sum() == 10
    rows = "".join(f"{i},{i in (3, 4)}\n" for i in range(40))
    path = table(tmp_path / "c.csv", f"frame,run\n{rows}")
    with pytest.raises(DataError, match="which animal they are about.*a column individual"):
        read_labels(path, like=tracks)
    path = table(tmp_path / "b.csv", "subject,behaviour,start,stop\nm9,run,1,2\n")
    with pytest.raises(DataError, match=r"about 'm9', the animals of the tracks are 'm1', 'm2'"):
        read_labels(path, like=tracks)


def test_an_offset_that_was_put_in_is_found():
    rng = np.random.default_rng(1)
    state = np.repeat(rng.random((2, 100)) > 0.5, 30, axis=1).astype(np.float32)
    state[:, 700:800] = np.nan
    ds = ef.annotate(ef.simulate.still_then_running(), ["moving"])
    base = ef.from_arrays(np.zeros((1, 1, 2, 3000)), fps=25, bodyparts=["nose"])
    label = base.confidence[:, 0].copy(data=state[:1])
    label.attrs = ds.moving.attrs
    reference = base[[]].assign(moving=label)
    for shift in (-70, 0, 41):
        late = reference.assign(moving=label.shift(time=shift))
        assert find_offset(late, reference, max_offset="5 s").frames == shift
    two = xr.concat([reference, 1 - reference], "individual", coords="minimal", compat="override")
    two = two.assign_coords(individual=["individual_0", "individual_1"])
    assert find_offset(reference, two, max_offset="5 s").agreement == pytest.approx(1)
    with pytest.raises(DataError, match="no behaviour in common"):
        find_offset(reference, reference.rename(moving="x").assign(y=label))


# Real files.


def test_every_format_is_recognised_by_one_reader_alone(real_data):
    from ethoflow.io.content import Content

    for path in real_data.rglob("*"):
        if not path.is_file() or path.stat().st_size == 0 or "CSVinput" in path.parts:
            continue
        content = Content(path)
        found = []
        for one in label_readers():
            try:
                found += [one.name] if one.matches(content) else []
            except Exception:
                continue
        assert len(found) <= 1, (path, found)


def test_boris_log_csv_tsv_and_xlsx_agree(real_data):
    stem = real_data / "boris-annotations/boris-tests/test_export_events_tabular"
    found = [read_labels(f"{stem}.{suffix}") for suffix in ("csv", "tsv", "xlsx")]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].s.values, other.s.values)
    assert float(found[0].fps) == 25
    assert found[0].animal.values.tolist() == ["subject1", "subject2"]
    bouts = ef.find_bouts(found[0])
    assert bouts.start.round(3).tolist()[:2] == [3.28, 9.88]
    assert bouts.individual.tolist() == ["individual_0"] * 3 + ["individual_1"]


def test_social_interaction(real_data):
    folder = real_data / "boris-annotations/social-interaction"
    path = folder / "e3v813a-20210610T120637-121213_reencode.csv"
    ds = read_labels(path)
    raw = pd.read_csv(path, skiprows=15)
    starts = raw[raw.Status == "START"].Time.to_numpy()
    stops = raw[raw.Status == "STOP"].Time.to_numpy()
    assert float(ds.interact.sum()) / 30 == pytest.approx((stops - starts).sum(), abs=0.5)
    assert ds.sizes["time"] == 336 * 30


def test_boris_projects(real_data):
    folder = real_data / "boris-annotations/boris-tests"
    listed = list_labels(folder / "test.boris")
    raw = json.loads((folder / "test.boris").read_text())
    assert set(listed.recording) <= set(raw["observations"])
    with pytest.raises(DataError, match="an ethogram and no observations"):
        list_labels(folder / "otx_import_test.boris")
    with pytest.raises(DataError, match="empty"):
        list_labels(folder / "test_export_aggregated_events_test_full_6.tsv")
    with pytest.warns(LabelNote, match="point events"):
        read_labels(folder / "test_with_leading_trailing_spaces_in_modifiers.boris", fps=25)


def test_boris_aggregated(real_data):
    path = real_data / "boris-annotations/boris-tests/test_export_aggregated_events_test_full_1.tsv"
    raw = pd.read_csv(path, sep="\t")
    listed = list_labels(path)
    state = raw[raw["Behavior type"] == "STATE"]
    assert listed[listed.behaviour == "s"].total.sum() == pytest.approx(
        state[state.Behavior == "s"]["Duration (s)"].sum()
    )


def test_four_raters_of_freezing(real_data):
    folder = real_data / "freezing-behaviordepot/demo7"
    found = {
        n: read_labels(folder / f"hB_{n}.mat") for n in ("expert1", "expert2", "expert3", "novice")
    }
    a, b, _, novice = (ds.Freezing[0].values for ds in found.values())

    def kappa(x, y):
        agree = (x == y).mean()
        chance = x.mean() * y.mean() + (1 - x.mean()) * (1 - y.mean())
        return (agree - chance) / (1 - chance)

    assert 0.90 < kappa(a, b) < 0.95
    assert 0.58 < kappa(a, novice) < 0.63
    assert float(found["novice"].fps) == 50
    new = read_labels(
        real_data / "freezing-behaviordepot/demo1/hB_demo1_manual_annotations.mat.mat", fps=50
    )
    assert float(new.Freezing.mean()) == pytest.approx(0.228, abs=5e-4)
    assert len(ef.find_bouts(new)) == 20
    hand = read_labels(
        real_data / "freezing-behaviordepot/demo1/demo1_manual_annotations.mat",
        fps=50, n_frames=6000,
    )  # fmt: skip
    np.testing.assert_array_equal(hand.Freezing[0].values, new.Freezing[0].values)


def test_jaaba_scores(real_data):
    path = real_data / "jaaba-larva/TRX/20150724-000230/20150720_scores_stop_cast.mat"
    ds = read_labels(path, fps=30)
    assert ds.attrs["label_source"] == "classifier"
    bouts = ef.find_bouts(ds)
    assert len(bouts) == 100
    assert bouts.start_frame.iloc[0] == 133
    assert bouts.stop_frame.iloc[0] == 134
    assert ds.sizes["time"] == 10946


def test_sparse_hand_labels_leave_the_rest_unknown(real_data):
    folder = real_data / "fly-hand-vs-heuristic-labels-daart"
    path = folder / "labels-hand/2019_06_26_fly2.csv"
    with pytest.warns(LabelNote, match="'background' is taken as frames nobody labelled"):
        hand = read_labels(path, fps=70)
    raw = pd.read_csv(folder / "labels-hand/2019_06_26_fly2.csv", index_col=0)
    assert int((~np.isnan(hand.walk)).sum()) == int((raw.background == 0).sum())
    assert "background" not in hand
    assert read_labels(path, fps=70, background="absent").walk.notnull().all()
    heuristic = folder / "labels-heuristic/2019_06_26_fly2.csv"
    dense = read_labels(heuristic, fps=70, background="unlabelled")
    both = ~np.isnan(hand.still[0].values) & ~np.isnan(dense.still[0].values)
    assert 0 < both.sum() <= 2000


def test_undecided_stays_unknown(real_data):
    path = real_data / "aggression-labels-behavysis/behavs_df.feather"
    with pytest.raises(DataError, match="several raters: 'human', 'classifier'"):
        read_labels(path, fps=25)
    fight = read_labels(path, fps=25, rater="human").fight[0].values
    assert [(fight == 1).sum(), (fight == 0).sum(), np.isnan(fight).sum()] == [271, 379, 100]


def test_ethovision_scores(real_data):
    folder = real_data / "ethovision-and-watermaze/ethovision/Example import files"
    ds = read_labels(folder / "Example_import_file.xlsx")
    assert float(ds.fps) == pytest.approx(29.97 / 2, abs=1e-4)
    walking = next(name for name in ds.data_vars if str(name).startswith("Walking"))
    assert set(np.unique(ds[walking].values[~np.isnan(ds[walking].values)])) == {0.0, 1.0}


def test_workbook_of_human_and_programs(real_data):
    folder = real_data / "fly-courtship-labels-dance"
    book = folder / "Overlap_analyzer/Sample_input/WingExt_decap_Workbook.xlsx"
    listed = list_labels(book)
    assert listed.rater.unique().tolist() == ["manual", "JAABA", "Matebook"]
    counts = listed[listed.recording == "Video_chamber_5"].set_index("rater").n_bouts
    assert counts.manual == 50
    assert len(listed.recording.unique()) == 15


def test_rater_tables_of_three_spellings(real_data):
    folder = real_data / "human-labels-ethz"
    with pytest.warns(LabelNote) as said:
        listed = list_labels(folder / "EPM/AllEPMLables.csv")
    assert any("'Start_End' is taken for what was watched" in str(one.message) for one in said)
    assert set(listed.rater) == {"Jin", "Oliver", "Sian"}
    assert not any("tart" in name for name in listed.behaviour)
    assert listed.start.notna().sum() > 0
    with pytest.warns(LabelNote, match="'Start_End' is taken for what was watched"):
        ds = read_labels(folder / "FST/AllFSTLables.csv", fps=25, rater="Jin")
    assert "Floating" in ds


@pytest.mark.filterwarnings("ignore::ethoflow.io.scoring.LabelNote")
def test_the_offset_of_the_open_field_cohort(real_data):
    folder = real_data / "oft-csi-cohort-ethz"
    scores = folder / "labels/AllLabDataOFT_final.csv"
    with pytest.warns(LabelNote, match="of 'file' are of one recording and rater"):
        names = sorted(set(list_labels(scores).recording))
    assert len(names) == 20
    found = {}
    for rater in ("Jin", "Oliver", "Furkan"):
        frames = []
        for name in names[:6]:
            tracked = read_labels(folder / f"CSVinput/{name}.csv", fps=25, background="absent")
            rated = read_labels(scores, fps=25, rater=rater, recording=name)
            frames.append(find_offset(rated, tracked).frames)
        found[rater] = frames
    for frames in found.values():
        assert all(abs(frame - 299) <= 2 for frame in frames)
    assert np.median(found["Oliver"]) == 299
    name = names[0]
    tracked = read_labels(folder / f"CSVinput/{name}.csv", fps=25, background="absent")
    with pytest.warns(LabelNote, match="the labels go on for .* s after the tracks end"):
        late = read_labels(scores, like=tracked, rater="Oliver", recording=name)
    right = read_labels(scores, like=tracked, rater="Oliver", recording=name, offset=299 / 25)

    def f1(labels):
        a, b = labels.Supported[0].values, tracked.Supported[0].values
        known = ~np.isnan(a) & ~np.isnan(b)
        return 2 * ((a == 1) & (b == 1))[known].sum() / (a[known].sum() + b[known].sum())

    assert f1(right) > 0.95
    assert f1(late) < 0.6


# Formats built from their published layout.


def test_bento(tmp_path):
    """Built from the published layout."""
    text = """Bento annotation file
Movie file(s): x.seq
Stimulus name:
Annotation start frame: 1
Annotation stop frame: 100
Annotation framerate: 30

List of channels:
Ch1

List of annotations:
attack
sniff

Ch1----------
>attack
Start\tStop\tDuration
11\t20\t10

>sniff
Start\tStop\tDuration
51\t51\t1
"""
    ds = read_labels(table(tmp_path / "m.annot", text))
    assert ds.sizes["time"] == 100
    assert np.flatnonzero(ds.attack[0].values).tolist() == list(range(10, 20))
    assert np.flatnonzero(ds.sniff[0].values).tolist() == [50]
    assert float(ds.fps) == 30


def test_simba_targets(tmp_path):
    """Built from the published layout."""
    frame = pd.DataFrame({f"Ear_{i}_{c}": np.arange(5.0) for i in (1, 2) for c in "xy"})
    for i in range(20):
        frame[f"feature_{i}"] = np.linspace(0, 9, 5)
    frame["Attack"] = [0, 1, 1, 0, 0]
    path = tmp_path / "m.csv"
    frame.to_csv(path)
    ds = read_labels(path, fps=25)
    assert list(ds.data_vars) == ["Attack"]
    assert ds.Attack[0].values.tolist() == [0, 1, 1, 0, 0]


def test_boris_binary(tmp_path):
    """Built from the published layout."""
    ds = read_labels(
        table(tmp_path / "m.tsv", "time\trun\trest\n0.0\t1\t0\n0.1\t0\t1\n0.2\t0\t1\n")
    )
    assert float(ds.fps) == 10
    assert ds.rest[0].values.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("behaviour,start,stop\nrun,2,1\n", "line 2: the bout stops"),
        ("behaviour,start,stop\nrun,x,1\n", "line 2: needed a start and a stop"),
        ("behaviour,start,stop\nrun,inf,1\n", "line 2: needed a start and a stop"),
        (",run,rest\n0,1,0\n2,1,0\n1,0,1\n", "line 4: the frame is not after"),
        ("behaviour,start,stop\n", "nothing was scored"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        list_labels(table(tmp_path / "m.csv", text))


def test_formats_are_named_once():
    names = [one.name for one in label_readers()]
    assert len(names) == len(set(names)) >= 14


def test_loading_names_the_format_of_a_damaged_file(tmp_path, real_data):
    whole = (
        real_data / "jaaba-larva/TRX/20150724-000230/20150720_scores_stop_cast.mat"
    ).read_bytes()
    path = tmp_path / "scores_x.mat"
    path.write_bytes(whole[:3000])
    with pytest.raises(DataError):
        load_labels(path)
    assert (
        recognise_labels(real_data / "boris-annotations/boris-tests/test.boris").name
        == "BORIS project"
    )
