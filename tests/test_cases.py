"""Small inputs that went wrong once, with what must come out: the folder of cases, each in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.io.reader import TrackingNote
from ethoflow.io.scoring.clock import LabelNote
from ethoflow.schema import DataError
from tests.conftest import REPOSITORY

FPS = 30


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Path:
    """The folder of the case that a test is called after."""
    data = Path(os.environ.get("ETHOFLOW_DATA", REPOSITORY.parent / "shared" / "data"))
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    for folder in (data / "cases", data.parent / "cases"):
        if (folder / name).is_dir():
            return folder / name
    pytest.skip(f"no case {name} beside {data}: set ETHOFLOW_DATA")


@contextmanager
def noting(*sentences: str) -> Iterator[None]:
    """Every sentence is said by a note, whatever else is noted."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    said = " ".join(str(one.message) for one in caught)
    for sentence in sentences:
        assert sentence in said, said


def present(label: xr.DataArray, recording: str | None = None) -> list[tuple[int, int]]:
    """First and last frame of each bout."""
    one = label if recording is None else label.sel(recording=recording)
    state = np.concatenate([[0], (one.values.ravel() == 1).astype(int), [0]])
    edges = np.flatnonzero(np.diff(state))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_background_is_absent(case: Path) -> None:
    """Nothing in the file says which of the two it means: unknown, said, and a word settles it."""
    tracks = ef.read(case / "m.csv", fps=FPS)
    with noting("background", "background='absent'"):
        unsaid = ef.read_labels(case / "m_labels.csv", like=tracks)
    assert int(unsaid.rearing.notnull().sum()) == 60
    labels = ef.read_labels(case / "m_labels.csv", like=tracks, background="absent")
    budget = ef.time_budget(labels).set_index("behaviour")
    for name in ("rearing", "grooming"):
        assert budget.observed[name] == 10
        assert budget.share[name] == pytest.approx(0.1)


@pytest.mark.parametrize("file", ["events.tsv", "project.boris"])
def test_boris_media_names(case: Path, file: str) -> None:
    cohort = ef.read_cohort(str(case / "cage1_?DLC*.csv"), fps=FPS)
    with noting():
        labels = ef.read_labels(case / file, like=cohort)
    one, other = cohort.recording.values
    assert present(labels.rearing, one) == [(60, 119)]
    assert present(labels.rearing, other) == [(90, 179)]


def test_boris_observation_interval(case: Path) -> None:
    labels = ef.read_labels(case / "project.boris", like=ef.read(case / "A.csv", fps=FPS))
    values = labels.rearing.values.ravel()
    assert present(labels.rearing) == [(60, 119)]
    assert np.flatnonzero(~np.isnan(values)).tolist() == list(range(30, 150))
    assert float(labels.rearing.mean()) == 0.5


def test_boris_rate_differs(case: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(case / "make_tracks.py")], cwd=tmp_path, check=True)
    with noting("29.97", "30"):
        labels = ef.read_labels(case / "A.tsv", like=ef.read(tmp_path / "A.csv", fps=FPS))
    name = next(iter(labels.data_vars))
    assert present(labels[name]) == [(53000, 53299)]


@pytest.mark.parametrize(
    "file", ["events_2s.tsv", "events_10h.tsv", "project_2s.boris", "project_10h.boris"]
)
def test_boris_time_offset(case: Path, file: str) -> None:
    with noting():
        labels = ef.read_labels(case / file, like=ef.read(case / "A.csv", fps=FPS))
    assert present(labels.rearing) == [(60, 119)]
    assert not labels.rearing.isnull().any()


def check_bouts(case: Path) -> None:
    with noting():
        labels = ef.read_labels(case / "scores.csv", like=ef.read(case / "tracks.csv", fps=FPS))
    assert present(labels.rearing) == [(60, 119)]
    assert present(labels.grooming) == [(150, 179)]
    assert not labels.rearing.isnull().any()


def test_bouts_first_last_frame(case: Path) -> None:
    check_bouts(case)
    with noting("last"):
        ef.read_labels(case / "scores.csv", fps=FPS)


def test_bouts_onset_duration(case: Path) -> None:
    check_bouts(case)


def test_bouts_onset_with_unit(case: Path) -> None:
    check_bouts(case)


def test_bouts_video_and_mouse_columns(case: Path) -> None:
    listed = ef.list_labels(case / "scores.csv")
    found = listed[["recording", "individual", "behaviour", "n_bouts", "total"]].values.tolist()
    assert [row for row in found if row[3]] == [
        ["v1", "a", "rearing", 1, 2.0],
        ["v1", "b", "rearing", 1, 1.0],
        ["v2", "a", "rearing", 1, 1.0],
    ]


def test_decimal_comma_tidy_and_times(case: Path) -> None:
    columns = {"frame": "Frame", "x": "Pos X", "y": "Pos Y"}
    tidy = ef.read(case / "tidy.csv", fps=FPS)
    plain = ef.read(case / "plain.csv", fps=FPS, columns=columns)
    for ds in (tidy, plain):
        assert ds.position.isel(individual=0, bodypart=0, space=0).values[:2].tolist() == [
            100.5, 101.5
        ]  # fmt: skip
        assert (ds.position.isel(space=1) == 50.25).all()
    assert float(ef.read(case / "m.csv", timestamps=case / "times.txt").fps) == FPS


def test_dlc_folder_raw_and_filtered(case: Path) -> None:
    with noting("filtered"):
        cohort = ef.read_cohort(str(case / "*DLC*.csv"), fps=FPS, errors="warn")
    assert cohort.sizes["recording"] == 3


def test_dlc3_minus_one(case: Path) -> None:
    with noting("-1"):
        ds = ef.read(case / "of_superanimal_topviewmouse.csv", fps=FPS)
    second = ds.position.isel(individual=1)
    assert float(second.isnull().mean()) == 0.5
    assert second.isel(time=slice(100, 200)).isnull().all()
    assert not (ds.position == -1).any()


def test_join_individual_is_the_mouse(case: Path) -> None:
    ds = ef.read_cohort(str(case / "M?_day?.csv"), fps=FPS, metadata=case / "meta.tsv")
    assert ds.genotype.values.ravel().tolist() == ["wt", "wt", "ko", "ko"]
    assert ds.animal.values.ravel().tolist() == ["M1", "M1", "M2", "M2"]


def test_join_unicode_forms(case: Path) -> None:
    files = sorted(str(file) for file in case.glob("*.csv"))
    ds = ef.read_cohort(files, fps=FPS, metadata=case / "meta.tsv")
    assert sorted(ds.group.values.tolist()) == ["control", "drug"]


def test_npz_is_no_workbook(case: Path) -> None:
    ds = ef.read(case / "test_fish0.npz")
    x = ds.position.sel(space="x").values.ravel()
    assert np.flatnonzero(np.isnan(x)).tolist() == list(range(50, 60))
    assert x[:3].tolist() == [0, 1, 2]
    assert ds.position.units == "mm"


@pytest.mark.parametrize("file", ["A_scores.csv", "A_intervals.csv"])
def test_origin_frame_numbers(case: Path, file: str) -> None:
    with pytest.warns(TrackingNote, match="first frame is number 100"):
        tracks = ef.read(case / "A.csv", fps=FPS)
    with pytest.warns(LabelNote, match="3.33333 s"):
        labels = ef.read_labels(case / file, like=tracks)
    assert present(labels.rearing) == [(20, 79)]
    assert not labels.rearing.isnull().any()


def test_origin_session_clock(case: Path) -> None:
    columns = {"time": "t", "x": "x", "y": "y"}
    for tracks in (
        ef.read(case / "Z.csv", timestamps=case / "times.txt"),
        ef.read(case / "plain.csv", columns=columns),
    ):
        with noting("33.3333 s"):
            labels = ef.read_labels(case / "scores.csv", like=tracks)
        assert present(labels.rearing) == [(20, 79)]


def test_scale_from_metadata(case: Path) -> None:
    ds = ef.read_cohort(str(case / "M?.csv"), metadata=case / "video_info.tsv")
    poses = ef.calibrate(ds, px_per_mm=ds["pixels/mm"])
    speed = ef.features.speed(poses).isel(individual=0, bodypart=0, time=slice(1, 9))
    np.testing.assert_allclose(speed.sel(recording="M1"), 30, rtol=1e-4)
    np.testing.assert_allclose(speed.sel(recording="M2"), 22.5, rtol=1e-4)


def test_times_in_ms(case: Path) -> None:
    """By refusal: nothing says that the times are in ms."""
    columns = {"time": "time", "x": "x", "y": "y"}
    for options in ({}, {"fps": FPS}):
        with pytest.raises(DataError, match="time_unit='ms'"):
            ef.read(case / "m1.csv", timestamps=case / "times_ms.txt", **options)
        with pytest.raises(DataError, match="time_unit='ms'"):
            ef.read(case / "plain_ms.csv", columns=columns, **options)
    ds = ef.read(case / "m1.csv", timestamps=case / "times_ms.txt", time_unit="ms")
    assert (float(ds.fps), ds.sizes["time"]) == (FPS, 300)


def test_tracktor_several_animals(case: Path) -> None:
    ds = ef.read(case / "pair_tracked.csv", fps=FPS)
    assert ds.animal.values.tolist() == ["A", "B"]
    assert ds.sizes["time"] == 100
    assert ds.position.isel(individual=0, bodypart=0, space=0).values[:2].tolist() == [100, 101]
