"""Times of BORIS are those of the video: offsets, frames, intervals, queues; built by hand."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.scoring import LabelNote


def tracks(*names, n_frames=300, fps=30.0):
    cohort = [
        ef.from_arrays(np.ones((1, 1, 2, n_frames)), fps=fps, bodyparts=["nose"], recording=name)
        for name in names
    ]
    return cohort


def noted(path, **options):
    """Labels, and every note that was given with them."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", LabelNote)
        labels = ef.read_labels(path, **options)
    return labels, " ".join(str(one.message) for one in found)


def cohort_of(tmp_path, *names, **how):
    for one in tracks(*names, **how):
        ef.write(one, tmp_path / "c.zarr")
    return ef.open(tmp_path / "c.zarr", "tracks")


def frames(label):
    """Frames at which a label is 1."""
    return np.flatnonzero(label.values == 1).tolist()


def project(path, events, *, videos=("A.mp4",), lengths=(10.0,), rates=(30.0,), **more):
    """A project of one observation; `more` are further fields of it."""
    info = {
        "length": dict(zip(videos, lengths, strict=True)),
        "fps": dict(zip(videos, rates, strict=True)),
        "offset": {"1": 0.0}, **more.pop("info", {}),
    }  # fmt: skip
    observation = {
        "file": {"1": list(videos), "2": []}, "type": "MEDIA", "time offset": 0, "events": events,
        "media_info": info, **more,
    }  # fmt: skip
    content = {
        "behaviors_conf": {"0": {"type": "State event", "code": "rear"}},
        "observations": {more.pop("name", "observation"): observation},
    }
    path.write_text(json.dumps(content))
    return path


def log(path, rows, *, source="player #1:A.mp4", length="10.000", fps="30.000", offset=0.0):
    """A tabular export of version 8; rows are (status, time, frame)."""
    head = [
        "Observation id", "Observation date", "Source", "Time offset (s)", "Media duration (s)",
        "FPS (frame/s)", "Subject", "Behavior", "Behavior type", "Time", "Media file name",
        "Image index",
    ]  # fmt: skip
    lines = ["\t".join(head)]
    lines += [
        "\t".join([
            "o", "2025", source, f"{offset:.3f}", length, fps, "No focal subject", "rear", status,
            f"{time:.3f}", "Not found", str(frame),
        ])
        for status, time, frame in rows
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


def aggregated(path, bouts, *, offset=0.0, source="player #1:A.mp4", length="10.000", fps="30.000"):
    """An aggregated export of version 8; bouts are (start, stop, first frame, stop frame)."""
    head = [
        "Observation id", "Source", "Time offset (s)", "Media duration (s)", "FPS (frame/s)",
        "Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)", "Duration (s)",
        "Image index start", "Image index stop",
    ]  # fmt: skip
    lines = ["\t".join(head)]
    lines += [
        "\t".join(map(str, ["o", source, offset, length, fps, "No focal subject", "rear", "STATE",
                            start, stop, stop - start, first, last]))
        for start, stop, first, last in bouts
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    offset=st.floats(-5000, 90000).map(lambda x: round(x, 3)),
    edges=st.lists(st.integers(0, 299), min_size=2, max_size=6, unique=True),
    counted=st.booleans(),
    kind=st.sampled_from(["project", "log", "aggregated"]),
)
def test_an_offset_changes_nothing(tmp_path, offset, edges, counted, kind):
    edges = sorted(edges[: len(edges) // 2 * 2])
    bouts = list(zip(edges[::2], edges[1::2], strict=True))
    times = [[round(e / 30 + offset, 3), e if counted else "NA"] for e in edges]
    if kind == "project":
        events = [[t, "", "rear", "", "", e] for t, e in times]
        path = project(tmp_path / "p.boris", events, **{"time offset": offset})
    elif kind == "log":
        rows = [(("START", "STOP")[i % 2], *pair) for i, pair in enumerate(times)]
        path = log(tmp_path / "l.tsv", rows, offset=offset)
    else:
        pairs = [(a[0], b[0], a[1], b[1]) for a, b in zip(times[::2], times[1::2], strict=True)]
        path = aggregated(tmp_path / "a.tsv", pairs, offset=offset)
    (video,) = tracks("A")
    labels = ef.read_labels(path, like=video)
    assert frames(labels.rear[0]) == [f for a, b in bouts for f in range(a, b)]
    assert labels.rear.notnull().all()


def test_the_making_of_a_medium_is_taken_off(tmp_path):
    made = 1_739_264_493.0
    events = [[made + 2, "", "rear", "", ""], [made + 4, "", "rear", "", ""]]
    path = project(
        tmp_path / "p.boris", events, media_creation_date_as_offset=True,
        info={"media_creation_time": {"A.mp4": made}},
    )  # fmt: skip
    (video,) = tracks("A")
    assert frames(ef.read_labels(path, like=video).rear[0]) == list(range(60, 120))
    # An export does not say when: the frames do.
    rows = [("START", made + 2, 60), ("STOP", made + 4, 120)]
    with pytest.warns(LabelNote, match="as of another clock: the frames are taken"):
        labels = ef.read_labels(log(tmp_path / "l.tsv", rows), like=video)
    assert frames(labels.rear[0]) == list(range(60, 120))
    rows = [("START", made + 2, "NA"), ("STOP", made + 4, "NA")]
    labels, notes = noted(log(tmp_path / "m.tsv", rows), like=video)
    assert "its events lie outside the 10 s of its video" in notes
    assert labels.rear.isnull().all()
    labels, _ = noted(tmp_path / "m.tsv", like=video, offset=made)
    assert frames(labels.rear[0]) == list(range(60, 120))


def test_an_interval_bounds_what_was_watched(tmp_path):
    events = [[102, "", "rear", "", "", 60], [104, "", "rear", "", "", 120]]
    path = project(
        tmp_path / "p.boris", events, **{"observation time interval": [1, 5], "time offset": 100}
    )
    (video,) = tracks("A")
    rear = ef.read_labels(path, like=video).rear[0]
    assert frames(rear) == list(range(60, 120))
    assert np.flatnonzero(rear.notnull().values).tolist() == list(range(30, 150))
    path = project(
        tmp_path / "q.boris", events, **{"observation time interval": [1, 0], "time offset": 100}
    )
    alone = ef.read_labels(path)
    assert alone.sizes["time"] == 300
    assert alone.rear[0].notnull().values.argmax() == 30


def test_videos_name_the_tracks_whatever_their_folder(tmp_path):
    cohort = cohort_of(tmp_path, "cage1_aDLC_resnet50_x", "cage1_bDLC_resnet50_x", "observation")
    events = [[2, "", "rear", "", ""], [4, "", "rear", "", ""]]
    path = project(tmp_path / "p.boris", events, videos=("D:/vid/cage1_b.mp4",))
    labels = ef.read_labels(path, like=cohort)
    assert frames(labels.rear.sel(recording="cage1_bDLC_resnet50_x")[0]) == list(range(60, 120))
    others = labels.rear.sel(recording=["cage1_aDLC_resnet50_x", "observation"])
    assert others.isnull().all()
    # A video without tracks: the observation's own name.
    path = project(tmp_path / "q.boris", events, videos=("D:/vid/other.mp4",))
    labels = ef.read_labels(path, like=cohort)
    assert frames(labels.rear.sel(recording="observation")[0]) == list(range(60, 120))


QUEUE = {"videos": ("v/a.mp4", "v/b.mp4"), "lengths": (10.0, 10.0), "rates": (30.0, 30.0)}


@pytest.mark.parametrize("counted", [True, False])
def test_videos_that_follow_each_other(tmp_path, counted):
    cohort = cohort_of(tmp_path, "a", "b")
    at = [(2, 60), (4, 120), (9, 270), (12, 60), (15, 150), (16, 180)]
    events = [[t + 50, "", "rear", "", "", *([f] if counted else [])] for t, f in at]
    path = project(tmp_path / "p.boris", events, **QUEUE, **{"time offset": 50})
    labels = ef.read_labels(path, like=cohort)
    assert frames(labels.rear.sel(recording="a")[0]) == [*range(60, 120), *range(270, 300)]
    assert frames(labels.rear.sel(recording="b")[0]) == [*range(60), *range(150, 180)]
    assert labels.rear.notnull().all()
    rows = [(("START", "STOP")[i % 2], t, f if counted else "NA") for i, (t, f) in enumerate(at)]
    path = log(
        tmp_path / "l.tsv", rows, source="player #1:v/a.mp4;v/b.mp4", length="10.000;10.000",
        fps="30.000;30.000",
    )  # fmt: skip
    again = ef.read_labels(path, like=cohort)
    np.testing.assert_array_equal(again.rear, labels.rear)
    # Without tracks the observation stays one.
    assert ef.read_labels(path).sizes["time"] == 600


def test_an_interval_over_several_videos(tmp_path):
    events = [[8, "", "rear", "", ""], [12, "", "rear", "", ""]]
    path = project(tmp_path / "p.boris", events, **QUEUE, **{"observation time interval": [5, 13]})
    labels = ef.read_labels(path, like=cohort_of(tmp_path, "a", "b"))
    known = labels.rear.notnull()
    assert np.flatnonzero(known.sel(recording="a")[0].values).tolist() == list(range(150, 300))
    assert np.flatnonzero(known.sel(recording="b")[0].values).tolist() == list(range(90))


def test_two_views_of_one_time(tmp_path):
    events = [[2, "", "rear", "", ""], [4, "", "rear", "", ""]]
    path = project(
        tmp_path / "p.boris", events, file={"1": ["top.mp4"], "2": ["side.mp4"]},
        info={"length": {"top.mp4": 10.0, "side.mp4": 9.0}, "offset": {"1": 0.0, "2": 1.0}},
    )  # fmt: skip
    labels = ef.read_labels(path, like=cohort_of(tmp_path, "top", "side"))
    assert frames(labels.rear.sel(recording="top")[0]) == list(range(60, 120))
    # The second view begins one second later.
    assert frames(labels.rear.sel(recording="side")[0]) == list(range(30, 90))


def test_several_videos_of_unknown_length_are_refused_or_said(tmp_path):
    head = "Observation id\tMedia file\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\n"
    path = tmp_path / "a.tsv"
    path.write_text(head + "o\ta.mp4\t\trear\tSTATE\t1\t2\no\tb.mp4\t\trear\tSTATE\t12\t13\n")
    with pytest.raises(ef.schema.DataError, match="does not say how long they are"):
        ef.read_labels(path, like=cohort_of(tmp_path, "a", "b"))


@pytest.mark.parametrize("rate", [29.97, 30000 / 1001])
def test_a_slip_of_the_rate_is_said_and_frames_count(tmp_path, rate):
    rows = [("START", 53000 / rate, 53000), ("STOP", 53300 / rate, 53300)]
    path = log(tmp_path / "l.tsv", rows, length="1801.8", fps=f"{rate:.3f}")
    (video,) = tracks("A", n_frames=54000)
    with pytest.warns(LabelNote, match=r"state 29\.97 frames per second, the tracks have 30"):
        labels = ef.read_labels(path, like=video)
    assert frames(labels.rear[0]) == list(range(53000, 53300))
    rows = [(kind, time, "NA") for kind, time, _ in rows]
    path = log(tmp_path / "m.tsv", rows, length="1801.8", fps=f"{rate:.3f}")
    assert "its times are taken as they are" in noted(path, like=video)[1]


def test_pictures_are_counted_from_one(tmp_path):
    events = [[None, "", "rear", "", "", 3, "x.png"], [None, "", "rear", "", "", 6, "x.png"]]
    path = project(tmp_path / "p.boris", events, videos=(), lengths=(), rates=(), type="IMAGES")
    (video,) = tracks("A")
    labels, notes = noted(path, like=video)
    assert frames(labels.rear[0]) == [2, 3, 4]
    assert "labels of observation are taken to be of A" in notes


def test_one_frame_beside_all_times_is_no_frame(tmp_path):
    rows = [("START", 2.0, 0), ("STOP", 4.0, 0)]
    (video,) = tracks("A")
    with pytest.warns(LabelNote, match="one frame stands beside all its times"):
        labels = ef.read_labels(log(tmp_path / "l.tsv", rows), like=video)
    assert frames(labels.rear[0]) == list(range(60, 120))


def test_what_was_scored_by_the_time_of_day_says_so(tmp_path):
    events = [[36002, "", "rear", "", ""], [36004, "", "rear", "", ""]]
    path = project(
        tmp_path / "p.boris", events, videos=(), lengths=(), rates=(), type="LIVE",
        start_from_current_time=True,
    )  # fmt: skip
    (video,) = tracks("A")
    labels, notes = noted(path, like=video, offset=36000)
    assert "its times are those of the day" in notes
    assert frames(labels.rear[0]) == list(range(60, 120))


@pytest.mark.parametrize(
    "source",
    ["player #1:top.mp4|player #2:side.mp4", "player #1: top.mp4 player #2: side.mp4"],
)
def test_players_in_one_cell(tmp_path, source):
    rows = [("START", 2.0, "NA"), ("STOP", 4.0, "NA")]
    path = log(tmp_path / "l.tsv", rows, source=source, length="10|10", fps="30|30")
    labels = ef.read_labels(path, like=cohort_of(tmp_path, "top", "side"))
    for name in ("top", "side"):
        assert frames(labels.rear.sel(recording=name)[0]) == list(range(60, 120))


def test_videos_one_after_the_other_on_tracks_of_none_of_them(tmp_path):
    events = [[8, "", "rear", "", ""], [12, "", "rear", "", ""]]
    path = project(tmp_path / "p.boris", events, **QUEUE)
    (video,) = tracks("joined", n_frames=600)
    labels, notes = noted(path, like=video)
    assert "scored from 2 videos, of which no tracks are named" in notes
    assert frames(labels.rear[0]) == list(range(240, 360))


def test_observations_of_one_video_are_said_to_be_taken_together(tmp_path):
    content = json.loads(
        project(
            tmp_path / "p.boris", [[2, "", "rear", "", ""], [4, "", "rear", "", ""]]
        ).read_text()
    )
    (one,) = content["observations"].values()
    again = {**one, "events": [[6, "", "rear", "", ""], [7, "", "rear", "", ""]]}
    content["observations"] = {"Monday": one, "again": again}
    (tmp_path / "p.boris").write_text(json.dumps(content))
    labels, notes = noted(tmp_path / "p.boris", like=cohort_of(tmp_path, "A", "B"))
    assert "several observations are of this video" in notes
    assert frames(labels.rear.sel(recording="A")[0]) == [*range(60, 120), *range(180, 210)]
