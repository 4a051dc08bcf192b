"""SLEAP CSV exports: a row per instance, columns of x, y and score per node."""

from __future__ import annotations

import re
from pathlib import Path

from ethoflow.io.options import Options
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks, read_text_table, whole_numbers
from ethoflow.schema import DataError


def _matches(file: Content) -> bool:
    names = file.header
    return {"track", "frame_idx"} <= set(names) and any(name.endswith(".x") for name in names)


@reader("SLEAP CSV", matches=_matches, takes_options=True)
def read_sleap_csv(path: Path, options: Options) -> list[Tracks]:
    """Instances of every track, px; those without a track are slots in order of their rows.

    The score of a node is its confidence, missing where a person placed it.
    """
    table = read_text_table(path)
    frames = whole_numbers(table.numbers("frame_idx"), table.lines)
    nodes = [m[1] for m in (re.fullmatch(r"(.+)\.x", n) for n in table.columns) if m]
    if not nodes:
        raise DataError("no column such as 'nose.x'.")
    tracks = table.cells("track")
    animals = _name_slots(tracks, frames.tolist())
    points = {node: [table.numbers(f"{node}.{axis}") for axis in "xy"] for node in nodes}
    scores = {
        node: table.numbers(f"{node}.score") for node in nodes if f"{node}.score" in table.columns
    }
    found = dense_tracks(
        recording_name(path),
        frames,
        animals,
        points,
        lines=table.lines,
        confidence=scores or None,
        repeats=options.repeats,
        source_software="SLEAP",
    )
    named = any(track for track in tracks)
    return [found if named else _unnamed(found)]


def _name_slots(tracks: list[str], frames: list[int]) -> list[str]:
    """The track of each row, or its place among those of its frame that have none."""
    seen: dict[int, int] = {}
    names = []
    for track, frame in zip(tracks, frames, strict=True):
        if track:
            names.append(track)
            continue
        names.append(f"untracked_{seen.get(frame, 0)}")
        seen[frame] = seen.get(frame, 0) + 1
    return names


def _unnamed(tracks: Tracks) -> Tracks:
    from dataclasses import replace

    return replace(tracks, animals=None)
