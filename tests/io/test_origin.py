"""The second of its own clock at which a recording begins: from every source, to every reader."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.exporting.declare import writers
from ethoflow.io.cohort import read_cohort
from ethoflow.io.one_file import read
from ethoflow.io.scoring.clock import LabelNote
from ethoflow.io.scoring.labels import read_labels
from ethoflow.origin import clock_times, on_clock
from ethoflow.schema import DataError, make_tracks
from tests.io.conftest import dlc_table

FPS = 30.0
FIRST = 100
N = 300


def clip(path: Path, first: int = FIRST, n_frames: int = N) -> Path:
    """Tracks of a clip that carry the frame numbers of the whole video."""
    table = dlc_table(n_frames)
    table.index = range(first, first + n_frames)
    table.to_csv(path)
    return path


def scored(ds: xr.Dataset) -> list[tuple[int, int]]:
    """First and last frame of each bout of rearing, in rows of the tracks."""
    state = np.concatenate([[0], (ds.rearing.values.ravel() == 1).astype(int), [0]])
    edges = np.flatnonzero(np.diff(state))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def quietly(path: Path, **options: object) -> xr.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelNote)
        return read_labels(path, **options)  # type: ignore[arg-type]


@pytest.fixture
def tracks(tmp_path: Path) -> xr.Dataset:
    return read(clip(tmp_path / "A.csv"), fps=FPS)


def intervals(path: Path, start: float = 4.0, stop: float = 6.0) -> Path:
    path.write_text(f"behaviour,start,stop\nrearing,{start},{stop}\n")
    return path


def per_frame(path: Path, numbers: range, present: range) -> Path:
    rows = [f"{n},{int(n in present)}" for n in numbers]
    path.write_text("\n".join(["frame,rearing", *rows, ""]))
    return path


def test_frame_numbers_of_a_video_are_its_clock(tracks: xr.Dataset) -> None:
    assert float(tracks.origin) == FIRST / FPS
    assert tracks.origin.attrs["units"] == "s"
    assert float(tracks.time[0]) == 0


@pytest.mark.parametrize("first", [0, 1])
def test_counting_from_0_or_1_is_no_delay(first: int, tmp_path: Path) -> None:
    assert float(read(clip(tmp_path / "A.csv", first), fps=FPS).origin) == 0


def test_labels_of_the_video_fit_its_clip(tracks: xr.Dataset, tmp_path: Path) -> None:
    with pytest.warns(LabelNote, match=r"begin late.*A at 3.33333 s.*since='tracks'"):
        in_seconds = read_labels(intervals(tmp_path / "A_s.csv"), like=tracks)
    assert scored(in_seconds) == [(20, 79)]
    assert not in_seconds.rearing.isnull().any()
    numbered = per_frame(tmp_path / "A_f.csv", range(100, 400), range(120, 180))
    assert scored(quietly(numbered, like=tracks)) == [(20, 79)]
    whole = per_frame(tmp_path / "A_w.csv", range(600), range(120, 180))
    assert scored(quietly(whole, like=tracks)) == [(20, 79)]


def test_labels_that_count_from_the_clip(tracks: xr.Dataset, tmp_path: Path) -> None:
    path = intervals(tmp_path / "A.csv", 1.0, 2.0)
    assert scored(quietly(path, like=tracks, since="tracks")) == [(30, 59)]
    same_length = per_frame(tmp_path / "A_f.csv", range(300), range(30, 60))
    with pytest.warns(LabelNote, match="as many frames as the tracks and begin with them"):
        assert scored(read_labels(same_length, like=tracks)) == [(30, 59)]


def test_labels_frame_by_frame_without_numbers_are_not_guessed(
    tracks: xr.Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "A.csv"
    path.write_text("\n".join(["behaviour", *["rearing"] * 250, ""]))
    with pytest.raises(DataError, match="250 labels without frame numbers.*since='tracks'"):
        quietly(path, like=tracks)
    assert scored(quietly(path, like=tracks, since="tracks")) == [(0, 249)]


@pytest.mark.parametrize(("start", "stop"), [(0.5, 3.0), (14.0, 20.0)])
def test_labels_that_miss_the_tracks_are_unknown(
    start: float, stop: float, tracks: xr.Dataset, tmp_path: Path
) -> None:
    with pytest.warns(LabelNote, match="wholly outside the tracks"):
        found = read_labels(intervals(tmp_path / "A.csv", start, stop), like=tracks)
    assert found.rearing.isnull().all()


def test_a_slice_keeps_its_place_on_the_clock(tracks: xr.Dataset, tmp_path: Path) -> None:
    part = tracks.isel(time=slice(10, 110))
    path = intervals(tmp_path / "A.csv")
    assert scored(quietly(path, like=part)) == [(10, 69)]
    ef.write(part, tmp_path / "part.zarr")
    again = ef.open(tmp_path / "part.zarr", "tracks")
    assert again.origin.values.tolist() == [(FIRST + 10) / FPS]
    assert scored(quietly(path, like=again)) == [(10, 69)]


def test_the_origin_of_each_recording_survives_cohort_and_store(tmp_path: Path) -> None:
    files = [clip(tmp_path / f"m{n}.csv", n, 50 + n) for n in (0, 60, 90)]
    cohort = read_cohort(files, fps=FPS)
    want = [0, 60 / FPS, 90 / FPS]
    assert cohort.origin.values.tolist() == want
    assert cohort.isel(recording=[2, 0]).origin.values.tolist() == [want[2], want[0]]
    ef.write(cohort, tmp_path / "c.zarr")
    poses = ef.calibrate(ef.open(tmp_path / "c.zarr", "tracks"), px_per_mm=2)
    labels = ef.annotate(ef.clean(poses), ["moving"])
    ef.write(labels, tmp_path / "c.zarr", "labels/rules")
    assert ef.open(tmp_path / "c.zarr", "labels/rules").origin.values.tolist() == want


def test_a_new_origin_shows_in_what_was_written_before(tmp_path: Path) -> None:
    path = clip(tmp_path / "m.csv", 0)
    ef.write(read_cohort([path], fps=FPS), tmp_path / "c.zarr")
    clip(path, 60)
    ef.write(read_cohort([path], fps=FPS), tmp_path / "c.zarr")
    assert ef.open(tmp_path / "c.zarr", "tracks").origin.values.tolist() == [60 / FPS]


def test_resampled_tracks_keep_the_clock(tmp_path: Path) -> None:
    path = clip(tmp_path / "A.csv")
    assert float(read(path, fps=FPS, resample_fps=10).origin) == pytest.approx(FIRST / FPS)
    cohort = read_cohort([path], fps=FPS, resample_fps=10)
    assert cohort.origin.values == pytest.approx([FIRST / FPS])


def test_times_of_a_camera_are_the_clock(tmp_path: Path) -> None:
    path = clip(tmp_path / "A.csv", 0)
    times = 33.3 + np.arange(N) / FPS
    np.savetxt(tmp_path / "t.txt", times, fmt="%.9f")
    one = read(path, timestamps=tmp_path / "t.txt")
    many = read_cohort(
        [path], metadata=pd.DataFrame({"recording": ["A"], "timestamps": [str(tmp_path / "t.txt")]})
    )
    assert float(one.origin) == pytest.approx(33.3)
    assert many.origin.values == pytest.approx([33.3])
    assert scored(quietly(intervals(tmp_path / "A_s.csv", 34.3, 35.3), like=one)) == [(30, 59)]


EXACT = ("DeepLabCut CSV", "DeepLabCut HDF5", "tidy CSV", "tidy Parquet", "movement netCDF",
         "NWB ndx-pose")  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_a_slice_that_is_exported_and_read_again(
    name: str, tracks: xr.Dataset, tmp_path: Path
) -> None:
    assert name in writers()
    part = tracks.isel(time=slice(10, 60))
    (path,) = ef.export(part, tmp_path / "out", format=name)
    again = read(path, fps=FPS)
    np.testing.assert_allclose(clock_times(again), clock_times(part), atol=1e-9)
    np.testing.assert_array_equal(again.position.values, part.position.values)


def test_exported_bouts_speak_the_clock(tracks: xr.Dataset, tmp_path: Path) -> None:
    labels = quietly(intervals(tmp_path / "A.csv"), like=tracks)
    bouts = ef.find_bouts(labels)
    assert bouts[["start", "stop", "start_frame", "stop_frame"]].values.tolist() == [
        [4.0, 6.0, 120, 180]
    ]
    for name in ("BORIS aggregated events", "BORIS tabular events"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (path,) = ef.export(labels, tmp_path / name, format=name)
        assert scored(quietly(path, like=tracks)) == [(20, 79)]


def test_movement_has_the_clock_both_ways(tracks: xr.Dataset) -> None:
    there = ef.to_movement(tracks)
    assert float(there.time[0]) == FIRST / FPS
    assert float(ef.from_movement(there).origin) == FIRST / FPS


@settings(deadline=None)
@given(
    number=st.integers(0, 10**6), fps=st.sampled_from([24.0, 25.0, 29.97, 30.0, 59.94]),
    frame=st.integers(0, 10**6),
)  # fmt: skip
def test_times_on_the_clock_are_those_of_the_video(number: int, fps: float, frame: int) -> None:
    assert on_clock(number / fps, np.array([frame]), fps)[0] == (number + frame) / fps


@settings(deadline=None, max_examples=30)
@given(origin=st.floats(0, 1e5), start=st.integers(0, 99), length=st.integers(1, 99))
def test_labels_fall_on_the_same_frames_whatever_the_origin(
    origin: float, start: int, length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ds = make_tracks(np.zeros((1, 1, 2, N)), fps=FPS, bodyparts=["nose"], origin=origin)
    folder = tmp_path_factory.mktemp("scores")
    begin = origin + start / FPS
    path = intervals(folder / "recording.csv", repr(begin), repr(begin + length / FPS))  # type: ignore[arg-type]
    assert scored(quietly(path, like=ds)) == [(start, start + length - 1)]


def test_an_offset_is_found_on_the_clock(tracks: xr.Dataset, tmp_path: Path) -> None:
    """Labels of the whole video that are two seconds late, against a signal of the clip."""
    happens = np.zeros(600)
    for start, length in ((120, 30), (200, 75), (330, 20)):
        happens[start : start + length] = 1
    signal = xr.DataArray(happens[FIRST : FIRST + N], dims="time", name="rearing")
    signal = signal.assign_coords(time=tracks.time, fps=FPS, origin=FIRST / FPS)
    late = per_frame(tmp_path / "A.csv", range(600), range(0))
    rows = [f"{n + 60},{int(happens[n])}" for n in range(540)]
    late.write_text("\n".join(["frame,rearing", *rows, ""]))
    found = ef.find_offset(read_labels(late, fps=FPS), signal)
    assert (found.frames, found.seconds) == (60, 2)
    right = quietly(late, like=tracks, offset=found.seconds)
    np.testing.assert_array_equal(right.rearing.values.ravel(), signal.values)
