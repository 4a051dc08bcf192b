"""AnimalTA: centroids of animals in one or several arenas, separated by semicolons."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import Table, dense_tracks, rate_of_times, read_text_table, whole_numbers
from ethoflow.schema import DataError

_NO_RATE = "its times do not grow with its frames: the frame rate is not taken from them."


def _matches(file: Content) -> bool:
    names = file.text[0].split(";") if file.text else []
    return names[:2] == ["Frame", "Time"] and (
        names[2:5] == ["Arena", "Ind", "X"] or any(n.startswith("X_Arena") for n in names)
    )


@reader("AnimalTA", matches=_matches)
def read_animalta(path: Path) -> list[Tracks]:
    """Centroids in px; an animal is named by its arena and its number there.

    The frame rate is that of the column of times, which AnimalTA rounds to hundredths of a second.
    """
    table = read_text_table(path)
    frames = whole_numbers(table.numbers("Frame"), table.lines)
    first = np.unique(frames, return_index=True)[1]
    fps = _rate(frames[first], table.numbers("Time")[first])
    notes = () if fps else (_NO_RATE,)
    if "Arena" in table.columns:
        animals = [
            f"Arena{int(float(arena))}_Ind{int(float(ind))}"
            for arena, ind in zip(table.cells("Arena"), table.cells("Ind"), strict=True)
        ]
        points = {"centroid": [table.numbers("X"), table.numbers("Y")]}
        return [
            dense_tracks(
                recording_name(path),
                frames,
                animals,
                points,
                lines=table.lines,
                fps=fps,
                source_software="AnimalTA",
                notes=notes,
            )
        ]
    return [_wide(path, table, frames, fps, notes)]


def _rate(frames: object, times: object) -> float | None:
    seconds = np.asarray(times)
    if len(seconds) < 3:
        return None
    try:
        return rate_of_times(seconds)[0] if (np.diff(np.asarray(frames)) == 1).all() else None
    except DataError:
        return None


def _wide(
    path: Path, table: Table, frames: object, fps: float | None, notes: tuple[str, ...]
) -> Tracks:
    """A column per animal and coordinate."""
    names = [m[1] for m in (re.fullmatch(r"X_(.+)", n) for n in table.columns) if m]
    numbers = np.asarray(frames)
    n = len(names)
    points = {
        "centroid": [
            np.concatenate([table.numbers(f"{axis}_{name}") for name in names]) for axis in "XY"
        ]
    }
    animals = [name for name in names for _ in range(len(numbers))]
    return dense_tracks(
        recording_name(path),
        np.tile(numbers, n),
        animals,
        points,
        lines=list(table.lines) * n,
        fps=fps,
        source_software="AnimalTA",
        notes=notes,
    )
