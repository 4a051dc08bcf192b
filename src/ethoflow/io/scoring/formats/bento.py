"""BENTO annotations (``.annot``): bouts by channel, in s or frames."""

from __future__ import annotations

import re
from pathlib import Path

from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.io.table_text import decode, read_text_bytes
from ethoflow.schema import DataError

_BOUT = re.compile(r"\s*[\d.]+\s+[\d.]+")


def _matches(file: Content) -> bool:
    head = [line.strip().lower() for line in file.text[:40]]
    return any(line.startswith(("bento annotation", "caltech behavior annotator")) for line in head)


@label_reader("BENTO annotations", matches=_matches, fixture="built")
def read_bento(path: Path) -> list[Scored]:
    """Bouts of every channel; the channels are the raters.

    Times are in s, or in frames where none of the file has a decimal point. Frames count from 1 and
    the stop is the last frame of the bout; here they count from 0. What was watched is given by the
    head of the file, in frames where it says so.
    """
    lines = decode(read_text_bytes(path)).splitlines()
    facts = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in lines) if v}
    rate = re.findall(r"[\d.]+", facts.get("annotation framerate", ""))
    fps = float(rate[0]) if rate else None
    in_frames = not any("." in line.split()[0] for line in lines if _BOUT.match(line))
    raters: dict[str, list[Event]] = {}
    rater, behaviour = "", ""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        channel = re.fullmatch(r"(\S+)-{5,}", text)
        if channel:
            rater = channel[1]
            raters.setdefault(rater, [])
        elif text.startswith(">"):
            behaviour = text[1:].strip()
        elif rater and behaviour and _BOUT.match(line):
            raters[rater].append(_event(behaviour, text.split(), number, in_frames))
    listed = _listed(lines)
    return [
        Events(
            name=recording_name(path),
            events=tuple(events),
            unit="frame" if in_frames else "s",
            rater=name,
            fps=fps,
            span=_span(facts, fps, in_frames),
            behaviours=listed,
        )
        for name, events in raters.items()
    ]


def _span(facts: dict[str, str], fps: float | None, in_frames: bool) -> tuple[float, float] | None:
    """What was watched, in the unit of the bouts; None where the file does not say."""
    for unit in ("frame", "time"):
        try:
            start, stop = (float(facts[f"annotation {end} {unit}"]) for end in ("start", "stop"))
        except (KeyError, ValueError):
            continue
        if unit == "frame":
            start -= 1
        if (unit == "frame") == in_frames:
            return start, stop
        if fps:
            scale = fps if in_frames else 1 / fps
            return start * scale, stop * scale
    return None


def _listed(lines: list[str]) -> tuple[str, ...]:
    """Names under the heading of the list of annotations."""
    text = [line.strip() for line in lines]
    if "List of annotations:" not in text:
        return ()
    rest = text[text.index("List of annotations:") + 1 :]
    end = next((i for i, line in enumerate(rest) if not line), len(rest))
    return tuple(rest[:end])


def _event(behaviour: str, cells: list[str], number: int, in_frames: bool) -> Event:
    start, stop = float(cells[0]), float(cells[1])
    if stop < start:
        raise DataError(f"line {number}: the bout of {behaviour!r} stops before it starts.")
    return Event(behaviour, start - 1, stop) if in_frames else Event(behaviour, start, stop)
