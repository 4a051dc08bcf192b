"""Tables with a row per bout: a start and a stop in s or in frames, under any of many headings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.bout_table import EMPTY, BoutTable
from ethoflow.io.scoring.bout_times import Reading, read_times
from ethoflow.io.scoring.columns import find_columns
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.headings import heading_of, is_bout_table
from ethoflow.io.scoring.observation import number_in
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.io.sheets import Rows, find_delimiter, rows_of_sheets, sheets_of_workbook, shown
from ethoflow.schema import DataError

_WATCHED = re.compile(r"start[ _/]?end", re.IGNORECASE)
"""Rows that mark the beginning and the end of what was watched."""


_ABOVE = 40
"""Lines that may stand above the headings."""


def _headings(file: Content) -> list[str]:
    """Cells of the line of headings, of text or of the first sheet of a workbook."""
    if file.kind == "zip":
        sheet = next(iter(sheets_of_workbook(file.path, _ABOVE).values()), [])
        rows = [[shown(cell) for cell in row] for row in sheet]
    else:
        lines = [line for line in file.text[:_ABOVE] if line.strip()]
        mark = find_delimiter("\n".join(lines))
        rows = [[cell.strip(' "') for cell in line.split(mark)] for line in lines]
    return next((row for row in rows if is_bout_table(row)), [])


def _matches(file: Content) -> bool:
    names = _headings(file)
    if not names or "Behavior type" in names:
        return False
    kinds = [heading_of(name).kind for name in names]
    # Without behaviours it is one of bouts only where nothing else stands beside them.
    return "behaviour" in kinds or (file.kind != "zip" and all(kinds))


@label_reader("interval table", matches=_matches, takes_columns=True)
def read_intervals(
    path: Path, columns: Mapping[str, str | Sequence[str]] | None = None
) -> list[Scored]:
    """Bouts of every recording and rater in a table of one row per bout, of text or a workbook.

    Headings say what a column is: start, onset, begin or first; stop, offset, end or last; or a
    duration; a unit (s, ms, min, hh:mm:ss, frames) in the heading or in the cells, else s; the
    recording, animal, partner, rater and behaviour. Columns that are not understood and differ
    between rows are an error. The stop is not part of the bout, but a frame called last is. Rows
    of a behaviour called StartEnd (or Start/End, Start_End) mark what was watched, from the start
    of the first to the stop of the last, when there are two or more. Sheets of a workbook are
    recordings where no column names these.
    """
    named = [v for vs in (columns or {}).values() for v in ([vs] if isinstance(vs, str) else vs)]
    sheets = rows_of_sheets(path)
    heads = {
        name: head for name, rows in sheets.items() if (head := _head(rows, named)) is not None
    }
    if len(heads) < 2:
        name = next(iter(heads or sheets), "")
        others = [other for other in sheets if other != name]
        said = (f"its sheets {', '.join(map(repr, others))} are not read.",) if others else ()
        return _read_rows(
            recording_name(path), sheets.get(name, []), heads.get(name, 0), columns, said
        )
    left = ", ".join(repr(name) for name in sheets if name not in heads)
    said = (f"its sheets {', '.join(map(repr, heads))} are read{left and f', {left} are not'}.",)
    found: dict[tuple[str, str], str] = {}
    scored: list[Scored] = []
    for name, head in heads.items():
        for one in _read_rows(name, sheets[name], head, columns, said):
            other = found.setdefault((one.name, one.rater), name)
            if other != name:
                raise DataError(
                    f"its sheets {other!r} and {name!r} are both of {one.name!r}: are they of two "
                    "raters or animals? Say it in a column of each, or save them as two files."
                )
            scored.append(one)
    return scored


def _head(rows: Rows, named: Sequence[str]) -> int | None:
    """Place of the row of headings; None where there is none."""
    heads = (
        i
        for i, (_, cells) in enumerate(rows[:_ABOVE])
        if (set(named) <= set(cells) if named else is_bout_table(cells))
    )
    return next(heads, None)


def _read_rows(
    stem: str,
    rows: Rows,
    head: int,
    columns: Mapping[str, str | Sequence[str]] | None,
    said: tuple[str, ...],
) -> list[Scored]:
    if not rows:
        raise DataError("the table is empty.")
    table = find_columns(rows[head][1], rows[head + 1 :], columns)
    if head:
        first = " ".join(filter(None, rows[0][1]))[:60]
        said = (*said, f"the lines above its headings are not read; the first is {first!r}.")
    return _read(stem, table, said)


def _key(table: BoutTable, number: int, cells: Sequence[str], stem: str) -> tuple[str, str]:
    """Recording and rater of a row.

    Raises
    ------
    DataError
        The row does not name the recording, and the table has a column of it.
    """
    name = table.cell(cells, "recording")
    if "recording" in table.places and name in EMPTY:
        raise DataError(
            f"line {number} has nothing in the column {table.names[table.places['recording']]!r}, "
            "which names the recording."
        )
    return file_stem(name) or stem, table.cell(cells, "rater")


def _read(stem: str, table: BoutTable, above: tuple[str, ...]) -> list[Scored]:
    named = [row for row in table.rows if _is_named(table, row[1])]
    unnamed = [_key(table, *row, stem) for row in table.rows if not _is_named(table, row[1])]
    table = replace(table, rows=named)
    pairs, reading = read_times(table)
    found: dict[tuple[str, str], list[Event]] = {}
    rates: dict[tuple[str, str], set[float]] = {}
    files: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for (number, cells), pair in zip(table.rows, pairs, strict=True):
        key = _key(table, number, cells, stem)
        to = (table.cell(cells, "partner"), table.cell(cells, "modifier"))
        found.setdefault(key, []).append(
            Event(
                table.cell(cells, "behaviour") or stem,
                *pair,
                table.cell(cells, "individual"),
                "|".join(word for word in to if word),
            )
        )
        files.setdefault(key, set()).add(
            tuple(cells[table.names.index(name)] for name in table.together)
        )
        rates.setdefault(key, set()).add(number_in(table.cell(cells, "fps")))
    notes = (*above, *reading.notes, *note_partners(table))
    scored: list[Scored] = []
    for key, events in found.items():
        own = (*notes, *_left_out(unnamed.count(key)), *_pooled(table, files[key]))
        scored.append(_events(*key, events, reading, rates[key], own))
    return scored


def _is_named(table: BoutTable, cells: Sequence[str]) -> bool:
    """Whether a row names its behaviour, where a column of the table does."""
    return "behaviour" not in table.places or table.cell(cells, "behaviour") not in EMPTY


def _left_out(n_rows: int) -> list[str]:
    if not n_rows:
        return []
    return [f"{n_rows} of its rows name no behaviour and are left out."]


def note_partners(table: BoutTable) -> list[str]:
    """What is to be said where bouts are towards several animals."""
    if len({table.cell(cells, "partner") for _, cells in table.rows}) < 2:
        return []
    return [
        f"bouts towards different partners ({table.names[table.places['partner']]!r}) are taken "
        "together; modifiers=True keeps them apart."
    ]


def _pooled(table: BoutTable, files: set[tuple[str, ...]]) -> list[str]:
    """What is to be said where several files of scores are of one recording and rater."""
    if len(files) < 2:
        return []
    names = ", ".join(map(repr, table.together))
    return [f"{len(files)} of {names} are of one recording and rater; they are taken together."]


def file_stem(cell: str) -> str:
    """A cell that names a file or video, without its folders and ending."""
    base = re.split(r"[\\/]", cell)[-1]
    endings = r"\.(csv|json|h5|hdf5|slp|mp4|avi|mov|mkv|mpg|mpeg|wmv|m4v|webm|seq|mts|txt|eaf)$"
    return re.sub(endings, "", base, flags=re.IGNORECASE)


def _events(
    name: str,
    rater: str,
    events: list[Event],
    reading: Reading,
    rates: set[float],
    notes: tuple[str, ...],
) -> Events:
    marks = [event for event in events if _WATCHED.fullmatch(event.behaviour.strip())]
    span = None
    if len(marks) == 1:
        notes += (f"its one row of {marks[0].behaviour!r} marks no stretch and is left out.",)
    if len(marks) > 1:
        notes += (
            f"{marks[0].behaviour!r} is taken for what was watched, from the start of the first to "
            "the stop of the last.",
        )
        span = min(mark.start for mark in marks), max(mark.stop or 0 for mark in marks)
    rest = tuple(event for event in events if event not in marks)
    unit: Literal["s", "frame"] = "frame" if reading.in_frames else "s"
    return Events(
        name, rest, unit, rater, rate_of(rates), span, notes=notes, is_unit_said=reading.is_said
    )


def rate_of(rates: set[float]) -> float | None:
    """The one frame rate that the rows of a recording state."""
    known = {rate for rate in rates if rate > 0}
    return known.pop() if len(known) == 1 else None
