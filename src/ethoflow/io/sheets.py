"""Rows of cells, from text tables of any kind and from workbooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

from ethoflow.csv_text import plain_cell
from ethoflow.io.limits import MOST_ROWS_OF_SHEET, check_archive, check_cells, check_columns
from ethoflow.io.table_text import decode, delimiter_of, read_table_bytes
from ethoflow.schema import DataError

Rows = list[tuple[int, list[str]]]
"""Line numbers with the cells of the line, stripped; empty lines are left out."""


def rows_of_text(path: Path) -> Rows:
    """Rows of a text table; the separator is the one its longest early lines agree on.

    Raises
    ------
    DataError
        It is no text, or its quotes do not close.
    """
    return rows_of_bytes(read_table_bytes(path))


def rows_of_bytes(data: bytes) -> Rows:
    """The same of the content of a file."""
    if b"\x00" in data:
        raise DataError("this is no table of text.")
    content = decode(data)
    delimiter = find_delimiter(content)
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    rows: Rows = []
    try:
        for cells in lines:
            check_columns(len(cells))
            rows.append((lines.line_num, [plain_cell(cell.strip()) for cell in cells]))
    except csv.Error as error:
        raise DataError(f"line {lines.line_num + 1}: {error}.") from error
    return [(number, cells) for number, cells in rows if any(cells)]


def find_delimiter(content: str) -> str:
    r"""The separator of most of the first lines: a preamble may have none.

    Commas are decimal where every line has as many semicolons, or tabs.

    Examples
    --------
    >>> find_delimiter("x;y\n0,5;1,5"), find_delimiter("x,y\n0,5")
    (';', ',')
    """
    lines = [x for x in content[: 1 << 16].splitlines()[:60] if any(d in x for d in ",;\t")]
    if lines and len(content) >= 1 << 16:
        lines.pop()  # the last may be cut
    heads = [delimiter_of(line) for line in lines]
    best = max(dict.fromkeys(heads), key=heads.count, default=",")
    for other in ";\t":
        counts = {line.count(other) for line in lines}
        if best == "," and len(counts) == 1 and counts != {0}:
            return other
    return best


def sheets_of_workbook(path: Path, most_rows: int | None = None) -> dict[str, list[list[Any]]]:
    """Cells of every sheet of an Excel workbook, formulas as their last value.

    Raises
    ------
    DataError
        The workbook is damaged, far larger unpacked than packed, or openpyxl is missing.
    """
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError as error:
        raise DataError('Excel files need openpyxl: pip install "ethoflow[excel]".') from error
    check_archive(path, of_sheets=True)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        return {sheet.title: _cells_of(sheet, most_rows) for sheet in book.worksheets}
    except DataError:
        raise
    except Exception as error:  # openpyxl raises anything when it meets a damaged workbook
        raise DataError(
            f"this workbook cannot be read ({type(error).__name__}: {error})."
        ) from error


def _cells_of(sheet: Any, most_rows: int | None) -> list[list[Any]]:
    """Cells of a sheet, rows of one length."""
    sheet.reset_dimensions()  # a sheet may claim any size; its rows are as long as they are
    rows: list[list[Any]] = []
    n_cells = 0
    for row in sheet.iter_rows(values_only=True, max_row=most_rows or MOST_ROWS_OF_SHEET):
        n_cells += len(row)
        check_cells(n_cells, sheet.title)
        rows.append(list(row))
    width = max(map(len, rows), default=0)
    check_cells(width * len(rows), sheet.title)
    for filled in rows:
        filled += [None] * (width - len(filled))
    return rows


def shown(cell: object) -> str:
    """A cell of a workbook as text; whole numbers and days without what Excel adds to them.

    Examples
    --------
    >>> shown(3.0), shown(None), shown(" a ")
    ('3', '', 'a')
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return str(cell.date())
    return str(cell).strip()


def rows_of_sheet(cells: Sequence[Sequence[Any]]) -> Rows:
    """Rows of one sheet as text."""
    rows = [(number, [shown(cell) for cell in row]) for number, row in enumerate(cells, 1)]
    width = max((i for _, row in rows for i, cell in enumerate(row, 1) if cell), default=0)
    return [(number, row[:width]) for number, row in rows if any(row)]


def rows_of(path: Path) -> Rows:
    """Rows of a text table or of the first sheet of a workbook.

    Raises
    ------
    DataError
        Other sheets of the workbook go on with the same table.
    """
    sheets = rows_of_sheets(path)
    first, rows = next(iter(sheets.items()), ("", Rows()))
    more = [name for name, own in sheets.items() if name != first and rows and own[:1]]
    alike = [name for name in more if sheets[name][0][1] == rows[0][1]]
    if alike:
        raise DataError(
            f"its sheets {', '.join(map(repr, (first, *alike)))} have the same headings, and only "
            "one is read: put their rows into one sheet, or save each as a file of its own."
        )
    return rows


def rows_of_sheets(path: Path) -> dict[str, Rows]:
    """Rows of every sheet of a workbook that has any, or of a text table, which has no name."""
    with path.open("rb") as file:
        is_workbook = file.read(4) == b"PK\x03\x04"
    if not is_workbook:
        return {"": rows_of_text(path)}
    found = {name: rows_of_sheet(cells) for name, cells in sheets_of_workbook(path).items()}
    return {name: rows for name, rows in found.items() if rows}
