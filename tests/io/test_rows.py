"""Text tables: the quick way and the careful one give the same cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ethoflow.io.rows import _read_plain, read_text_table, table_of
from ethoflow.io.sheets import rows_of_text
from ethoflow.schema import DataError

CELLS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", "NaN", "-", " 7 ", "007", "1e5", "x y", "é", "+3", "nan"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=9))
def test_both_ways_agree(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("\n".join(["# facts", "a,b,c", *map(",".join, rows)]) + "\n", encoding="utf-8")
    quick = _read_plain(path.read_bytes())
    if quick is None:
        assert any(not "".join(row).strip() for row in rows)
        return
    careful = table_of(rows_of_text(path)[1:])
    assert list(quick.lines) == list(careful.lines)
    for name in "abc":
        assert quick.cells(name) == careful.cells(name)
        try:
            wanted = careful.numbers(name)
        except DataError as error:
            with pytest.raises(DataError) as other:
                quick.numbers(name)
            assert str(other.value) == str(error)
        else:
            np.testing.assert_array_equal(quick.numbers(name), wanted)


@pytest.mark.parametrize(
    "text",
    ['a,b\n"1\n2",3\n', "a,b\n1\n", "a,a\n1,2\n", "a,b\n\n1,2\n", "a\n1\n", "a,b\n"],
)
def test_unusual_tables_are_read_with_care(tmp_path, text):
    assert _read_plain(text.encode()) is None


def test_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("# one\n# two\na;b\n1;2\n3;x\n")
    with pytest.raises(DataError, match=r"line 5: 'x' is no number \(column 'b'\)"):
        read_text_table(path).numbers("b")


@pytest.mark.parametrize("text", ["#frame,x,y", "# a,b\n# c", "#\n#\n"])
def test_nothing_but_comments(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(DataError):
        read_text_table(path)


def test_commas_before_a_table_of_tabs(tmp_path):
    path = tmp_path / "t.csv"
    for more in ("", "\n"):
        path.write_text("# one, two, three\n# four, five, six\na\tb\n1\t2\n3\t4\n" + more)
        assert read_text_table(path).cells("b") == ["2", "4"]
