"""Arenas of many videos: a table that a project reads back, and pictures to look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from ethoflow import __version__
from ethoflow.csv_text import write_csv
from ethoflow.disk import writing_to
from ethoflow.geometry.arena import Arena, two_sides
from ethoflow.geometry.detection import draw_found, find_arena
from ethoflow.geometry.still import median_frame
from ethoflow.geometry.written import read_arena
from ethoflow.schema import DataError

Seen: TypeAlias = tuple[str, float, int, int, str]
"""What the table says of a video: arena, confidence, width, height, note."""

FINISHED = ".finished.jsonl"
"""Beside the pictures: what was found in videos before a command that was stopped, a line each."""


def find_arenas(
    videos: Sequence[Path],
    table: Path,
    *,
    size: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[pd.DataFrame, Path]:
    """Arenas of videos as a table that a project reads back, and a picture of each.

    Stopped and called again, it goes on: videos that were looked at and are as they were are not
    looked at again.

    Parameters
    ----------
    videos
        The videos; a row each, by the stem of its name.
    table
        Where the table (CSV) goes: columns recording, arena, confidence, width, height, note. The
        pictures lie in the folder of its name with ``_pictures`` behind. A cell of `arena` that is
        empty was not sure enough, and may be written by hand.
    size
        Length that is known: diameter, first side, or both sides, ``"40 x 30 cm"``.
    overwrite
        Whether a table that is there, and may have been mended by hand, is replaced.
    progress
        Is told after each video how many are done, and of how many.

    Raises
    ------
    DataError
        The table is there already, two videos have one name, or the size is no length.
    """
    stems = [video.stem for video in videos]
    if table.exists() and not overwrite:
        raise DataError(f"{table} is there already, perhaps mended by hand: give another --out.")
    if len(set(stems)) < len(stems):
        raise DataError("two videos have one name: find their arenas in two tables.")
    if size is not None:
        read_arena(f"polygon 0,0 9,0 9,9 0,9 px = {size}")
    folder = table.with_name(f"{table.stem}_pictures")
    folder.mkdir(parents=True, exist_ok=True)
    finished = _read_finished(folder)
    rows = []
    with writing_to(folder), (folder / FINISHED).open("a", encoding="utf-8") as file:
        for number, video in enumerate(videos, 1):
            key = _key(video, size)
            found = finished.get(key)
            if found is None:
                found = _look_at(video, size, folder)
                file.write(f"\n{json.dumps([key, found])}")  # a line that was cut ends here
                file.flush()
            rows.append((video.stem, *found))
            if progress is not None:
                progress(number, len(videos))
    made = pd.DataFrame(
        rows, columns=["recording", "arena", "confidence", "width", "height", "note"]
    )
    write_csv(made, table)
    (folder / FINISHED).unlink()
    return made, folder


def _key(video: Path, size: str | None) -> str:
    """A video as it is now, and what it was looked at for."""
    stamp: list[int] = []
    with suppress(OSError):
        found = video.stat()
        stamp = [found.st_size, found.st_mtime_ns]
    return json.dumps([__version__, str(video.absolute()), stamp, size])


def _read_finished(folder: Path) -> dict[str, Seen]:
    """What a command that was stopped had found."""
    try:
        lines = (folder / FINISHED).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    finished: dict[str, Seen] = {}
    for line in lines:
        with suppress(ValueError, TypeError):  # a line may have been cut
            key, (arena, confidence, width, height, note) = json.loads(line)
            finished[key] = arena, confidence, width, height, note
    return finished


def _look_at(video: Path, size: str | None, folder: Path) -> Seen:
    """What the table says of a video; its picture is drawn."""
    try:
        picture = median_frame(video)
    except DataError as error:
        return "", 0.0, 0, 0, str(error)
    found = find_arena(picture)
    draw_found(picture, found, folder / f"{video.stem}.png")
    text, note = "", f"nothing surer than {found.confidence:.2f}"
    if found.arena is not None:
        text, note = _written(found.arena, size), ""
    return text, found.confidence, found.width, found.height, note


def _written(arena: Arena, size: str | None) -> str:
    """An arena as in a project file; of a circle one length alone is known."""
    if arena.centre is not None:
        text = f"circle {arena.centre[0]:.1f} {arena.centre[1]:.1f} {arena.radius:.1f} px"
    else:
        text = f"polygon {' '.join(f'{x:g},{y:g}' for x, y in arena.vertices)} px"
    if size is None or (arena.centre is not None and two_sides(size) is not None):
        return text
    return f"{text} = {size}"
