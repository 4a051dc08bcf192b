"""DeepLabCut's labelled images (``CollectedData_*.csv``): points that a person placed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks
from ethoflow.io.sheets import rows_of_text
from ethoflow.io.trackers.dlc_table import Column
from ethoflow.schema import DataError, Floats

_IMAGE = re.compile(r"\.(png|jpe?g|bmp|tiff?)$", re.IGNORECASE)
_LABELS = ("scorer", "individuals", "bodyparts", "coords")


def is_image(name: str) -> bool:
    """Whether a name is that of a picture."""
    return bool(_IMAGE.search(name.strip(' "')))


def names_images(lines: Sequence[str]) -> bool:
    """Whether the first row under DeepLabCut's header names an image and no frame number."""
    rows = [re.split("[,;\t]", line) for line in lines[:8]]
    body = [row for row in rows if row[0].strip(' "').lower() not in (*_LABELS, "")]
    return bool(body) and any(map(is_image, body[0][:3]))


def _matches(file: Content) -> bool:
    first = file.lines[0].split(",")[0].strip(' "').lower() if file.lines else ""
    return first == "scorer" and names_images(file.lines)


@reader("DeepLabCut labels", matches=_matches)
def read_dlc_labels(path: Path) -> list[Tracks]:
    """Points a person placed on single frames of a video; frames without labels are missing.

    `tracks_of_images` says what they become. The same in HDF5 is known as DeepLabCut HDF5.
    """
    rows = rows_of_text(path)
    header = {cells[0].lower(): cells for _, cells in rows if cells[0].lower() in _LABELS}
    missing = [name for name in ("bodyparts", "coords") if name not in header]
    if missing:
        raise DataError(f"the header row {missing[0]!r} is missing.")
    start = 1
    while start < len(header["bodyparts"]) and not header["bodyparts"][start]:
        start += 1
    parts, coords = header["bodyparts"][start:], header["coords"][start:]
    who = header.get("individuals", [""] * (start + len(parts)))[start:]
    body = [(number, cells) for number, cells in rows if cells[0].lower() not in _LABELS]
    return tracks_of_images(
        recording_name(path),
        [Column(*names) for names in zip(who, parts, coords, strict=False)],
        np.array([_numbers(number, cells, start, len(parts)) for number, cells in body]),
        ["/".join(cells[:start]) for _, cells in body],
        [number for number, _ in body],
    )


def tracks_of_images(
    stem: str,
    columns: Sequence[Column],
    values: Floats,
    images: Sequence[str],
    lines: Sequence[int],
) -> list[Tracks]:
    """Tracks of labelled images, one recording for each folder of images.

    The frame is the last number in the name of the image; frames without labels are missing. Unique
    body parts stand in a slot of their own, the animal ``single``. People give no confidence,
    networks do.

    Parameters
    ----------
    stem
        Name of the recording.
    columns
        What each column of `values` holds.
    values
        Coordinates in px, dims (image, column).
    images
        Path of each image.
    lines
        Line of each row, for messages.

    Raises
    ------
    DataError
        The name of an image has no number.
    """
    places = [[part for part in re.split(r"[\\/]", image) if part] for image in images]
    folders = np.array([place[-2] if len(place) > 1 else "" for place in places], dtype=object)
    frames = np.array(
        [_frame(place[-1], line) for place, line in zip(places, lines, strict=True)], np.int64
    )
    videos = [str(folder) for folder in dict.fromkeys(folders)]
    found = []
    for video in videos:
        rows = np.flatnonzero(folders == video)
        name = stem if len(videos) == 1 else f"{stem} {video}"
        own = [lines[int(row)] for row in rows]
        found.append(_tracks(name, columns, values[rows], frames[rows], own))
    return found


def _tracks(
    name: str,
    columns: Sequence[Column],
    values: Floats,
    frames: npt.NDArray[np.int64],
    lines: list[int],
) -> Tracks:
    places = {column[:3]: i for i, column in enumerate(columns)}
    animals = list(dict.fromkeys(column.individual for column in columns))
    bodyparts = list(dict.fromkeys(column.bodypart for column in columns))

    def along(part: str, coord: str) -> Floats:
        """One number of a body part, for all rows of one animal after the other."""
        return np.concatenate([_column(values, places.get((a, part, coord))) for a in animals])

    scored = any(column.coord == "likelihood" for column in columns)
    return dense_tracks(
        name,
        np.tile(frames, len(animals)),
        [a for a in animals for _ in lines] if any(animals) else None,
        {part: [along(part, "x"), along(part, "y")] for part in bodyparts},
        confidence={part: along(part, "likelihood") for part in bodyparts} if scored else None,
        lines=lines * len(animals),
        source_software="DeepLabCut",
        notes=(f"labels of {len(lines)} single frames: no tracks of a video.",),
    )


def _column(values: Floats, place: int | None) -> Floats:
    """Numbers of one column; NaN for a point that this animal does not have."""
    return np.full(len(values), np.nan) if place is None else values[:, place]


def _frame(image: str, line: int) -> int:
    numbers = re.findall(r"\d+", image)
    if not numbers:
        raise DataError(f"line {line}: no frame number in the name {image!r}.")
    return int(numbers[-1])


def _numbers(line: int, cells: Sequence[str], start: int, width: int) -> list[float]:
    given = [*cells[start : start + width], *[""] * (width - len(cells[start:]))]
    try:
        return [float(cell) if cell else np.nan for cell in given]
    except ValueError as error:
        raise DataError(f"line {line}: needed numbers ({error}).") from error
