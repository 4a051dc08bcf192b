"""The table DeepLabCut writes, as CSV or HDF5: named columns of numbers, one row per frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.io.options import Repeats
from ethoflow.io.stack import Float32, Tracks, first_number
from ethoflow.io.undetected import hide_undetected, note_undetected
from ethoflow.room import unseen
from ethoflow.schema import DataError, Floats

SPACE = ("x", "y", "z")
COORDS = (*SPACE, "likelihood")


class Column(NamedTuple):
    """Whose number a column holds; `individual` is empty in single-animal files."""

    individual: str
    bodypart: str
    coord: str
    scorer: str = ""


Series: TypeAlias = Sequence[Floats] | Float32
"""Numbers of each column."""


def tracks_of_table(
    name: str,
    columns: Sequence[Column],
    series: Series,
    frames: Floats,
    row_name: Callable[[int], str],
    repeats: Repeats = "error",
) -> Tracks:
    """Tracks of a DeepLabCut table.

    The recording begins at the smallest frame number; frame numbers that are missing in between
    become NaN. A point at exactly (0, 0) with likelihood 0 is how DeepLabCut writes a point it did
    not detect: its position is NaN, its confidence 0; version 3 writes -1 for all three, then both
    are NaN. A point with one coordinate missing was not seen: both are NaN. Likelihoods are kept as
    they are, also outside 0..1. Unique body parts are in a slot of their own, the animal
    ``single``.

    Parameters
    ----------
    columns
        What each column holds.
    series
        The numbers of each column; an array of them, dims (column, row), may be taken over.
    frames
        The frame number of each row.
    row_name
        Name of a row in messages, ``"line 17"``.
    repeats
        Which of several rows of one frame counts.

    Raises
    ------
    DataError
        Columns or frame numbers do not make tracks, or a number is infinite.
    """
    individuals = list(dict.fromkeys(column.individual for column in columns))
    bodyparts = list(dict.fromkeys(column.bodypart for column in columns))
    space = _check_columns(columns)
    kept, notes = _choose_rows(frames, row_name, repeats)
    if kept is not None:
        frames, series = frames[kept], [values[kept] for values in series]
    places, n_frames = _place_rows(frames, row_name)
    notes += _note_frames(frames, n_frames)
    if "single" in individuals and len(individuals) > 1:
        notes.append(
            "its unique body parts are in a slot of their own, the animal 'single'; take the "
            "animals alone with individuals=[...]."
        )
    names = [Column(i, b, c) for i in individuals for b in bodyparts for c in (*space, COORDS[-1])]
    cells = _whole_table(series) if isinstance(places, slice) else None
    if cells is not None and names == [Column(*column[:3]) for column in columns]:
        table = cells.reshape(len(individuals), len(bodyparts), len(space) + 1, n_frames)
        position, confidence = table[:, :, :-1], table[:, :, -1]
    else:
        position = unseen((len(individuals), len(bodyparts), len(space), n_frames))
        confidence = np.full_like(position[:, :, 0], np.nan)
        for column, values in zip(columns, series, strict=True):
            at = individuals.index(column.individual), bodyparts.index(column.bodypart)
            target = confidence[at]
            if column.coord in SPACE:
                target = position[at][space.index(column.coord)]
            target[places] = _finite(values, column, row_name)
    scored = any(column.coord == "likelihood" for column in columns)
    notes += note_undetected(_hide_unseen(position, confidence))
    return Tracks(
        name=name,
        position=position,
        confidence=confidence if scored else None,
        bodyparts=tuple(bodyparts),
        animals=tuple(individuals) if any(individuals) else None,
        source_software=_software(columns),
        notes=tuple(notes),
        first=first_number(frames),
    )


def _whole_table(series: Series) -> Float32 | None:
    """Columns that lie one after the other in memory as they are, without a copy; else None."""
    if not isinstance(series, np.ndarray) or series.dtype != np.float32 or np.isinf(series).any():
        return None
    return series


def _check_columns(columns: Sequence[Column]) -> list[str]:
    """Coordinates of every point, or an error that names the column."""
    if not columns:
        raise DataError("it names no body parts.")
    wrong = [column for column in columns if column.coord not in COORDS]
    if {column.coord for column in wrong} & {"length", "orientation"}:
        raise DataError(
            "it holds lengths and angles of a skeleton, which DeepLabCut writes beside tracks; the "
            "tracks are in the file without '_skeleton' in its name."
        )
    if wrong:
        raise DataError(
            f"the row 'coords' must hold x, y and likelihood, found {wrong[0].coord!r} under the "
            f"body part {wrong[0].bodypart!r}: are the header rows swapped?"
        )
    points = Counter(column[:3] for column in columns)
    twice = [point for point, count in points.items() if count > 1]
    if twice:
        scorers = dict.fromkeys(column.scorer for column in columns)
        raise DataError(
            f"two columns hold {twice[0][2]} of {twice[0][1]!r}; the scorers of the file are: "
            f"{', '.join(scorers)}. Keep the columns of one scorer."
        )
    space = [coord for coord in SPACE if coord in {column.coord for column in columns}]
    needed = list(dict.fromkeys(["x", "y", *space]))
    for column in columns:
        missing = [c for c in needed if (column.individual, column.bodypart, c) not in points]
        if missing:
            raise DataError(f"the body part {column.bodypart!r} has no column {missing[0]!r}.")
    return space


def _software(columns: Sequence[Column]) -> str:
    """Who wrote the table: Lightning Pose names its kind of network as the scorer."""
    scorers = {column.scorer for column in columns}
    is_lightning = any(scorer.startswith(("heatmap", "regression")) for scorer in scorers)
    return "Lightning Pose" if is_lightning else "DeepLabCut"


def _choose_rows(
    frames: Floats, row_name: Callable[[int], str], repeats: Repeats
) -> tuple[npt.NDArray[np.intp] | None, list[str]]:
    """Rows that count where frame numbers repeat (None for all), and a note on the others."""
    if repeats == "error" or len(np.unique(frames)) == len(frames):
        return None, []
    order = np.argsort(frames, kind="stable")
    same = np.diff(frames[order]) == 0
    dropped = order[1:][same] if repeats == "first" else order[:-1][same]
    kept = np.setdiff1d(np.arange(len(frames)), dropped)
    first = row_name(int(dropped.min()))
    return kept, [
        f"{len(dropped)} rows repeat a frame number (the first is {first}); the {repeats} of each "
        "was taken."
    ]


def _note_frames(frames: Floats, n_frames: int) -> list[str]:
    """What is unusual about the frame numbers."""
    notes = []
    if frames.min() != 0:
        notes.append(f"its first frame is number {frames.min():g}: the recording begins there.")
    if n_frames > len(frames):
        notes.append(
            f"{n_frames - len(frames)} of its {n_frames} frames have no row: they are missing."
        )
    return notes


def _place_rows(
    frames: Floats, row_name: Callable[[int], str]
) -> tuple[npt.NDArray[np.int64] | slice, int]:
    """Where each row goes in the recording, and how many frames that has."""
    if len(frames) == 0:
        raise DataError("no frames: the table has a header and no rows.")
    wrong = np.flatnonzero(~((np.abs(frames) < 2**53) & (frames == np.floor(frames))))
    if len(wrong):
        raise DataError(
            f"{row_name(int(wrong[0]))}: needed a frame number in the first column, "
            f"found {frames[wrong[0]]:g}."
        )
    numbers = frames.astype(np.int64)
    steps = np.diff(numbers)
    if (steps == 1).all():
        return slice(None), len(numbers)
    order = np.argsort(numbers, kind="stable")
    twice = np.flatnonzero(np.diff(numbers[order]) == 0)
    if len(twice):
        row = int(order[twice + 1].min())
        raise DataError(
            f"{row_name(row)}: the frame number {numbers[row]} occurs a second time. Give "
            "repeats='first' or 'last' (--repeats) to say which row counts."
        )
    step = float(np.median(np.diff(numbers[order])))
    n_frames = int(numbers.max() - numbers.min()) + 1
    if step > 1 or n_frames > 1000 * len(numbers):
        raise DataError(
            f"the first column runs from {numbers.min()} to {numbers.max()} in {len(numbers)} rows "
            f"(typically by {step:g}): these are not the numbers of consecutive frames. Number the "
            "rows 0, 1, 2, ... and give the fps of the rows."
        )
    return numbers - numbers.min(), n_frames


def _finite(values: Floats, column: Column, row_name: Callable[[int], str]) -> Float32:
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32, copy=False)
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        row = int(infinite[0])
        raise DataError(
            f"{row_name(row)}: {column.coord} of {column.bodypart!r} is {values[row]:g}; needed a "
            "finite number, or an empty cell where the point was not seen."
        )
    return numbers


def _hide_unseen(position: Float32, confidence: Float32) -> int:
    """Make positions of unseen points NaN, in place; gives how many were written as -1."""
    unseen = np.isnan(position).any(axis=2)
    unseen |= (position == 0).all(axis=2) & (confidence == 0)
    np.copyto(position, np.nan, where=unseen[:, :, None, :])
    return hide_undetected(position, confidence)
