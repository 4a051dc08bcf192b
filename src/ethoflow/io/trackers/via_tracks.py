"""VIA-tracks: boxes around animals, a row per box; the centre of the box is the animal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks, read_text_table
from ethoflow.schema import DataError

_COLUMNS = ["filename", "file_size", "file_attributes", "region_count", "region_id"]


def _matches(file: Content) -> bool:
    return bool(file.text) and file.text[0].strip().split(",")[:5] == _COLUMNS


@reader("VIA-tracks boxes", matches=_matches)
def read_via_tracks(path: Path) -> list[Tracks]:
    """Centres of the boxes, in px; the animal is the attribute ``track``.

    The frame is the attribute ``frame`` of the file where it has one, else the last number in the
    name of the image.
    """
    table = read_text_table(path)
    shapes = [_json(cell, line) for cell, line in _with_lines(table, "region_shape_attributes")]
    tracks = [_json(cell, line) for cell, line in _with_lines(table, "region_attributes")]
    files = [_json(cell, line) for cell, line in _with_lines(table, "file_attributes")]
    frames = [
        _frame(attributes, name, line)
        for attributes, name, line in zip(files, table.cells("filename"), table.lines, strict=True)
    ]
    boxes = [_box(shape, line) for shape, line in zip(shapes, table.lines, strict=True)]
    animals = [str(found.get("track", "")) for found in tracks]
    if "" in animals:
        raise DataError(f"line {table.lines[animals.index('')]}: the box has no attribute 'track'.")
    places = np.array(boxes)
    return [
        dense_tracks(
            recording_name(path),
            np.array(frames, np.int64),
            animals,
            {"centroid": [places[:, 0], places[:, 1]]},
            lines=table.lines,
            source_software="VIA-tracks",
        )
    ]


def _with_lines(table: Any, name: str) -> list[tuple[str, int]]:
    return list(zip(table.cells(name), table.lines, strict=True))


def _json(cell: str, line: int) -> dict[str, Any]:
    try:
        found = json.loads(cell or "{}")
    except json.JSONDecodeError as error:
        raise DataError(f"line {line}: {cell[:60]!r} is no JSON ({error.msg}).") from error
    if not isinstance(found, dict):
        raise DataError(f"line {line}: needed attributes in braces, found {cell[:60]!r}.")
    return found


def _frame(attributes: dict[str, Any], name: str, line: int) -> int:
    stated = attributes.get("frame")
    numbers = re.findall(r"\d+", name.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    try:
        return int(stated) if stated is not None else int(numbers[-1])
    except (IndexError, ValueError, TypeError) as error:
        raise DataError(f"line {line}: no frame number in the name {name!r}.") from error


def _box(shape: dict[str, Any], line: int) -> tuple[float, float]:
    try:
        x, y, width, height = (float(shape[key]) for key in ("x", "y", "width", "height"))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"line {line}: needed a rectangle, found {shape}.") from error
    return x + width / 2, y + height / 2
