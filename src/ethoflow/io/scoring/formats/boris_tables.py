"""BORIS exports: tabular events (a log), aggregated events (bouts) and binary tables."""

from __future__ import annotations

import re
from dataclasses import replace
from math import isnan, nan
from pathlib import Path
from typing import Literal

import numpy as np

from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.formats.boris_project import NOBODY
from ethoflow.io.scoring.observation import Observation, number_in, players_of
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
        if cell in ("STATE", "POINT") and not isnan(number_in("".join(cells[i + 1 : i + 2]))):
            return i
    return None


@label_reader("BORIS tabular events", matches=_is_log)
def read_boris_log(path: Path) -> list[Scored]:
    """Bouts from logs: rows START, STOP and POINT, under a preamble or with their observation.

    Times are in s of the video or in its frames: BORIS adds the time offset to them, and the frame
    beside a time counts.
    """
    rows = rows_of(path)
    titles = [i for i, (_, cells) in enumerate(rows) if {"Time", "Behavior"} <= set(cells)]
    if not titles:
        raise DataError("no row with the names Time, Behavior and Status: the export is cut off.")
    header = titles[0]
    names = rows[header][1]
    preamble = {cells[0]: cells[1] for _, cells in rows[:header] if len(cells) > 1}
    name = preamble.get("Observation id") or recording_name(path)
    logs = _by_observation(names, rows[header + 1 :], name)
    offset = number_in(preamble.get("Time offset (s)"))
    return [_read_log(name, names, log, offset) for name, log in logs.items()]


def _by_observation(names: list[str], rows: Rows, without: str) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for number, cells in rows:
        found.setdefault(_cell(names, cells, "Observation id") or without, []).append(
            (number, cells)
        )
    return found


def _read_log(name: str, names: list[str], log: Rows, offset: float) -> Events:
    known = _observation(names, log, offset)
    times = [_time(names, number, cells, "Time") for number, cells in log]
    frames = [_frame(names, cells, "Image index") for _, cells in log]
    places, unit, notes = known.place(times, frames)
    marks = [
        _mark(names, number, cells, place)
        for (number, cells), place in zip(log, places, strict=True)
    ]
    return _events(name, pair_marks(marks), known, unit, notes, _lasts(names, log), frames)


_RATE = ("FPS", "FPS (frame/s)")
_LENGTH = ("Total length", "Media duration (s)")
_SOURCE = ("Source", "Media file path", "Media file")
"""Headings of BORIS before and since version 8."""


def _observation(names: list[str], rows: Rows, offset: float = nan) -> Observation:
    """Media of an observation and its time offset, from its rows."""
    shifts = {number_in(_cell(names, cells, "Time offset (s)")) for _, cells in rows}
    shifts = {shift for shift in (*shifts, offset) if not isnan(shift)}
    if len(shifts) > 1:
        raise DataError(f"one observation has several time offsets: {sorted(shifts)}.")
    facts = [[_cell(names, cells, *f) for f in (_SOURCE, _LENGTH, _RATE)] for _, cells in rows]
    distinct = list(dict.fromkeys(tuple(fact) for fact in facts))
    players = [players_of(*fact) for fact in distinct]
    if len(distinct) > 1:
        # Before version 8 each row has its own medium, and the length of all of them.
        queue = [p[0][0]._replace(length=nan) for p in players if p]
        players = [(tuple(dict.fromkeys(queue)),)]
    return Observation(shifts.pop() if shifts else 0.0, players[0] if players else ())


def _lasts(names: list[str], rows: Rows) -> float:
    """Length of an observation's media, s, NaN where its rows do not say."""
    lengths = {number_in(_cell(names, cells, *_LENGTH)) for _, cells in rows}
    known = {length for length in lengths if not isnan(length) and length > 0}
    return known.pop() if len(known) == 1 else nan


def _events(
    name: str,
    events: tuple[Event, ...],
    known: Observation,
    unit: Literal["s", "frame"],
    notes: tuple[str, ...],
    lasts: float,
    frames: list[int | None],
) -> Events:
    """Bouts with what was watched: all of the media, unless the times are of another clock."""
    rate = known.fps if unit == "frame" and known.fps else 1.0
    stop = lasts if isnan(known.length) else known.length
    span = None if isnan(stop) else (0.0, stop * rate)
    ends = [end for e in events for end in (e.start, e.stop) if end is not None and not isnan(end)]
    if span is not None and ends and (min(ends) > span[1] or max(ends) < 0):
        span = (min(ends), max(ends))
        notes = (
            *notes,
            f"its events lie outside the {stop:g} s of its video, as on another clock: say with "
            "offset (--offset, s) when the video begins on it.",
        )
    return Events(
        name=name,
        events=events,
        unit=unit,
        fps=known.fps,
        span=span,
        videos=known.videos(counted=any(frame is not None for frame in frames)),
        notes=notes,
        is_unit_said=True,
    )


def _frame(names: list[str], cells: list[str], heading: str) -> int | None:
    """The frame beside a time; BORIS counts it from 0."""
    number = number_in(_cell(names, cells, heading))
    return None if isnan(number) or number < 0 else int(number)


def _cell(names: list[str], cells: list[str], *wanted: str) -> str:
    for name in wanted:
        if name in names and names.index(name) < len(cells):
            return cells[names.index(name)]
    return ""


def _time(names: list[str], number: int, cells: list[str], heading: str) -> float:
    time = number_in(_cell(names, cells, heading))
    if isnan(time):
        raise DataError(
            f"line {number}: needed a time in s, found {_cell(names, cells, heading)!r}."
        )
    return time


def _mark(names: list[str], number: int, cells: list[str], place: float) -> Mark:
    status = _cell(names, cells, "Status", "Behavior type").upper()
    kinds = {"START": "start", "STOP": "stop", "POINT": "point"}
    if status not in kinds:
        raise DataError(f"line {number}: Status is {status!r}; needed START, STOP or POINT.")
    subject = _cell(names, cells, "Subject")
    return Mark(
        place,
        _cell(names, cells, "Behavior"),
        "" if subject in NOBODY else subject,
        _modifiers(names, cells),
        kinds[status],  # type: ignore[arg-type]
        f"line {number}",
    )


def _modifiers(names: list[str], cells: list[str]) -> str:
    found = [cell.strip() for name, cell in zip(names, cells, strict=False) if "Modifier" in name]
    return "|".join(modifier for modifier in found if modifier)


_BARE = (
    "Subject",
    "Behavior",
    "Behavioral category",
    "Modifiers",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
)


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
    observations = _by_observation(names, rows, recording_name(path))
    return [_read_bouts(name, names, bouts) for name, bouts in observations.items()]


def _read_bouts(name: str, names: list[str], rows: Rows) -> Events:
    known = _observation(names, rows)
    bouts = [_bout(names, number, cells) for number, cells in rows]
    starts = [_frame(names, cells, "Image index start") for _, cells in rows]
    stops = [
        None if bout.stop is None else _frame(names, cells, "Image index stop")
        for bout, (_, cells) in zip(bouts, rows, strict=True)
    ]
    times = [*(b.start for b in bouts), *(b.start if b.stop is None else b.stop for b in bouts)]
    places, unit, notes = known.place(times, [*starts, *stops])
    placed = [
        replace(bout, start=begin, stop=None if bout.stop is None else end)
        for bout, begin, end in zip(bouts, places[: len(bouts)], places[len(bouts) :], strict=True)
    ]
    placed.sort(key=lambda event: event.start)
    return _events(name, tuple(placed), known, unit, notes, _lasts(names, rows), starts)


def _bout(names: list[str], number: int, cells: list[str]) -> Event:
    start = number_in(_cell(names, cells, "Start (s)"))
    stop = number_in(_cell(names, cells, "Stop (s)"))
    kind = _cell(names, cells, "Behavior type").upper()
    if isnan(start) or kind not in ("STATE", "POINT") or (kind == "STATE" and isnan(stop)):
        raise DataError(f"line {number}: needed STATE or POINT, a start and a stop, found {cells}.")
    if stop < start:
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
        raise DataError(
            f"its times are not regular: the steps run from {steps.min():g} to {steps.max():g} s."
        )
    fps = round(float(len(steps) / (times[-1] - times[0])), 6) if len(steps) else None
    first = round(float(times[0]) * fps) if fps else 0
    return [Frames(recording_name(path), tuple(names), values, fps=fps, first=first)]
