"""Tables with a row per frame (or per animal in a frame): rows to dense tracks."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ethoflow.csv_text import ESCAPED, plain_cell
from ethoflow.errors import no_column
from ethoflow.io.limits import check_columns
from ethoflow.io.options import Repeats
from ethoflow.io.sheets import Rows, find_delimiter, rows_of_bytes
from ethoflow.io.stack import Tracks, first_number
from ethoflow.io.table_text import HEAD, decode, read_table_bytes
from ethoflow.io.times import settle_rate
from ethoflow.real import check_real
from ethoflow.room import unseen
from ethoflow.schema import DataError

Column: TypeAlias = list[str] | pa.ChunkedArray | npt.NDArray[Any]
"""Cells as text, as Arrow's text, or numbers."""
_COMMA = r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?"
_SURE_COMMA = r"[+-]?[0-9]*,([0-9]{1,2}|[0-9]{4,})"
"""Decimal commas; where commas also separate cells, 1,000 may as well be a thousand."""
MOST_EMPTY = 1000
"""Frames that a recording may have for every row of its table."""


@dataclass(frozen=True)
class Table:
    """Columns of a table by name, as text or as numbers, and the line each row stands in.

    Names of several columns that differ are in `twofold`, and cannot be asked for. Cells that
    semicolons or tabs separate may be numbers with a decimal comma.
    """

    columns: Mapping[str, Column]
    lines: Sequence[int]
    delimiter: str = ","
    twofold: frozenset[str] = frozenset()

    def numbers(self, name: str, missing: Sequence[str] = ("", "-", "NA", "nan", "NaN")) -> Any:
        """A column as numbers; NaN where nothing is written.

        Raises
        ------
        DataError
            The column is not there or there twice, or a cell is no number.
        """
        column = self._column(name)
        if isinstance(column, np.ndarray):
            check_real(column.dtype, f"numbers in {name!r}")
            return column.astype(np.float64)
        if isinstance(column, pa.ChunkedArray):
            for text in (column, self._with_points(column)):
                try:
                    return _cast(text, missing)
                except pa.ArrowInvalid:  # what Arrow takes for no number is looked at below
                    pass
        cells = self.cells(name)
        found = np.empty(len(cells))
        for i, cell in enumerate(cells):
            try:
                found[i] = np.nan if cell in missing else float(self._with_point(cell))
            except ValueError as error:
                raise DataError(
                    f"line {self.lines[i]}: {cell!r} is no number (column {name!r})."
                ) from error
        return found

    def _with_point(self, cell: str) -> str:
        """A cell with a point where it has a decimal comma; quoted, it may have one anywhere."""
        pattern = _COMMA if self.delimiter != "," else _SURE_COMMA
        return cell.replace(",", ".") if re.fullmatch(pattern, cell) else cell

    def _with_points(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        pattern = _COMMA if self.delimiter != "," else _SURE_COMMA
        replaced = pc.replace_substring(column, ",", ".")
        return pc.if_else(pc.match_substring_regex(column, f"^{pattern}$"), replaced, column)

    def cells(self, name: str) -> list[str]:
        """A column as text.

        Raises
        ------
        DataError
            The column is not there, or there twice.
        """
        column = self._column(name)
        if isinstance(column, np.ndarray):
            return ["" if value != value else str(value) for value in column.tolist()]
        if isinstance(column, pa.ChunkedArray):
            found: list[str] = column.to_pylist()
            return found
        return column

    def take(self, rows: npt.NDArray[np.intp]) -> Table:
        """Some rows, in the order given."""
        columns: dict[str, Column] = {}
        for name, column in self.columns.items():
            if isinstance(column, list):
                columns[name] = [column[row] for row in rows]
            else:
                columns[name] = column.take(rows)
        return replace(self, columns=columns, lines=[self.lines[row] for row in rows])

    def _column(self, name: str) -> Column:
        if name not in self.columns:
            raise DataError(no_column(name, self.columns))
        if name in self.twofold:
            raise DataError(
                f"several columns are called {name!r}, and nothing says which counts: give each a "
                "name of its own."
            )
        return self.columns[name]


def _cast(column: pa.ChunkedArray, missing: Sequence[str]) -> Any:
    """Text as numbers, NaN for what is `missing`."""
    gone = pc.is_in(column, value_set=pa.array(list(missing), pa.string()))
    numbers = pc.cast(pc.if_else(gone, pa.scalar(None, pa.string()), column), pa.float64())
    return numbers.to_numpy().copy()


def read_text_table(path: Path) -> Table:
    """A text table under a header; lines before it that begin with # are left out.

    Raises
    ------
    DataError
        It is no table of text, a row has another number of cells than the header, or there are no
        rows.
    """
    data = read_table_bytes(path)
    found = _read_plain(data)
    if found is not None:
        return found
    rows = rows_of_bytes(data)
    while rows and rows[0][1][0].startswith("#"):
        rows = rows[1:]
    if not rows:
        raise DataError("no frames: the table has no rows.")
    return replace(table_of(rows), delimiter=find_delimiter(decode(data)))


def _read_plain(data: bytes) -> Table | None:
    """The same by Arrow, much faster; None for a table that is unusual in any way."""
    if b"\x00" in data:
        return None
    start = 0
    while data[start : start + 1] == b"#":
        start = data.find(b"\n", start) + 1 or len(data)
    head, _, _ = data[start:HEAD].partition(b"\n")
    delimiter = find_delimiter(decode(data[start:HEAD]))
    skipped = data[:start].count(b"\n")
    names = [plain_cell(cell.strip()) for cell in decode(head).rstrip("\r").split(delimiter)]
    check_columns(len(names))
    if len(set(names)) < len(names) or not all(names) or b'"' in head or len(names) < 2:
        return None
    try:
        table = pyarrow.csv.read_csv(
            pa.py_buffer(data),
            read_options=pyarrow.csv.ReadOptions(skip_rows=skipped + 1, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, OverflowError):
        return None
    n_lines = data.count(b"\n") + (not data.endswith(b"\n"))
    if not table.num_rows or table.num_rows + skipped + 1 != n_lines:
        return None
    columns: dict[str, Column] = {name: pc.utf8_trim_whitespace(table[name]) for name in names}
    if b"'" in data:
        columns = {n: pc.replace_substring_regex(c, ESCAPED, r"\1") for n, c in columns.items()}
    if pc.any(functools.reduce(pc.and_, [pc.equal(c, "") for c in columns.values()])).as_py():
        return None
    return Table(columns, range(skipped + 2, n_lines + 1), delimiter)


def table_of(rows: Rows) -> Table:
    """Rows below their header.

    Raises
    ------
    DataError
        A row has another number of cells than the header, or there are no rows.
    """
    names = rows[0][1]
    for number, cells in rows[1:]:
        if len(cells) != len(names):
            raise DataError(
                f"line {number} has {len(cells)} cells, the header has {len(names)}: the file is "
                "cut off or damaged there."
            )
    if len(rows) == 1:
        raise DataError("no frames: the table has a header and no rows.")
    columns: dict[str, Column] = {}
    twofold: set[str] = set()
    for i, name in enumerate(names):
        found = [cells[i] for _, cells in rows[1:]]
        if columns.setdefault(name, found) != found:
            twofold.add(name)
    return Table(columns, [number for number, _ in rows[1:]], twofold=frozenset(twofold))


def whole_numbers(values: Any, lines: Sequence[int], what: str = "frame number") -> Any:
    """`values` as whole numbers.

    Raises
    ------
    DataError
        One of them is none.
    """
    wrong = np.flatnonzero(~(np.abs(values) < 2**53) | (values != np.floor(values)))
    if len(wrong):
        i = int(wrong[0])
        raise DataError(f"line {lines[i]}: needed a {what}, found {values[i]:g}.")
    return values.astype(np.int64)


def dense_tracks(
    path_name: str,
    frames: npt.NDArray[np.int64],
    animals: Sequence[str] | None,
    points: Mapping[str, Sequence[Any]],
    *,
    lines: Sequence[int] | None = None,
    confidence: Mapping[str, Any] | None = None,
    repeats: Repeats = "error",
    **facts: Any,
) -> Tracks:
    """Tracks from one row per animal and frame; what has no row is NaN.

    Parameters
    ----------
    path_name
        Name of the recording.
    frames
        Frame of each row; the recording begins at the smallest.
    animals
        Whom each row is about; None where there is one animal without a name.
    points
        For each body part its coordinates, x, y (and z), one number per row.
    lines
        Line of each row, for messages.
    confidence
        For each body part its confidence per row.
    repeats
        Which of several rows of one animal and frame counts.
    facts
        Further fields of `Tracks`.

    Raises
    ------
    DataError
        Two rows are about one animal and frame, or the frames run away.
    """
    slots, names = (0 * frames, [""]) if animals is None else _number(animals)
    first, n_frames = _span(frames)
    kept, notes = _without_repeats(slots, frames - first, lines, repeats)
    n_space = len(next(iter(points.values())))
    position = unseen((len(names), len(points), n_space, n_frames))
    scores = None
    if confidence is not None:
        scores = unseen((len(names), len(points), n_frames))
    at = slots[kept], frames[kept] - first
    for b, (part, coordinates) in enumerate(points.items()):
        found = np.stack([np.asarray(c, np.float64)[kept] for c in coordinates])
        found[:, np.isnan(found).any(axis=0)] = np.nan
        for s in range(n_space):
            position[at[0], b, s, at[1]] = found[s]
        if scores is not None and confidence is not None and part in confidence:
            scores[at[0], b, at[1]] = np.asarray(confidence[part])[kept]
    return Tracks(
        name=path_name,
        position=position,
        confidence=scores,
        bodyparts=tuple(points),
        animals=None if animals is None else tuple(names),
        notes=(*facts.pop("notes", ()), *notes),
        first=first_number(frames),
        **facts,
    )


def _number(names: Sequence[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The number of each name among the distinct ones, which are in order of appearance."""
    codes, distinct = pd.factorize(np.array(names, dtype=object), use_na_sentinel=False)
    return codes.astype(np.int64), [str(name) for name in distinct]


def _span(frames: npt.NDArray[np.int64]) -> tuple[int, int]:
    if len(frames) == 0:
        raise DataError("no frames: the table has no rows.")
    first, last = int(frames.min()), int(frames.max())
    if last - first + 1 > MOST_EMPTY * len(frames):
        raise DataError(
            f"its frame numbers run from {first} to {last} in {len(frames)} rows: these are not "
            "the numbers of frames."
        )
    return first, last - first + 1


def _without_repeats(
    slots: npt.NDArray[np.int64],
    frames: npt.NDArray[np.int64],
    lines: Sequence[int] | None,
    repeats: Repeats,
) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Rows that count, in order, and a note on those that do not."""
    order = np.lexsort((np.arange(len(frames)), frames, slots))
    same = (np.diff(slots[order]) == 0) & (np.diff(frames[order]) == 0)
    if not same.any():
        return np.arange(len(frames)), []
    if repeats == "error":
        row = int(order[1:][same].min())
        where = f"line {lines[row]}" if lines is not None else f"row {row + 1}"
        raise DataError(
            f"{where}: the same frame a second time. Give repeats='first' or 'last' (--repeats) to "
            "say which row counts."
        )
    dropped = order[1:][same] if repeats == "first" else order[:-1][same]
    kept = np.setdiff1d(np.arange(len(frames)), dropped)
    return kept, [f"{len(dropped)} rows repeat a frame; the {repeats} of each was taken."]


def rate_of_times(times: Any) -> tuple[float, npt.NDArray[np.int64]]:
    """Frames per second of regular times in s, and the frame of each; rounded times are allowed.

    The rate is the number of steps over the whole time, brought to two decimals where rounding of
    the times allows that.

    Raises
    ------
    DataError
        The times do not grow, or are not regular.

    Examples
    --------
    >>> rate_of_times(np.array([0.0, 0.066, 0.133, 0.2]))[0]
    15.0
    """
    times = np.asarray(times, np.float64)
    steps = np.diff(times)
    if len(times) < 2 or not np.isfinite(times).all() or (steps <= 0).any():
        raise DataError("needed two or more growing times in s, to know the frame rate.")
    usual = float(np.median(steps))
    numbers = np.concatenate([[0], np.cumsum(np.maximum(np.rint(steps / usual), 1))])
    whole = float(times[-1] - times[0])
    rate = float(numbers[-1] / whole)
    if np.abs(times - times[0] - numbers / rate).max() > 0.5 / rate:
        raise DataError(f"its times are not regular: they leave a clock of {rate:g} fps.")
    return settle_rate(rate, times), numbers.astype(np.int64)
