"""Starts and stops in the cells of a table of bouts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf, isnan, nan

from ethoflow.io.scoring.bout_table import EMPTY, BoutTable
from ethoflow.io.scoring.headings import Unit
from ethoflow.schema import DataError

_SECONDS = {"s": 1.0, "ms": 1e-3, "min": 60.0, "clock": 1.0, "": 1.0, "frame": 1.0}
_CELL_UNITS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "msec": 1e-3, "min": 60.0}
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")


@dataclass(frozen=True)
class Reading:
    """How times of a table are understood: in frames or s, and whether it said so itself."""

    in_frames: bool
    is_said: bool
    notes: tuple[str, ...] = ()


def seconds_in(cell: str, unit: Unit) -> float:
    """A time in s (or in frames) of a cell; NaN where it is empty.

    Raises
    ------
    ValueError
        It is no time.

    Examples
    --------
    >>> seconds_in("1:02,5", ""), seconds_in("1500", "ms"), seconds_in("2.5 s", "")
    (62.5, 1.5, 2.5)
    """
    if cell in EMPTY:
        return nan
    clock = _CLOCK.fullmatch(cell)
    if clock:
        hours, minutes = int(clock[1] or 0), int(clock[2])
        return 3600 * hours + 60 * minutes + float(clock[3].replace(",", "."))
    number, own = cell, ""
    said = re.fullmatch(r"([-+.,\deE]+)\s*([a-z]+)", cell)
    if said and said[2] in _CELL_UNITS:
        number, own = said[1], said[2]
    value = float(number.replace(",", "."))
    if isinf(value):
        raise ValueError(cell)
    return value * (_CELL_UNITS[own] if own else _SECONDS[unit])


def read_times(table: BoutTable) -> tuple[list[tuple[float, float]], Reading]:
    """Start and stop of every row, in s or in frames, and how they were understood.

    Raises
    ------
    DataError
        A row has no start and stop, or stops before it starts; one column counts frames, the other
        gives times.
    """
    ends = "stop" if "stop" in table.places else "duration"
    units = {table.units["start"], table.units[ends]}
    in_frames = "frame" in units
    if in_frames and units - {"frame", ""}:
        raise DataError(
            f"{table.names[table.places['start']]!r} and {table.names[table.places[ends]]!r} are "
            "not in one unit: one counts frames. Name two that belong together, as in "
            "columns={'start': 'NAME', 'stop': 'NAME'}."
        )
    _check_commas(table, ends)
    pairs = [_pair(table, cells, number, ends) for number, cells in table.rows]
    lengths = [_length(table, cells) for _, cells in table.rows] if ends == "stop" else []
    is_last, how = _is_last(table, pairs, lengths) if in_frames and ends == "stop" else (False, "")
    notes = [how] if how else []
    if in_frames:
        notes += _check_frames(table, pairs, ends)
    else:
        notes += [*_doubts(pairs, lengths), *_minutes(table)]
    if is_last:
        pairs = [(start, stop + 1) for start, stop in pairs]
    is_clock = any(":" in table.cell(cells, "start") for _, cells in table.rows)
    return pairs, Reading(in_frames, bool(units - {""}) or is_clock, tuple(notes))


_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+")
"""A number whose comma may part thousands, as in 1,500."""


def _check_commas(table: BoutTable, ends: str) -> None:
    """Refuse commas that could as well part thousands as decimals.

    Raises
    ------
    DataError
        They do not tell: 1,500 of ms or frames, or beside numbers without a comma.
    """
    cells = [table.cell(row, kind) for _, row in table.rows for kind in ("start", ends)]
    grouped = [cell for cell in cells if _GROUPED.fullmatch(cell)]
    if not grouped or any("," in cell and not _GROUPED.fullmatch(cell) for cell in cells):
        return
    is_fine = {table.units["start"], table.units[ends]} & {"ms", "frame"}
    if is_fine or any(re.fullmatch(r"\d*\.\d+|\d{3,}", cell) for cell in cells):
        raise DataError(
            f"the comma in {grouped[0]!r} may part thousands or decimals: write such numbers "
            "without commas."
        )


def _pair(table: BoutTable, cells: Sequence[str], number: int, ends: str) -> tuple[float, float]:
    try:
        first, last = (
            seconds_in(table.cell(cells, kind), table.units[kind]) for kind in ("start", ends)
        )
    except ValueError as error:
        raise DataError(
            f"line {number}: needed a start and a stop, found {', '.join(cells)}."
        ) from error
    if isnan(first) and isnan(last):
        raise DataError(f"line {number}: needed a start and a stop, found {', '.join(cells)}.")
    if ends == "duration":
        last = first + last
    if last < first:
        raise DataError(f"line {number}: the bout stops ({last:g}) before it starts ({first:g}).")
    return first, last


def _length(table: BoutTable, cells: Sequence[str]) -> float:
    """Duration in the row of a bout that has a stop too; NaN where there is none."""
    same = table.units.get("duration") == table.units["start"]
    if "duration" not in table.places or not same:
        return nan
    try:
        return seconds_in(table.cell(cells, "duration"), table.units["duration"])
    except ValueError:
        return nan


def _is_last(
    table: BoutTable, pairs: Sequence[tuple[float, float]], lengths: Sequence[float]
) -> tuple[bool, str]:
    """Whether the stops, in frames, are the last frames of their bouts, and what to say of it."""
    heading = table.names[table.places["stop"]]
    beyond = {
        length - (stop - start)
        for (start, stop), length in zip(pairs, lengths, strict=True)
        if not isnan(length - stop - start)
    }
    if beyond <= {0.0, 1.0} and len(beyond) == 1:
        from_0 = any(start == 0 for start, _ in pairs)
        return beyond == {1.0}, "" if from_0 else "its frames are taken as counted from 0."
    is_last = table.is_last or any(start == stop for start, stop in pairs)
    which = "the last frame of its bout" if is_last else "the first frame after its bout"
    return is_last, f"{heading!r} is taken as {which}, and frames as counted from 0."


def _check_frames(table: BoutTable, pairs: Sequence[tuple[float, float]], ends: str) -> list[str]:
    """What is to be said of frames that are counted in one column and not surely in the other.

    Raises
    ------
    DataError
        A frame is no whole number.
    """
    both = [table.names[table.places[kind]] for kind in ("start", ends)]
    if any(time % 1 for pair in pairs for time in pair if not isnan(time)):
        raise DataError(
            f"{both[0]!r} and {both[1]!r} are taken as frames, and some are no whole numbers: say "
            "in their headings what they are, as in 'duration (s)'."
        )
    if "" not in (table.units["start"], table.units[ends]) or ends == "stop":
        return []
    return [f"{both[1]!r} is taken as frames, as {both[0]!r} counts them."]


def _minutes(table: BoutTable) -> list[str]:
    """What is to be said of times in two parts, which could be hours and minutes."""
    heading = table.names[table.places["start"]]
    short = [
        c for _, cells in table.rows if re.fullmatch(r"\d+:\d+", c := table.cell(cells, "start"))
    ]
    if not short or "mm:ss" in heading.lower():
        return []
    return [f"times such as {short[0]!r} are taken as minutes and seconds."]


def _doubts(pairs: Sequence[tuple[float, float]], lengths: Sequence[float]) -> list[str]:
    """What is to be said of times that contradict the durations beside them."""
    off = [
        length - (stop - start)
        for (start, stop), length in zip(pairs, lengths, strict=False)
        if abs(length - (stop - start)) > 0.1 + 0.02 * (stop - start)
    ]
    if not off:
        return []
    return [
        f"{len(off)} of {len(pairs)} durations are not the time from start to stop; start and stop "
        "are taken."
    ]
