"""DeepLabCut HDF5: a pandas table in either of its two layouts, read through h5py.

The appendable layout (``frame_table``) keeps the names of its columns as pickles in attributes.
They are lists of tuples of text, and nothing else is ever unpickled.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import h5py
import numpy as np

from ethoflow.io.hdf5 import check_stored, read_array
from ethoflow.io.options import DEFAULTS, Options
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.stack import Float32
from ethoflow.io.trackers.dlc_labels import is_image, tracks_of_images
from ethoflow.io.trackers.dlc_table import Column, Series, tracks_of_table
from ethoflow.real import check_real
from ethoflow.schema import DataError, Floats

Index: TypeAlias = Floats | list[str]
"""Frame numbers, or the paths of images."""
_LEVELS = {
    2: ("bodyparts", "coords"),
    3: ("scorer", "bodyparts", "coords"),
    4: ("scorer", "individuals", "bodyparts", "coords"),
}

_ROWS_READ = 1 << 16
_ROWS_TURNED = 1 << 10


def _matches(file: Content) -> bool:
    if file.kind != "hdf5":
        return False
    with h5py.File(file.path, "r") as opened:
        return bool(_find_tables(opened))


@reader("DeepLabCut HDF5", matches=_matches, takes_options=True)
def read_dlc_hdf5(path: Path, options: Options = DEFAULTS) -> list[Tracks]:
    """Tracks of one DeepLabCut HDF5 file, single or multi animal, under any key.

    `tracks_of_table` says what becomes of the numbers. A table whose rows are named by images, as
    ``CollectedData_*.h5`` is, becomes what `tracks_of_images` says.
    """
    with h5py.File(path, "r") as file:
        tables = _find_tables(file)
        if len(tables) > 1:
            raise DataError(
                f"it holds {len(tables)} tables ({', '.join(tables)}); needed one per file."
            )
        group = file[tables[0]]
        appendable = _text(group.attrs["pandas_type"]) == "frame_table"
        columns, series, index = (_read_appendable if appendable else _read_fixed)(group)
    if isinstance(index, list):
        values = np.array(list(series)).reshape(len(columns), len(index)).T
        lines = range(1, len(index) + 1)
        return tracks_of_images(recording_name(path), columns, values, index, lines)
    tracks = tracks_of_table(
        recording_name(path),
        columns,
        series,
        index,
        lambda row: f"row {row + 1}",
        options.repeats,
    )
    return [tracks]


def _find_tables(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visit(names.append)
    # What pandas stores holds one of these; opening everything else would take milliseconds.
    inside = [name.rpartition("/") for name in names]
    holders = {group for group, _, name in inside if name.startswith(("axis0", "table"))}
    kinds = {name: _text(file[name or "/"].attrs.get("pandas_type", "")) for name in holders}
    return sorted(name for name, kind in kinds.items() if kind in ("frame", "frame_table"))


def _text(value: object) -> str:
    """An attribute or a stored name as text; pandas writes bytes of fixed width."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return str(value)


def _read_fixed(group: h5py.Group) -> tuple[list[Column], Series, Index]:
    """The fixed layout: names as levels and codes, numbers as blocks of one kind each."""
    found: dict[Column, Floats] = {}
    for block in range(int(group.attrs.get("nblocks", 0))):
        columns = _read_names(group, f"block{block}_items")
        values = check_stored(group[f"block{block}_values"])
        by_row = bool(values.attrs.get("transposed", False))
        numbers = _columns(values if by_row else values[()].T, f"block{block}_values")
        found.update(zip(columns, numbers, strict=True))
    if int(group.attrs.get("nblocks", 0)) == 1 and len(columns) == len(found):
        # One block has all columns, and has them in order.
        return columns, numbers, _rows_of_fixed(group)
    order = [column for column in _read_names(group, "axis0") if column in found]
    return order, [found[column] for column in order], _rows_of_fixed(group)


_NOT_FRAMES = "its rows have neither frame numbers nor the names of images."


def _rows_of_fixed(group: h5py.Group) -> Index:
    """Frame numbers, or images, whose paths may lie in levels: folder, video, image."""
    if _text(group.attrs.get("axis1_variety", "regular")) == "regular":
        return _index(read_array(group["axis1"]))
    levels = []
    for level in range(int(group.attrs["axis1_nlevels"])):
        names = [_text(name) for name in read_array(group[f"axis1_level{level}"])]
        codes = group.get(f"axis1_label{level}", group.get(f"axis1_code{level}"))
        levels.append([names[code] for code in read_array(codes)])
    return _images(["/".join(names) for names in zip(*levels, strict=True)])


def _read_names(group: h5py.Group, key: str) -> list[Column]:
    n_levels = int(group.attrs.get(f"{key}_nlevels", 1))
    names, cells = [], []
    for level in range(n_levels):
        labels = group.get(f"{key}_level{level}")
        codes = group.get(f"{key}_label{level}", group.get(f"{key}_code{level}"))
        if labels is None or codes is None:
            raise DataError(f"its columns have no header rows (level {level} of {key}).")
        if labels.dtype.kind not in "SU":
            raise DataError(f"the names in {key}_level{level} are no text ({labels.dtype}).")
        names.append(_text(labels.attrs.get("name", "")))
        texts = [_text(label) for label in read_array(labels)]
        cells.append([texts[code] for code in read_array(codes)])
    return _name_columns(list(zip(*cells, strict=True)), names)


def _read_appendable(group: h5py.Group) -> tuple[list[Column], Series, Index]:
    """The appendable layout: one compound table, the names of its columns in attributes."""
    table = check_stored(group["table"])
    rows = table[()]
    names = _level_names(group)
    found: dict[Column, Floats] = {}
    for field in rows.dtype.names or ():
        if field == "index":
            continue
        columns = _name_columns(_unpickle(table.attrs[f"{field}_kind"], f"{field}_kind"), names)
        numbers = _columns(rows[field].reshape(len(rows), len(columns)), field)
        found.update(zip(columns, numbers, strict=True))
    axes = _unpickle(group.attrs["non_index_axes"], "non_index_axes")
    order = [column for column in _name_columns(axes[0][1], names) if column in found]
    if "index" not in (rows.dtype.names or ()):
        raise DataError(_NOT_FRAMES)
    return order, [found[column] for column in order], _index(rows["index"])


def _level_names(group: h5py.Group) -> list[str]:
    info = _unpickle(group.attrs["info"], "info") if "info" in group.attrs else {}
    names = info.get(1, {}).get("names", []) if isinstance(info, dict) else []
    return [str(name) for name in names]


def _name_columns(rows: Sequence[Any], names: list[str]) -> list[Column]:
    """Columns from one tuple of header cells per column."""
    n_levels = len(rows[0]) if rows and isinstance(rows[0], tuple) else 1
    if "coords" not in names or "bodyparts" not in names:
        names = list(_LEVELS.get(n_levels, ()))
    if len(names) != n_levels:
        raise DataError(
            f"its columns have {n_levels} header rows; needed scorer, (individuals,) bodyparts and "
            "coords, as DeepLabCut writes them."
        )
    columns = []
    for row in rows:
        if not (isinstance(row, tuple) and all(isinstance(cell, str) for cell in row)):
            raise DataError(f"the name of a column is {row!r}; needed a tuple of text.")
        cells = dict(zip(names, row, strict=True))
        columns.append(
            Column(
                cells.get("individuals", ""),
                cells["bodyparts"],
                cells["coords"].strip().lower(),
                cells.get("scorer", ""),
            )
        )
    return columns


def _columns(values: Any, where: str) -> Float32:
    """The columns of a stored or loaded table, each contiguous.

    Turned over in pieces that stay in the processor's cache: column by column, every number would
    be fetched from memory eight times.
    """
    check_real(values.dtype, f"numbers in {where}")
    n_rows, n_columns = values.shape
    columns = np.empty((n_columns, n_rows), np.float32)
    with np.errstate(over="ignore"):
        for start in range(0, n_rows, _ROWS_READ):
            rows = values[start : start + _ROWS_READ]
            for i in range(0, len(rows), _ROWS_TURNED):
                piece = rows[i : i + _ROWS_TURNED]
                columns[:, start + i : start + i + len(piece)] = piece.T
    return columns


def _index(index: Any) -> Index:
    if index.dtype.kind in "fiu":
        return np.asarray(index, dtype=np.float64)
    if index.dtype.kind in "SUO":
        return _images([_text(name) for name in index])
    raise DataError(_NOT_FRAMES)


def _images(names: list[str]) -> list[str]:
    if not all(is_image(name) for name in names):
        raise DataError(_NOT_FRAMES)
    return names


class _PlainUnpickler(pickle.Unpickler):
    """Reads pickles of lists, tuples, dicts, numbers and text; any object of a class is refused."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _unpickle(value: Any, where: str) -> Any:
    data = value.tobytes() if hasattr(value, "tobytes") else bytes(value)
    try:
        return _PlainUnpickler(io.BytesIO(data), encoding="latin-1").load()
    except Exception as error:  # a damaged pickle raises anything
        raise DataError(
            f"the attribute {where!r} is no plain list of names and is not opened ({error})."
        ) from error
