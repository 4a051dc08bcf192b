"""Tables as text: the one place where a table becomes comma- or tab-separated cells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

EXACT = 2**53
"""Whole numbers up to here are the same as floats."""


def write_csv(
    table: pd.DataFrame, path: str | Path, *, separator: str = ",", head: str = ""
) -> None:
    """Write a table so that reading it gives the same numbers, names and frames.

    Numbers have as many digits as it takes to read them back exactly. A column of whole numbers,
    some of them missing, is written without decimals: an ear tag stays 9001234. Missing is empty.
    Text is written as it is; what reads it may take 0012 for a number, so name its type there, as
    in ``pandas.read_csv(path, dtype={"animal": str})``, or read the Parquet file beside it. Text
    that a spreadsheet would take for a formula begins with an apostrophe, as `escape` says.

    Parameters
    ----------
    table
        Columns of numbers, text and truths; the index is left out.
    path
        The file, in UTF-8.
    separator
        Between cells, default a comma.
    head
        A line that goes before the names of the columns; none by default.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> path = Path(tempfile.mkdtemp(), "t.csv")
    >>> write_csv(pd.DataFrame({"tag": [9001234, None], "start": [2073600.04, 2073600.08]}), path)
    >>> print(path.read_text().strip())
    tag,start
    9001234,2073600.04
    ,2073600.08
    """
    shown = table.assign(**{name: table[name].astype("Int64") for name in _whole_columns(table)})
    for name in table.columns[[column.dtype.kind == "O" for _, column in table.items()]]:
        shown[name] = _escaped(shown[name])
    shown = shown.rename(columns={name: escape(str(name)) for name in shown})
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        if head:
            file.write(f"{head}\n")
        shown.to_csv(file, index=False, sep=separator)


def save_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as what the ending of `path` says, CSV or else Parquet."""
    if path.suffix == ".csv":
        write_csv(table, path)
    else:
        table.to_parquet(path, index=False)


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
ESCAPED = r"^'('*[=+\-@\t\r])"
"""How a cell begins that `escape` wrote; what it was is the group."""


def escape(cell: str) -> str:
    """A cell of text as it is written: no spreadsheet takes it for a formula that it would run.

    Numbers stay numbers. `plain_cell` gives the text again.

    Examples
    --------
    >>> escape("=m1"), escape("'=m1"), escape("-3.5"), escape("m1")
    ("'=m1", "''=m1", '-3.5', 'm1')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def plain_cell(cell: str) -> str:
    """The text that `escape` was given.

    Examples
    --------
    >>> plain_cell("'=m1"), plain_cell("''=m1"), plain_cell("'m1'")
    ('=m1', "'=m1", "'m1'")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _escaped(column: pd.Series) -> pd.Series:
    """A column of text, each of its different texts looked at once."""
    texts = [cell for cell in column.unique() if isinstance(cell, str)]
    changed = {cell: escape(cell) for cell in texts if escape(cell) != cell}
    return column.map(lambda cell: changed.get(cell, cell)) if changed else column


def _whole_columns(table: pd.DataFrame) -> list[str]:
    """Columns of floats that hold whole numbers alone."""
    found = []
    for name, column in table.items():
        if column.dtype.kind != "f":
            continue
        known = column.to_numpy()[column.notna().to_numpy()]
        whole = known.size and (np.abs(known) < EXACT).all() and (known == np.trunc(known)).all()
        if whole:
            found.append(str(name))
    return found
