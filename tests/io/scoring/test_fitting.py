"""Labels find their frames, their animal and their recording; truth by construction."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.io.scoring.clock import LabelNote
from ethoflow.schema import DataError
from ethoflow.units import UnitError
from tests.io.scoring.conftest import frames


def tracks(n_frames=30, fps=30.0, animals=("m",), recording="m"):
    shape = (len(animals), 1, 2, n_frames)
    return ef.from_arrays(
        np.ones(shape), fps=fps, bodyparts=["nose"], animals=list(animals), recording=recording
    )


def test_an_empty_seat_is_nobodys(table, tmp_path):
    ef.write(tracks(animals=("a", "b"), recording="m2"), tmp_path / "c.zarr")
    ef.write(tracks(animals=("x", ""), recording="m1"), tmp_path / "c.zarr")
    cohort = ef.open(tmp_path / "c.zarr", "tracks")
    labels = ef.read_labels(
        table("recording,behaviour,start,stop\nm1,run,0.1,0.3\nm1,rest,0.5,0.6\n"), like=cohort
    )
    own = labels.sel(recording="m1", individual="individual_0")
    assert str(own.animal.values) == "x"
    assert frames(own.run) == list(range(3, 9))
    assert labels.run.sel(recording="m1", individual="individual_1").isnull().all()


def test_labels_at_another_rate_than_the_tracks(table):
    times = "\n".join(f"{i / 10},{int(3 <= i < 6)}" for i in range(10))
    binary = table(f"time,run\n{times}\n")
    assert frames(ef.read_labels(binary, like=tracks()).run[0]) == list(range(9, 18))
    assert frames(ef.read_labels(binary).run[0]) == [3, 4, 5]
    hot = table("frame,run\n" + "\n".join(f"{i},{int(9 <= i < 18)}" for i in range(30)), "hot.csv")
    slow = tracks(10, 10.0)
    assert frames(ef.read_labels(hot, like=slow, fps=30).run[0]) == [3, 4, 5]
    with pytest.warns(LabelNote, match="the labels have 30 frames, the tracks 10"):
        ef.read_labels(hot, like=slow)
    with pytest.warns(LabelNote, match="state 10 frames per second; the 30 that were given"):
        assert frames(ef.read_labels(binary, fps=30).run[0]) == [3, 4, 5]


def test_frame_numbers_of_bouts_at_another_rate(table):
    bento = table(
        "Bento annotation file\nAnnotation start frame: 1\nAnnotation stop frame: 30\n"
        "Annotation framerate: 30\n\nList of channels:\nCh1\n\nList of annotations:\nrun\n\n"
        "Ch1----------\n>run\nStart\t Stop\t Duration\n10\t18\t9\n", "a.annot",
    )  # fmt: skip
    assert frames(ef.read_labels(bento, like=tracks(10, 10.0)).run[0]) == [3, 4, 5]
    assert frames(ef.read_labels(bento, like=tracks()).run[0]) == list(range(9, 18))


def test_bento_in_seconds_with_its_span_in_frames(table):
    bento = table(
        "Bento annotation file\nAnnotation start frame: 1\nAnnotation stop frame: 30\n"
        "Annotation framerate: 30\n\nList of annotations:\nrun\n\n"
        "Ch1----------\n>run\nStart\t Stop\t Duration\n0\t0.1\t0.1\n0.5\t0.6\t0.1\n", "a.annot",
    )  # fmt: skip
    labels = ef.read_labels(bento)
    assert labels.sizes["time"] == 30
    assert frames(labels.run[0]) == [0, 1, 2, 15, 16, 17]
    assert labels.run.notnull().all()


def test_a_slice_of_the_tracks(table):
    path = table("behaviour,start,stop\nrun,0.5,0.7\n")
    part = tracks().isel(time=slice(12, 30))
    labels = ef.read_labels(path, like=part)
    assert frames(labels.run[0]) == list(range(3, 9))
    xr.testing.assert_identical(labels.time.variable, part.time.variable)
    whole = ef.read_labels(path, like=tracks())
    np.testing.assert_array_equal(labels.run, whole.run[..., 12:])


def test_an_offset_between_slices():
    rng = np.random.default_rng(0)
    state = np.repeat(rng.random(200) > 0.5, 5).astype(np.float32)
    base = tracks(1000)
    label = base.confidence[:, 0].drop_vars(["bodypart", "role"], errors="ignore")
    label = label.copy(data=state[None])
    label.attrs = {"kind": "label", "units": "1"}
    labels = base[["fps"]].assign(run=label)
    late = labels.assign(run=labels.run.shift(time=7).assign_attrs(label.attrs))
    assert ef.find_offset(late, labels.isel(time=slice(100, 500))).frames == 7
    assert ef.find_offset(late.isel(time=slice(60, None)), labels).frames == 7


def test_two_subjects_are_not_one_animal(table):
    path = table("subject,behaviour,start,stop\nresident,run,0,0.1\nintruder,run,0.5,0.6\n")
    with pytest.raises(DataError, match="about 'resident' and 'intruder', and the tracks have one"):
        ef.read_labels(path, like=tracks())
    labels = ef.read_labels(path, like=tracks(), individual="intruder")
    assert frames(labels.run[0]) == [15, 16, 17]
    with pytest.raises(DataError, match="nobody called 'x'"):
        ef.read_labels(path, like=tracks(), individual="x")


def test_frame_numbers_of_a_table_count(table):
    hot = table("frame,run\n" + "\n".join(f"{i},1" for i in range(20, 30)))
    labels = ef.read_labels(hot, like=tracks())
    assert frames(labels.run[0]) == list(range(20, 30))
    assert labels.run[0, :20].isnull().all()
    classes = table("frame,behavior\n0,run\n1,run\n5,rest\n6,run\n", "classes.csv")
    with pytest.warns(LabelNote, match="7 frames"):
        found = ef.read_labels(classes, like=tracks(8))
    assert found.run[0].values.tolist()[:7] == pytest.approx(
        [1, 1, *[np.nan] * 3, 0, 1], nan_ok=True
    )
    with pytest.raises(DataError, match="frame 1 a second time"):
        ef.read_labels(table("frame,behavior\n0,run\n1,run\n1,rest\n", "twice.csv"), fps=30)


V8 = (
    "Observation id\tObservation date\tDescription\tObservation duration\tMedia duration (s)\t"
    "FPS (frame/s)\tSubject\tBehavior\tModifier #1\tBehavior type\tTime\tComment\n"
)


def test_boris_tables_of_version_8(table):
    """Built from the published layout: one header, every observation in its own rows."""
    log = table(
        V8
        + "obs1\t2024\t\t9\t9\t10\tm\trun\tfast\tSTART\t1\t\n"
        + "obs1\t2024\t\t9\t9\t10\tm\trun\tfast\tSTOP\t2\t\n"
        + "obs2\t2024\t\t5\t5\t10\tm\trun\tslow\tSTART\t3\t\n"
        + "obs2\t2024\t\t5\t5\t10\tm\trun\tslow\tSTOP\t4\t\n", "log.tsv",
    )  # fmt: skip
    labels = ef.read_labels(log)
    assert labels.recording.values.tolist() == ["obs1", "obs2"]
    assert labels.n_frames.values.tolist() == [90, 50]
    assert frames(labels.run[1, 0]) == list(range(30, 40))
    assert set(ef.read_labels(log, modifiers=True).data_vars) == {"run_fast", "run_slow"}
    head = V8.replace("Time\tComment", "Start (s)\tStop (s)")
    bouts = table(head + "obs1\t2024\t\t9\t9\t10\tm\trun\tfast\tSTATE\t1\t2\n", "bouts.tsv")
    again = ef.read_labels(bouts)
    assert again.sizes["time"] == 90
    assert frames(again.run[0]) == list(range(10, 20))


def test_bouts_of_no_length_and_bouts_that_touch(table):
    log = table(
        V8
        + "o\t\t\t9\t9\t10\tm\trun\t\tSTART\t1\t\no\t\t\t9\t9\t10\tm\trun\t\tSTOP\t1\t\n"
        + "o\t\t\t9\t9\t10\tm\trun\t\tSTART\t2\t\no\t\t\t9\t9\t10\tm\trun\t\tSTART\t3\t\n"
        + "o\t\t\t9\t9\t10\tm\trun\t\tSTOP\t3\t\no\t\t\t9\t9\t10\tm\trun\t\tSTOP\t4\t\n", "log.tsv",
    )  # fmt: skip
    with pytest.warns(LabelNote, match="1 of 3 bouts are shorter than a frame"):
        assert frames(ef.read_labels(log).run[0]) == list(range(20, 40))


def test_features_of_simba_are_no_behaviours(table):
    features = [f"f{i}" for i in range(20)] + ["Nose_1_x", "Low_prob_detections_0.1"]
    rows = [",".join([*["0.5"] * 21, "0", str(i % 2)]) for i in range(6)]
    path = table(",".join([*features, "attack"]) + "\n" + "\n".join(rows) + "\n")
    assert set(ef.read_labels(path, fps=30).data_vars) == {"attack"}


def test_jaaba_keeps_animals_without_bouts(tmp_path):
    io = pytest.importorskip("scipy.io")

    def cells(*items):
        array = np.empty((1, len(items)), object)
        array[0, :] = [np.array(item, float) for item in items]
        return array

    scores = {
        "t0s": cells([3.0], []), "t1s": cells([5.0], []),
        "tStart": np.array([1.0, 5.0]), "tEnd": np.array([10.0, 8.0]),
    }  # fmt: skip
    path = tmp_path / "scores_chase.mat"
    io.savemat(path, {"allScores": scores})
    labels = ef.read_labels(path, like=tracks(10, animals=("0", "1")))
    assert frames(labels.chase[0]) == [2, 3]
    assert labels.chase[1].values.tolist() == pytest.approx(
        [*[np.nan] * 4, 0, 0, 0, 0, np.nan, np.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"offset": np.nan}, "offset must be a time"),
        ({"n_frames": 0}, "n_frames must be 1 or more"),
        ({"fps": "30"}, "fps must be a positive number"),
        ({"rename": {"run": "time"}}, "a behaviour cannot be called 'time'"),
    ],
)
def test_arguments_that_make_no_sense(table, options, reason):
    with pytest.raises(DataError, match=reason):
        ef.read_labels(table("behaviour,start,stop\nrun,0,1\n"), **{"fps": 30, **options})


def test_an_offset_may_have_a_unit(table):
    path = table("behaviour,start,stop\nrun,1,2\n")
    found = [ef.read_labels(path, fps=10, n_frames=30, offset=late) for late in (0.5, "500 ms")]
    assert frames(found[0].run[0]) == list(range(5, 15))
    xr.testing.assert_identical(*found)
    with pytest.raises(UnitError, match="offset needs a value in s"):
        ef.read_labels(path, fps=10, n_frames=30, offset="3 mm")


def test_a_stop_in_frames_means_both_are(table):
    path = table("behaviour,start,stop_frame\nrun,3,6\n")
    with pytest.warns(LabelNote, match="'stop_frame' is taken as the first frame after its bout"):
        labels = ef.read_labels(path, fps=30, n_frames=9)
    assert frames(labels.run[0]) == [3, 4, 5]


def test_frames_of_whole_recordings_in_a_slice(table, tmp_path):
    for name, n_frames in (("a", 100), ("b", 60), ("c", 30)):
        ef.write(tracks(n_frames, recording=name), tmp_path / "c.zarr")
    part = ef.open(tmp_path / "c.zarr", "tracks").isel(time=slice(40, 90))
    path = table("recording,behaviour,start,stop\na,run,1.4,1.5\nb,run,1.4,1.5\nc,run,0,1\n")
    labels = ef.read_labels(path, like=part)
    assert labels.n_frames.values.tolist() == [100, 60, 30]
    assert labels.run.notnull().sum("time").values.ravel().tolist() == [50, 20, 0]


@pytest.mark.parametrize("into", [0.2, 0.5, 0.8, 1.5, 2.5])
def test_labels_that_begin_with_tracks_do_so_wherever_the_first_frame_lies(table, into):
    late = tracks().assign_coords(origin=into / 30)
    hot = table("frame,run\n" + "\n".join(f"{i},{int(9 <= i < 18)}" for i in range(30)))
    with pytest.warns(LabelNote, match="as many frames as the tracks and begin with them"):
        labels = ef.read_labels(hot, like=late)
    assert frames(labels.run[0]) == list(range(9, 18))
    assert labels.run.notnull().all()


def test_frames_of_the_video_on_tracks_with_other_frames_are_said(tmp_path, table):
    path = table("scorer,n,n,n\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"
                 + "".join(f"{i},{i},5,1\n" for i in range(60)))  # fmt: skip
    slow = ef.read(path, fps=60, resample_fps=30)
    bouts = table("behaviour,start_frame,n_frames\nrun,20,10\n", "bouts.csv")
    with pytest.warns(LabelNote, match="resampled from 60 to 30 .* give fps=60"):
        ef.read_labels(bouts, like=slow)
    assert frames(ef.read_labels(bouts, like=slow, fps=60).run[0]) == list(range(10, 15))
    times = tmp_path / "times.txt"
    np.savetxt(times, np.r_[0:30, 35:65] / 30)
    holes = ef.read(path, timestamps=times)
    with pytest.warns(LabelNote, match="the camera dropped 5 frames .* up to 5 frames early"):
        ef.read_labels(bouts, like=holes)
    metadata = tmp_path / "meta.csv"
    metadata.write_text("recording,timestamps\nm,times.txt\n")
    cohort = ef.read_cohort(path, metadata=metadata)
    with pytest.warns(LabelNote, match="the camera dropped 5 frames"):
        ef.read_labels(bouts, like=cohort.sel(recording="m"))
    both = ef.read_cohort(path, metadata=metadata, resample_fps=10)
    with pytest.warns(LabelNote, match="resampled from 30 to 10"):
        ef.read_labels(bouts, like=both.sel(recording="m"))
    for number in range(7):
        (tmp_path / f"n{number}.csv").write_text(path.read_text())
    many = ef.read_cohort(str(tmp_path / "n*.csv"), fps=60, resample_fps=30)
    for name in ("n0", "n6"):  # one note is of all of them, and names some
        with pytest.warns(LabelNote, match="resampled from 60 to 30 .* give fps=60"):
            ef.read_labels(bouts, like=many.sel(recording=name))
    ef.read_labels(table("behaviour,start,stop\nrun,0.5,0.8\n"), like=holes)


def test_names_in_the_file_that_are_not_those_of_the_tracks_are_said(table):
    named = table("video,mouse,behaviour,start,stop\nB.mp4,n,run,0.1,0.3\n", "scores.csv")
    with pytest.warns(LabelNote) as said:
        ef.read_labels(named, like=tracks(recording="A", animals=["m"]))
    assert {"labels of B are taken to be of A" in str(said[0].message),
            "labels of 'n' are taken to be of 'm'" in str(said[1].message)} == {True}  # fmt: skip
    ef.read_labels(table("mouse,behaviour,start,stop\nn,run,0.1,0.3\n", "x.csv"),
                   like=tracks(recording="A", animals=["A"]))  # fmt: skip


def test_bouts_that_no_frame_is_in_are_said(table):
    path = table("behaviour,start,stop\nrun,0.2,0.3\njump,0.5,0.5\n")
    with pytest.warns(LabelNote, match="1 of 2 bouts are shorter than a frame.*: jump"):
        labels = ef.read_labels(path, like=tracks())
    assert not (labels.jump == 1).any()
    assert frames(labels.run[0]) == [6, 7, 8]


def test_times_of_frames_in_ms_are_refused(table):
    rows = "".join(
        f"{round(i * 1000 / 30)},{'run' if 9 <= i < 18 else 'rest'}\n" for i in range(30)
    )
    path = table(f"time,behaviour\n{rows}")
    with pytest.raises(DataError, match="0.03 frames per second .* give fps=30"):
        ef.read_labels(path, like=tracks())


def test_names_that_differ_in_capitals_are_said(table):
    path = table("behaviour,start,stop\nRun,0.2,0.3\nrun,0.5,0.6\n")
    with pytest.warns(LabelNote, match="rename={'run': 'Run'} makes them one"):
        ef.read_labels(path, like=tracks())


def test_a_log_in_frames_has_the_rate_it_states(table):
    path = table("frame,behaviour,status,fps\n20,run,start,60\n40,run,stop,60\n")
    assert frames(ef.read_labels(path, like=tracks()).run[0]) == list(range(10, 20))
