"""Labelled videos: drawn on the spot, on the right frame, on the recording's clock; or refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.io.video_index import VideoNote, index_frames
from ethoflow.labels.categories import UNKNOWN
from ethoflow.one_recording import animal_names
from ethoflow.schema import DataError
from ethoflow.video.matching import match_frames
from ethoflow.video.panel import make_panel
from ethoflow.video.states import labels_beside, slots_of, states_of
from tests.chromium import load_page
from tests.video.footage import coded, dot, number_in, write_frames

cv2 = pytest.importorskip("cv2")

N = 60
GREEN = np.array([0x73, 0x9E, 0x00])
"""Colour of the first body part, blue first."""


def way(n: int = N) -> np.ndarray:
    """Where the dot goes, dims (time, space), px."""
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.round(np.stack([160 + 90 * np.cos(turn), 120 + 70 * np.sin(turn)], axis=1))


def still(n: int) -> np.ndarray:
    """An animal that stays where it is."""
    return np.full((n, 2), 40.0)


def tracks_of(path: np.ndarray, *, fps: float = 25) -> xr.Dataset:
    """One animal with one body part."""
    return ef.from_arrays(path.T[None, None].astype(np.float32), fps=fps, bodyparts=["nose"])


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dot") / "mouse.avi"
    return write_frames(path, [dot(at) for at in way()])


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("counted") / "mouse.avi"
    return write_frames(path, [coded(number) for number in range(N)])


def green_in(frame: np.ndarray) -> np.ndarray | None:
    """The middle of what is green in the picture of a frame in RGB, px; None where nothing is."""
    picture = frame[:240, :, ::-1].astype(int)
    y, x = np.nonzero(np.abs(picture - GREEN).max(axis=-1) < 45)
    return np.array([x.mean(), y.mean()]) if len(x) > 3 else None


@pytest.mark.parametrize("calibration", ["px", "scale", "homography"])
def test_the_skeleton_is_on_the_dot(footage: Path, tmp_path: Path, calibration: str) -> None:
    poses = tracks_of(way())
    if calibration == "scale":
        poses = ef.calibrate(poses, px_per_mm=1.7)
    if calibration == "homography":
        poses = ef.calibrate(poses, "polygon 40,30 290,22 312,228 15,215 px = 400 x 300 mm")
    made = ef.video.labelled(poses, None, footage, to=tmp_path / "m.webm", width=320, stop=1.2,
                             outlines=False)  # fmt: skip
    video = ef.video.frames(made)
    assert video.sizes["time"] == 30
    for number in (0, 7, 29):
        np.testing.assert_allclose(green_in(video[number].values), way()[number], atol=1)


def test_an_enlarged_picture_keeps_the_skeleton_on_the_dot(footage: Path, tmp_path: Path) -> None:
    made = ef.video.labelled(tracks_of(way()), None, footage, to=tmp_path / "m.webm", width=640,
                             stop=0.2)  # fmt: skip
    picture = ef.video.frames(made)[3].values[:480, :, ::-1].astype(int)
    y, x = np.nonzero(np.abs(picture - GREEN).max(axis=-1) < 45)
    np.testing.assert_allclose([x.mean(), y.mean()], way()[3] * 2 + 0.5, atol=1)


def test_what_is_not_seen_is_not_drawn(footage: Path, tmp_path: Path) -> None:
    path = way()
    path[5:8] = np.nan
    made = ef.video.labelled(tracks_of(path), None, footage, to=tmp_path / "m.webm", width=320,
                             stop=0.4)  # fmt: skip
    video = ef.video.frames(made).values
    assert [green_in(frame) is not None for frame in video] == [True] * 5 + [False] * 3 + [True] * 2


def test_a_clip_shows_its_own_frames_by_its_origin(counted: Path, tmp_path: Path) -> None:
    clip = tracks_of(still(20)).assign_coords(origin=30 / 25)
    made = ef.video.labelled(clip, None, counted, to=tmp_path / "m.webm", width=128)
    assert [number_in(f) for f in ef.video.frames(made).values] == list(range(30, 50))
    made = ef.video.labelled(clip, None, counted, to=tmp_path / "n.webm", width=128,
                             start=1.6, stop=1.8)  # fmt: skip
    assert [number_in(f) for f in ef.video.frames(made).values] == list(range(40, 45))
    by_hand = tracks_of(still(20))
    made = ef.video.labelled(by_hand, None, counted, to=tmp_path / "o.webm", width=128,
                             begin="0.4 s", stop=0.12)  # fmt: skip
    assert [number_in(f) for f in ef.video.frames(made).values] == [10, 11, 12]


def test_the_clock_shown_is_the_recordings_own(counted: Path, tmp_path: Path) -> None:
    clip = tracks_of(still(20)).assign_coords(origin=30 / 25, recording="mouse")
    made = ef.video.labelled(clip, None, counted, to=tmp_path / "m.webm", width=240)
    shown = ef.video.frames(made)[10].values[..., ::-1].astype(int)
    strip = make_panel(240, "mouse", animal_names(clip), [(178, 114, 0)], [])
    no_labels = np.zeros((1, 0), np.int64)

    def off(seconds: float) -> float:
        drawn = strip.draw(seconds, 10, 10 / 19, no_labels)
        return float(np.abs(shown[-len(drawn) :] - drawn)[:34, :120].mean())

    assert off(1.6) < 0.6 * min(off(0.4), off(1.56), off(1.64))


def test_resampled_tracks_are_shown_on_the_nearest_frame(counted: Path, tmp_path: Path) -> None:
    half = tracks_of(still(N // 2), fps=12.5)
    with pytest.warns(VideoNote, match="shown on the one nearest in time"):
        made = ef.video.labelled(half, None, counted, to=tmp_path / "m.webm", width=128, stop=0.8)
    assert [number_in(f) for f in ef.video.frames(made).values] == list(range(0, 20, 2))


@pytest.mark.parametrize(
    ("n", "fps", "origin", "said"),
    [
        (60, 29.97, 0, "as many frames at another rate.*fps=25"),
        (58, 25, 0, "58 frames at 25 per second, the video mouse.avi 60 at 25.*which frame"),
        (62, 25, 0, "62 frames at 25 per second.*which frame is which"),
        (50, 30, 0, "50 frames at 30 per second, the video mouse.avi 60 at 25"),
        (40, 25, 1.0, "begin at second 1, the video mouse.avi 60 at 25: they would go beyond"),
    ],
)
def test_tracks_of_another_clock_are_refused(
    counted: Path, n: int, fps: float, origin: float, said: str
) -> None:
    tracks = tracks_of(way(n) / 4, fps=fps).assign_coords(origin=origin)
    with pytest.raises(DataError, match=said):
        match_frames(tracks, index_frames(counted))


def test_frames_beyond_the_video_are_told_where_a_begin_was_given(counted: Path) -> None:
    match = match_frames(tracks_of(way(62) / 4), index_frames(counted), 0.0)
    assert match.numbers.tolist() == [*range(60), -1, -1]
    assert "2 frames of the tracks lie beyond the video" in match.notes[0]


def test_a_slice_knows_which_frames_it_is_of(counted: Path) -> None:
    whole = tracks_of(way() / 4)
    whole = whole.assign_coords(n_frames=60)
    match = match_frames(whole.isel(time=slice(20, 30)), index_frames(counted))
    assert match.numbers.tolist() == list(range(20, 30))


def test_tracks_of_another_picture_are_refused_or_told(footage: Path, tmp_path: Path) -> None:
    to = tmp_path / "m.webm"
    with pytest.raises(DataError, match="outside the picture of mouse.avi .320 x 240 px.: the tr"):
        ef.video.labelled(tracks_of(way() * 2), None, footage, to=to)
    assert not to.exists()
    for wrong in (way() / 2, np.roll(way(), N // 2, axis=0)):
        with pytest.warns(VideoNote, match="the points do not lie on what moves in mouse.avi"):
            ef.video.labelled(tracks_of(wrong), None, footage, to=to, stop=0.1, width=320)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ef.video.labelled(tracks_of(way()), None, footage, to=to, width=320)


def test_positions_that_no_calibration_takes_back_are_refused(
    footage: Path, tmp_path: Path
) -> None:
    to = tmp_path / "m.webm"
    poses = ef.calibrate(tracks_of(way()), px_per_mm=2)
    with pytest.raises(DataError, match="in mm, and neither px_per_mm nor a homography"):
        ef.video.labelled(poses.drop_vars("px_per_mm"), None, footage, to=to)
    two = ef.simulate.still_then_running()
    turned = ef.align(two, "centre", along="nose")
    with pytest.raises(DataError, match=r"ef\.unalign"):
        ef.video.labelled(turned, to=to)
    with pytest.raises(DataError, match="written as .webm"):
        ef.video.labelled(two, to=tmp_path / "m.avi")
    try:  # this OpenCV may have an encoder for it
        assert ef.video.labelled(two, to=tmp_path / "m.mp4", stop=0.1).is_file()
    except DataError as error:
        assert "no encoder for H.264: write .webm" in str(error)
        assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match="nothing from 90 to inf s"):
        ef.video.labelled(two, to=to, start=90)


@pytest.fixture(scope="module")
def pair() -> tuple[xr.Dataset, xr.Dataset]:
    """Two animals and labels of them, one of which is unknown for a while."""
    path = np.stack([way() / 4, way() / 4 + 20])
    names = ["a", "b"]
    places = path.transpose(0, 2, 1)[:, None].astype(np.float32)
    poses = ef.from_arrays(places, fps=25, bodyparts=["nose"]).assign_coords(individual=names)
    shown = np.zeros((2, N), np.float32)
    shown[0, 10:20], shown[1, 30:40], shown[1, 40:50] = 1, 1, np.nan
    kinds = np.where(np.arange(N) < 30, 0.0, 2.0)[None].repeat(2, axis=0).astype(np.float32)
    both = np.full((2, 2, N), np.nan, np.float32)
    both[0, 1, :30] = both[1, 0, :30] = 1
    both[0, 1, 30:50] = both[1, 0, 30:50] = 0
    cluster = {"kind": "category", "flag_values": [0, 2], "flag_meanings": "calm wild"}
    labels = xr.Dataset(
        {
            "digging": (("individual", "time"), shown, {"kind": "label"}),
            "huddling": (("individual", "partner", "time"), both, {"kind": "label"}),
            "cluster": (("individual", "time"), kinds, cluster),
        },
        {"individual": names, "partner": names, "time": poses.time, "fps": 25.0},
    )
    return poses, labels


def test_states_are_those_of_the_labels(pair: tuple[xr.Dataset, xr.Dataset]) -> None:
    poses, labels = pair
    beside = labels_beside(labels.isel(individual=[1, 0]), poses)
    slots = slots_of(beside)
    assert [slot.name for slot in slots] == ["digging", "huddling", "cluster"]
    states = states_of(beside, slots, poses, 5, 55)
    digging = np.zeros((2, N), int)
    digging[0, 10:20], digging[1, 30:40], digging[1, 40:50] = 1, 1, UNKNOWN
    np.testing.assert_array_equal(states[:, 0], digging[:, 5:55])
    huddling = np.array([1] * 30 + [0] * 20 + [UNKNOWN] * 10)[5:55]
    np.testing.assert_array_equal(states[:, 1], [huddling, huddling])
    np.testing.assert_array_equal(states[0, 2], np.where(np.arange(5, 55) < 30, 0, 2))
    later = states_of(labels.isel(time=slice(20, None)), slots, poses, 0, N)
    assert (later[:, :, :20] == UNKNOWN).all()
    np.testing.assert_array_equal(later[0, 0, 20:], digging[0, 20:])


def test_present_absent_and_unknown_look_different(pair: tuple[xr.Dataset, xr.Dataset]) -> None:
    _, labels = pair
    slots = slots_of(labels)
    strip = make_panel(640, "mouse", {0: "a", 1: "b"}, [(9, 9, 9)] * 2, slots)
    looks = {}
    for state in (1, 0, UNKNOWN):
        states = np.full((2, 3), 0)
        states[0, 0] = state
        looks[state] = strip.draw(1.0, 25, 0.5, states)
    other = np.zeros((2, 3), int)
    other[1, 0] = 1
    looks[2] = strip.draw(1.0, 25, 0.5, other)
    for (one, image), (two, other_image) in product(looks.items(), repeat=2):
        assert (one == two) == np.array_equal(image, other_image)


def test_two_animals_with_labels_on_an_empty_floor(
    pair: tuple[xr.Dataset, xr.Dataset], tmp_path: Path
) -> None:
    poses, labels = pair
    told: list[tuple[int, int]] = []
    made = ef.video.labelled(poses, labels, to=tmp_path / "m.webm", trail="0.4 s",
                             progress=lambda *so_far: told.append(so_far))  # fmt: skip
    video = ef.video.frames(made)
    assert (video.sizes["time"], float(video.fps)) == (N, 25)
    assert told[-1] == (N, N)
    assert np.abs(video[5].values.astype(int) - video[15].values).max() > 50


def test_labels_of_others_are_refused(pair: tuple[xr.Dataset, xr.Dataset]) -> None:
    poses, labels = pair
    with pytest.raises(DataError, match="labels have 50 frames per second and the tracks 25"):
        labels_beside(labels.assign_coords(time=labels.time / 2, fps=50.0), poses)
    with pytest.raises(DataError, match="time 0 of the labels is second 3 .* second 0"):
        labels_beside(labels.assign_coords(origin=3.0), poses)
    with pytest.raises(DataError, match="labels are of c, d and the tracks of a, b"):
        labels_beside(labels.assign_coords(individual=["c", "d"]), poses)
    named = poses.assign_coords(animal=("individual", ["m1", "m2"]))
    with pytest.raises(DataError, match="a is 'm1' in the tracks and 'm2' in the labels"):
        labels_beside(labels.assign_coords(animal=("individual", ["m2", "m1"])), named)
    with pytest.raises(DataError, match="labels are of the recording 'x', the tracks of 'y'"):
        labels_beside(labels.assign_coords(recording="x"), poses.assign_coords(recording="y"))


def test_the_video_of_a_recording_is_found(footage: Path, tmp_path: Path) -> None:
    poses = tracks_of(way()).assign_coords(recording="mouseDLC_net50")
    to = tmp_path / "m.webm"
    for given in (footage, footage.parent, {"mouse": footage}):
        ef.video.labelled(poses, None, given, to=to, stop=0.1, width=320)
        assert green_in(ef.video.frames(to)[0].values) is not None
    known = poses.assign_coords(video=str(footage))
    ef.video.labelled(known, to=to, stop=0.1)
    assert ef.video.frames(to).sizes["column"] == 480
    with pytest.raises(DataError, match="metadata say that gone.avi is the video of mouseDLC"):
        ef.video.labelled(poses.assign_coords(video="gone.avi"), to=to)
    with pytest.raises(DataError, match="no video of the recording mouseDLC_net50 in"):
        ef.video.labelled(poses, None, tmp_path, to=to)


KILLED = """
import sys, numpy as np, ethoflow as ef
def stop(done, total):
    print("going", flush=True)
poses = ef.simulate.still_then_running()
ef.video.labelled(poses, to=sys.argv[1], progress=stop)
"""


def test_a_kill_leaves_no_half_video(tmp_path: Path) -> None:
    to = tmp_path / "mouse.webm"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(to)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not to.exists()
    assert len(list(tmp_path.iterdir())) == 1
    ef.video.labelled(ef.simulate.still_then_running(), to=to, stop=0.2)
    assert os.listdir(tmp_path) == [to.name]


def test_an_error_leaves_what_was_there(footage: Path, tmp_path: Path) -> None:
    to = tmp_path / "mouse.webm"
    ef.video.labelled(tracks_of(way()), None, footage, to=to, stop=0.2, width=320)
    before = to.read_bytes()

    def fail(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ef.video.labelled(tracks_of(way()), None, footage, to=to, width=320, progress=fail)
    assert to.read_bytes() == before
    assert os.listdir(tmp_path) == [to.name]


PAGE = """<!doctype html><title>video</title><body><video id="v" muted src="m.webm"></video>
<img src="AT/wait"><script>
const v = document.getElementById("v");
const tell = words => { new Image().src = "AT/said?" + encodeURIComponent(words); };
v.onerror = () => tell("error " + v.error.message);
v.onended = () => tell([v.duration, v.videoWidth, v.videoHeight,
  v.getVideoPlaybackQuality().totalVideoFrames].join(" "));
v.onloadeddata = () => v.play();
</script></body>"""


@pytest.mark.slow
def test_a_browser_plays_it(footage: Path, tmp_path: Path) -> None:
    """The page loads until an image comes, and that comes once the video has been played."""
    ef.video.labelled(tracks_of(way()), None, footage, to=tmp_path / "m.webm", width=320)
    said: list[str] = []
    played = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/said?"):
                said.append(unquote(self.path[6:]))
                played.set()
            elif self.path == "/wait":
                played.wait(120)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = tmp_path / "page.html"
        at = f"http://127.0.0.1:{server.server_port}"
        page.write_text(PAGE.replace("AT", at), encoding="utf-8")
        load_page(page, tmp_path / "profile")
        server.shutdown()
    height = ef.video.frames(tmp_path / "m.webm").sizes["row"]
    assert said == [f"2.4 320 {height} {N}"]
