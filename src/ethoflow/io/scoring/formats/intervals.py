"""Tables with a row per bout: a start and a stop in s or in frames, under any of many headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isinf, isnan, nan
from pathlib import Path
from typing import Literal

from ethoflow.io.content import Content
from ethoflow.io.reader import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.io.sheets import Rows, rows_of_sheet, rows_of_text, sheets_of_workbook, shown
from ethoflow.io.table_text import delimiter_of
from ethoflow.schema import DataError

_START = ("from", "start", "start_s", "start_time", "start_frame", "startframe", "t0", "onset",
          "begin", "start_sec", "start_seconds", "tstart", "t_start", "start_time_s")  # fmt: skip
_STOP = ("to", "stop", "end", "stop_s", "end_s", "stop_time", "end_time", "stop_frame", "end_frame",
         "endframe", "stopframe", "t1", "offset", "stop_sec", "end_sec", "stop_seconds", "tend",
         "end_seconds", "end_time_s", "stop_time_s", "t_stop", "t_end")  # fmt: skip
_BEHAVIOUR = ("behaviour", "behavior", "type", "label", "event", "annotation", "class", "action",
              "behaviour_name", "behavior_name")  # fmt: skip
_RATER = ("rater", "experimenter", "annotator", "observer", "scorer", "coder")
_RECORDING = ("recording", "dlcfile", "csvname", "video", "video_file", "filename", "id", "file")
_ANIMAL = ("individual", "animal", "subject", "mouse", "fly", "animal_id")
_BESIDE = ("", "duration", "length", "comment", "comments", "notes", "index", "bout", "frames")
_UNKNOWN = ("", "NA", "NaN", "nan", "n/a", "N/A")
_WATCHED = re.compile(r"start[ _/]?end", re.IGNORECASE)
"""Rows that mark the beginning and the end of what was watched."""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _find(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    plain = [_plain(name) for name in names]
    return next((plain.index(word) for word in wanted if word in plain), None)


def _matches(file: Content) -> bool:
    lines = [line for line in file.text[:2] if line.strip()]
    if not lines:
        return False
    names = [cell.strip(' "') for cell in lines[0].split(delimiter_of(lines[0]))]
    if _find(names, _START) is None or _find(names, _STOP) is None or "Behavior type" in names:
        return False
    known = {*_BEHAVIOUR, *_RATER, *_RECORDING, *_ANIMAL, *_START, *_STOP, *_BESIDE}
    return _find(names, _BEHAVIOUR) is not None or {_plain(name) for name in names} <= known


@label_reader("interval table", matches=_matches)
def read_intervals(path: Path) -> list[Scored]:
    """Bouts of every recording and rater in a table of one row per bout.

    Times are in frames where the headings say so (frame, t0, t1), else in s. The stop is not part
    of the bout. Rows of a behaviour called StartEnd (or Start/End, Start_End) mark what was
    watched, from the start of the first to the stop of the last, when there are two or more.
    """
    rows = rows_of_text(path)
    return _read(recording_name(path), rows[0][1], rows[1:])


def _read(stem: str, names: Sequence[str], rows: Rows) -> list[Scored]:
    start, stop = _find(names, _START), _find(names, _STOP)
    assert start is not None
    assert stop is not None
    in_frames = _counts_frames(names[start]) or _counts_frames(names[stop])
    places = [_find(names, wanted) for wanted in (_BEHAVIOUR, _RATER, _RECORDING, _ANIMAL)]
    found: dict[tuple[str, str], list[Event]] = {}
    for number, cells in rows:
        behaviour, rater, name, animal = (
            cells[place] if place is not None and place < len(cells) else "" for place in places
        )
        key = (_recording(name) or stem, rater)
        found.setdefault(key, []).append(
            Event(behaviour or stem, *_times(cells, start, stop, number), animal)
        )
    unit: Literal["s", "frame"] = "frame" if in_frames else "s"
    return [_events(name, rater, events, unit) for (name, rater), events in found.items()]


def _counts_frames(name: str) -> bool:
    return "frame" in name.lower() or _plain(name) in ("t0", "t1")


def _recording(cell: str) -> str:
    """A cell that names a file or video, without its folders and ending."""
    base = re.split(r"[\\/]", cell)[-1]
    return re.sub(r"\.(csv|json|h5|hdf5|slp|mp4|avi|mov|mkv|txt)$", "", base, flags=re.IGNORECASE)


def _times(cells: Sequence[str], start: int, stop: int, number: int) -> tuple[float, float]:
    try:
        first, last = (
            nan if cells[i] in _UNKNOWN else float(cells[i].replace(",", "."))
            for i in (start, stop)
        )
    except (ValueError, IndexError) as error:
        raise DataError(
            f"line {number}: needed a start and a stop, found {', '.join(cells)}."
        ) from error
    if isinf(first) or isinf(last) or (isnan(first) and isnan(last)):
        raise DataError(f"line {number}: needed a start and a stop, found {', '.join(cells)}.")
    if last < first:
        raise DataError(f"line {number}: the bout stops ({last:g}) before it starts ({first:g}).")
    return first, last


def _events(name: str, rater: str, events: list[Event], unit: Literal["s", "frame"]) -> Events:
    marks = [event for event in events if _WATCHED.fullmatch(event.behaviour.strip())]
    span = None
    if len(marks) > 1:
        span = min(mark.start for mark in marks), max(mark.stop or 0 for mark in marks)
    rest = tuple(event for event in events if event not in marks)
    return Events(name, rest, unit, rater, span=span)


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


_COLUMN = re.compile(r"(.+?)[ _]*(t0|t1|start|stop|end)", re.IGNORECASE)


def _is_workbook(file: Content) -> bool:
    if file.kind != "zip":
        return False
    sheets = sheets_of_workbook(file.path, 1)
    return bool(sheets) and all(_pairs_of_columns(rows[0]) for rows in sheets.values() if rows)


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
