"""DeepLabCut's labelled images (``CollectedData_*.csv``): points that a person placed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow.io.reader import Content, Tracks, reader, recording_name
from ethoflow.io.rows import dense_tracks
from ethoflow.io.sheets import Rows, rows_of_text
from ethoflow.schema import DataError

_IMAGE = re.compile(r"\.(png|jpe?g|bmp|tiff?)$", re.IGNORECASE)
_LABELS = ("scorer", "individuals", "bodyparts", "coords")


def names_images(lines: Sequence[str]) -> bool:
    """Whether the first row under DeepLabCut's header names an image and no frame number."""
    rows = [re.split("[,;\t]", line) for line in lines[:8]]
    body = [row for row in rows if row[0].strip(' "').lower() not in (*_LABELS, "")]
    return bool(body) and any(_IMAGE.search(cell.strip(' "')) for cell in body[0][:3])


def _matches(file: Content) -> bool:
    first = file.lines[0].split(",")[0].strip(' "').lower() if file.lines else ""
    return first == "scorer" and names_images(file.lines)


@reader("DeepLabCut labels", matches=_matches)
def read_dlc_labels(path: Path) -> list[Tracks]:
    """Points a person placed on single frames of a video; frames without labels are missing.

    The frame is the last number in the name of the image. Unique body parts stand in a slot of
    their own, the animal ``single``. People give no confidence.
    """
    rows = rows_of_text(path)
    header = {cells[0].lower(): cells for _, cells in rows if cells[0].lower() in _LABELS}
    missing = [name for name in ("bodyparts", "coords") if name not in header]
    if missing:
        raise DataError(f"the header row {missing[0]!r} is missing.")
    start = 1
    while start < len(header["bodyparts"]) and not header["bodyparts"][start]:
        start += 1
    body = [(number, cells) for number, cells in rows if cells[0].lower() not in _LABELS]
    videos = dict.fromkeys(_image(cells, start)[0] for _, cells in body)
    stem = recording_name(path)
    return [
        _tracks(
            stem if len(videos) == 1 else f"{stem} {video}",
            header,
            start,
            [(n, cells) for n, cells in body if _image(cells, start)[0] == video],
        )
        for video in videos
    ]


def _image(cells: Sequence[str], start: int) -> tuple[str, str]:
    """Folder and name of the image of a row."""
    parts = [part for cell in cells[:start] for part in re.split(r"[\\/]", cell) if part]
    return (parts[-2] if len(parts) > 1 else ""), parts[-1]


def _tracks(name: str, header: dict[str, list[str]], start: int, rows: Rows) -> Tracks:
    frames = np.array([_frame(cells, start, number) for number, cells in rows], np.int64)
    parts, coords = header["bodyparts"][start:], header["coords"][start:]
    who = header.get("individuals", [""] * (start + len(parts)))[start:]
    values = np.array([_numbers(number, cells, start, len(parts)) for number, cells in rows])
    animals = list(dict.fromkeys(who))
    bodyparts = list(dict.fromkeys(parts))
    points = {
        part: [
            np.concatenate([_column(values, who, parts, coords, (a, part, axis)) for a in animals])
            for axis in ("x", "y")
        ]
        for part in bodyparts
    }
    lines = [number for number, _ in rows]
    return dense_tracks(
        name, np.tile(frames, len(animals)),
        [a for a in animals for _ in rows] if any(animals) else None, points,
        lines=lines * len(animals), source_software="DeepLabCut",
        notes=(f"labels of {len(rows)} single frames, placed by a person: no tracks of a video.",),
    )  # fmt: skip


def _column(
    values: Any, who: list[str], parts: list[str], coords: list[str], key: tuple[str, str, str]
) -> Any:
    """Numbers of one column; NaN for a point that this animal does not have."""
    keys = list(zip(who, parts, coords, strict=False))
    return values[:, keys.index(key)] if key in keys else np.full(len(values), np.nan)


def _frame(cells: Sequence[str], start: int, line: int) -> int:
    numbers = re.findall(r"\d+", _image(cells, start)[1])
    if not numbers:
        raise DataError(f"line {line}: no frame number in the name {_image(cells, start)[1]!r}.")
    return int(numbers[-1])


def _numbers(line: int, cells: Sequence[str], start: int, width: int) -> list[float]:
    given = [*cells[start : start + width], *[""] * (width - len(cells[start:]))]
    try:
        return [float(cell) if cell else np.nan for cell in given]
    except ValueError as error:
        raise DataError(f"line {line}: needed numbers ({error}).") from error
