"""EthoVision XT raw data exports: the facts of the header, named columns with units, samples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ethoflow.io.content import Content
from ethoflow.io.rows import rate_of_times
from ethoflow.io.sheets import Rows, rows_of_sheet, rows_of_text, sheets_of_workbook
from ethoflow.schema import DataError

_HEADER = "Number of header lines:"


@dataclass(frozen=True)
class Export:
    """One sheet or file: one animal in one trial."""

    sheet: str
    facts: Mapping[str, str]
    units: Mapping[str, str]
    columns: Mapping[str, npt.NDArray[np.float64]]

    @property
    def name(self) -> str:
        """Trial, arena and subject, as far as they are named."""
        keys = ("Trial name", "Arena name", "Subject name")
        parts = [re.sub(r"\s+", " ", self.facts.get(key, "")) for key in keys]
        return " ".join(part for part in parts if part)

    @property
    def subject(self) -> str:
        """Who was tracked."""
        return self.facts.get("Subject name", "")

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Times of the samples in s, since recording began.

        Raises
        ------
        DataError
            There is no column of times.
        """
        name = next((n for n in ("Recording time", "Trial time") if n in self.columns), None)
        if name is None:
            raise DataError(f"it has no column of times; it has {', '.join(self.columns)}.")
        return self.columns[name]

    def rate(self) -> tuple[float, npt.NDArray[np.int64]]:
        """Samples per second, and the number of each sample on that clock.

        Raises
        ------
        DataError
            There is no column of times, or they are not regular.
        """
        return rate_of_times(self.times)


def is_export(file: Content) -> bool:
    """Whether a file is a raw data export, as text or as a workbook."""
    if file.kind == "zip":
        sheets = sheets_of_workbook(file.path, 1)
        return any(rows and str(rows[0][0]).startswith(_HEADER) for rows in sheets.values() if rows)
    return bool(file.text) and file.text[0].lstrip('\ufeff"').startswith(_HEADER)


def read_exports(path: Path) -> list[Export]:
    """Every sheet of an export.

    Raises
    ------
    DataError
        The header has another length than it says, or a cell is no number.
    """
    with path.open("rb") as file:
        is_workbook = file.read(4) == b"PK\x03\x04"
    if not is_workbook:
        return [_read("", rows_of_text(path))]
    sheets = {name: rows_of_sheet(cells) for name, cells in sheets_of_workbook(path).items()}
    found = [
        _read(name, rows) for name, rows in sheets.items() if rows and rows[0][1][0] == _HEADER
    ]
    if not found:
        raise DataError("no sheet of this workbook is a raw data export.")
    return found


def _read(sheet: str, rows: Rows) -> Export:
    try:
        n_lines = int(float(rows[0][1][1]))
    except (ValueError, IndexError) as error:
        raise DataError(f"{_HEADER!r} is not followed by a number.") from error
    heads = [cells for number, cells in rows if number <= n_lines]
    if len(heads) < 2:
        raise DataError(f"the header is said to have {n_lines} lines, names and units are missing.")
    facts = {cells[0].rstrip(":"): cells[1] for cells in heads[:-2] if len(cells) > 1 and cells[0]}
    names, units = heads[-2], heads[-1]
    samples = [(number, cells) for number, cells in rows if number > n_lines]
    if not samples:
        raise DataError("no frames: the header is followed by no samples.")
    table = np.array([_numbers(number, cells, len(names)) for number, cells in samples])
    columns = {name: table[:, i] for i, name in enumerate(names) if name}
    return Export(
        sheet,
        facts,
        {name: units[i] if i < len(units) else "" for i, name in enumerate(names)},
        columns,
    )


def _numbers(number: int, cells: Sequence[str], width: int) -> list[float]:
    padded = [*cells[:width], *[""] * (width - len(cells))]
    try:
        return [_value(cell) for cell in padded]
    except ValueError as error:
        raise DataError(f"line {number}: needed numbers or '-', {error}.") from error


def _value(cell: str) -> float:
    if cell in ("", "-"):
        return np.nan
    return float(cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell)
