"""Frames of videos: frame k is frame k, lazily, whatever the codec and wherever one jumps."""

from __future__ import annotations

import pickle
import subprocess
import warnings
from pathlib import Path

import dask
import numpy as np
import pytest

import ethoflow as ef
from ethoflow.io.video_frames import each_frame
from ethoflow.io.video_index import VideoNote, index_frames
from ethoflow.schema import DataError
from tests.conftest import no_compute
from tests.video.footage import encode, number_in, write_frames

cv2 = pytest.importorskip("cv2")

X264 = ("-c:v", "libx264", "-bf", "3", "-g", "60", "-pix_fmt", "yuv420p")
CODECS = {
    "b_frames.mp4": X264,
    "open_gop.mp4": (*X264[:2], "-bf", "8", "-x264-params", "open-gop=1:b-pyramid=normal", "-g",
                     "50", "-pix_fmt", "yuv420p"),
    "no_times.avi": X264,
    "packed.avi": ("-c:v", "mpeg4", "-bf", "2", "-g", "60", "-q:v", "2"),
    "hidden.webm": ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "1M"),
    "stream.ts": X264,
    "old.mpg": ("-c:v", "mpeg2video", "-bf", "2", "-q:v", "2"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("coded")


@pytest.mark.parametrize("name", CODECS)
def test_a_frame_is_the_same_wherever_one_comes_from(folder: Path, name: str) -> None:
    index = index_frames(encode(folder / name, *CODECS[name]))
    assert index.n_frames == 150
    assert index.even
    assert index.fps == pytest.approx(25, rel=1e-3)
    assert [number_in(f) for f in each_frame(index, range(150))] == list(range(150))
    order = np.random.default_rng(1).permutation(150)[:25]
    assert [number_in(next(each_frame(index, [int(k)]))) for k in order] == order.tolist()
    some = [3, 3, 4, 90, 149, 149]
    assert [number_in(f) for f in each_frame(index, some)] == some


def test_jumps_of_opencv_alone_are_not_exact(folder: Path) -> None:
    """What the index is there for: in a stream, frame 70 of OpenCV is another one."""
    path = folder / "stream.ts"
    if not path.exists():
        encode(path, *X264)
    capture = cv2.VideoCapture(str(path))
    wrong = []
    for number in range(0, 150, 7):
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        wrong.append(number_in(capture.read()[1]) != number)
    assert any(wrong)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("plain") / "mouse.mp4", *X264)


def test_frames_are_lazy_and_as_one_reads_them(plain: Path) -> None:
    with no_compute():
        video = ef.video.frames(plain, chunk=40)
        part = video.isel(time=slice(100, 130), channel=0)
    assert video.dims == ("time", "row", "column", "channel")
    assert (video.dtype, video.shape) == (np.uint8, (150, 96, 128, 3))
    assert video.chunks[0] == (40, 40, 40, 30)
    assert float(video.fps) == 25
    np.testing.assert_allclose(video.time, np.arange(150) / 25)
    assert [number_in(f) for f in part.values] == list(range(100, 130))
    capture = cv2.VideoCapture(str(plain))
    read = np.stack([capture.read()[1] for _ in range(150)])[..., ::-1]
    np.testing.assert_array_equal(video.values, read)
    assert np.array_equal(ef.video.frames(plain, chunk=7).values, read)


def test_frames_go_to_other_processes(plain: Path) -> None:
    video = pickle.loads(pickle.dumps(ef.video.frames(plain, chunk=40)))
    with dask.config.set(scheduler="processes", num_workers=1):
        assert [number_in(f) for f in video.isel(time=[5, 141]).values] == [5, 141]


def test_a_file_that_changed_is_not_read_on(tmp_path: Path) -> None:
    path = encode(tmp_path / "mouse.mp4", *X264, n=20)
    video = ef.video.frames(path)
    encode(path, *X264, n=30)
    with pytest.raises(DataError, match="has changed since it was opened"):
        video.load()
    assert ef.video.frames(path).sizes["time"] == 30


def test_uneven_frames_keep_their_times(tmp_path: Path) -> None:
    dropped = ("-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "vfr")
    path = encode(tmp_path / "vfr.mp4", *dropped, *X264)
    with pytest.warns(VideoNote, match="no constant frame rate: its frames are 40 to 80 ms"):
        video = ef.video.frames(path)
    kept = [number for number in range(150) if number % 7 != 3]
    np.testing.assert_allclose(video.time, np.array(kept) / 25, atol=1e-6)
    assert [number_in(f) for f in video.isel(time=[3, 60, 100]).values] == [
        kept[k] for k in (3, 60, 100)
    ]


def test_what_is_cut_off_is_told_and_the_rest_is_right(tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole.mkv", *X264)
    data = whole.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: int(0.6 * len(data))])
    with pytest.warns(VideoNote, match="states 150 frames, and [0-9]+ can be decoded: it was cut"):
        video = ef.video.frames(cut)
    n = video.sizes["time"]
    assert 30 < n < 150
    assert [number_in(f) for f in video.isel(time=[0, n // 2, n - 1]).values] == [0, n // 2, n - 1]


def test_a_video_of_a_turned_camera_is_upright(plain: Path, tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    turned = tmp_path / "turned.mp4"
    subprocess.run([ffmpeg, "-loglevel", "error", "-display_rotation", "90", "-i", str(plain),
                    "-c", "copy", str(turned)], check=True)  # fmt: skip
    video = ef.video.frames(turned, chunk=50)
    assert (video.sizes["row"], video.sizes["column"]) == (128, 96)
    back = np.rot90(video[77].values, k=-1)
    assert number_in(back) == 77 or number_in(back[::-1, ::-1]) == 77


def test_no_video_and_no_frames(tmp_path: Path) -> None:
    (tmp_path / "mouse.mp4").write_bytes(b"no video at all")
    with pytest.raises(DataError, match="cannot be opened. Encode it anew"):
        ef.video.frames(tmp_path / "mouse.mp4")
    with pytest.raises(DataError, match=r"no video .*mouse\.avi. Did you mean '.*mouse\.mp4'"):
        ef.video.frames(tmp_path / "mouse.avi")
    index = index_frames(write_frames(tmp_path / "a.avi", [np.zeros((48, 64, 3), np.uint8)] * 4))
    with pytest.raises(DataError, match="has the frames 0 to 3; asked for 2 to 4"):
        list(each_frame(index, [2, 4]))
    with pytest.raises(DataError, match="above 0, found 0"):
        ef.video.frames(tmp_path / "a.avi", chunk=0)


def test_real_videos_are_even(real_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        video = ef.video.frames(real_data / "sleap-flies" / "centered_pair_low_quality.mp4")
    assert video.sizes["time"] == 1100
    assert float(video.fps) == 15
