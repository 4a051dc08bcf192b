"""What is written, read back with plain pandas; recordings of any length; known numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ethoflow.simulate import (
    approach,
    repeat_recording,
    running_in_circle,
    simulate_cohort,
    still_then_running,
    write_dlc,
    write_metadata,
)


@pytest.mark.parametrize("count", [1, 2])
def test_dlc_files_read_back_as_the_same_numbers(tmp_path: Path, count: int) -> None:
    simulation = simulate_cohort(2, n_individuals=count, duration=["10 s", "6 s"], gaps=20)
    tracks = simulation.tracks
    paths = write_dlc(tracks, tmp_path / "new")
    assert len(paths) == 2
    for row, path in enumerate(paths):
        name = str(tracks.recording.values[row])
        assert path.name == f"{name}DLC_resnet50_simulatedJan1shuffle1_100000.csv"
        table = pd.read_csv(path, header=[0, 1, 2] if count == 1 else [0, 1, 2, 3], index_col=0)
        assert table.index.tolist() == list(range(int(tracks.n_frames[row])))
        names = ["scorer", "individuals", "bodyparts", "coords"]
        assert list(table.columns.names) == [n for n in names if count > 1 or n != "individuals"]
        one = tracks.isel(recording=row, time=slice(len(table)))
        points = [(a, p) for a in one.animal.values for p in one.bodypart.values]
        keys = [(*point[2 - min(count, 2) :],) for point in points]
        assert list(dict.fromkeys(column[1:-1] for column in table.columns)) == keys
        values = table.to_numpy(np.float32).reshape(len(table), count, 11, 3)
        x_y = one.position.transpose("time", "individual", "bodypart", "space").values
        np.testing.assert_array_equal(values[..., :2], x_y)
        likelihood = one.confidence.transpose("time", "individual", "bodypart").values
        np.testing.assert_array_equal(values[..., 2], likelihood)


def test_dlc_header_rows_and_empty_cells(tmp_path: Path) -> None:
    tracks = simulate_cohort(1, duration="10 s", absent=1.0).tracks
    lines = write_dlc(tracks, tmp_path)[0].read_text().splitlines()
    assert [line.split(",")[0] for line in lines[:5]] == [
        "scorer", "individuals", "bodyparts", "coords", "0",
    ]  # fmt: skip
    assert lines[4].endswith("," * 33)


def test_one_recording_is_a_file_too(tmp_path: Path) -> None:
    tracks = simulate_cohort(1, duration="4 s").tracks
    (alone,) = write_dlc(tracks.isel(recording=0), tmp_path / "alone")
    (whole,) = write_dlc(tracks, tmp_path / "whole")
    assert alone.name == whole.name
    assert alone.read_text() == whole.read_text()


def test_metadata_table(tmp_path: Path) -> None:
    tracks = simulate_cohort(3, duration="2 s").tracks
    table = pd.read_csv(write_metadata(tracks, tmp_path / "animals.csv"))
    assert table.recording.tolist() == tracks.recording.values.tolist()
    assert table.treatment.tolist() == ["control", "treated", "control"]
    alone = pd.read_csv(write_metadata(tracks.isel(recording=1), tmp_path / "one.csv"))
    pd.testing.assert_frame_equal(alone, table[1:2].reset_index(drop=True))


def test_a_long_recording_does_not_jump() -> None:
    tracks = simulate_cohort(1, duration="10 s", bursts=0, gaps=0).tracks.isel(recording=0)
    parts = list(repeat_recording(tracks, 620))
    assert [start for start, _, _ in parts] == [0, 250, 500]
    position = np.concatenate([position for _, position, _ in parts], axis=-1)
    confidence = np.concatenate([confidence for _, _, confidence in parts], axis=-1)
    assert position.shape == (2, 11, 2, 620)
    assert confidence.shape == (2, 11, 620)
    np.testing.assert_array_equal(position[..., :250], tracks.position)
    step = np.linalg.norm(np.diff(position, axis=-1), axis=-2)
    assert step[..., [249, 499]].max() <= step[..., :249].max()


def test_still_then_running() -> None:
    ds = still_then_running(fps=50)
    assert ds.position.attrs["units"] == "mm"
    step = np.linalg.norm(np.diff(ds.position.values, axis=-1), axis=-2) * 50
    np.testing.assert_array_equal(step[..., :199], 0)
    np.testing.assert_allclose(step[..., 200:], 200, rtol=1e-3)


def test_approach() -> None:
    nose = approach().position.sel(bodypart="Nose").values
    gap = np.linalg.norm(nose[0] - nose[1], axis=0)
    np.testing.assert_allclose(gap[[0, -1]], [410, 10], rtol=1e-5)
    assert (np.diff(gap) < 0).all()


def test_running_in_circle_has_known_speed_and_acceleration() -> None:
    ds = running_in_circle(radius=80, speed=120)
    centre = ds.position.sel(bodypart="Center").values[0].astype(float)
    speed = np.gradient(centre, 0.01, axis=-1)
    np.testing.assert_allclose(np.linalg.norm(speed, axis=0)[2:-2], 120, rtol=1e-3)
    acceleration = np.gradient(speed, 0.01, axis=-1)[:, 3:-3]
    np.testing.assert_allclose(np.linalg.norm(acceleration, axis=0).mean(), 120**2 / 80, rtol=0.01)
