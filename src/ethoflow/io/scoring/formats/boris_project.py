"""BORIS projects (``.boris``): JSON with the ethogram and every observation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ethoflow.io.content import Content
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.pairing import Mark, pair_marks
from ethoflow.io.scoring.scored import Events, Scored
from ethoflow.io.table_text import decode, read_table_bytes
from ethoflow.schema import DataError

NOBODY = ("", "No focal subject")


def _matches(file: Content) -> bool:
    return file.kind in ("json", "gzip") and b"behaviors_conf" in _head(file)


def _head(file: Content) -> bytes:
    return file.path.read_bytes() if file.kind == "json" else b""


@label_reader("BORIS project", matches=_matches)
def read_boris_project(path: Path) -> list[Scored]:
    """Bouts of every observation in a project: times in s, with the observation's time offset.

    Behaviours of the ethogram that an observation has no event of are absent in it. State events
    are paired, start with the next stop of the same behaviour, animal and modifiers.
    """
    try:
        project: dict[str, Any] = json.loads(decode(read_table_bytes(path)))
    except json.JSONDecodeError as error:
        raise DataError(f"line {error.lineno}: this is no JSON ({error.msg}).") from error
    kinds = {str(b["code"]): str(b["type"]) for b in project["behaviors_conf"].values()}
    observations = project.get("observations") or {}
    if not observations:
        raise DataError("this project has an ethogram and no observations.")
    return [_read(name, found, kinds) for name, found in observations.items()]


def _read(name: str, observation: dict[str, Any], kinds: dict[str, str]) -> Events:
    offset = float(observation.get("time offset") or 0)
    marks = []
    for event in observation["events"]:
        time, subject, code = float(event[0]), str(event[1]), str(event[2])
        kind = kinds.get(code, "State event").lower()
        marks.append(
            Mark(
                time + offset,
                code.strip(),
                "" if subject in NOBODY else subject.strip(),
                str(event[3]).strip() if len(event) > 3 else "",
                "point" if "point" in kind else "toggle",
            )
        )
    states = [code.strip() for code, kind in kinds.items() if "state" in kind.lower()]
    rates = list((observation.get("media_info") or {}).get("fps", {}).values())
    return Events(
        name=name,
        events=pair_marks(marks),
        unit="s",
        fps=float(rates[0]) if rates and len(set(rates)) == 1 else None,
        behaviours=tuple(states),
    )
