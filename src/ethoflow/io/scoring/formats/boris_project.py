"""BORIS projects (``.boris``): JSON with the ethogram and every observation."""

from __future__ import annotations

import json
from math import inf, isnan, nan
from pathlib import Path
from typing import Any, Literal

from ethoflow.io.content import Content
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.observation import Observation, media_of, number_in
from ethoflow.io.scoring.pairing import Mark, pair_marks
from ethoflow.io.scoring.scored import Events, Scored
from ethoflow.io.table_text import decode, read_text_bytes
from ethoflow.schema import DataError

NOBODY = ("", "No focal subject")


def _matches(file: Content) -> bool:
    return file.kind in ("json", "gzip") and b"behaviors_conf" in _head(file)


def _head(file: Content) -> bytes:
    return file.path.read_bytes() if file.kind == "json" else b""


@label_reader("BORIS project", matches=_matches)
def read_boris_project(path: Path) -> list[Scored]:
    """Bouts of every observation in a project, in the time or the frames of its video.

    BORIS keeps every time with the observation's offset added, and with the time its medium was
    made where that was chosen; both are taken off, and the frame beside a time counts. Behaviours
    of the ethogram that an observation has no event of are absent within the interval it is limited
    to, or in all its media. State events are paired, start with the next stop of the same
    behaviour, animal and modifiers.
    """
    try:
        project: dict[str, Any] = json.loads(decode(read_text_bytes(path)))
    except json.JSONDecodeError as error:
        raise DataError(f"line {error.lineno}: this is no JSON ({error.msg}).") from error
    kinds = {str(b["code"]): str(b["type"]) for b in project["behaviors_conf"].values()}
    observations = project.get("observations") or {}
    if not observations:
        raise DataError("this project has an ethogram and no observations.")
    return [_read(name, found, kinds) for name, found in observations.items()]


def _read(name: str, observation: dict[str, Any], kinds: dict[str, str]) -> Events:
    entries = [event for event in observation["events"] if event]
    unit: Literal["s", "frame"] = "frame"
    notes: tuple[str, ...] = ()
    if observation.get("type") == "IMAGES":
        # Pictures are counted from 1 and may have no times.
        places, known = [_image(name, event) - 1.0 for event in entries], Observation()
    else:
        known = _media(observation)
        places, unit, notes = known.place(
            [number_in(event[0]) for event in entries], [_frame(event) for event in entries]
        )
    marks = []
    for event, place in zip(entries, places, strict=True):
        subject, code = str(event[1]), str(event[2])
        if isnan(place):
            raise DataError(f"{name}: an event of {code!r} has no time.")
        kind = kinds.get(code, "State event").lower()
        marks.append(
            Mark(
                place,
                code.strip(),
                "" if subject in NOBODY else subject.strip(),
                str(event[3]).strip() if len(event) > 3 else "",
                "point" if "point" in kind else "toggle",
            )
        )
    rate = known.fps if unit == "frame" and known.fps else 1.0
    return Events(
        name=name,
        events=pair_marks(marks),
        unit=unit,
        fps=known.fps,
        span=_span(observation, known.length, rate),
        behaviours=tuple(code.strip() for code, kind in kinds.items() if "state" in kind.lower()),
        videos=known.videos(counted=any(_frame(event) is not None for event in entries)),
        notes=(*notes, *_of_day(observation)),
        is_unit_said=True,
    )


def _media(observation: dict[str, Any]) -> Observation:
    """The media of an observation and by what its times are late."""
    info = observation.get("media_info") or {}
    files = observation.get("file") or {}
    made = bool(observation.get("media_creation_date_as_offset"))
    players = [number for number, names in dict(files).items() if names]
    delays = info.get("offset") or {}
    return Observation(
        offset=float(observation.get("time offset") or 0),
        players=tuple(media_of(files[number], info, made=made) for number in players),
        delays=tuple(float(delays.get(number) or 0) for number in players),
    )


def _frame(event: list[Any]) -> int | None:
    """The frame beside an event, where it was kept (since version 7.13)."""
    number = number_in(event[5]) if len(event) > 5 else nan
    return None if isnan(number) or number < 0 else int(number)


def _image(name: str, event: list[Any]) -> int:
    number = _frame(event)
    if number is None:
        raise DataError(f"{name}: an event of {event[2]!r} has no number of its picture.")
    return number


def _span(observation: dict[str, Any], length: float, rate: float) -> tuple[float, float] | None:
    """What was watched: the interval the observation is limited to, else all of its media."""
    limits = observation.get("observation time interval") or (0, 0)
    start, stop = (float(limit or 0) for limit in limits)
    if start or stop:
        end = stop or (inf if isnan(length) else length)
        return start * rate, end * rate
    return None if isnan(length) else (0.0, length * rate)


def _of_day(observation: dict[str, Any]) -> tuple[str, ...]:
    """What is to be said of an observation whose times are not those of a video."""
    if observation.get("start_from_current_time") or observation.get(
        "start_from_current_epoch_time"
    ):
        return (
            "its times are those of the day, as it was scored live: say with offset (--offset, s) "
            "at which of them the tracks begin.",
        )
    return ()
