"""Lists of times as cameras and people write them: the column, the unit, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.time_lists import read_times
from ethoflow.io.times import begin
from ethoflow.schema import DataError
from tests.io.conftest import dlc_table

SECONDS = np.arange(50) / 25
SINCE_1970 = np.datetime64("2024-05-01T10:00:00", "ns") + (SECONDS * 1e9).astype("timedelta64[ns]")


def listed(path: Path, *columns: object, header: str = "", between: str = ",") -> Path:
    rows = [between.join(map(str, row)) for row in zip(*columns, strict=True)]  # type: ignore[call-overload]
    path.write_text("\n".join([*([header] if header else []), *rows, ""]))
    return path


def written(path: Path, form: str) -> Path:
    """The same times in one of the forms in which they are met."""
    n = range(len(SECONDS))
    ms = [f"{1000 * t:.3f}" for t in SECONDS]
    forms = {
        "frame and ms": lambda: listed(path, n, ms, header="frame,time_ms"),
        "unit in brackets": lambda: listed(path, n, ms, header="Frame,Camera Time [ms]"),
        "no heading": lambda: listed(path, n, SECONDS),
        "decimal commas": lambda: listed(path, [f"{t:.3f}".replace(".", ",") for t in SECONDS]),
        "semicolons": lambda: listed(
            path, n, [f"{t:.3f}".replace(".", ",") for t in SECONDS],
            header="frame;timestamp", between=";",
        ),
        "heading after the unit": lambda: listed(path, SECONDS, header="seconds"),
    }  # fmt: skip
    return forms[form]()


FORMS = ("frame and ms", "unit in brackets", "no heading", "decimal commas", "semicolons",
         "heading after the unit")  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_a_list(form: str, tmp_path: Path) -> None:
    np.testing.assert_allclose(read_times(written(tmp_path / "t.csv", form)), SECONDS, atol=1e-9)


@pytest.mark.parametrize("suffix", ["", "Z", "+02:00"])
def test_dates_and_times(suffix: str, tmp_path: Path) -> None:
    path = listed(tmp_path / "t.csv", [f"{stamp}{suffix}" for stamp in SINCE_1970])
    times = read_times(path)
    np.testing.assert_allclose(times - times[0], SECONDS, atol=1e-6)
    start, (note,) = begin(times)
    assert start == 0
    assert "2024-05-01" in note


def test_arrays_of_dates_and_of_durations(tmp_path: Path) -> None:
    np.save(tmp_path / "dates.npy", SINCE_1970)
    np.save(tmp_path / "since.npy", SINCE_1970 - SINCE_1970[0])
    np.save(tmp_path / "two.npy", np.stack([np.arange(50), SECONDS], axis=1))
    dates = read_times(tmp_path / "dates.npy")
    np.testing.assert_allclose(dates - dates[0], SECONDS, atol=1e-6)
    for name in ("since.npy", "two.npy"):
        np.testing.assert_allclose(read_times(tmp_path / name), SECONDS, atol=1e-9)


def test_times_of_day(tmp_path: Path) -> None:
    path = listed(tmp_path / "t.csv", ["10:00:00.00", "10:00:00.04", "10:00:00.08"])
    assert read_times(path).tolist() == pytest.approx([36000, 36000.04, 36000.08])


@settings(deadline=None)
@given(
    fps=st.floats(2, 500), unit=st.sampled_from(["ms", "us", "ns"]), start=st.floats(0, 1e5),
    stated=st.booleans(),
)  # fmt: skip
def test_other_units_are_asked_for(
    fps: float, unit: str, start: float, stated: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scale = {"ms": 1e3, "us": 1e6, "ns": 1e9}[unit]
    path = tmp_path_factory.mktemp("times") / "t.npy"
    times = start + np.arange(30) / fps
    np.save(path, times * scale)
    with pytest.raises(DataError, match="frames per second if they are in s"):
        read_times(path, fps=fps if stated else None)
    given_unit = read_times(path, unit)  # type: ignore[arg-type]
    np.testing.assert_allclose(given_unit, times, rtol=1e-9)


def test_slow_cameras_are_believed_where_somebody_says_so(tmp_path: Path) -> None:
    path = listed(tmp_path / "t.txt", np.arange(9) * 5.0)
    with pytest.raises(DataError, match=r"make 0.2 frames per second.*time_unit='s'"):
        read_times(path)
    assert read_times(path, fps=0.2)[1] == read_times(path, "s")[1] == 5


def test_a_heading_and_a_unit_that_differ_are_refused(tmp_path: Path) -> None:
    path = listed(tmp_path / "t.csv", SECONDS, header="time_s")
    assert read_times(path, "s")[1] == 0.04
    with pytest.raises(DataError, match="time_unit is 'ms', and the heading 'time_s' says 's'"):
        read_times(path, "ms")
    plain = listed(tmp_path / "p.csv", SECONDS, range(50), range(50), header="time_s,x,y")
    with pytest.raises(DataError, match="the heading 'time_s' says 's'"):
        ef.read(plain, columns={"time": "time_s", "x": "x", "y": "y"}, time_unit="ms")


def test_a_heading_that_makes_no_camera_is_not_believed(tmp_path: Path) -> None:
    path = listed(tmp_path / "t.csv", SECONDS * 1000, header="time (s)")
    with pytest.raises(DataError, match="0.025 frames per second"):
        read_times(path)


def test_numbers_of_frames_are_no_times(tmp_path: Path) -> None:
    path = listed(tmp_path / "t.txt", range(30))
    with pytest.raises(DataError, match="numbers of frames|make 1 frames per second"):
        read_times(path)
    with pytest.raises(DataError, match="one apart, as numbers of frames"):
        read_times(path, fps=30)


@pytest.mark.parametrize("header", ["frame,cam_time,sys_time", ""])
def test_two_columns_of_times_are_not_chosen_from(header: str, tmp_path: Path) -> None:
    path = listed(tmp_path / "t.csv", range(50), SECONDS, SECONDS * 1.1, header=header)
    with pytest.raises(DataError, match="needed one column of times"):
        read_times(path)


def test_times_of_a_plain_table(tmp_path: Path) -> None:
    columns = {"time": "time", "x": "x", "y": "y"}
    path = listed(tmp_path / "p.csv", SECONDS * 1000, range(50), range(50), header="time,x,y")
    with pytest.raises(DataError, match=r"0.025 frames per second.*--time-unit ms"):
        ef.read(path, columns=columns)
    with pytest.raises(DataError, match="where 25 was given"):
        ef.read(path, columns=columns, fps=25)
    with pytest.raises(DataError, match=r"0.025 frames per second"):
        ef.read_cohort([path], columns=columns)
    assert float(ef.read(path, columns=columns, time_unit="ms").fps) == 25
    assert float(ef.read_cohort([path], columns=columns, time_unit="ms").fps) == 25


def test_dates_of_a_plain_table(tmp_path: Path) -> None:
    path = listed(tmp_path / "p.csv", SINCE_1970, range(50), range(50), header="when,x,y")
    with pytest.warns(ef.io.reader.TrackingNote, match="of the calendar"):
        ds = ef.read(path, columns={"time": "when", "x": "x", "y": "y"})
    assert (float(ds.fps), float(ds.origin)) == (25, 0)


def test_the_unit_of_a_project_reaches_its_lists_of_times(tmp_path: Path) -> None:
    dlc_table(50).to_csv(tmp_path / "m.csv")
    listed(tmp_path / "t.txt", SECONDS * 1000)
    (tmp_path / "meta.csv").write_text("recording,timestamps\nm,t.txt\n")
    with pytest.raises(DataError, match="--time-unit ms"):
        ef.read_cohort([tmp_path / "m.csv"], metadata=tmp_path / "meta.csv")
    ds = ef.read_cohort([tmp_path / "m.csv"], metadata=tmp_path / "meta.csv", time_unit="ms")
    assert float(ds.fps) == 25
    assert ds.position.isel(recording=0, time=slice(50)).notnull().all().compute()
