"""Starts and stops to bouts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from ethoflow.io.scoring.scored import Event
from ethoflow.schema import DataError


class Mark(NamedTuple):
    """One entry of a log: a start, a stop, a point, or a state that begins or ends (a toggle)."""

    time: float
    behaviour: str
    individual: str = ""
    modifiers: str = ""
    kind: Literal["start", "stop", "point", "toggle"] = "toggle"
    place: str = ""


def pair_marks(marks: Sequence[Mark]) -> tuple[Event, ...]:
    """Bouts from a log, in order; each start ends at the next stop of its kind.

    A start without a stop, or a stop without a start, is a bout whose other end is NaN: not known.

    Raises
    ------
    DataError
        A bout starts a second time before it stops.

    Examples
    --------
    >>> pair_marks([Mark(1, "run"), Mark(3, "run")])
    (Event(behaviour='run', start=1, stop=3, individual='', modifiers=''),)
    """
    events: list[Event] = []
    running: dict[tuple[str, str, str], Mark] = {}
    for mark in _in_order(marks):
        key = mark[1:4]
        if mark.kind == "point":
            events.append(Event(mark.behaviour, mark.time, None, *key[1:]))
        elif mark.kind == "start" or (mark.kind == "toggle" and key not in running):
            if key in running:
                raise DataError(_fault(mark, "starts a second time before it stops"))
            running[key] = mark
        else:
            start = running.pop(key).time if key in running else math.nan
            events.append(Event(mark.behaviour, start, mark.time, *key[1:]))
    events += [Event(m.behaviour, m.time, math.nan, *key[1:]) for key, m in running.items()]
    return tuple(sorted(events, key=lambda e: e.stop if math.isnan(e.start) else e.start))  # type: ignore[arg-type, return-value]


def _in_order(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Marks by time; of those at one time a stop comes first where its behaviour is running."""
    running: set[tuple[str, str, str]] = set()
    for _, together in groupby(sorted(marks, key=lambda mark: mark.time), lambda mark: mark.time):
        here = list(together)
        stops = [m for m in here if m.kind == "stop" and m[1:4] in running]
        for mark in (*stops, *(m for m in here if m not in stops)):
            if mark.kind == "start":
                running.add(mark[1:4])
            elif mark.kind == "stop":
                running.discard(mark[1:4])
            yield mark


def _fault(mark: Mark, what: str) -> str:
    who = f" of {mark.individual}" if mark.individual else ""
    where = f" ({mark.place})" if mark.place else ""
    return (
        f"{mark.behaviour!r}{who} {what}, at {mark.time:g}{where}: correct the log in the "
        "program that wrote it."
    )
