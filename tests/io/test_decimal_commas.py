"""Tables that a European spreadsheet has saved again: semicolons, and commas in numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.rows import read_text_table
from ethoflow.io.sheets import find_delimiter
from ethoflow.schema import DataError
from ethoflow.units import UnitError, convert

POINTS = np.array([[100.5, 101.5, np.nan, 103.125], [50.25, 50.5, np.nan, 1234.5]])


def saved(rows, delimiter=";"):
    """A table as such a spreadsheet writes it."""
    cells = [[str(cell).replace(".", ",") for cell in row] for row in rows[1:]]
    return "\n".join(delimiter.join(row) for row in [rows[0], *cells])


def shown(value):
    return "" if np.isnan(value) else f"{value:g}"


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("quoted", [False, True])
def test_tidy_and_plain_tables(tmp_path, delimiter, quoted):
    rows = [["frame", "individual", "bodypart", "x", "y"]]
    rows += [[t, "m", "nose", shown(x), shown(y)] for t, (x, y) in enumerate(POINTS.T)]
    text = saved(rows, delimiter)
    if quoted:
        text = text.replace(f"m{delimiter}", f'"m"{delimiter}')
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "p.csv").write_text(text.replace("x", "Pos X").replace("bodypart", "part"))
    tidy = ef.read(tmp_path / "t.csv", fps=30)
    columns = {"x": "Pos X", "y": "y", "frame": "frame"}
    plain = ef.read(tmp_path / "p.csv", fps=30, columns=columns)
    for ds in (tidy, plain):
        np.testing.assert_array_equal(ds.position[0, 0], POINTS)


def test_times_of_frames(tmp_path):
    times = [f"{t / 25:.5f}".replace(".", ",") for t in range(4)]
    rows = [
        ["time", "x", "y"],
        *[[t, shown(x), shown(y)] for t, (x, y) in zip(times, POINTS.T, strict=True)],
    ]
    (tmp_path / "t.csv").write_text(saved(rows))
    ds = ef.read(tmp_path / "t.csv", columns={"x": "x", "y": "y", "time": "time"})
    assert float(ds.fps) == 25
    (tmp_path / "times.txt").write_text("\n".join(times))
    (tmp_path / "m.csv").write_text(
        "frame,bodypart,x,y\n" + "".join(f"{t},a,1,2\n" for t in range(4))
    )
    assert float(ef.read(tmp_path / "m.csv", timestamps=tmp_path / "times.txt").fps) == 25


def test_tables_of_trackers(tmp_path):
    (tmp_path / "t.csv").write_text(";frame;pos_x;pos_y;id\n0;0;1,5;2,5;A\n1;1;2,5;2,5;A\n")
    ds = ef.read(tmp_path / "t.csv", fps=30)
    np.testing.assert_array_equal(ds.position[0, 0], [[1.5, 2.5], [2.5, 2.5]])


def test_a_comma_that_may_stand_for_thousands_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text('frame,bodypart,x,y\n0,nose,"1,000","2,5"\n')
    with pytest.raises(DataError, match=r"line 2: '1,000' is no number"):
        ef.read(tmp_path / "t.csv", fps=30)
    (tmp_path / "t.csv").write_text('frame,bodypart,x,y\n0,nose,"1,25","2,5"\n')
    assert ef.read(tmp_path / "t.csv", fps=30).position.values.ravel().tolist() == [1.25, 2.5]
    assert convert("2,5 cm", "mm", name="it") == 25
    with pytest.raises(UnitError):
        convert("1,000 mm", "mm", name="it")


@given(st.lists(st.lists(st.integers(-10**6, 10**6), min_size=3, max_size=3), min_size=1),
       st.sampled_from([";", "\t"]))  # fmt: skip
def test_numbers_come_back(numbers, delimiter):
    frame = pd.DataFrame(np.array(numbers) / 1000, columns=["a", "b", "c"])
    data = frame.to_csv(sep=delimiter, decimal=",", index=False)
    assert find_delimiter(data) == delimiter


def test_both_ways_of_reading_agree(tmp_path):
    text = "a;b\n0,5;1\n-1,25;,5\n;1e3\n"
    for name, content in (("fast", text), ("slow", text.replace("\n", "\n\n"))):
        (tmp_path / name).write_text(content)
        table = read_text_table(tmp_path / name)
        np.testing.assert_array_equal(table.numbers("a"), [0.5, -1.25, np.nan])
        np.testing.assert_array_equal(table.numbers("b"), [1, 0.5, 1000])


def test_the_case(cases):
    folder = cases / "decimal-comma-tidy-and-times"
    tidy = ef.read(folder / "tidy.csv", fps=30)
    plain = ef.read(folder / "plain.csv", fps=30, columns={"x": "Pos X", "y": "Pos Y"})
    timed = ef.read(folder / "m.csv", timestamps=folder / "times.txt")
    for ds in (tidy, plain):
        np.testing.assert_array_equal(ds.position[0, 0, 0], 100.5 + np.arange(ds.sizes["time"]))
        np.testing.assert_array_equal(ds.position[0, 0, 1], 50.25)
    assert float(timed.fps) == pytest.approx(30, rel=1e-5)
