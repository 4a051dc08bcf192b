"""Tables of regions and of arenas, written by people or by SimBA."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ethoflow.errors import listed, near_file
from ethoflow.geometry.arena import Arena, circle, polygon
from ethoflow.geometry.regions import Shape
from ethoflow.geometry.written import FromLandmarks, Written, read_arena, read_region
from ethoflow.io.metadata_rows import read_rows
from ethoflow.schema import DataError

SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")

Row = Mapping[str, str]


def read(path: Path) -> Mapping[str, Shape] | Mapping[str, Mapping[str, Shape]]:
    """Regions by name; by recording and name where the table has the column ``recording``."""
    rows = _rows(path)
    simba = "shape_type" in rows[0] if rows else False
    column = "video" if simba else "recording"
    if rows and not simba and not {"region", "shape"} <= set(rows[0]):
        raise DataError(
            f"{path}: regions need the columns region and shape (and recording), found: "
            f"{listed(rows[0])}."
        )
    found: dict[str, dict[str, list[list[str | Arena]]]] = {}
    for number, row in enumerate(rows, 2):
        where = f"{path}: row {number}"
        name = row.get("name" if simba else "region", "").strip()
        if not name:
            raise DataError(f"{where}: the region has no name.")
        shape = _read(row, simba, where)
        parts = found.setdefault(row.get(column, "").strip(), {}).setdefault(name, [])
        if not _is_hole(row, where):
            parts.append([shape])
        elif parts:
            parts[-1].append(shape)
        else:
            raise DataError(f"{where}: a hole comes after the outline that it is in.")
    if set(found) <= {""}:
        return found.get("", {})
    if "" in found:
        raise DataError(
            f"{path}: some rows name a {column} and others none; regions of all the rest are of "
            "the recording 'default'."
        )
    return found


def read_arenas(path: str | Path) -> dict[str, Arena | FromLandmarks]:
    """Arenas of a table: columns ``recording`` and ``arena``, as in a project file.

    A row whose cell is empty is of a recording without an arena. The table that detection writes
    is one of these: its columns ``width`` and ``height`` are those of the picture.

    Raises
    ------
    DataError
        The file is missing, lacks a column, or an arena in it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no file {path}.{near_file(path)}")
    found: dict[str, Arena | FromLandmarks] = {}
    rows = _rows(path)
    if not rows or not {"recording", "arena"} <= set(rows[0]):
        raise DataError(f"{path}: arenas need the columns recording and arena, and rows.")
    for number, row in enumerate(rows, 2):
        name, text = row["recording"].strip(), row["arena"].strip()
        if not text:
            continue
        if name in found:
            raise DataError(f"{path}: row {number}: a second arena of {name!r}.")
        try:
            found[name] = _with_picture(read_arena(text), row)
        except ValueError as error:
            raise DataError(f"{path}: row {number}: {error}") from error
    return found


def _with_picture(arena: Arena | FromLandmarks, row: Row) -> Arena | FromLandmarks:
    """An arena with the size of the picture that it was found in, where the row has it."""
    cells = {name: row.get(name, "").strip() for name in ("width", "height")}
    if not any(cells.values()) or isinstance(arena, FromLandmarks):
        return arena
    try:
        width, height = (int(float(cell)) for cell in cells.values())
    except (ValueError, OverflowError):
        width = height = 0
    if min(width, height) < 1:
        raise DataError(
            f"width and height are {cells['width']!r} and {cells['height']!r}; needed those of the "
            "picture in px, or nothing in both."
        )
    return replace(arena, picture=(width, height))


def _rows(path: Path) -> list[Row]:
    """Rows by lower-case names of columns, as text."""
    is_parquet = path.suffix.lower() == ".parquet"
    columns = _parquet(path) if is_parquet else read_rows(path)[1]
    names = [name.strip().lower() for name in columns]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _parquet(path: Path) -> dict[str, list[str]]:
    import pandas as pd
    import pyarrow as pa

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{path}: this table cannot be read: {error}") from error
    return {
        str(name): ["" if pd.isna(cell) else str(cell) for cell in table[name]] for name in table
    }


def _is_hole(row: Row, where: str) -> bool:
    said = row.get("hole", "").strip().lower()
    if said in ("", "0", "no", "false"):
        return False
    if said in ("1", "yes", "true"):
        return True
    raise DataError(f"{where}: hole must be yes or no, found {said!r}.")


def _read(row: Row, simba: bool, where: str) -> Any:
    try:
        if simba:
            return _of_simba(row)
        read_region(row["shape"])
        return row["shape"]
    except (ValueError, KeyError) as error:
        raise DataError(f"{where}: {error}") from error


def _of_simba(row: Row) -> Written:
    """A rectangle, circle or polygon in the columns that SimBA gives them."""
    kind = row["shape_type"].strip().lower()
    if kind == "rectangle":
        x, y, width, height = _numbers(row, "topleftx", "toplefty", "width", "height")
        return polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    if kind == "circle":
        return circle(*_numbers(row, "centerx", "centery", "radius"))
    if kind == "polygon":
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d*)?", row["vertices"])]
        return polygon(list(zip(numbers[::2], numbers[1::2], strict=True)))
    raise DataError(f"Shape_type is {kind!r}; needed rectangle, circle or polygon.")


def _numbers(row: Row, *names: str) -> Iterator[float]:
    for name in names:
        try:
            yield float(row[name])
        except KeyError:
            raise DataError(f"no column {name!r}.") from None
        except ValueError:
            raise DataError(f"{name} is {row[name]!r}; needed a number.") from None
