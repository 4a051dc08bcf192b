"""Tables with a row per bout: a start and a stop in s or in frames, under any of many headings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from ethoflow.io.content import Content
from ethoflow.io.reader import recording_name
from ethoflow.io.scoring.bout_table import BoutTable, find_columns
from ethoflow.io.scoring.bout_times import Reading, read_times
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.headings import heading_of
from ethoflow.io.scoring.observation import number_in
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.io.sheets import Rows, find_delimiter, rows_of, sheets_of_workbook, shown
from ethoflow.schema import DataError

_WATCHED = re.compile(r"start[ _/]?end", re.IGNORECASE)
"""Rows that mark the beginning and the end of what was watched."""


def _headings(file: Content) -> list[str]:
    """Cells of the first line, of text or of the first sheet of a workbook."""
    if file.kind == "zip":
        rows = next(iter(sheets_of_workbook(file.path, 1).values()), [])
        return [shown(cell) for cell in rows[0]] if rows else []
    lines = [line for line in file.text[:60] if line.strip()]
    if not lines:
        return []
    return [cell.strip(' "') for cell in lines[0].split(find_delimiter("\n".join(lines)))]


def is_bout_table(names: Sequence[str]) -> bool:
    """Whether a table with these headings has a row per bout: a start, and a stop or a duration."""
    kinds = [heading_of(name).kind for name in names]
    return "start" in kinds and ("stop" in kinds or "duration" in kinds)


def _matches(file: Content) -> bool:
    names = _headings(file)
    if not is_bout_table(names) or "Behavior type" in names:
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
    of the first to the stop of the last, when there are two or more.
    """
    rows = rows_of(path)
    if not rows:
        raise DataError("the table is empty.")
    table = find_columns(rows[0][1], _square(rows[1:]), columns)
    return _read(recording_name(path), table)


def _square(rows: Rows) -> Rows:
    """Rows with anything in them."""
    return [(number, cells) for number, cells in rows if any(cells)]


def _read(stem: str, table: BoutTable) -> list[Scored]:
    pairs, reading = read_times(table)
    found: dict[tuple[str, str], list[Event]] = {}
    rates: dict[tuple[str, str], set[float]] = {}
    files: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for (_, cells), pair in zip(table.rows, pairs, strict=True):
        name = file_stem(table.cell(cells, "recording")) or stem
        key = (name, table.cell(cells, "rater"))
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
    notes = (*reading.notes, *_partners(table))
    return [
        _events(*key, events, reading, rates[key], (*notes, *_pooled(table, files[key])))
        for key, events in found.items()
    ]


def _partners(table: BoutTable) -> list[str]:
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
    name: str, rater: str, events: list[Event], reading: Reading, rates: set[float],
    notes: tuple[str, ...],
) -> Events:  # fmt: skip
    marks = [event for event in events if _WATCHED.fullmatch(event.behaviour.strip())]
    span = None
    if len(marks) > 1:
        span = min(mark.start for mark in marks), max(mark.stop or 0 for mark in marks)
    rest = tuple(event for event in events if event not in marks)
    unit: Literal["s", "frame"] = "frame" if reading.in_frames else "s"
    known = {rate for rate in rates if rate > 0}
    rate = known.pop() if len(known) == 1 else None
    return Events(name, rest, unit, rater, rate, span, notes=notes, is_unit_said=reading.is_said)
