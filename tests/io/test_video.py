"""The video beside a table: found by name, read for its rate, held against the tracks."""

from __future__ import annotations

import shutil

import pytest

from ethoflow.io.cohort import read_cohort
from ethoflow.io.one_file import read
from ethoflow.io.reader import TrackingNote
from ethoflow.io.video import find_video, look_at
from ethoflow.schema import DataError


@pytest.fixture
def recording(real_data, tmp_path):
    """A table of 750 frames beside its video of 749 frames at 25 fps."""
    folder = real_data / "vame-one-recording-4-formats/tests_project_sample_data"
    shutil.copy(folder / "cropped_video.csv", tmp_path / "cropped_videoDLC_net50.csv")
    shutil.copy(folder / "cropped_video.mp4", tmp_path / "cropped_video.mp4")
    return tmp_path / "cropped_videoDLC_net50.csv"


def test_what_a_video_states(recording):
    video = look_at(recording.parent / "cropped_video.mp4")
    assert (video.fps, video.n_frames, video.width, video.height) == (25, 749, 1064, 1070)


def test_contradictions_name_both(recording):
    with pytest.warns(TrackingNote) as caught:
        ds = read(recording, fps=30)
    messages = " ".join(str(warning.message) for warning in caught)
    assert "30 frames per second, the video cropped_video.mp4 25" in messages
    assert "750 frames, the video cropped_video.mp4 749" in messages
    assert float(ds.fps) == 30
    assert any("749" in note for note in ds.attrs["notes"])


def test_the_rate_of_the_video_is_taken_when_asked(recording):
    assert float(read(recording, fps="video").fps) == 25
    assert float(read_cohort([recording], fps="video").fps) == 25
    (recording.parent / "cropped_video.mp4").unlink()
    with pytest.raises(DataError, match="no video beside the file"):
        read(recording, fps="video")
    with pytest.raises(DataError, match="can be opened lies beside: cropped_video"):
        read_cohort([recording], fps="video")


def test_a_missing_or_damaged_video_never_blocks(recording):
    video = recording.parent / "cropped_video.mp4"
    video.write_bytes(b"no video")
    assert read(recording, fps=30).sizes["time"] == 750
    video.unlink()
    assert read(recording, fps=30).sizes["time"] == 750


def test_videos_by_name(tmp_path):
    for name in ("m1.mp4", "m10.avi", "m2_cam.MOV", "m1.txt"):
        (tmp_path / name).write_bytes(b"")

    def found(name: str) -> str | None:
        path = find_video(tmp_path / name)
        return None if path is None else path.name

    assert found("m1DLC_resnet50_x.h5") == "m1.mp4"
    assert found("m10DeepCut.csv") == "m10.avi"
    assert found("m1.analysis.h5") == "m1.mp4"
    assert found("m2_cam.csv") == "m2_cam.MOV"
    assert found("m1.mp4.predictions.slp") == "m1.mp4"
    assert found("m3.csv") is None
    assert found("m.csv") is None


def test_points_outside_the_picture(real_data):
    path = real_data / "dlc-openfield-m3v1/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5"
    ds = read(path, fps=30)
    x, y = ds.position[0].transpose("space", "bodypart", "time").values
    outside = ((x < 0) | (y < 0) | (x > 640) | (y > 480)).mean()
    notes = [note for note in ds.attrs.get("notes", []) if "outside the picture" in note]
    assert bool(notes) == bool(outside > 0)
