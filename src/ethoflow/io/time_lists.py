"""Lists of times as cameras and people write them: which column they are, and in what unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ethoflow.errors import near_file
from ethoflow.io.numpy_files import load_array
from ethoflow.io.options import TIME_UNITS, TimeUnit
from ethoflow.io.sheets import Rows, rows_of_bytes
from ethoflow.io.table_text import decode, read_table_bytes
from ethoflow.io.times import Times, check_rate, seconds_of, settle_unit
from ethoflow.real import check_real
from ethoflow.schema import DataError

_NAME = re.compile(r"(?:^|[\W_])(?:time|times|timestamps?|t|seconds|secs?)(?:$|[\W_])", re.I)
_NUMBER = re.compile(r"(?:^|[\W_])(?:frame|frames|index|idx|number|n)(?:$|[\W_])", re.I)


def read_times(path: Path, unit: TimeUnit | None = None, fps: float | None = None) -> Times:
    r"""Times of frames in s: a NumPy array (``.npy``) or a text table with a row per frame.

    Numbers, dates and times (ISO 8601, counted from 1970) and times of day (``10:00:00.033``) are
    read, from the one column or the one that is called so. Numbers are in `unit`, else in what the
    heading says (``time_ms``, ``t [ms]``), else in s where that makes a camera of them.

    Parameters
    ----------
    path
        The file.
    unit
        ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``; by default as above.
    fps
        Frame rate that is known otherwise, which the times must not contradict a thousandfold.

    Raises
    ------
    DataError
        They are no growing, finite numbers, it is not clear which column they are, or their unit.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "times.txt"
    >>> _ = path.write_text("frame,time_ms\n0,0\n1,40\n2,80\n")
    >>> read_times(path).tolist()
    [0.0, 0.04, 0.08]
    >>> folder.cleanup()
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of timestamps.{near_file(path)}")
    with path.open("rb") as file:
        is_array = file.read(6) == b"\x93NUMPY"
    try:
        heading, values = _load_array(path) if is_array else _load_text(path)
        times, stated = _in_seconds(values)
        known = stated or settle_unit(unit, heading)
    except (ValueError, OSError, EOFError) as error:
        said = str(error) if isinstance(error, DataError) else f"no list of times ({error})."
        raise DataError(f"{path}: {said}") from error
    times = times if stated else times * TIME_UNITS[known or "s"]
    _check_growing(times, str(path))
    if known is None and fps not in (None, 1) and _counts(times):
        raise DataError(
            f"{path}: its times are one apart, as numbers of frames are. Give the times of the "
            "frames, or time_unit='s' (--time-unit s) if they are seconds."
        )
    if not (stated or unit) or fps is not None:
        check_rate(times, fps, f"{path}: its times")
    return times


def _load_array(path: Path) -> tuple[str, npt.NDArray[Any]]:
    values = load_array(path).squeeze()
    if values.dtype.kind in "bcV":
        check_real(values.dtype, "times")
    if values.ndim == 2 and values.shape[1] == 2 and _counts(values[:, 0]):
        values = values[:, 1]
    if values.ndim != 1:
        raise DataError(f"needed one time per frame, found the shape {values.shape}.")
    return "", values


def _load_text(path: Path) -> tuple[str, list[str]]:
    """Heading and cells of the column of times."""
    data = read_table_bytes(path)
    single = [line.strip().rstrip(",;\t") for line in decode(data).splitlines() if line.strip()]
    if _has_decimal_commas(single):
        return "", [line.replace(",", ".") for line in single]
    rows = [(n, _without_end(cells)) for n, cells in rows_of_bytes(data)]
    if not rows:
        raise DataError("there are no times in it.")
    heading = rows[0][1] if not any(_is_time(cell) for cell in rows[0][1]) else []
    body = rows[1:] if heading else rows
    width = max((len(cells) for _, cells in body), default=0)
    place = _column_of_times(heading, body, width)
    cells = [_cell(cells, place, number) for number, cells in body]
    return heading[place] if place < len(heading) else "", cells


def _has_decimal_commas(lines: Sequence[str]) -> bool:
    """Whether numbers with a decimal comma stand alone; two columns of whole numbers count up."""
    if not lines or not all(re.fullmatch(r"-?\d+,\d+", line) for line in lines):
        return False
    return not _counts(np.array([int(line.split(",")[0]) for line in lines]))


def _without_end(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end of a line."""
    n_cells = len(cells)
    while n_cells and not cells[n_cells - 1]:
        n_cells -= 1
    return cells[:n_cells]


def _is_time(cell: str) -> bool:
    return bool(re.match(r"[-+]?[\d.,]+(e[-+]?\d+)?$|\d+:\d|\d{4}-\d\d-\d\d", cell, re.I))


def _counts(values: npt.NDArray[Any]) -> bool:
    """Whether numbers count frames: whole, and up by one nearly always."""
    if values.dtype.kind not in "iuf" or len(values) < 2:
        return False
    steps = np.diff(values.astype(np.float64))
    return bool((steps >= 1).all() and np.median(steps) == 1 and (steps == np.rint(steps)).all())


def _column_of_times(heading: Sequence[str], body: Rows, width: int) -> int:
    if width <= 1:
        return 0
    named = [i for i, name in enumerate(heading) if _NAME.search(name)]
    if not named and heading:
        named = [i for i, name in enumerate(heading) if not _NUMBER.search(name)]
    if not heading and width == 2 and _counts(_numbers([cells[0] for _, cells in body])):
        named = [1]
    if len(named) == 1:
        return named[0]
    found = ", ".join(heading) if heading else f"{width} columns without headings"
    raise DataError(
        f"needed one column of times, found {found}. Keep one, or call it 'time' alone."
    )


def _cell(cells: Sequence[str], place: int, line: int) -> str:
    if place >= len(cells) or not cells[place]:
        raise DataError(f"line {line} has no time.")
    return cells[place]


def _numbers(cells: Sequence[str]) -> Times:
    """Cells as numbers, NaN for what is none; commas are decimal where there are no points."""
    if any("," in cell for cell in cells) and not any("." in cell for cell in cells):
        cells = [cell.replace(",", ".") for cell in cells]
    return pd.to_numeric(pd.Series(list(cells)), errors="coerce").to_numpy(np.float64)


def _in_seconds(values: npt.NDArray[Any] | list[str]) -> tuple[Times, TimeUnit | None]:
    """Values as numbers, and ``"s"`` where they say themselves that they are in s."""
    if isinstance(values, list):
        numbers = _numbers(values)
        if not np.isnan(numbers).any():
            return numbers, None
        if np.isnan(numbers).all():
            return seconds_of(values), "s"
        raise DataError(f"{values[int(np.argmax(np.isnan(numbers)))]!r} is no time in s.")
    if values.dtype.kind in "mM":
        since = values - np.zeros(1, values.dtype)
        return since / np.timedelta64(1, "ns") * 1e-9, "s"
    return values.astype(np.float64), None


def _check_growing(times: Times, where: str) -> None:
    if not np.isfinite(times).all():
        raise DataError(f"{where}: time {int(np.argmin(np.isfinite(times)))} is no finite number.")
    wrong = np.flatnonzero(np.diff(times) <= 0)
    if len(wrong):
        i = int(wrong[0])
        raise DataError(
            f"{where}: times must grow; number {i + 1} is {times[i + 1]:g} s after {times[i]:g} s."
        )
