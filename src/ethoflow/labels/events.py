"""Events of recordings, such as tones, as tables have them, and whose they are.

Their times are s of the recording's own clock, that of its video or camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.errors import DataError, listed, near_file
from ethoflow.io.metadata_rows import MetadataSource, fitter
from ethoflow.io.paths import naming
from ethoflow.io.scoring.bout_table import EMPTY, BoutTable
from ethoflow.io.scoring.bout_times import read_times
from ethoflow.io.scoring.columns import find_columns
from ethoflow.io.scoring.headings import counts_time, heading_of, words_of
from ethoflow.io.sheets import Rows, rows_of, shown
from ethoflow.labels.event_windows import Event, place
from ethoflow.labels.windows import Windows
from ethoflow.place import local_path
from ethoflow.units import Quantity, convert

EventSource: TypeAlias = MetadataSource

NAMELESS = "event"
"""What events are called in a table that does not say it."""


class EventNote(UserWarning):
    """Events that lie beyond a recording, are of none, or into which windows of others reach."""


@dataclass(frozen=True)
class EventTable:
    """Events as a table has them: the recording that each names (empty for all), and what it is."""

    source: str
    rows: Sequence[tuple[str, Event]]
    notes: tuple[str, ...] = ()


def read_events(source: EventSource, fps: float, duration: Quantity | None = None) -> EventTable:
    """The events of a table, or of a file of one.

    Parameters
    ----------
    source
        Columns are known by their headings: start (or onset), stop (end, offset) or duration,
        recording (video, file), event (type, label). Units stand in the heading, as in
        ``start (ms)`` or ``start_frame``; s by default.
    fps
        Frames per second, for a table that counts frames.
    duration
        Of events in a table that has neither stop nor duration; without it they take no time.

    Raises
    ------
    DataError
        There is no such file, no event in it, or a row that is none; the table has a duration and
        another one is given; it is about single animals.
    """
    name, names, rows = _cells(source)
    with naming(Path(name)):
        if not rows:
            raise DataError("the table has no events: no row follows the headings.")
        names, rows = _known_columns(names, rows)
        table = find_columns(*_with_durations(names, rows, duration))
        pairs, reading = read_times(table)
        found = []
        for (line, cells), (start, stop) in zip(table.rows, pairs, strict=True):
            if start != start or stop != stop:
                raise DataError(f"line {line}: the event has no start, or no end.")
            rate = fps if reading.in_frames else 1.0
            what = table.cell(cells, "behaviour")
            event = Event(
                NAMELESS if what in EMPTY else what, start / rate, stop / rate, f"line {line}"
            )
            found.append((_recording(table, cells, line), event))
    notes = [*reading.notes]
    if reading.in_frames:
        notes.append(
            f"frames are taken as counted at {fps:g} per second, the rate of these data. If tracks "
            "were resampled, those of the video are others: give times in s."
        )
    return EventTable(name, found, tuple(f"{name}: {said}" for said in notes))


def _cells(source: EventSource) -> tuple[str, list[str], Rows]:
    """Name, headings and rows of a table, every cell as text."""
    if isinstance(source, pd.DataFrame):
        frame = source.reset_index() if source.index.name else source
        rows: Rows = [
            (number, ["" if pd.isna(cell) else shown(cell) for cell in row])
            for number, row in enumerate(frame.itertuples(index=False, name=None), 1)
        ]
        return "the table of events", [str(column) for column in frame.columns], rows
    path = local_path(source, "tables")
    if not path.is_file():
        what = "is a folder: name the table of events in it." if path.is_dir() else ""
        raise DataError(f"{path} {what}" if what else f"{path}: no such file.{near_file(path)}")
    with naming(path):
        rows = rows_of(path)
        if not rows:
            raise DataError("the table of events is empty.")
    return path.name, rows[0][1], rows[1:]


_KINDS = ("start", "stop", "duration", "recording", "individual")
_WHAT = ("event", "name", "stimulus", "tone", "cue", "type", "label")
"""What people call the column that says what an event is, the likeliest first."""


def _known_columns(names: Sequence[str], rows: Rows) -> tuple[list[str], Rows]:
    """The columns that say when, in what recording, and what; others are of no account.

    Raises
    ------
    DataError
        None says when.
    """
    kinds = [heading_of(name).kind for name in names]
    words = [" ".join(words_of(name)[0]).removesuffix(" name") for name in names]
    what = [words.index(word) for word in _WHAT if word in words]
    what += [i for i, kind in enumerate(kinds) if kind == "behaviour"]
    starts = [i for i, kind in enumerate(kinds) if kind == "start"]
    starts = starts or [i for i, name in enumerate(names) if counts_time(name) is not None]
    if not starts:
        raise DataError(
            "needed a column 'start' (or 'onset') with the time of each event in s, found: "
            f"{listed(map(repr, names))}."
        )
    kept = {i for i, kind in enumerate(kinds) if kind in _KINDS} | set(starts) | set(what[:1])
    headings = ["event" if i in what[:1] else names[i] for i in sorted(kept)]
    return headings, [
        (line, [cells[i] if i < len(cells) else "" for i in sorted(kept)]) for line, cells in rows
    ]


def _with_durations(
    names: Sequence[str], rows: Rows, duration: Quantity | None
) -> tuple[list[str], Rows]:
    """The table with a column of durations where it has no ends: those given, or none at all."""
    headings = [heading_of(name) for name in names]
    if any(heading.kind in ("stop", "duration") for heading in headings):
        if duration is not None:
            raise DataError(
                f"the table says when its events end, and duration={duration!r} was "
                "given too: leave one out."
            )
        return list(names), rows
    in_frames = any(heading.kind == "start" and heading.unit == "frame" for heading in headings)
    if in_frames and duration is not None:
        raise DataError(
            "the table counts frames: give it a column duration_frames in place of "
            f"duration={duration!r}."
        )
    cell = repr(0.0 if duration is None else convert(duration, "s", name="duration"))
    heading = "duration (frames)" if in_frames else "duration (s)"
    ends = "0" if in_frames else cell
    return [*names, heading], [(line, [*cells, ends]) for line, cells in rows]


def _recording(table: BoutTable, cells: Sequence[str], line: int) -> str:
    """The recording that a row names; empty where it is about all.

    Raises
    ------
    DataError
        It names none where the table has a column of them.
    """
    found = table.cell(cells, "recording")
    if "recording" in table.places and found in EMPTY:
        raise DataError(
            f"line {line}: no recording is named. Name one in every row, or leave the column "
            f"{table.names[table.places['recording']]!r} out where the events are of all."
        )
    if "recording" not in table.places and "individual" in table.places:
        raise DataError(
            f"its column {table.names[table.places['individual']]!r} names animals, and events are "
            "of recordings: call the column that names the recordings 'recording', or leave it out "
            "where the events are of all."
        )
    return found


def place_events(
    table: EventTable,
    ds: xr.Dataset,
    *,
    before: Quantity = 0.0,
    after: Quantity = 0.0,
    some: bool = False,
) -> tuple[Windows, list[str]]:
    """The windows before, in and after the events of each recording, and what is to be said.

    With `some`, these are some of the recordings that the table is about: none may have events.

    Raises
    ------
    DataError
        Events are of no recording that is here, all lie beyond their recordings, two of one name
        overlap, or no window has any length.
    """
    lengths = {
        name: convert(value, "s", name=name)
        for name, value in (("before", before), ("after", after))
    }
    for name, length in lengths.items():
        if not 0 <= length < float("inf"):
            raise DataError(f"{name} must be a duration of zero or more, found {length:g} s.")
    by_row, notes = _by_recording(table, ds, some=some)
    windows, further = place(
        table.source, by_row, ds, lengths["before"], lengths["after"], some=some
    )
    return windows, [*table.notes, *notes, *further]


def _by_recording(
    table: EventTable, ds: xr.Dataset, *, some: bool
) -> tuple[dict[int, list[Event]], list[str]]:
    """Events by the row of their recording, and what is to be said of the names.

    Raises
    ------
    DataError
        A name means several recordings, or none of the names is that of a recording.
    """
    names = [str(name) for name in np.atleast_1d(ds.recording.values)] if _named(ds) else [""]
    files = names
    if "source_file" in ds.coords:
        files = [str(file) for file in np.broadcast_to(ds.source_file.values, len(names))]
    fit = fitter(names, files)
    found: dict[int, list[Event]] = {}
    unknown: dict[str, None] = {}
    for name, event in table.rows:
        rows = fit(name) if name else range(len(names))
        if name and len(rows) > 1:
            both = listed([names[row] for row in rows], 3)
            raise DataError(
                f"{table.source}: {event.where}: the recording {name!r} may be {both}: write its "
                "name in full."
            )
        if not rows:
            unknown[name] = None
        for row in rows:
            found.setdefault(row, []).append(event)
    if not found and not some:
        raise DataError(
            f"{table.source}: no event is of a recording that is here. They are of "
            f"{listed(map(repr, unknown), 3)}; the recordings are {listed(names, 3)}."
        )
    notes = []
    if unknown:
        said = listed(map(repr, unknown), 3)
        notes.append(f"{table.source}: left out events of recordings that are not here: {said}.")
    lacking = [name for row, name in enumerate(names) if row not in found]
    if lacking:
        said = listed(lacking, 3)
        notes.append(f"{table.source}: has no events of {said}, so the table has no rows of them.")
    return found, notes


def _named(ds: xr.Dataset) -> bool:
    return "recording" in ds.coords
