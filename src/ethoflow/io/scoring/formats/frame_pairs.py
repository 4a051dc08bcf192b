"""Pairs of frame numbers without headings, and workbooks of such pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Literal

from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.bout_times import seconds_in
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.headings import is_bout_table
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.io.sheets import rows_of_sheet, rows_of_text, sheets_of_workbook, shown
from ethoflow.schema import DataError


def _is_pairs(file: Content) -> bool:
    lines = [line.strip() for line in file.text[:50] if line.strip()]
    pairs = [re.fullmatch(r"(\d+)[,;\t ]+(\d+)", line) for line in lines]
    return bool(pairs) and all(pair is not None and int(pair[1]) <= int(pair[2]) for pair in pairs)


@label_reader("pairs of frames", matches=_is_pairs)
def read_pairs(path: Path) -> list[Scored]:
    """Bouts of one behaviour as pairs of frame numbers without any heading.

    The behaviour is called as the file; frames count from 0 and the second is not part of the bout.
    """
    stem = recording_name(path)
    events = [
        Event(stem, *_times([c for c in re.split(r"[,;\t ]+", ",".join(cells)) if c], 0, 1, number))
        for number, cells in rows_of_text(path)
    ]
    return [Events(stem, tuple(events), "frame")]


def _times(cells: Sequence[str], start: int, stop: int, number: int) -> tuple[float, float]:
    try:
        first, last = (seconds_in(cells[i], "frame") for i in (start, stop))
    except (ValueError, IndexError) as error:
        raise DataError(
            f"line {number}: needed a start and a stop, found {', '.join(cells)}."
        ) from error
    if isnan(first) and isnan(last):
        raise DataError(f"line {number}: needed a start and a stop, found {', '.join(cells)}.")
    if last < first:
        raise DataError(f"line {number}: the bout stops ({last:g}) before it starts ({first:g}).")
    return first, last


_COLUMN = re.compile(r"(.+?)[ _]*(t0|t1|start|stop|end)", re.IGNORECASE)


def _is_workbook(file: Content) -> bool:
    if file.kind != "zip":
        return False
    sheets = sheets_of_workbook(file.path, 1)
    firsts = [rows[0] for rows in sheets.values() if rows]
    if any(is_bout_table([shown(cell) for cell in row]) for row in firsts):
        return False
    return bool(firsts) and all(_pairs_of_columns(row) for row in firsts)


def _pairs_of_columns(names: Sequence[object]) -> dict[str, tuple[int, int]]:
    """Places of start and stop for every rater named in a heading such as ``manual t0``."""
    found: dict[str, dict[str, int]] = {}
    for i, name in enumerate(map(shown, names)):
        match = _COLUMN.fullmatch(name)
        if match:
            which = "start" if match[2].lower() in ("t0", "start") else "stop"
            found.setdefault(match[1].strip(), {})[which] = i
    return {name: (p["start"], p["stop"]) for name, p in found.items() if len(p) == 2}


@label_reader("workbook of intervals", matches=_is_workbook, extra="excel")
def read_workbook(path: Path) -> list[Scored]:
    """Bouts in frames: a sheet for each recording, a pair of columns for each rater or program.

    The behaviour is called as the file.
    """
    scored: list[Scored] = []
    for sheet, cells in sheets_of_workbook(path).items():
        rows = rows_of_sheet(cells)
        if not rows:
            continue
        for rater, (start, stop) in _pairs_of_columns(rows[0][1]).items():
            events = [
                Event(recording_name(path), *_times(row, start, stop, number))
                for number, row in rows[1:]
                if max(start, stop) < len(row) and row[start] and row[stop]
            ]
            human = rater.lower() in ("manual", "human")
            source: Literal["human", "classifier"] = "human" if human else "classifier"
            scored.append(Events(sheet, tuple(events), "frame", rater, source=source))
    return scored
