"""SLEAP: projects and analysis files give the same numbers, tracked or not, in any axis order."""

from __future__ import annotations

import itertools
import json
import sys

import h5py
import numpy as np
import pytest

from ethoflow.io.one_file import read
from ethoflow.io.reader import TrackingNote
from ethoflow.schema import DataError

AXES = ("track", "xy", "node", "frame")
KNOWN = (AXES, ("frame", "track", "node", "xy"), ("frame", "node", "xy", "track"))


def swapped(order):
    """The order with the places of track and frame exchanged."""
    return tuple({"track": "frame", "frame": "track"}.get(axis, axis) for axis in order)


def float32(values, order, wanted=("track", "node", "xy", "frame")):
    return values.transpose([order.index(axis) for axis in wanted]).astype(np.float32)


# Real files.


def test_centered_pair_is_one_recording_in_three_files(real_data):
    folder = real_data / "sleap-flies"
    slp = read(folder / "centered_pair_predictions.slp", fps=15)
    standard = read(folder / "analysis-h5/centered_pair_standard.analysis.h5", fps=15)
    matlab = read(folder / "analysis-h5/centered_pair_matlab.analysis.h5", fps=15)
    assert dict(slp.sizes) == {"individual": 27, "bodypart": 24, "space": 2, "time": 1100}
    assert np.isfinite(slp.confidence).any()
    for other in (standard, matlab):
        np.testing.assert_array_equal(slp.position, other.position)
        np.testing.assert_array_equal(slp.confidence, other.confidence)
        assert slp.animal.values.tolist() == other.animal.values.tolist()
        assert slp.bodypart.values.tolist() == other.bodypart.values.tolist()
    with h5py.File(folder / "analysis-h5/centered_pair_matlab.analysis.h5") as file:
        np.testing.assert_array_equal(slp.position, float32(file["tracks"][()], AXES))
        scores = file["point_scores"][()].astype(np.float32)
        np.testing.assert_array_equal(slp.confidence, scores)


def test_deepof_project_and_analysis_are_equal(real_data):
    folder = real_data / "deepof-examples/test_single_topview/Tables/SLEAP"
    slp, h5 = (
        read(folder / "testDLC_sleap.slp", fps=25),
        read(folder / "testDLC_sleap.analysis.h5", fps=25),
    )
    assert dict(slp.sizes) == {"individual": 1, "bodypart": 14, "space": 2, "time": 101}
    np.testing.assert_array_equal(slp.position, h5.position)
    np.testing.assert_array_equal(slp.confidence, h5.confidence)
    assert slp.animal.values.tolist() == ["testDLC_sleap"]
    assert h5.recording.item() == "testDLC_sleap.analysis"


@pytest.mark.parametrize("view", ["back", "mid", "side", "top"])
def test_proofread_project_and_analysis_are_equal(real_data, view):
    folder = real_data / "sleap-multiview-3d" / view
    slp = read(folder / f"minimal_{view}_proofread.slp", fps=25)
    h5 = read(folder / f"minimal_{view}_proofread.analysis.h5", fps=25)
    np.testing.assert_array_equal(slp.position, h5.position)
    np.testing.assert_array_equal(slp.confidence, h5.confidence)


def test_minimal_keys(real_data):
    path = real_data / "sleap-flies/courtship_predictions.analysis.h5"
    ds = read(path, fps=30)
    assert dict(ds.sizes) == {"individual": 2, "bodypart": 13, "space": 2, "time": 3000}
    with h5py.File(path) as file:
        np.testing.assert_array_equal(ds.position, float32(file["tracks"][()], AXES))
    assert np.isnan(ds.confidence).all()


def test_analysis_without_tracks(real_data):
    path = real_data / "sleap-flies/small_robot_3_frame.analysis.h5"
    ds = read(path, fps=30)
    assert dict(ds.sizes) == {"individual": 1, "bodypart": 3, "space": 2, "time": 3}
    assert ds.animal.values.tolist() == ["small_robot_3_frame.analysis"]
    with h5py.File(path) as file:
        np.testing.assert_array_equal(ds.position, float32(file["tracks"][()], AXES))
        np.testing.assert_array_equal(ds.confidence, file["point_scores"][()].astype(np.float32))


@pytest.mark.parametrize("name", ["multi_matlab", "simple_standard", "untracked_multi_standard"])
def test_against_the_expected_values_published_with_the_file(real_data, name):
    folder = real_data / "sleap-flies/analysis-h5"
    ds = read(folder / f"{name}.analysis.h5", fps=30)
    expected = json.loads((folder / f"{name}.expected.json").read_text())
    assert ds.animal.values.tolist() == expected["trackNames"]
    assert ds.bodypart.values.tolist() == expected["nodeNames"]
    for frame in expected["frames"]:
        for slot, instance in enumerate(frame["instances"]):
            got = ds.isel(individual=slot, time=frame["frameIdx"])
            want = np.array(instance["points"], dtype=np.float32)
            np.testing.assert_array_equal(got.position, want[:, :2])
            np.testing.assert_array_equal(got.confidence, want[:, 2])


def test_labels_of_people_are_read(real_data):
    ds = read(real_data / "sleap-flies/clip.2node.slp", fps=25)
    assert dict(ds.sizes) == {"individual": 2, "bodypart": 2, "space": 2, "time": 1500}
    assert ds.animal.values.tolist() == ["female", "male"]
    assert not np.isnan(ds.position).all(("space", "bodypart")).any()
    assert np.isnan(ds.confidence).all()


def test_corrections_replace_the_predictions_they_were_made_from(real_data):
    ds = read(real_data / "sleap-flies/dance.mp4.labels.slp", fps=25)
    assert dict(ds.sizes) == {"individual": 1, "bodypart": 17, "space": 2, "time": 450}
    unknown = np.isnan(ds.confidence[0]).all("bodypart").values
    assert np.flatnonzero(unknown).tolist() == [0, 1, 2]
    labels = read(real_data / "sleap-flies/labels.v002.slp", fps=25)
    assert labels.sizes["time"] == 991
    frame = labels.isel(time=770)
    got = frame.position.sel(bodypart="head", space="x").values
    np.testing.assert_allclose(got, [180.9, 288.7], atol=0.05)
    assert np.isnan(frame.confidence).all()


def test_untracked_instance_beside_tracks(real_data):
    ds = read(real_data / "sleap-flies/reduce.slp", fps=25)
    assert ds.animal.values.tolist() == ["1", "2", "untracked_0"]
    assert np.isnan(ds.confidence).all("bodypart").values.ravel().tolist() == [True, True, False]


def test_one_recording_per_video(real_data):
    path = real_data / "sleap-flies/multiview.slp"
    ds = read(path, fps=25)
    assert dict(ds.sizes) == {
        "recording": 8,
        "individual": 2,
        "bodypart": 15,
        "space": 2,
        "time": 3,
    }
    assert ds.recording.values[:2].tolist() == ["min_session_topL", "min_session_top"]
    assert ds.animal.values[0].tolist() == ["track_0", "track_1"]
    own = {*ds.recording.values}  # some views miss one, and the other is called as they are
    assert set(ds.animal.values.ravel()) - own == {"track_0", "track_1", ""}
    assert ds.n_frames.values.tolist() == [3] * 8
    x = ds.position.sel(bodypart="Nose", space="x").isel(recording=0, time=0).values
    np.testing.assert_allclose(x, [417.0, 555.9], atol=0.05)  # the people's labels
    assert np.isnan(ds.confidence).all()


def test_project_without_frames(real_data):
    with pytest.raises(DataError, match="imgvideo.slp: no frames"):
        read(real_data / "sleap-flies/imgvideo.slp", fps=25)


def test_sleap_io_is_optional(real_data, monkeypatch):
    monkeypatch.setitem(sys.modules, "sleap_io", None)
    with pytest.raises(DataError, match=r'pip install "ethoflow\[sleap\]"'):
        read(real_data / "sleap-flies/typical.slp", fps=25)


def test_triangulated_points_have_numbered_nodes(real_data):
    ds = read(real_data / "sleap-multiview-3d/points3d.h5", fps=30)
    assert ds.space.values.tolist() == ["x", "y", "z"]
    assert ds.bodypart.values[:2].tolist() == ["node_0", "node_1"]
    assert ds.position.attrs["units"] == "mm"


# Crafted projects.


def save(path, frames, *, tracks=(), videos=("a.mp4",)):
    """A project; `frames` are (video, frame, [(track or None, score or None, origin, xy), ...])."""
    sio = pytest.importorskip("sleap_io")
    skeleton = sio.Skeleton(["head", "tail"])
    named = {name: sio.Track(name) for name in tracks}
    films = [sio.Video(name, open_backend=False) for name in videos]
    labelled = []
    for video, frame, instances in frames:
        made = []
        for track, score, origin, xy in instances:
            points = np.array([xy, np.add(xy, 10)], dtype=float)
            if score is None:
                instance = sio.Instance.from_numpy(points, skeleton, track=named.get(track))
                instance.from_predicted = None if origin is None else made[origin]
            else:
                instance = sio.PredictedInstance.from_numpy(
                    points,
                    skeleton,
                    point_scores=np.full(2, score),
                    score=score,
                    track=named.get(track),
                )
            made.append(instance)
        labelled.append(sio.LabeledFrame(video=films[video], frame_idx=frame, instances=made))
    labels = sio.Labels(labelled, videos=films, tracks=list(named.values()), skeletons=[skeleton])
    labels.save(str(path), verbose=False)
    return path


def heads(ds, **place):
    return ds.position.isel(**place).sel(bodypart="head", space="x").values.tolist()


def test_a_persons_label_wins_over_the_prediction_of_its_track(tmp_path):
    frames = [
        (0, 0, [("m", 0.5, None, (1, 1)), ("f", 0.5, None, (2, 2)), ("m", None, None, (3, 3))]),
        (0, 2, [("f", None, None, (4, 4)), ("f", 0.9, None, (5, 5))]),
    ]
    ds = read(save(tmp_path / "a.slp", frames, tracks=["f", "m"]), fps=25)
    assert ds.animal.values.tolist() == ["f", "m"]
    assert heads(ds, time=0) == [2, 3]
    assert np.isnan(ds.position.isel(time=1)).all()
    assert heads(ds, time=2, individual=0) == 4
    head = ds.confidence.sel(bodypart="head").values
    np.testing.assert_array_equal(head[:, 0], np.float32([0.5, np.nan]))


def test_of_two_predictions_of_a_track_the_better_is_kept(tmp_path):
    frames = [(0, 0, [("m", 0.9, None, (1, 1)), ("m", 0.5, None, (2, 2))])]
    ds = read(save(tmp_path / "a.slp", frames, tracks=["m"]), fps=25)
    assert heads(ds, time=0) == [1]


def test_untracked_instances_take_slots_in_order(tmp_path):
    frames = [
        (0, 1, [(None, 0.5, None, (1, 1)), (None, 1.5, None, (2, 2))]),
        (0, 3, [(None, 0.5, None, (3, 3)), (None, 0.5, None, (4, 4)), (None, None, 1, (5, 5))]),
        (0, 4, [(None, 0.5, None, (6, 6))]),
    ]
    ds = read(save(tmp_path / "a.slp", frames), fps=25)
    assert dict(ds.sizes) == {"individual": 2, "bodypart": 2, "space": 2, "time": 5}
    assert ds.animal.values.tolist() == ["individual_0", "individual_1"]
    assert heads(ds, time=1) == [1, 2]
    assert heads(ds, time=3) == [3, 5]
    assert heads(ds, time=4, individual=0) == 6
    assert ds.confidence.isel(individual=1, time=1).values.tolist() == [1.5, 1.5]
    assert np.isnan(ds.position.isel(time=[0, 2])).all()


def test_videos_without_frames_and_videos_of_one_name(tmp_path):
    frames = [
        (0, 0, [("m", 0.5, None, (1, 1))]),
        (2, 4, [("f", 0.5, None, (2, 2)), ("m", 0.5, None, (3, 3))]),
    ]
    videos = ["day1/cage.mp4", "empty.mp4", "C:\\day2\\cage.mp4"]
    path = save(tmp_path / "s.slp", frames, tracks=["m", "f"], videos=videos)
    ds = read(path, fps=25)
    assert ds.recording.values.tolist() == ["s_video0", "s_video1"]
    assert ds.n_frames.values.tolist() == [1, 5]
    assert ds.animal.values.tolist() == [["m", ""], ["m", "f"]]
    assert heads(ds, recording=1, time=4) == [3, 2]
    assert np.isnan(ds.position.isel(recording=0, time=slice(1, None))).all()


def test_names_of_videos_of_both_kinds_of_path(tmp_path):
    frames = [(i, 0, [("m", 0.5, None, (1, 1))]) for i in (0, 1)]
    videos = ["/data/left.mp4", "C:\\data\\right.mp4"]
    ds = read(save(tmp_path / "s.slp", frames, tracks=["m"], videos=videos), fps=25)
    assert ds.recording.values.tolist() == ["left", "right"]


def test_a_project_that_sleap_io_cannot_open_is_not_called_damaged(tmp_path):
    path = save(tmp_path / "a.slp", [(0, 0, [("m", 0.5, None, (1, 1))])], tracks=["m"])
    with h5py.File(path, "r+") as file:
        file["metadata"].attrs["json"] = np.bytes_("{")
    with pytest.raises(
        DataError, match=r"a.slp: .* sleap-io .* cannot open it.*Analysis HDF5"
    ) as e:
        read(path, fps=25)
    assert "damaged" not in str(e.value)


def test_labels_for_training_are_told_from_tracks(tmp_path):
    people = [(0, i, [("m", None, None, (1, 1))]) for i in (0, 40, 90)]
    with pytest.warns(TrackingNote, match="labels of 3 single frames: no tracks of a video"):
        read(save(tmp_path / "a.slp", people, tracks=["m"]), fps=25)
    network = [(0, i, [("m", 0.5, None, (1, 1))]) for i in (0, 40, 90)]
    read(save(tmp_path / "b.slp", network, tracks=["m"]), fps=25)


# Crafted analysis files.


def write_analysis(path, order=AXES, *, dims=False, names=("a", "b", "c"), scores=True, **extra):
    """Three tracks, four nodes, five frames, in any order of axes; returns what is in it."""
    rng = np.random.default_rng(0)
    position = rng.uniform(0, 500, (3, 4, 2, 5))
    confidence = rng.uniform(0, 1, (3, 4, 5))
    stored = ("track", "node", "xy", "frame")
    rest = [axis for axis in order if axis != "xy"]
    with h5py.File(path, "w") as file:
        file["tracks"] = position.transpose([stored.index(axis) for axis in order])
        file["node_names"] = np.array([b"n1", b"n2", b"n3", b"n4"])
        file["track_names"] = np.array([n.encode() for n in names]) if names else np.zeros(0)
        occupied = np.ones((5, 3), "u1")
        file["track_occupancy"] = occupied if rest.index("frame") > 0 else occupied.T
        if scores:
            axes = [("track", "node", "frame").index(axis) for axis in rest]
            file["point_scores"] = confidence.transpose(axes)
        if dims:
            file["tracks"].attrs["dims"] = json.dumps(order)
            if scores:
                file["point_scores"].attrs["dims"] = json.dumps(rest)
        for key, value in extra.items():
            del file[key]
            if value is not None:
                file[key] = value
    return position.astype(np.float32), confidence.astype(np.float32)


@pytest.mark.parametrize("order", list(itertools.permutations(AXES)), ids="-".join)
@pytest.mark.parametrize("dims", [True, False])
@pytest.mark.parametrize("names", [("a", "b", "c"), ()])
def test_every_order_of_axes(tmp_path, order, dims, names):
    position, confidence = write_analysis(tmp_path / "a.h5", order, dims=dims, names=names)
    if not dims and not names and order not in KNOWN:  # tracks and frames look the same
        if swapped(order) not in KNOWN:
            with pytest.raises(DataError, match="fits several orders"):
                read(tmp_path / "a.h5", fps=25)
        return
    ds = read(tmp_path / "a.h5", fps=25)
    np.testing.assert_array_equal(ds.position, position)
    np.testing.assert_array_equal(ds.confidence, confidence)


def test_no_occupancy_and_no_scores(tmp_path):
    position, _ = write_analysis(tmp_path / "a.h5", scores=False, track_occupancy=None)
    ds = read(tmp_path / "a.h5", fps=25)
    np.testing.assert_array_equal(ds.position, position)
    assert np.isnan(ds.confidence).all()


def test_choice_of_animals(tmp_path):
    position, _ = write_analysis(tmp_path / "a.h5")
    ds = read(tmp_path / "a.h5", fps=25, individuals=["c", "a"])
    np.testing.assert_array_equal(ds.position, position[[2, 0]])
    with pytest.raises(DataError, match="no individual 'd'; animals found: a, b, c"):
        read(tmp_path / "a.h5", fps=25, individuals=["d"])


def test_half_a_point_is_no_point(tmp_path):
    write_analysis(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["tracks"][0, 1, 2, 3] = np.nan
    ds = read(tmp_path / "a.h5", fps=25)
    assert np.isnan(ds.position[0, 2, :, 3]).all()
    assert int(np.isnan(ds.position).sum()) == 2


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"node_names": np.array([b"n1"])}, "does not fit: 1 nodes"),
        ({"track_occupancy": np.ones((9, 3))}, "occupancy \\(9, 3\\)"),
        ({"tracks": np.zeros((3, 4, 5))}, "does not fit"),
        ({"tracks": np.zeros((3, 2, 4, 0)), "track_occupancy": np.zeros((0, 3))}, "no frames"),
        ({"point_scores": np.zeros((3, 4, 6))}, "point_scores have the shape"),
        ({"node_names": np.array([b"n1", b"n2", b"n1", b"n4"])}, "named twice: n1"),
    ],
)
def test_sizes_that_do_not_fit(tmp_path, extra, message):
    write_analysis(tmp_path / "a.h5", **extra)
    if "tracks" in extra and extra["tracks"].shape[-1] == 0:
        with h5py.File(tmp_path / "a.h5", "r+") as file:
            del file["point_scores"]
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.h5", fps=25)
