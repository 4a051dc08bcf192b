"""Long files in pieces: the same numbers as read whole, wherever the pieces begin."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
import ethoflow.io.files as files_module
import ethoflow.io.pieces as pieces_module
import ethoflow.io.scan as scan_module
import ethoflow.io.trackers.dlc_csv_long as long_module
from ethoflow.io.cohort import read_cohort
from ethoflow.io.scan import scan


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of 50 frames, for files of any length, read in blocks that cut lines."""
    for module in (pieces_module, files_module, long_module):
        monkeypatch.setattr(module, "FRAMES", 50)
    monkeypatch.setattr(scan_module, "LONG", 0)
    monkeypatch.setattr(long_module, "_BLOCK", 3001)


@pytest.fixture
def folder(tmp_path, make_table):
    """Tables of 230, 49 and 101 frames, with cells missing."""
    for name, n_frames in (("a", 230), ("b", 49), ("c", 101)):
        table = make_table(n_frames=n_frames, seed=n_frames)
        table.iloc[::7, 3] = np.nan
        table.to_csv(tmp_path / f"{name}.csv")
    return tmp_path


def test_pieces_do_not_show(folder, small_pieces, monkeypatch):
    found = read_cohort(folder / "*.csv", fps=25)
    assert found.position.chunks[-1] == (50, 50, 50, 50, 30)
    headers, _ = scan(folder / "*.csv")
    assert [len(header.marks) for header in headers] == [6, 2, 4]
    monkeypatch.setattr(scan_module, "LONG", 2**40)
    whole = read_cohort(folder / "*.csv", fps=25)
    xr.testing.assert_identical(found.compute(), whole.compute())
    wholes, _ = scan(folder / "*.csv")
    assert [header.counts for header in headers] == [header.counts for header in wholes]


def test_they_are_written_as_pieces(folder, small_pieces, tmp_path):
    ef.write(read_cohort(folder / "*.csv", fps=25), tmp_path / "c.zarr")
    stored = ef.open(tmp_path / "c.zarr", "tracks")
    for name in ("a", "b", "c"):
        alone = ef.read(folder / f"{name}.csv", fps=25)
        got = stored.sel(recording=name).isel(time=slice(int(alone.n_frames)))
        np.testing.assert_array_equal(got.position.values, alone.position.values)


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def with_hole(text: str) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:60], *lines[61:]])


def with_blank_line(text: str) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:60], "", *lines[60:]])


def without_last_line_end(text: str) -> str:
    return text.rstrip("\n")


def with_mark(text: str) -> str:
    return "\ufeff" + text


def from_1000(text: str) -> str:
    lines = text.split("\n")
    rows = [f"{int(line.split(',', 1)[0]) + 1000},{line.split(',', 1)[1]}" for line in lines[3:-1]]
    return "\n".join([*lines[:3], *rows, ""])


@pytest.mark.parametrize(
    "change", [crlf, with_hole, with_blank_line, without_last_line_end, with_mark, from_1000]
)
def test_tables_as_people_save_them(folder, small_pieces, monkeypatch, change):
    path = folder / "a.csv"
    path.write_bytes(change(path.read_text()).encode())
    found = read_cohort([path], fps=25).compute()
    monkeypatch.setattr(scan_module, "LONG", 2**40)
    xr.testing.assert_identical(found, read_cohort([path], fps=25).compute())


def test_a_damaged_line_is_named_as_in_a_short_file(folder, small_pieces):
    path = folder / "a.csv"
    lines = path.read_text().splitlines()
    lines[150] = lines[150].replace(",", ",x", 1)
    path.write_text("\n".join(lines))
    _, problems = scan([path])
    assert "line 151" in problems[0].reason
