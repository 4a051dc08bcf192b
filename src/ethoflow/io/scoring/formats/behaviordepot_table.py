"""BehaviorDEPOT's hand annotations (``.mat``): a MATLAB table with a row per bout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ethoflow.io.content import Content
from ethoflow.io.hdf5 import read_array
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.columns import find_columns
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.headings import heading_of
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.schema import DataError

_VALUES = "#subsystem#/MCOS"
"""Where MATLAB 7.3 keeps the properties of objects such as tables."""
_OBJECT = 0xDD000000
"""First number of what stands for an object among values."""


def is_matlab_table(file: Content) -> bool:
    """Whether a MATLAB 7.3 file holds a table object."""
    return "#subsystem#" in file.keys and any(
        file.attributes(name).get("MATLAB_class") == b"table"
        for name in file.keys
        if not name.startswith("#")
    )


@label_reader("BehaviorDEPOT hand annotations", matches=is_matlab_table)
def read_annotations(path: Path) -> list[Scored]:
    """Bouts from the columns StartFrame, EndFrame (or StopFrame) and Behavior of a MATLAB table.

    MATLAB counts frames from 1, and BehaviorDEPOT takes the last as part of the bout; here they
    count from 0 and the stop is not part of it.
    """
    with h5py.File(path, "r") as file:
        columns = _columns(file)
    names = list(columns)
    length = {len(cells) for cells in columns.values()}
    if len(length) != 1:
        raise DataError(f"its columns have different lengths: {sorted(length)}.")
    rows = [(i, list(cells)) for i, cells in enumerate(zip(*columns.values(), strict=True), 1)]
    table = find_columns(names, rows)
    stem = recording_name(path)
    events = [
        Event(
            table.cell(cells, "behaviour") or stem,
            float(table.cell(cells, "start")) - 1,
            float(table.cell(cells, "stop")),
        )
        for _, cells in rows
    ]
    wrong = [event for event in events if event.stop is not None and event.stop <= event.start]
    if wrong or "stop" not in table.places:
        raise DataError("needed a first and a last frame of every bout, the last not before it.")
    return [Events(stem, tuple(events), "frame", rater=stem, is_unit_said=True)]


def _columns(file: h5py.File) -> dict[str, list[str]]:
    """Columns of the table by name, every cell as text."""
    cells = [file[ref] for ref in read_array(file[_VALUES]).ravel() if ref]
    lists = [c for c in cells if isinstance(c, h5py.Dataset) and c.dtype == object]
    names = next(
        (
            found
            for found in (_words(file, cell) for cell in lists)
            if found and {"start", "stop"} <= {heading_of(name).kind for name in found}
        ),
        None,
    )
    if names is None:
        raise DataError(
            "it holds a MATLAB table without columns of starts and stops: save it with writetable "
            "as CSV."
        )
    for one in lists:
        values = [file[ref] for ref in read_array(one).ravel() if ref]
        if len(values) != len(names) or not _holds_numbers(values[0]):
            continue
        length = max(value.size for value in values if isinstance(value, h5py.Dataset))
        categories = _categories(file, cells, length)
        columns = [_column(file, value, categories) for value in values]
        if all(column is not None for column in columns):
            return {n: c for n, c in zip(names, columns, strict=True) if c is not None}
    raise DataError(
        "it holds a MATLAB table of columns that only MATLAB can open: save it with writetable as "
        "CSV."
    )


def _column(file: h5py.File, value: Any, categories: list[list[str]]) -> list[str] | None:
    """Cells of a column: numbers, words, or the next of the categories."""
    if not isinstance(value, h5py.Dataset):
        return None
    if value.dtype == np.uint32 and read_array(value).ravel()[0] == _OBJECT:
        return categories.pop(0) if categories else None
    if value.dtype == object:
        return _words(file, value)
    return [f"{number:.17g}" for number in read_array(value).ravel().astype(float)]


def _holds_numbers(value: Any) -> bool:
    return isinstance(value, h5py.Dataset) and value.dtype.kind in "fiu"


def _words(file: h5py.File, cell: Any) -> list[str] | None:
    """Words of a cell array of characters; None where it holds something else."""
    items = [file[ref] for ref in read_array(cell).ravel() if ref]
    if not items or any(
        not isinstance(item, h5py.Dataset) or item.attrs.get("MATLAB_class") != b"char"
        for item in items
    ):
        return None
    return ["".join(chr(int(code)) for code in read_array(item).ravel()) for item in items]


def _categories(file: h5py.File, cells: list[Any], length: int) -> list[list[str]]:
    """The category of every row of each categorical array: its names come before its codes."""
    found: list[list[str]] = []
    names: list[str] = []
    for cell in cells:
        if not isinstance(cell, h5py.Dataset):
            continue
        if cell.dtype == object:
            names = _words(file, cell) or []
        elif names and cell.dtype.kind == "u" and cell.size == length:
            codes = read_array(cell).ravel().astype(int)
            if codes.max() <= len(names):
                found.append(["" if code == 0 else names[code - 1] for code in codes])
                names = []
    return found
