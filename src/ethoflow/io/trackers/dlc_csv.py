"""DeepLabCut CSV: header rows scorer, (individuals,) bodyparts, coords, then one row per frame."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ethoflow.csv_text import plain_cell
from ethoflow.io.limits import check_columns
from ethoflow.io.options import DEFAULTS, Options
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.table_text import decode, delimiter_of, read_table_bytes
from ethoflow.io.trackers.dlc_labels import names_images
from ethoflow.io.trackers.dlc_table import Column, tracks_of_table
from ethoflow.schema import DataError

_LABELS = ("scorer", "individuals", "bodyparts", "coords")
_MISSING = ("", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "None")


@dataclass(frozen=True)
class Header:
    """Header rows of a file: what the columns hold, and where the rows of numbers begin."""

    columns: list[Column]
    delimiter: str
    start: int
    n_lines: int

    def moved(self, by: int) -> Header:
        """The same header where the numbers begin `by` bytes later."""
        return replace(self, start=self.start + by)


def _matches(file: Content) -> bool:
    firsts = [re.split("[,;\t]", line, maxsplit=1)[0] for line in file.lines[:6]]
    labels = [first.strip(' "').lower() for first in firsts]
    named = labels[:1] == ["scorer"] or "bodyparts" in labels or "coords" in labels
    return named and not names_images(file.lines)


@reader("DeepLabCut CSV", matches=_matches, takes_options=True)
def read_dlc_csv(path: Path, options: Options = DEFAULTS) -> list[Tracks]:
    """Tracks of one DeepLabCut or Lightning Pose CSV, also gzipped or re-saved by Excel.

    Header rows are known by their first cell, so their order does not matter; the scorer row is
    only used in messages. `tracks_of_table` says what becomes of the numbers.
    """
    data = read_table_bytes(path)
    header = read_header(data)
    table = read_numbers(data, header)
    rows = ~np.isnan(table).all(axis=0)  # spreadsheets leave rows of empty cells behind
    if not rows.all():
        table = table[:, rows]
    kept = np.flatnonzero(rows)

    def row_name(row: int) -> str:
        return f"line {_line_of_row(data, header, int(kept[row]))}"

    tracks = tracks_of_table(
        recording_name(path),
        header.columns,
        list(table[1:]),
        table[0],
        row_name,
        options.repeats,
    )
    return [tracks]


def read_header(data: bytes) -> Header:
    """Header rows at the beginning of a table.

    Raises
    ------
    DataError
        A header row is missing, twice there, or of another width.
    """
    start, n_lines, delimiter = 0, 0, ","
    rows: dict[str, list[str]] = {}
    while start < len(data):
        stop = data.find(b"\n", start) + 1 or len(data)
        line = decode(data[start:stop]).rstrip("\r\n")
        if not rows:
            delimiter = delimiter_of(line)
        cells = next(csv.reader([line], delimiter=delimiter), [])
        if len(cells) > 1 and all(cell.startswith(" ") for cell in cells[1:]):
            cells[1:] = [cell[1:] for cell in cells[1:]]  # ", " stands between them
        check_columns(len(cells))
        label = cells[0].strip().lower() if cells else ""
        unlabelled = bool(rows) and not any(cells[1:]) and not _is_number(label)
        if label not in _LABELS and not (line.strip() == "" or unlabelled):
            break
        if label in rows:
            raise DataError(f"line {n_lines + 1}: a second header row {label!r}.")
        if label in _LABELS:
            rows[label] = [plain_cell(cell) for cell in cells[1:]]
        start, n_lines = stop, n_lines + 1
    return Header(_name_columns(rows), delimiter, start, n_lines)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _name_columns(rows: dict[str, list[str]]) -> list[Column]:
    missing = [label for label in ("bodyparts", "coords") if label not in rows]
    if missing:
        raise DataError(
            f"the header row {missing[0]!r} is missing; header rows found: {', '.join(rows)}. "
            "The file is cut off or not as DeepLabCut wrote it."
        )
    named = {label: _trim(rows[label]) for label in _LABELS[1:] if label in rows}
    widths = {label: len(cells) for label, cells in named.items()}
    if len(set(widths.values())) > 1:
        found = ", ".join(f"{label} {width}" for label, width in widths.items())
        raise DataError(f"the header rows have different numbers of cells ({found}).")
    n_columns = widths["bodyparts"]
    individuals = named.get("individuals", [""] * n_columns)
    # Saving again through pandas turns equal cells of the first row into X, X.1, X.2.
    scorers = [re.sub(r"\.\d+$", "", cell) for cell in rows.get("scorer", [])]
    scorers += [""] * (n_columns - len(scorers))
    return [
        Column(individual, part, coord.strip().lower(), scorer)
        for individual, part, coord, scorer in zip(
            individuals, named["bodyparts"], named["coords"], scorers[:n_columns], strict=True
        )
    ]


def _trim(cells: list[str]) -> list[str]:
    """Cells without the empty ones that a spreadsheet leaves at the end of a line."""
    n_cells = len(cells)
    while n_cells and not cells[n_cells - 1].strip():
        n_cells -= 1
    return cells[:n_cells]


def read_numbers(data: bytes, header: Header) -> npt.NDArray[np.float64]:
    """The numbers below the header, one row per column of the file; frame numbers come first."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    body = memoryview(data)[header.start :]
    names = [str(i) for i in range(len(header.columns) + 1)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            read_options=arrow_csv.ReadOptions(column_names=names),
            parse_options=arrow_csv.ParseOptions(delimiter=header.delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()),
                null_values=list(_MISSING),
                decimal_point=_decimal_of(data, header),
            ),
        )
    except pa.ArrowInvalid:
        return _read_numbers_slowly(data, header)
    numbers = np.empty((table.num_columns, table.num_rows))
    for row, column in zip(numbers, table.columns, strict=True):
        row[:] = column.to_numpy()
    return numbers


def _decimal_of(data: bytes, header: Header) -> str:
    if header.delimiter != ",":
        return "," if data.find(b",", header.start) >= 0 else "."
    quoted = re.search(rb'"-?\d+,\d', data[header.start : header.start + (1 << 16)])
    return "," if quoted else "."


def _read_numbers_slowly(data: bytes, header: Header) -> npt.NDArray[np.float64]:
    """The same cell by cell, to say which line is wrong."""
    decimal = _decimal_of(data, header)
    width = len(header.columns) + 1
    text = io.StringIO(decode(data[header.start :]), newline="")
    lines = csv.reader(text, delimiter=header.delimiter)
    rows: list[list[float]] = []
    try:
        for cells in lines:
            line = header.n_lines + lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if len(cells) != width:
                raise DataError(
                    f"line {line} has {len(cells)} cells, the header has {width}: the file is cut "
                    "off or damaged there."
                )
            rows.append([_number(cells, i, header, line, decimal) for i in range(width)])
    except csv.Error as error:
        raise DataError(f"line {header.n_lines + lines.line_num + 1}: {error}.") from error
    return np.array(rows, dtype=np.float64).reshape(-1, width).T


def _number(cells: list[str], i: int, header: Header, line: int, decimal: str) -> float:
    cell = cells[i].strip()
    if cell in _MISSING:
        return np.nan
    try:
        if "_" in cell or (decimal == "," and "." in cell):
            raise ValueError
        return float(cell.replace(decimal, "."))
    except ValueError:
        pass
    if i == 0 and line == header.n_lines + 1:
        raise DataError(
            f"line {line} begins with {cell!r} where a frame number is needed: a table of labelled "
            "images is not the tracks of a video."
        )
    where = f"{header.columns[i - 1].coord} of {header.columns[i - 1].bodypart!r}"
    raise DataError(f"line {line}: {cell!r} is no number ({where if i else 'frame number'}).")


def _line_of_row(data: bytes, header: Header, row: int) -> int:
    """Line number of a row of numbers; empty lines are lines but no rows."""
    lines = data[header.start :].splitlines()
    numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
    return header.n_lines + numbers[row]
