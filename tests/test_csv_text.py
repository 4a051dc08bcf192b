"""Tables as text hold what they held: ear tags, names, frames and times of long recordings."""

from __future__ import annotations

import io
from pathlib import Path

import hypothesis.extra.numpy as npst
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow import pipeline, simulate
from ethoflow.cli.screen import Screen
from ethoflow.csv_text import escape, plain_cell, write_csv
from ethoflow.stages import Job

TAGS = (9_001_234, 9_001_236)
DAY = 86_400


def read_back(table: pd.DataFrame, folder: Path, **options: object) -> pd.DataFrame:
    write_csv(table, folder / "t.csv")
    return pd.read_csv(folder / "t.csv", **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@given(values=npst.arrays(np.float64, st.integers(1, 20)))
def test_every_number_reads_back_exactly(values: np.ndarray, folder: Path) -> None:
    found = read_back(pd.DataFrame({"a": values}), folder, skip_blank_lines=False)
    np.testing.assert_array_equal(found.a.astype(float), values)


@given(values=st.lists(st.one_of(st.none(), st.integers(1 - 2**53, 2**53 - 1)), min_size=1))
def test_whole_numbers_have_no_decimals(values: list[int | None], folder: Path) -> None:
    write_csv(pd.DataFrame({"a": np.array(values, float), "b": 0}), folder / "t.csv")
    cells = [line.split(",")[0] for line in (folder / "t.csv").read_text().splitlines()[1:]]
    assert cells == ["" if value is None else str(value) for value in values]


@given(
    names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")), min_size=1)
)
def test_text_reads_back_as_it_was(names: list[str], folder: Path) -> None:
    table = pd.DataFrame({"name": np.array(names, object), "n": 1})
    found = read_back(table, folder, dtype=str, keep_default_na=False)
    assert [plain_cell(cell) for cell in found.name] == names


def test_leading_zeros_are_kept_and_read_as_text_when_asked(folder: Path) -> None:
    table = pd.DataFrame({"animal": np.array(["0012", "12"], object)})
    assert read_back(table, folder, dtype={"animal": str}).animal.tolist() == ["0012", "12"]
    assert (folder / "t.csv").read_text() == "animal\n0012\n12\n"


@given(frame=st.integers(0, 30 * DAY * 120), fps=st.sampled_from([25.0, 29.97, 59.94, 120.0]))
def test_a_time_of_thirty_days_gives_its_frame(frame: int, fps: float, folder: Path) -> None:
    found = read_back(pd.DataFrame({"start": [frame / fps, 0.5]}), folder)
    assert round(found.start[0] * fps) == frame
    assert found.start[0] == pytest.approx(frame / fps, abs=1e-9)


def month(tags: tuple[float | int, ...]) -> xr.Dataset:
    """Labels of two recordings from day 30 on: one bout each, a frame long and two."""
    first, fps, n = 30 * DAY * 25, 25.0, 8
    state = np.zeros((2, 1, n), np.float32)
    state[0, 0, 3] = state[1, 0, 3:5] = 1
    ds = xr.Dataset(
        {"moving": (("recording", "individual", "time"), state, {"kind": "label"})},
        {
            "recording": ["a", "b"], "individual": ["individual_0"], "fps": fps,
            "time": (first + np.arange(n)) / fps,
            "n_frames": ("recording", [first + n, first + n]),
            "animal": (("recording", "individual"), np.array([["0012"], ["12"]], object)),
            "ear_tag": ("recording", np.array(tags)),
        },
    )  # fmt: skip
    return ds


@pytest.mark.parametrize("tags", [TAGS, (float(TAGS[0]), np.nan)])
def test_ear_tags_and_times_of_day_thirty(tags: tuple[float, ...], tmp_path: Path) -> None:
    bouts = ef.find_bouts(month(tags))
    budget = ef.time_budget(month(tags))
    for table in (bouts, budget):
        write_csv(table, tmp_path / "t.csv")
        found = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, dtype={"animal": str})
        wanted = [str(int(tag)) if tag == tag else "" for tag in tags]
        assert found.ear_tag.astype(str).tolist() == wanted
        assert found.animal.tolist() == ["0012", "12"]
    write_csv(bouts, tmp_path / "t.csv")
    found = pd.read_csv(tmp_path / "t.csv")
    first = 30 * DAY * 25 + 3
    assert found.start_frame.tolist() == [first, first]
    assert found.stop_frame.tolist() == [first + 1, first + 2]
    assert (found.start * 25).round(6).tolist() == [first, first]
    assert found.start.tolist() == bouts.start.tolist()


def test_metadata_of_a_store_reach_the_tables_whole(tmp_path: Path) -> None:
    tracks = simulate.simulate_cohort(n_recordings=2, duration="10 s").tracks
    tracks = tracks.assign_coords(ear_tag=("recording", np.array(TAGS)))
    labels = ef.annotate(
        ef.clean(tracks), ["moving"], parameters={"moving": {"min_speed": "9 px/s"}}
    )
    ef.write(labels, tmp_path / "c.zarr", "labels/rules")

    pipeline.run_one("tables", Job(tmp_path / "c.zarr", tmp_path, Screen()))
    for name in ("time_budget", "bouts"):
        found = pd.read_csv(tmp_path / "tables" / f"{name}.csv")
        assert set(found.ear_tag.astype(str)) == set(map(str, TAGS))
        kept = pd.read_parquet(tmp_path / "tables" / f"{name}.parquet")
        numbers = kept.select_dtypes("number").columns
        pd.testing.assert_frame_equal(found[numbers], kept[numbers], check_dtype=False, rtol=0,
                                      atol=1e-12)  # fmt: skip


def test_a_head_goes_before_the_names(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    write_csv(pd.DataFrame({"a": [1], "b": ["x\ty"]}), path, separator="\t", head="# facts")
    assert path.read_text() == '# facts\na\tb\n1\t"x\ty"\n'
    assert pd.read_csv(io.StringIO(path.read_text()), sep="\t", comment="#").b[0] == "x\ty"


MARKS = st.text(st.sampled_from("'=+-@\t\r1.e xß"), max_size=6)


@given(cell=MARKS | st.text())
def test_escaped_text_is_no_formula_and_reads_back(cell: str) -> None:
    written = escape(cell)
    assert plain_cell(written) == cell
    if written[:1] in tuple("=+-@\t\r"):
        assert np.isfinite(float(written))


@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_numbers_stay_numbers(number: float) -> None:
    assert escape(repr(number)) == repr(number)


def test_tables_hold_no_formulas(folder: Path) -> None:
    cells = ["=1+1", "+m", "-m", "@sum", "-3.5", "'=m", "m=1"]
    table = pd.DataFrame({"=name": cells, "n": [-1.5] * 7, "kind": pd.Categorical(cells)})
    found = read_back(table, folder, dtype=str)
    assert found.columns[0] == "'=name"
    written = ["'=1+1", "'+m", "'-m", "'@sum", "-3.5", "''=m", "m=1"]
    assert found["'=name"].tolist() == written
    assert found.kind.tolist() == written
    assert found.n.tolist() == ["-1.5"] * 7


NAMES = ("=m1", "@nose", "+a", "-b", "'=c")


@pytest.mark.parametrize("to", ["tidy CSV", "DeepLabCut CSV"])
def test_names_that_read_as_formulas_survive_an_export(folder: Path, to: str) -> None:
    position = np.random.default_rng(1).uniform(0, 500, (2, 3, 2, 20)).astype(np.float32)
    ds = ef.from_arrays(
        position, fps=25, bodyparts=NAMES[1:4], animals=[NAMES[0], NAMES[4]], recording=NAMES[0]
    )
    path = folder / "names.csv"
    ef.export(ds, path, format=to, overwrite=True)
    lines = path.read_text().splitlines()
    cells = [cell for line in lines for cell in line.split(",") if cell]
    assert all(cell[0] not in "=@" for cell in cells)
    found = ef.read(path, fps=25)
    assert set(found.bodypart.values) == set(NAMES[1:4])
    assert set(found.animal.values) == {NAMES[0], NAMES[4]}
    by_name = found.set_index(individual="animal") if "animal" in found.coords else found
    first = by_name.sel(individual="=m1", bodypart="@nose").position
    np.testing.assert_allclose(first, position[0, 0], rtol=1e-6)


def test_bouts_with_such_names_are_read_as_labels(folder: Path) -> None:
    ds = simulate.still_then_running()
    labels = ef.annotate(ds, ["moving"]).assign_coords(recording="=m1")
    path = folder / "bouts.csv"
    write_csv(ef.find_bouts(labels).assign(behaviour="=moving"), path)
    assert "'=m1" in path.read_text()
    listed = ef.list_labels(path)
    assert set(listed.behaviour) == {"=moving"}
    assert set(listed.recording) <= {"=m1", "bouts"}
