"""Times of frames: placed on a regular clock, or resampled, and never invented."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethoflow.io.clock import place_frames, resample
from ethoflow.io.cohort import read_cohort
from ethoflow.io.one_file import read
from ethoflow.io.reader import TrackingNote, Tracks
from ethoflow.io.time_lists import read_times
from ethoflow.schema import DataError


def line(n_frames: int, missing: list[int] | None = None) -> Tracks:
    """One point whose x is its frame number and whose y is constant."""
    x = np.arange(n_frames, dtype=np.float32)
    position = np.stack([x, np.full(n_frames, 7, np.float32)])[None, None].copy()
    position[..., missing or []] = np.nan
    return Tracks("r", position, None, ("nose",), fps=60)


def times_of(n_frames: int, fps: float = 60) -> np.ndarray:
    return np.arange(n_frames) / fps


@given(
    fps=st.floats(1, 500),
    start=st.floats(-1e6, 1e6),
    dropped=st.sets(st.integers(1, 60), max_size=20),
    seed=st.integers(0, 99),
)
def test_dropped_frames_are_found_whatever_the_rate(fps, start, dropped, seed):
    frames = np.array([frame for frame in range(80) if frame not in dropped])
    jitter = np.random.default_rng(seed).uniform(-0.05, 0.05, len(frames)) / fps
    placed, rate = place_frames(start + frames / fps + jitter, fps)
    np.testing.assert_array_equal(placed, frames)
    assert rate == fps


@given(fps=st.sampled_from([29.385, 59.99988, 25.0, 150.4]), dropped=st.sets(st.integers(1, 400)))
def test_the_rate_of_exact_times_is_exact(fps, dropped):
    frames = np.array([frame for frame in range(1001) if frame not in dropped])
    placed, rate = place_frames(frames / fps)
    np.testing.assert_array_equal(placed, frames)
    assert rate == pytest.approx(fps, rel=1e-8)


def test_times_without_a_clock_are_refused():
    with pytest.raises(DataError, match=r"regular clock of 10 frames.*resample_fps"):
        place_frames(np.array([0, 0.1, 0.2, 0.25, 0.45]), fps=10)
    with pytest.raises(DataError, match="are they in s"):
        place_frames(np.array([0.0, 40.0, 80.0, 200000.0]), fps=25)


@pytest.mark.parametrize("ratio", [2, 3, 5])
def test_a_mean_over_frames_keeps_a_line_and_removes_what_is_faster(ratio):
    tracks = line(301)
    slow = resample(tracks, times_of(301), 60 / ratio)
    x = slow.position[0, 0, 0]
    # In the middle a mean over a symmetric interval gives the line itself.
    np.testing.assert_allclose(x[1:-1], np.arange(len(x))[1:-1] * ratio, rtol=1e-5)
    wobble = tracks.position.copy()
    wobble[0, 0, 1] += np.where(np.arange(301) % 2, 1, -1)
    faster = Tracks("r", wobble, None, ("nose",), fps=60)
    mean = resample(faster, times_of(301), 60 / ratio).position[0, 0, 1]
    single = resample(faster, times_of(301), 60 / ratio, anti_alias=False).position[0, 0, 1]
    assert np.abs(mean[1:-1] - 7).max() < 0.4 < np.abs(single[1:-1] - 7).max() + 1e-9


def test_up_and_down_again_gives_the_same_points():
    tracks = line(101)
    up = resample(tracks, times_of(101), 120)
    assert up.position.shape[-1] == 201
    np.testing.assert_allclose(up.position[0, 0, 0], np.arange(201) / 2, atol=1e-4)
    down = resample(up, times_of(201, 120), 60, anti_alias=False)
    np.testing.assert_allclose(down.position, tracks.position, atol=1e-4)


def test_nothing_is_made_up_where_nothing_was_seen():
    tracks = line(61, missing=[*range(20, 40)])
    up = resample(tracks, times_of(61), 120).position[0, 0, 0]
    assert np.isnan(up[39:80]).all()
    assert not np.isnan(up[[38, 80]]).any()
    down = resample(tracks, times_of(61), 15).position[0, 0, 0]
    # A new frame takes 4 old intervals; frames 20-24, 24-28, ... are at least half unseen.
    assert np.isnan(down[5:10]).all()
    assert not np.isnan(down[[4, 10]]).any()


def test_a_ramp_stays_a_ramp_at_both_ends_and_beside_gaps():
    tracks = line(301, missing=[*range(100, 131)])
    x = resample(tracks, times_of(301), 20).position[0, 0, 0]
    known = ~np.isnan(x)
    np.testing.assert_allclose(x[known], (np.arange(101) * 3.0)[known], rtol=1e-5, atol=1e-5)
    assert np.flatnonzero(~known).tolist() == [*range(34, 44)]


def test_a_pause_does_not_change_what_is_averaged():
    """60 frames per second with a pause of 90 s: a wave of 20 Hz is not left standing at 20."""
    times = np.concatenate([np.arange(120), 5520 + np.arange(120)]) / 60
    position = np.zeros((1, 1, 2, 240), np.float32)
    position[0, 0, 0] = 200 + 50 * np.cos(2 * np.pi * 20 * times)
    tracks = Tracks("r", position, None, ("nose",))
    x = resample(tracks, times, 20).position[0, 0, 0]
    inside = x[~np.isnan(x)][1:-1]
    assert np.abs(np.median(inside) - 200) < 15


def test_two_usual_steps_are_no_gaps():
    times = np.cumsum(np.tile([0.02, 0.04], 50))
    position = np.broadcast_to(times.astype(np.float32), (1, 1, 2, 100))
    tracks = Tracks("r", position, None, ("nose",))
    x = resample(tracks, times, 50).position[0, 0, 0]
    np.testing.assert_allclose(x, times[0] + np.arange(len(x)) / 50, rtol=1e-4)


def test_one_frame_and_rates_that_make_no_sense():
    one = line(1)
    assert resample(one, times_of(1), 10).position.shape[-1] == 1
    for rate in (np.nan, np.inf, 0, 1e9):
        with pytest.raises(DataError, match="resampling"):
            resample(line(10), times_of(10), rate)


def test_no_line_is_drawn_over_frames_a_camera_dropped():
    frames = np.array([*range(30), *range(40, 70)])
    times = frames / 60
    tracks = line(70)
    kept = Tracks("r", tracks.position[..., frames], None, ("nose",))
    up = resample(kept, times, 120).position[0, 0, 0]
    assert np.isnan(up[59:80]).all()
    np.testing.assert_allclose(up[:59], np.arange(59) / 2, atol=1e-4)


def test_real_camera_times(real_data):
    stem = "lightningpose-ensembles/ibl-paw/3f859b5c-e73a-4044-b49e-34bb81e96715"
    left, right = (real_data / f"{stem}.{side}.rng=0.csv" for side in ("left", "right"))
    times = {side: real_data / f"{stem}.timestamps.{side}.npy" for side in ("left", "right")}
    with pytest.warns(TrackingNote, match="2 dropped frames"):
        ds = read(left, timestamps=times["left"])
    raw = np.load(times["left"])
    assert ds.sizes["time"] == 1002
    assert float(ds.fps) == pytest.approx(1001 / (raw[-1] - raw[0]), abs=1e-6)
    assert np.isnan(ds.position[..., 1:3]).all()
    on_clock = read(right, timestamps=times["right"], resample_fps=60)
    assert float(on_clock.fps) == 60
    seconds = np.load(times["right"])
    plain = read(right, fps=150)
    # The paw's mean over the recording does not depend on the clock.
    np.testing.assert_allclose(
        on_clock.position.mean("time"), plain.position.mean("time"), atol=0.5
    )
    assert on_clock.sizes["time"] == int((seconds[-1] - seconds[0]) * 60) + 1
    with pytest.raises(DataError, match="2500 times for 1000 frames"):
        read(left, timestamps=times["right"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0\n1\n1\n", "times must grow"),
        ("0\n1\nnan\n", "'nan' is no time"),
        ("t\n0\nx\n", "'x' is no time"),
    ],
)
def test_times_that_are_none(tmp_path, content, message):
    path = tmp_path / "times.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_times(path)
    np.save(tmp_path / "t.npy", np.zeros((3, 3)))
    with pytest.raises(DataError, match="one time per frame"):
        read_times(tmp_path / "t.npy")
    with pytest.raises(DataError, match="no such file"):
        read_times(tmp_path / "nowhere.npy")


def test_a_rate_that_contradicts_the_file_is_noted(real_data):
    path = real_data / "many-formats-animovement/trex/beetle.csv"
    with pytest.warns(TrackingNote, match="it states 30 frames per second; the 25"):
        ds = read(path, fps=25)
    assert float(ds.fps) == 25
    cohort = read_cohort([path], fps=25)
    assert any("it states 30" in note for note in cohort.attrs["notes"])
