"""Tables with a row per frame (or per animal in a frame): rows to dense tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ethoflow.io.options import Repeats
from ethoflow.io.sheets import Rows
from ethoflow.io.stack import Tracks
from ethoflow.schema import DataError

MOST_EMPTY = 1000
"""Frames that a recording may have for every row of its table."""


class Table(NamedTuple):
    """Cells of a table by the name of their column, and the line each row stands in."""

    columns: dict[str, list[str]]
    lines: list[int]

    def numbers(self, name: str, missing: Sequence[str] = ("", "-", "NA", "nan", "NaN")) -> Any:
        """A column as numbers; NaN where nothing is written.

        Raises
        ------
        DataError
            The column is not there, or a cell is no number.
        """
        cells = self.cells(name)
        found = np.empty(len(cells))
        for i, cell in enumerate(cells):
            try:
                found[i] = np.nan if cell in missing else float(cell)
            except ValueError as error:
                raise DataError(
                    f"line {self.lines[i]}: {cell!r} is no number (column {name!r})."
                ) from error
        return found

    def cells(self, name: str) -> list[str]:
        """A column as text.

        Raises
        ------
        DataError
            The column is not there.
        """
        if name not in self.columns:
            raise DataError(
                f"no column {name!r}; the table has {', '.join(map(repr, self.columns))}."
            )
        return self.columns[name]


def table_of(rows: Rows) -> Table:
    """Rows below their header.

    Raises
    ------
    DataError
        A row has another number of cells than the header, or there are no rows.
    """
    names = rows[0][1]
    for number, cells in rows[1:]:
        if len(cells) != len(names):
            raise DataError(
                f"line {number} has {len(cells)} cells, the header has {len(names)}: the file is "
                "cut off or damaged there."
            )
    if len(rows) == 1:
        raise DataError("no frames: the table has a header and no rows.")
    columns: dict[str, list[str]] = {}
    for i, name in enumerate(names):
        columns.setdefault(name, [cells[i] for _, cells in rows[1:]])
    return Table(columns, [number for number, _ in rows[1:]])


def whole_numbers(values: Any, lines: Sequence[int], what: str = "frame number") -> Any:
    """`values` as whole numbers.

    Raises
    ------
    DataError
        One of them is none.
    """
    wrong = np.flatnonzero(~(np.abs(values) < 2**53) | (values != np.floor(values)))
    if len(wrong):
        i = int(wrong[0])
        raise DataError(f"line {lines[i]}: needed a {what}, found {values[i]:g}.")
    return values.astype(np.int64)


def dense_tracks(
    path_name: str,
    frames: npt.NDArray[np.int64],
    animals: Sequence[str] | None,
    points: Mapping[str, Sequence[Any]],
    *,
    lines: Sequence[int] | None = None,
    confidence: Mapping[str, Any] | None = None,
    repeats: Repeats = "error",
    **facts: Any,
) -> Tracks:
    """Tracks from one row per animal and frame; what has no row is NaN.

    Parameters
    ----------
    path_name
        Name of the recording.
    frames
        Frame of each row; the recording begins at the smallest.
    animals
        Whom each row is about; None where there is one animal without a name.
    points
        For each body part its coordinates, x, y (and z), one number per row.
    lines
        Line of each row, for messages.
    confidence
        For each body part its confidence per row.
    repeats
        Which of several rows of one animal and frame counts.
    facts
        Further fields of `Tracks`.

    Raises
    ------
    DataError
        Two rows are about one animal and frame, or the frames run away.
    """
    names = list(dict.fromkeys(animals)) if animals is not None else [""]
    slots = np.array([names.index(a) for a in animals]) if animals is not None else 0 * frames
    first, n_frames = _span(frames)
    kept, notes = _without_repeats(slots, frames - first, lines, repeats)
    n_space = len(next(iter(points.values())))
    position = np.full((len(names), len(points), n_space, n_frames), np.nan, np.float32)
    scores = None
    if confidence is not None:
        scores = np.full((len(names), len(points), n_frames), np.nan, np.float32)
    at = slots[kept], frames[kept] - first
    for b, (part, coordinates) in enumerate(points.items()):
        found = np.stack([np.asarray(c, np.float64)[kept] for c in coordinates])
        found[:, np.isnan(found).any(axis=0)] = np.nan
        for s in range(n_space):
            position[at[0], b, s, at[1]] = found[s]
        if scores is not None and confidence is not None and part in confidence:
            scores[at[0], b, at[1]] = np.asarray(confidence[part])[kept]
    return Tracks(
        name=path_name,
        position=position,
        confidence=scores,
        bodyparts=tuple(points),
        animals=None if animals is None else tuple(names),
        notes=(*facts.pop("notes", ()), *notes),
        **facts,
    )


def _span(frames: npt.NDArray[np.int64]) -> tuple[int, int]:
    if len(frames) == 0:
        raise DataError("no frames: the table has no rows.")
    first, last = int(frames.min()), int(frames.max())
    if last - first + 1 > MOST_EMPTY * len(frames):
        raise DataError(
            f"its frame numbers run from {first} to {last} in {len(frames)} rows: these are not "
            "the numbers of frames."
        )
    return first, last - first + 1


def _without_repeats(
    slots: npt.NDArray[np.int64],
    frames: npt.NDArray[np.int64],
    lines: Sequence[int] | None,
    repeats: Repeats,
) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Rows that count, in order, and a note on those that do not."""
    order = np.lexsort((np.arange(len(frames)), frames, slots))
    same = (np.diff(slots[order]) == 0) & (np.diff(frames[order]) == 0)
    if not same.any():
        return np.arange(len(frames)), []
    if repeats == "error":
        row = int(order[1:][same].min())
        where = f"line {lines[row]}" if lines is not None else f"row {row + 1}"
        raise DataError(
            f"{where}: the same frame a second time. Give repeats='first' or 'last' (--repeats) to "
            "say which row counts."
        )
    dropped = order[1:][same] if repeats == "first" else order[:-1][same]
    kept = np.setdiff1d(np.arange(len(frames)), dropped)
    return kept, [f"{len(dropped)} rows repeat a frame; the {repeats} of each was taken."]


def rate_of_times(times: Any) -> tuple[float, npt.NDArray[np.int64]]:
    """Frames per second of regular times in s, and the frame of each; rounded times are allowed.

    The rate is the number of steps over the whole time, brought to two decimals where rounding of
    the times allows that.

    Raises
    ------
    DataError
        The times do not grow, or are not regular.

    Examples
    --------
    >>> rate_of_times(np.array([0.0, 0.066, 0.133, 0.2]))[0]
    15.0
    """
    times = np.asarray(times, np.float64)
    steps = np.diff(times)
    if len(times) < 2 or not np.isfinite(times).all() or (steps <= 0).any():
        raise DataError("needed two or more growing times in s, to know the frame rate.")
    usual = float(np.median(steps))
    numbers = np.concatenate([[0], np.cumsum(np.maximum(np.rint(steps / usual), 1))])
    whole = float(times[-1] - times[0])
    rate = float(numbers[-1] / whole)
    if np.abs(times - times[0] - numbers / rate).max() > 0.5 / rate:
        raise DataError(f"its times are not regular: they leave a clock of {rate:g} fps.")
    decimals = _decimals(times)
    rounded = round(rate * 100) / 100
    slack = rate * 10.0**-decimals / whole
    return (rounded if abs(rate - rounded) <= slack else rate), numbers.astype(np.int64)


def _decimals(times: npt.NDArray[np.float64]) -> int:
    """Decimals the times were written with, at most 9."""
    some = times[:1000]
    return next((d for d in range(10) if np.abs(some - np.round(some, d)).max() < 1e-9), 9)
