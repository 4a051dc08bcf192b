"""BORIS exports: tabular events (a log), aggregated events (bouts) and binary tables."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ethoflow.io.content import Content
from ethoflow.io.reader import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.formats.boris_project import NOBODY
from ethoflow.io.scoring.pairing import Mark, pair_marks
from ethoflow.io.scoring.scored import Event, Events, Frames, Scored
from ethoflow.io.sheets import Rows, rows_of, sheets_of_workbook, shown
from ethoflow.schema import DataError


def _first_cells(file: Content, rows: int = 1) -> list[str]:
    if file.kind == "zip":
        sheet = next(iter(sheets_of_workbook(file.path, rows).values()), [])
        return [shown(cell) for row in sheet for cell in row]
    lines = [line for line in file.text if line.strip()][:rows]
    return [cell.strip(' "') for line in lines for cell in re.split("[,;\t]", line)]


def _is_log(file: Content) -> bool:
    cells = _first_cells(file, 8)
    return (
        cells[:1] == ["Observation id"] and "Observation date" in cells and not _is_aggregated(file)
    )


def _is_aggregated(file: Content) -> bool:
    cells = _first_cells(file)
    named = {"Behavior", "Behavior type", "Start (s)", "Stop (s)"} <= set(cells)
    return named or _find_type(cells) is not None


def _find_type(cells: list[str]) -> int | None:
    """Place of STATE or POINT followed by two times: a bout of a table without header."""
    for i, cell in enumerate(cells):
        if cell in ("STATE", "POINT") and _number(cells, i + 1) is not None:
            return i
    return None


def _number(cells: list[str], i: int) -> float | None:
    try:
        return float(cells[i].replace(",", "."))
    except (ValueError, IndexError):
        return None


@label_reader("BORIS tabular events", matches=_is_log)
def read_boris_log(path: Path) -> list[Scored]:
    """Bouts from logs: rows START, STOP and POINT, under a preamble or with their observation.

    Times are in s, with the time offset of the preamble already in them as BORIS writes them.
    """
    rows = rows_of(path)
    titles = [i for i, (_, cells) in enumerate(rows) if {"Time", "Behavior"} <= set(cells)]
    if not titles:
        raise DataError("no row with the names Time, Behavior and Status: the export is cut off.")
    header = titles[0]
    names = rows[header][1]
    preamble = {cells[0]: cells[1] for _, cells in rows[:header] if len(cells) > 1}
    name = preamble.get("Observation id") or recording_name(path)
    logs: dict[str, Rows] = {}
    for number, cells in rows[header + 1 :]:
        logs.setdefault(_cell(names, cells, "Observation id") or name, []).append((number, cells))
    return [_read_log(name, names, log) for name, log in logs.items()]


def _read_log(name: str, names: list[str], log: Rows) -> Events:
    rates = {_number([_cell(names, cells, *_RATE)], 0) for _, cells in log} - {None, 0.0}
    lengths = {_number([_cell(names, cells, *_LENGTH)], 0) for _, cells in log} - {None, 0.0}
    return Events(
        name=name,
        events=pair_marks([_mark(names, number, cells) for number, cells in log]),
        unit="s",
        fps=rates.pop() if len(rates) == 1 else None,
        span=(0.0, lengths.pop() or 0.0) if len(lengths) == 1 else None,
    )


_RATE = ("FPS", "FPS (frame/s)")
_LENGTH = ("Total length", "Media duration (s)")
"""Headings of BORIS before and since version 8."""


def _cell(names: list[str], cells: list[str], *wanted: str) -> str:
    for name in wanted:
        if name in names and names.index(name) < len(cells):
            return cells[names.index(name)]
    return ""


def _mark(names: list[str], number: int, cells: list[str]) -> Mark:
    time = _number([_cell(names, cells, "Time")], 0)
    if time is None:
        raise DataError(
            f"line {number}: needed a time in s, found {_cell(names, cells, 'Time')!r}."
        )
    status = _cell(names, cells, "Status", "Behavior type").upper()
    kinds = {"START": "start", "STOP": "stop", "POINT": "point"}
    if status not in kinds:
        raise DataError(f"line {number}: Status is {status!r}; needed START, STOP or POINT.")
    subject = _cell(names, cells, "Subject")
    return Mark(
        time,
        _cell(names, cells, "Behavior"),
        "" if subject in NOBODY else subject,
        _modifiers(names, cells),
        kinds[status],  # type: ignore[arg-type]
        f"line {number}",
    )


def _modifiers(names: list[str], cells: list[str]) -> str:
    found = [cell.strip() for name, cell in zip(names, cells, strict=False) if "Modifier" in name]
    return "|".join(modifier for modifier in found if modifier)


_BARE = ("Subject", "Behavior", "Behavioral category", "Modifiers", "Behavior type", "Start (s)",
         "Stop (s)", "Duration (s)")  # fmt: skip


@label_reader("BORIS aggregated events", matches=_is_aggregated)
def read_boris_aggregated(path: Path) -> list[Scored]:
    """Bouts of every observation in a table of one row per bout, with or without header."""
    rows = rows_of(path)
    names = rows[0][1]
    if "Behavior" in names:
        rows = rows[1:]
    else:
        place = _find_type(names)
        assert place is not None
        names = ["Observation id", *[""] * (place - 5), *_BARE]
    found: dict[str, list[Event]] = {}
    facts: dict[str, tuple[float | None, float | None]] = {}
    for number, cells in rows:
        name = _cell(names, cells, "Observation id") or recording_name(path)
        found.setdefault(name, []).append(_bout(names, number, cells))
        rate = _number([_cell(names, cells, *_RATE)], 0)
        facts[name] = rate, _number([_cell(names, cells, *_LENGTH)], 0)
    return [
        Events(
            name=name,
            events=tuple(sorted(events, key=lambda event: event.start)),
            unit="s",
            fps=facts[name][0] or None,
            span=(0.0, facts[name][1] or 0.0) if facts[name][1] else None,
        )
        for name, events in found.items()
    ]


def _bout(names: list[str], number: int, cells: list[str]) -> Event:
    start = _number([_cell(names, cells, "Start (s)")], 0)
    stop = _number([_cell(names, cells, "Stop (s)")], 0)
    kind = _cell(names, cells, "Behavior type").upper()
    if start is None or kind not in ("STATE", "POINT") or (kind == "STATE" and stop is None):
        raise DataError(f"line {number}: needed STATE or POINT, a start and a stop, found {cells}.")
    if stop is not None and stop < start:
        raise DataError(f"line {number}: the bout stops ({stop:g} s) before it starts.")
    subject = _cell(names, cells, "Subject")
    return Event(
        _cell(names, cells, "Behavior"),
        start,
        stop if kind == "STATE" else None,
        "" if subject in NOBODY else subject,
        _modifiers(names, cells),
    )


def _is_binary(file: Content) -> bool:
    rows = [re.split("[,;\t]", line.strip()) for line in file.text[:4]]
    if len(rows) < 3 or rows[0][0].strip(' "').lower() != "time" or len(rows[0]) < 2:
        return False
    cells = {cell.strip(' "') for row in rows[1:] for cell in row[1:]}
    return cells <= {"0", "1"} and all(len(row) == len(rows[0]) for row in rows)


@label_reader("BORIS binary table", matches=_is_binary, fixture="built")
def read_boris_binary(path: Path) -> list[Scored]:
    """Labels at regular times: a column of times in s, then 0 or 1 for each behaviour."""
    rows: Rows = rows_of(path)
    names = rows[0][1][1:]
    try:
        table = np.array([[float(cell) for cell in cells] for _, cells in rows[1:]])
    except ValueError as error:
        raise DataError(
            f"a row of this table has other cells than its header ({error})."
        ) from error
    times, values = table[:, 0], table[:, 1:].T.astype(np.float32)
    steps = np.diff(times)
    if len(steps) and (steps.min() <= 0 or not np.allclose(steps, steps.mean(), rtol=0.05)):
        raise DataError("its times are not regular: the steps run from "
                        f"{steps.min():g} to {steps.max():g} s.")  # fmt: skip
    fps = round(float(len(steps) / (times[-1] - times[0])), 6) if len(steps) else None
    first = round(float(times[0]) * fps) if fps else 0
    return [Frames(recording_name(path), tuple(names), values, fps=fps, first=first)]
