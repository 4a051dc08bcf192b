"""Tables with a row per frame and a column of 0 and 1 for every behaviour."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.rows import MOST_EMPTY
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.formats.frame_classes import is_background
from ethoflow.io.scoring.scored import Frames, Scored
from ethoflow.io.sheets import rows_of_text
from ethoflow.io.table_text import delimiter_of
from ethoflow.io.trackers.simba import simba_points
from ethoflow.schema import DataError

_UNKNOWN = ("", "NA", "NaN", "nan")
_UNMARKED = (*_UNKNOWN, "-1", "-1.0")
"""Cells of frames that were not labelled."""
_FLAGS = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0}
_MARKS = {**_FLAGS, "false": 0.0, "true": 1.0}
_NUMBERS = {"", "frame", "frames", "frame_idx", "frame_index", "frame number", "unnamed: 0"}
"""Headings of a first column that numbers the frames."""


def _cells(file: Content, rows: int) -> list[list[str]]:
    lines = [line for line in file.text[: rows + 1] if line.strip()]
    return [[c.strip(' "') for c in re.split(re.escape(delimiter_of(lines[0])), x)] for x in lines]


def _is_one_hot(file: Content) -> bool:
    rows = _cells(file, 6)
    if len(rows) < 3 or len(rows[0]) < 2 or rows[0][0].lower() not in _NUMBERS:
        return False
    same = all(len(row) == len(rows[0]) and row[0].isdigit() for row in rows[1:])
    cells = {cell.lower() for row in rows[1:] for cell in row[1:]}
    return same and cells <= {*_MARKS, *map(str.lower, _UNMARKED)}


@label_reader("one column per behaviour", matches=_is_one_hot)
def read_one_hot(path: Path) -> list[Scored]:
    """Labels of 0 and 1, or false and true, with a column per behaviour, a row per frame.

    The first column numbers the frames, from 0 or from 1; labels whose numbers begin later begin at
    that frame of the recording. Where a cell is -1 or empty, and of a frame without a row, nothing
    is known. A column called
    background, none or other stands for frames without any of the others, or for frames nobody
    labelled: that is asked of who reads it.
    """
    table, first = _read(path)
    values = table.to_numpy(np.float32).T
    names = [str(name) for name in table.columns]
    background = tuple(name for name in names if is_background(name))
    return [
        Frames(
            recording_name(path),
            tuple(names),
            values,
            first=first,
            numbered=True,
            background=background,
        )
    ]


def _read(path: Path) -> tuple[pd.DataFrame, int]:
    """The cells, and the frame of the first row."""
    rows = rows_of_text(path)
    names, width = rows[0][1], len(rows[0][1])
    for number, cells in rows[1:]:
        if len(cells) != width:
            raise DataError(f"line {number} has {len(cells)} cells, the header has {width}.")
    frames = [cells[0] for _, cells in rows[1:]]
    if any(not cell.isdigit() for cell in frames):
        raise DataError("its first column must number the frames.")
    numbers = np.array(frames, np.int64)
    steps = np.diff(numbers)
    if (steps < 1).any():
        line = rows[int(np.argmax(steps < 1)) + 2][0]
        raise DataError(f"line {line}: the frame is not after that of the line before.")
    if numbers[-1] - numbers[0] >= MOST_EMPTY * len(numbers):
        raise DataError(
            f"its frames run from {numbers[0]} to {numbers[-1]} in {len(numbers)} rows: these are "
            "not the numbers of frames."
        )
    columns = {
        name: [_flag(row[i], number) for number, row in rows[1:]]
        for i, name in enumerate(names)
        if i
    }
    table = pd.DataFrame(columns, index=numbers)
    every = np.arange(numbers[0], numbers[-1] + 1)
    return table.reindex(every), int(numbers[0]) if numbers[0] > 1 else 0


def _flag(cell: str, line: int) -> float:
    if cell in _UNMARKED:
        return np.nan
    try:
        return _MARKS[cell.lower()]
    except KeyError as error:
        raise DataError(f"line {line}: its cells must be 0 or 1, found {cell!r}.") from error


def _is_simba(file: Content) -> bool:
    rows = _cells(file, 12)
    names = rows[0] if rows else []
    if any(name.startswith("Probability_") for name in names):
        return True
    if len(names) > 20 and any(re.fullmatch(r".+_[12]_[xy]", name) for name in names):
        return True
    # Of one animal: poses, features, and at the end what was scored.
    last = {row[-1] for row in rows[1:] if len(row) == len(names)}
    return len(simba_points(names)) > 1 and not names[-1].endswith("_p") and last <= set(_FLAGS)


@label_reader("SimBA targets", matches=_is_simba, fixture="built")
def read_simba(path: Path) -> list[Scored]:
    """Behaviours of a SimBA table: the columns of 0 and 1 that stand last, after the features.

    Tables of one animal and of several, with targets inserted or of a classifier.

    In a table of a classifier (with columns ``Probability_NAME``) they are its predictions.
    """
    rows = rows_of_text(path)
    names = rows[0][1]
    table = {
        name: [cells[i] for _, cells in rows[1:] if i < len(cells)] for i, name in enumerate(names)
    }
    predicted = [n.removeprefix("Probability_") for n in names if n.startswith("Probability_")]
    scored = [name for name in predicted if name in table] or _last_flags(names, table)
    if not scored:
        raise DataError("none of its last columns holds 0 and 1: no behaviour was scored in it.")
    values = np.array([[float(cell) for cell in table[name]] for name in scored], np.float32)
    source = "classifier" if predicted else "human"
    return [Frames(recording_name(path), tuple(scored), values, source=source)]  # type: ignore[arg-type]


def _last_flags(names: list[str], table: dict[str, list[str]]) -> list[str]:
    flags: list[str] = []
    for name in reversed(names):
        if name.startswith("Low_prob_detections"):  # a feature, which may be 0 throughout
            break
        if name.endswith(("_x", "_y", "_p")) or not set(table[name]) <= set(_FLAGS):
            break
        flags.insert(0, name)
    return flags
