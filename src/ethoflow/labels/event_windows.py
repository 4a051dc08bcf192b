"""Windows before, in and after the events of recordings, and what is to be said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.bins import frame_at
from ethoflow.errors import DataError, listed
from ethoflow.labels.windows import OfRecording, Windows
from ethoflow.origin import on_clock, origins
from ethoflow.schema import count_frames, first_frame

COLUMNS = ("event", "trial", "window", "start", "stop")
"""Columns of a table by events."""


@dataclass(frozen=True)
class Event:
    """Something that happens in a recording: what, from when to when (s), and where it was read."""

    name: str
    start: float
    stop: float
    where: str


@dataclass(frozen=True)
class _Window:
    """A stretch of time about an event; `trial` counts the events of one name in a recording."""

    event: Event
    trial: int
    kind: str
    start: float
    stop: float


@dataclass(frozen=True)
class _Recording:
    """When a recording begins and ends on its own clock, s."""

    name: str
    start: float
    stop: float

    def misses(self, one: Event | _Window) -> bool:
        """Whether a stretch lies beyond it altogether."""
        return one.stop < self.start or one.start >= self.stop

    def holds(self, one: Event | _Window, slack: float) -> bool:
        """Whether a stretch lies in it altogether."""
        return self.start - slack <= one.start and one.stop <= self.stop + slack


def place(
    source: str,
    by_row: Mapping[int, Sequence[Event]],
    ds: xr.Dataset,
    before: float,
    after: float,
    *,
    some: bool = False,
) -> tuple[Windows, list[str]]:
    """The windows of each recording, by its row, and what is to be said of them.

    With `some` it is no error where these recordings have no events.

    Raises
    ------
    DataError
        All events lie beyond their recordings, two of one name overlap, or no window has any
        length.
    """
    fps, first = float(ds.fps), first_frame(ds)
    recordings = _recordings(ds)
    found: dict[int, OfRecording] = {}
    windows: dict[int, list[_Window]] = {}
    for row, origin in enumerate(origins(ds).tolist()):
        events = sorted(by_row.get(row, ()), key=lambda event: (event.start, event.stop))
        _check_apart(source, events, recordings[row].name)
        own = windows[row] = list(_windows(events, before, after))
        times = np.array([[w.start, w.stop] for w in own]).reshape(-1, 2)
        cells = [(w.event.name, w.trial, w.kind, w.start, w.stop) for w in own]
        found[row] = OfRecording(frame_at(times - origin, fps) - first, cells)
    if not some and not any(windows.values()):
        raise DataError(
            f"{source}: the events take no time: give them a duration (in the table, or as "
            "duration='30 s'), or count what is before='30 s' or after='30 s' them."
        )
    if not some:
        _check_met(source, by_row, recordings)
    notes = [
        *_tell_missed(source, by_row, recordings),
        *_tell_partial(source, windows, recordings, 0.5 / fps),
        *_tell_crossing(source, windows, by_row, recordings),
    ]
    return Windows(COLUMNS, found), notes


def _recordings(ds: xr.Dataset) -> list[_Recording]:
    fps, first = float(ds.fps), first_frame(ds)
    counts, begins = count_frames(ds).tolist(), origins(ds).tolist()
    names = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ["the recording"]
    return [
        _Recording(str(name), *on_clock(origin, np.array([first, first + n]), fps).tolist())
        for name, n, origin in zip(names, counts, begins, strict=True)
    ]


def _windows(events: Sequence[Event], before: float, after: float) -> Iterator[_Window]:
    trials: Counter[str] = Counter()
    for event in events:
        trials[event.name] += 1
        trial = trials[event.name]
        for kind, start, stop in (
            ("before", event.start - before, event.start),
            ("during", event.start, event.stop),
            ("after", event.stop, event.stop + after),
        ):
            if stop > start:
                yield _Window(event, trial, kind, start, stop)


def _check_apart(source: str, events: Sequence[Event], recording: str) -> None:
    """Refuse two events of one name at one time: they would count twice."""
    last: dict[str, Event] = {}
    for event in events:
        other = last.get(event.name)
        if other is not None and (event.start < other.stop or event.start == other.start):
            raise DataError(
                f"{source}: {other.where} and {event.where}: two events {event.name!r} of "
                f"{recording} overlap ({other.start:g}-{other.stop:g} s and "
                f"{event.start:g}-{event.stop:g} s). Mend one, or give them different names."
            )
        last[event.name] = event


def _check_met(
    source: str, by_row: Mapping[int, Sequence[Event]], recordings: Sequence[_Recording]
) -> None:
    """Refuse events that all lie beyond their recordings: they are on another clock."""
    if any(not recordings[row].misses(e) for row, events in by_row.items() for e in events):
        return
    row, events = next(iter(by_row.items()))
    one, starts = recordings[row], [event.start for event in events]
    raise DataError(
        f"{source}: no event lies in its recording: {one.name} runs from {one.start:g} to "
        f"{one.stop:g} s on its own clock, and its events begin between {min(starts):g} and "
        f"{max(starts):g} s. Write times in s of the recording's clock, or say what they are in, "
        "as in a heading 'start (ms)' or 'start_frame'."
    )


def _tell_missed(
    source: str, by_row: Mapping[int, Sequence[Event]], recordings: Sequence[_Recording]
) -> Iterator[str]:
    missed = [
        f"{e.name} at {e.start:g} s ({recordings[row].name}, which runs from "
        f"{recordings[row].start:g} to {recordings[row].stop:g} s)"
        for row, events in by_row.items()
        for e in events
        if recordings[row].misses(e)
    ]
    if missed:
        yield (
            f"{source}: events beyond their recordings, in which nothing is observed: "
            f"{listed(missed, 3)}."
        )


def _tell_partial(
    source: str,
    windows: Mapping[int, Sequence[_Window]],
    recordings: Sequence[_Recording],
    slack: float,
) -> Iterator[str]:
    partial = [
        f"{w.kind} {w.event.name} {w.trial} ({recordings[row].name})"
        for row, own in windows.items()
        for w in own
        if not recordings[row].misses(w.event) and not recordings[row].holds(w, slack)
    ]
    if partial:
        yield (
            f"{source}: windows that reach beyond their recordings, of which a part is not "
            f"observed: {listed(partial, 3)}."
        )


def _tell_crossing(
    source: str,
    windows: Mapping[int, Sequence[_Window]],
    by_row: Mapping[int, Sequence[Event]],
    recordings: Sequence[_Recording],
) -> Iterator[str]:
    crossing: list[str] = []
    for row, own in windows.items():
        starts = np.sort([event.start for event in by_row.get(row, ())])
        ends = np.sort([_end(event) for event in by_row.get(row, ())])
        for w in own:
            met = np.searchsorted(starts, w.stop) - np.searchsorted(ends, w.start, side="right")
            itself = w.event.start < w.stop and _end(w.event) > w.start
            if met > itself:
                crossing.append(f"{w.kind} {w.event.name} {w.trial} ({recordings[row].name})")
    if crossing:
        yield f"{source}: windows that reach into other events: {listed(crossing, 3)}."


def _end(event: Event) -> float:
    """The end of an event; one that takes no time is there all the same."""
    return max(event.stop, event.start + 1e-9)
