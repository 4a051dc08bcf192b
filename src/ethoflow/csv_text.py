"""Tables as text: the one place where a table becomes comma- or tab-separated cells."""

from __future__ import annotations

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
    in ``pandas.read_csv(path, dtype={"animal": str})``, or read the Parquet file beside it.

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
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        if head:
            file.write(f"{head}\n")
        shown.to_csv(file, index=False, sep=separator)


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
