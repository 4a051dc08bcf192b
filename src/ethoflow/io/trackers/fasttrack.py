"""FastTrack: a row per object and image, as text or as an SQLite database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks, read_text_table, whole_numbers
from ethoflow.io.sqlite import open_database, read_columns, tables_of
from ethoflow.schema import DataError

_COLUMNS = ("xHead", "yHead", "xTail", "yTail", "xBody", "yBody", "imageNumber", "id")


def _is_text(file: Content) -> bool:
    names = file.text[0].split() if file.text else []
    return set(_COLUMNS) <= set(names)


@reader("FastTrack text", matches=_is_text)
def read_fasttrack_text(path: Path) -> list[Tracks]:
    """Head, body centre and tail of every object, in px; objects are named by their number."""
    table = read_text_table(path)
    return [_tracks(path, {name: table.numbers(name) for name in _COLUMNS}, table.lines)]


def _is_database(file: Content) -> bool:
    return file.kind == "sqlite" and "tracking" in tables_of(file.path)


@reader("FastTrack database", matches=_is_database, beside=True)
def read_fasttrack_database(path: Path) -> list[Tracks]:
    """The same from ``tracking.db``."""
    with open_database(path) as database:
        rows = read_columns(database, "tracking", _COLUMNS)
    if not rows:
        raise DataError("no frames: the table 'tracking' is empty.")
    values = np.array(rows, dtype=np.float64)
    return [_tracks(path, dict(zip(_COLUMNS, values.T, strict=True)), None)]


def _tracks(path: Path, found: Mapping[str, Any], lines: Sequence[int] | None) -> Tracks:
    rows = lines if lines is not None else list(range(1, len(found["id"]) + 1))
    frames = whole_numbers(found["imageNumber"], rows)
    numbers = whole_numbers(found["id"], rows, "number of an object")
    order = np.lexsort((frames, numbers))
    points = {
        part.lower(): [found[f"{axis}{part}"][order] for axis in "xy"]
        for part in ("Head", "Body", "Tail")
    }
    return dense_tracks(
        recording_name(path),
        frames[order],
        [str(n) for n in numbers[order]],
        points,
        lines=[rows[i] for i in order],
        source_software="FastTrack",
    )
