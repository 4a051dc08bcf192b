"""NWB with ndx-pose: real files of four programs, and what the format can hold beyond them."""

from __future__ import annotations

import datetime
from pathlib import Path

import h5py
import numpy as np
import pytest

import ethoflow as ef
from ethoflow.io.loading import load
from ethoflow.schema import DataError
from tests import fuzz
from tests.conftest import LONG

FILES = (
    "nwb-pose/0.3.0_poseestimation_two_cameras.nwb",
    "nwb-pose/minimal.pose.nwb",
    "nwb-pose/untracked.dandi.pose.nwb",
    "dlc-openfield-m3v1/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.nwb",
    "vame-one-recording-4-formats/tests_project_sample_nwb/cropped_video.nwb",
)


def stored(path, series):
    """Data, confidence of one series, as HDF5 has them."""
    with h5py.File(path) as file:
        group = file["processing"][series]
        return group["data"][()], group["confidence"][()]


@pytest.mark.parametrize(
    ("name", "series", "bodypart"),
    [
        (FILES[0], "behavior/PoseEstimation/front_right_paw", "front_right_paw"),
        (FILES[2], "behavior/ind1/B", "B"),
        (FILES[3], "behavior/PoseEstimation/ind1_leftear", "leftear"),
        (FILES[4], "behavior/PoseEstimation/Hindhand-Right", "Hindhand-Right"),
    ],
)
def test_numbers_of_one_part(real_data, name, series, bodypart):
    data, confidence = stored(real_data / name, series)
    (tracks,) = load(real_data / name)
    part = tracks.bodyparts.index(bodypart)
    seen = ~np.isnan(data).any(axis=1)
    np.testing.assert_array_equal(tracks.position[0, part].T[seen], data[seen].astype(np.float32))
    assert np.isnan(tracks.position[0, part].T[~seen]).all()
    np.testing.assert_array_equal(tracks.confidence[0, part], confidence.astype(np.float32))
    assert tracks.units == "px"


def test_clocks_of_real_files(real_data):
    two_cameras, minimal, untracked, m3v1, vame = (load(real_data / name)[0] for name in FILES)
    # Ten frames from 0 to 10 s.
    assert two_cameras.fps == pytest.approx(0.9)
    assert not two_cameras.notes
    for tracks in (minimal, untracked, m3v1, vame):
        assert tracks.fps is None
        assert "frame numbers written as times" in tracks.notes[0]
    with pytest.raises(DataError, match="frame rate is not known"):
        ef.read(real_data / FILES[3])


def test_animals_of_a_sleap_file(real_data):
    path = real_data / FILES[1]
    (tracks,) = load(path)
    assert tracks.animals == ("1", "2")
    assert tracks.bodyparts == ("A", "B")
    assert tracks.source_software == "SLEAP"
    data, _ = stored(path, "SLEAP_VIDEO_000_minimal/track=2/A")
    np.testing.assert_array_equal(tracks.position[1, 0, :, :2].T, data.astype(np.float32))
    assert np.isnan(tracks.position[1, 1]).all()
    assert load(real_data / FILES[2])[0].animals == ("ind1",)
    assert load(real_data / FILES[3])[0].animals == ("ind1",)


def test_points_of_different_dimensions_are_refused(real_data):
    with pytest.raises(DataError, match=r"'front_left_paw' has three .* 'front_right_paw' two"):
        load(real_data / "nwb-pose/0.1.1_poseestimation_nodes_edges.nwb")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("fps", [25, 29.97])
def test_what_sleap_io_writes_of_a_real_project(real_data, tmp_path, fps):
    """It drops frames without the part, and cuts the rates of regular parts to whole numbers."""
    sio = pytest.importorskip("sleap_io")
    pytest.importorskip("ndx_pose")
    from sleap_io.io.nwb_predictions import write_nwb

    source = real_data / "sleap-flies/centered_pair_predictions.slp"
    labels = sio.load_slp(str(source), open_videos=False)
    labels.skeletons[0].name = "fly"
    facts = {"video_timestamps": 3 + np.arange(1100) / fps, "scorer": "x"}
    write_nwb(labels, str(tmp_path / "pair.nwb"), pose_estimation_metadata=facts)
    (expected,) = load(source)
    (found,) = load(tmp_path / "pair.nwb")
    assert found.fps == pytest.approx(fps, abs=1e-6)
    assert "cut to a whole number: the times are used" in found.notes[0]
    assert (found.bodyparts, set(found.animals)) == (expected.bodyparts, set(expected.animals))
    order = [found.animals.index(name) for name in expected.animals]
    np.testing.assert_array_equal(found.position[order], expected.position)


def add(file, path, *, data=None, unit="pixels", times=None, rate=None, scores=None, **attrs):
    """One series, built from the published layout."""
    container, _, part = path.rpartition("/")
    poses = file.require_group(f"processing/{container}")
    poses.attrs["neurodata_type"] = "PoseEstimation"
    series = poses.create_group(part)
    series.attrs.update(neurodata_type="PoseEstimationSeries", **attrs)
    data = np.arange(10.0).reshape(5, 2) if data is None else np.asarray(data)
    series["data"] = data
    series["data"].attrs["unit"] = unit
    if times is not None:
        series["timestamps"] = np.asarray(times, float)
    if rate is not None:
        series["starting_time"] = 0.0
        series["starting_time"].attrs["rate"] = rate
    if scores is not None:
        series["confidence"] = scores
    return series


@pytest.fixture
def nwb(tmp_path):
    """A file to fill; closed and read by `load_it`."""
    path = tmp_path / "m.nwb"
    with h5py.File(path, "w") as file:
        yield file


def load_it(file):
    path = Path(file.filename)
    file.close()
    return load(path)


def test_cameras_are_recordings_with_clocks_of_their_own(nwb):
    """Built from the published layout: two cameras at 60 and 150 Hz in one module."""
    for name, rate, n in (("LeftCamera", 60, 12), ("RightCamera", 150, 30)):
        data = np.full((n, 2), rate)
        add(nwb, f"behavior/{name}/paw", data=data, times=7 + np.arange(n) / rate)
    left, right = load_it(nwb)
    assert (left.name, right.name) == ("m LeftCamera", "m RightCamera")
    assert (left.fps, right.fps) == (60, 150)
    assert left.position.shape == (1, 1, 2, 12)
    assert right.position.shape == (1, 1, 2, 30)
    assert (right.position == 150).all()


@pytest.mark.parametrize("link", ["device", "video"])
def test_containers_of_one_camera_are_animals(nwb, link):
    """Built from the published layout: three mice, the third before another camera."""
    for name in ("top", "side"):
        nwb.create_group(f"general/devices/{name}")
    for animal, camera in (("m1", "top"), ("m2", "top"), ("m3", "side")):
        add(nwb, f"behavior/{animal}/nose", rate=25.0)
        container = nwb[f"processing/behavior/{animal}"]
        if link == "device":
            container[camera] = h5py.SoftLink(f"/general/devices/{camera}")
        else:
            container["original_videos"] = [f"D:\\videos\\{camera}.mp4"]
    side, top = sorted(load_it(nwb), key=lambda tracks: len(tracks.position))
    assert top.animals == ("m1", "m2")
    assert top.name == "m top"
    assert side.animals == ("m3",)
    assert side.fps == 25


def test_animals_are_in_the_order_of_their_numbers(nwb):
    """Built as sleap-io names the containers of tracks."""
    for number in range(12):
        add(nwb, f"behavior/track={number}/nose", rate=25.0)
    assert load_it(nwb)[0].animals == tuple(map(str, range(12)))


@pytest.mark.parametrize(("rate", "rows"), [(0.0, [0]), (1.0, [0]), (6.0, [0, 4, 8])])
def test_rows_that_a_cut_rate_does_not_place(nwb, rate, rows):
    """Built as sleap-io writes a part seen in every 30th, 14th or 4th frame of 25 fps."""
    add(nwb, "behavior/P/nose", data=np.ones((40, 2)), times=np.arange(40) / 25)
    add(nwb, "behavior/P/tail", data=np.ones((3, 2)), rate=rate)
    (tracks,) = load_it(nwb)
    assert np.flatnonzero(~np.isnan(tracks.position[0, 1, 0])).tolist() == rows
    lost = [note for note in tracks.notes if note.startswith("2 rows are missing")]
    assert len(lost) == (rows == [0])


def test_modules_are_recordings(nwb):
    """Built from the published layout."""
    for module in ("day1", "day2"):
        add(nwb, f"{module}/PoseEstimation/nose", rate=29.97)
    assert [tracks.name for tracks in load_it(nwb)] == ["m day1", "m day2"]


def test_subjects_of_ndx_multisubjects(tmp_path):
    """Written with the extension itself."""
    pytest.importorskip("ndx_multisubjects")
    from hdmf.common import DynamicTableRegion
    from ndx_multisubjects import NdxMultiSubjectsNWBFile, SelectSubjectsContainer, SubjectsTable
    from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons
    from pynwb import NWBHDF5IO

    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    file = NdxMultiSubjectsNWBFile(
        session_description="two mice", identifier="a", session_start_time=start
    )
    table = SubjectsTable(description="mice")
    for name in ("C57_12", "C57_31"):
        table.add_row(subject_id=name, sex="F", species="Mus musculus")
    file.subjects_table = table
    module = file.create_processing_module("behavior", "poses")
    skeleton = Skeleton(name="mouse", nodes=["nose"])
    module.add(Skeletons(skeletons=[skeleton]))
    for row in (0, 1):
        series = PoseEstimationSeries(
            name="nose", data=np.full((4, 2), row + 1.0), unit="pixels", reference_frame="top left",
            rate=30.0, confidence=np.ones(4), confidence_definition="",
        )  # fmt: skip
        poses = PoseEstimation(
            name=f"poses{row}", pose_estimation_series=[series], skeleton=skeleton
        )
        region = DynamicTableRegion(name="subjects", data=[row], description="whose", table=table)
        module.add(
            SelectSubjectsContainer(name=f"of_{row}", subjects=region, nwb_data_interfaces=[poses])
        )
    with NWBHDF5IO(tmp_path / "m.nwb", "w") as io:
        io.write(file)
    (tracks,) = load(tmp_path / "m.nwb")
    assert tracks.animals == ("C57_12", "C57_31")
    assert tracks.position[1].max() == 2
    assert tracks.fps == 30


def test_names_that_groups_cannot_hold_come_from_the_skeleton(nwb):
    """Built from the published layout; old files keep the nodes in the container."""
    for name in ("a_b", "nose_pose_estimates"):
        add(nwb, f"behavior/PoseEstimation/{name}", rate=25.0)
    nwb["processing/behavior/PoseEstimation/nodes"] = ["nose", "a/b"]
    assert load_it(nwb)[0].bodyparts == ("nose", "a/b")


@pytest.mark.parametrize("who", ["mus1", "ind1"])
def test_the_animal_before_every_name_is_taken_off(nwb, who):
    """Built from what DeepLabCut's converter writes."""
    for part in ("nose", "tail"):
        add(nwb, f"behavior/PoseEstimation/{who}_{part}", rate=25.0,
            description=f"Keypoint {part} from individual {who}.")  # fmt: skip
    (tracks,) = load_it(nwb)
    assert tracks.bodyparts == ("nose", "tail")
    assert tracks.animals == (who,)


def test_units_conversion_and_offset(nwb):
    """Built from the published layout: data x conversion + offset, in the unit stated."""
    add(nwb, "behavior/P/nose", data=[[1, 2, 3], [np.nan, 5, 6]], unit="meters", rate=25.0)
    nwb["processing/behavior/P/nose/data"].attrs.update(conversion=0.5, offset=0.25)
    (tracks,) = load_it(nwb)
    assert tracks.units == "mm"
    assert tracks.position[0, 0, :, 0].tolist() == [750, 1250, 1750]
    assert np.isnan(tracks.position[0, 0, :, 1]).all()
    assert tracks.confidence is None


def test_strings_as_matlab_writes_them(nwb):
    """Built as MatNWB writes text: arrays of one string."""
    series = add(nwb, "behavior/P/nose", rate=25.0)
    series.attrs["neurodata_type"] = np.array([b"PoseEstimationSeries"])
    series.parent.attrs["neurodata_type"] = np.array([b"PoseEstimation"])
    series["data"].attrs["unit"] = np.array([b"pixels"])
    series.parent["source_software"] = np.array([b"DeepLabCut"])
    (tracks,) = load_it(nwb)
    assert tracks.units == "px"
    assert tracks.source_software == "DeepLabCut"


@pytest.mark.parametrize("fps", [25.0, 29.385, 29.97, 59.99988, 150.0])
def test_a_stated_rate_is_exact(nwb, fps):
    """Built from the published layout."""
    add(nwb, "behavior/P/nose", rate=fps)
    assert load_it(nwb)[0].fps == fps


def test_parts_seen_in_some_frames_only(nwb):
    """Built as sleap-io writes parts: without the frames where a part was not seen."""
    times = np.arange(9) / 30
    for part, frames in (("a", range(9)), ("b", [0, 1, 4, 5, 8]), ("d", [7])):
        data = [[frame, 1] for frame in frames]
        add(nwb, f"behavior/P/{part}", data=data, times=times[list(frames)])
    add(nwb, "behavior/P/c", data=[[frame, 1] for frame in (0, 2, 4, 6)], rate=15.0)
    (tracks,) = load_it(nwb)
    assert tracks.fps == 30
    for part, frames in (("b", [0, 1, 4, 5, 8]), ("c", [0, 2, 4, 6]), ("d", [7])):
        x = tracks.position[0, tracks.bodyparts.index(part), 0]
        np.testing.assert_array_equal(np.flatnonzero(~np.isnan(x)), frames)
        np.testing.assert_array_equal(x[frames], frames)


def test_times_that_contradict_the_stated_rate(nwb, tmp_path):
    """Built from the published layout."""
    add(nwb, "behavior/P/nose", times=np.arange(5), rate=30.0)
    (tracks,) = load_it(nwb)
    assert tracks.fps == 30
    assert "The 30 frames per second it states are used" in tracks.notes[0]
    with h5py.File(tmp_path / "n.nwb", "w") as file:
        add(file, "behavior/P/nose", times=np.arange(5) / 25, rate=30.0)
    (tracks,) = load(tmp_path / "n.nwb")
    assert tracks.fps is None
    assert "advance at 25 frames per second and it states 30: neither" in tracks.notes[0]
    with h5py.File(tmp_path / "o.nwb", "w") as file:
        add(file, "behavior/P/nose", rate=29.0)
        add(file, "behavior/P/tail", times=np.array([0, 1, 2, 3, 5]) / 29.97)
    (tracks,) = load(tmp_path / "o.nwb")
    assert tracks.fps == pytest.approx(29.97)
    assert "cut to a whole number" in tracks.notes[0]
    assert np.isnan(tracks.position[0, 1, 0]).tolist() == [False] * 4 + [True, False]


def test_times_that_are_not_regular(nwb, tmp_path):
    """Built from the published layout: a clock that slows down, with a dropped frame."""
    steps = np.linspace(0.04, 0.0405, 400)
    steps[100] *= 2
    times = np.concatenate([[0], np.cumsum(steps)])
    add(nwb, "behavior/P/nose", data=np.ones((401, 2)), times=times)
    (tracks,) = load_it(nwb)
    assert tracks.fps is None
    assert "not regular" in tracks.notes[0]
    assert "give fps=24.8" in tracks.notes[0]
    assert np.flatnonzero(np.isnan(tracks.position[0, 0, 0])).tolist() == [101]
    with h5py.File(tmp_path / "n.nwb", "w") as file:
        add(file, "behavior/P/nose", data=np.ones((401, 2)), times=times)
        add(file, "behavior/P/tail", data=np.ones((400, 2)), times=times[1:])
    with pytest.raises(DataError, match="not regular"):
        load(tmp_path / "n.nwb")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "nose: it has neither timestamps nor a starting time"),
        ({"times": [0, 1]}, "nose: 2 times for 5 positions"),
        ({"times": [0, 1, np.nan, 3, 4]}, "nose: the time of row 2 is no number"),
        ({"times": [0, 0.1, 0.1, 0.2, 0.3]}, "two of its rows have the time of one frame"),
        ({"rate": -1.0}, "states -1 frames per second"),
        ({"rate": 25.0, "scores": np.ones(3)}, "3 values of confidence for 5 positions"),
        ({"rate": 25.0, "unit": "volts"}, "positions are in 'volts'"),
        ({"rate": 25.0, "data": np.ones((2, 5))}, r"shape \(2, 5\)"),
        ({"data": np.ones((0, 2)), "times": []}, "its series are empty"),
        ({"times": [0, 1e-3, 2e-3, 3e-3, 1e9]}, "rows span"),
    ],
)  # fmt: skip
def test_series_that_make_no_sense(nwb, options, reason):
    """Built from the published layout."""
    add(nwb, "behavior/P/nose", **options)
    with pytest.raises(DataError, match=reason):
        load_it(nwb)


def test_points_in_different_units_are_refused(nwb):
    """Built from the published layout."""
    add(nwb, "behavior/P/nose", rate=25.0)
    add(nwb, "behavior/P/tail", rate=25.0, unit="cm")
    with pytest.raises(DataError, match="'tail' is in mm and 'nose' in px"):
        load_it(nwb)


def test_a_file_cut_off(real_data, tmp_path):
    data = (real_data / FILES[3]).read_bytes()
    (tmp_path / "m.nwb").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError):
        load(tmp_path / "m.nwb")


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES[1:4])
def test_mutations_give_tracks_or_our_own_error(real_data, name):
    outcomes = fuzz.run(real_data / name, n=200 if LONG else 80, seed=3)
    ours = {"read", "refused"}
    assert not {o: n for o, n in outcomes.items() if o not in ours and "a library" not in o}
