"""How much larger than a file its content may be: all bounds on what is read, and their reasons.

A few bytes can claim any number of cells, and reading them would take the memory of the machine.
What is as large as its file says is read, however large that is.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ethoflow.schema import DataError

if TYPE_CHECKING:
    import pyarrow as pa

SMALL = 2**25
"""Bytes that any content may have, however small its file: a reader needs less than half a
gigabyte for it."""
MOST_COMPRESSED = 500
"""Times that content may be larger than its file. Tables of tracks are compressed 3 to 60 times,
arrays of many tracks that are hardly ever seen up to 400; one number throughout gives 1,000."""
SMALL_SHEETS, MOST_COMPRESSED_SHEETS = 10**7, 60
"""The same of workbooks, which take a second for 3 MB and are compressed 5 to 30 times."""
LONGEST_LINE = 2**22
"""Bytes in a line of a table: 1,000 points with names of 1,000 letters."""
LONGEST_VALUE = 2**20
"""Bytes of a value in a database; those of tracks are numbers."""
MOST_COLUMNS = 20_000
"""Columns of a table: 6,000 points with a confidence each."""
MOST_ROWS_OF_SHEET = 2**20
"""Rows of a sheet of Excel."""
MOST_CELLS = 2 * 10**7
"""Cells in a sheet, empty ones between others among them: all rows of one with 20 columns."""
_TEXT = 64
"""Bytes that a cell of text takes in memory; a number takes 8."""


def check_unpacked(unpacked: int, stored: int, what: str = "its content") -> None:
    """Refuse content of so many bytes in a file that stores so many.

    Raises
    ------
    DataError
        It is neither small nor compressed by a rate that real content has.
    """
    _check(unpacked, stored, what, SMALL, MOST_COMPRESSED)


def _check(unpacked: int, stored: int, what: str, small: int, most: int) -> None:
    if unpacked <= small or unpacked <= most * max(stored, 1):
        return
    raise DataError(
        f"{what} claims {_size(unpacked)} and {_size(stored)} of it are stored: no tracks are "
        f"compressed more than {most} times. It is damaged, cut off, or made to fill the memory."
    )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.3g} GB" if n_bytes >= 1e8 else f"{n_bytes} bytes"


def check_archive(path: Path, *, of_sheets: bool = False) -> None:
    """The same of a zip archive: a workbook, or one of NumPy."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"the archive is cut off or damaged ({error}).") from error
    bounds = (SMALL_SHEETS, MOST_COMPRESSED_SHEETS) if of_sheets else (SMALL, MOST_COMPRESSED)
    _check(unpacked, path.stat().st_size, "the archive", *bounds)


def unpack_gzip(data: bytes) -> bytes:
    """Content of a gzip archive, of any number of members.

    Raises
    ------
    DataError
        It is cut off, damaged, or far larger than the archive.
    """
    parts: list[bytes] = []
    size, rest = 0, data
    while rest:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            part = member.decompress(rest, SMALL)
            if not part and not member.unconsumed_tail and not member.eof:
                raise EOFError("it ends before its end is marked")
            rest = member.unconsumed_tail
            parts.append(part)
            size += len(part)
            # Held against what was unpacked so far: a bomb is known by its first bytes.
            check_unpacked(size, len(data) - len(rest or member.unused_data), "the gzip archive")
        rest = member.unused_data.lstrip(b"\x00")
    return b"".join(parts)


def check_lines(file: BinaryIO) -> None:
    """Refuse text with a line that is longer than any of a table, reading no further than there.

    Raises
    ------
    DataError
        There is such a line.
    """
    begun = at = 0
    while part := file.read(LONGEST_LINE):
        end = max(part.rfind(b"\n"), part.rfind(b"\r"))
        begun = at + end + 1 if end >= 0 else begun
        at += len(part)
        if at - begun > LONGEST_LINE:
            raise DataError(
                f"the line that begins at byte {begun} is longer than {LONGEST_LINE:,} bytes, "
                "which no line of a table of tracks is."
            )


def check_columns(n_columns: int) -> None:
    """Refuse a table of that many columns."""
    if n_columns > MOST_COLUMNS:
        raise DataError(f"the table has {n_columns:,} columns; at most {MOST_COLUMNS:,} are read.")


def check_cells(n_cells: int, sheet: str) -> None:
    """Refuse a sheet of that many cells."""
    if n_cells > MOST_CELLS:
        raise DataError(
            f"the sheet {sheet!r} spans more than {MOST_CELLS:,} cells, filled or not: delete "
            "what stands far out in it, or save it as CSV."
        )


def check_table(types: Iterable[pa.DataType], n_rows: int, path: Path) -> None:
    """Refuse a table of Arrow's formats with that many rows of columns of `types`."""
    width = sum(8 if _is_number(kind) else _TEXT for kind in types)
    check_unpacked(width * n_rows, path.stat().st_size, "the table")


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_primitive(kind))


_COMPRESSED, _MATRIX_HEAD, _HEAD = 15, 8, 128


def check_matlab(path: Path) -> None:
    """Refuse a MATLAB file before 7.3 whose variables are far larger than it.

    Each compressed variable states at its beginning how long it is.
    """
    if not path.is_file():
        return  # opening a pipe waits for ever: the process apart does, and is ended
    stored, unpacked = path.stat().st_size, 0
    with path.open("rb") as file:
        order = ">" if file.read(_HEAD)[-2:] == b"MI" else "<"
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            if kind != _COMPRESSED:  # it is as long as it says
                file.seek(size, 1)
                continue
            unpacked += _length(file, size, order)
            check_unpacked(unpacked, stored)


def _length(file: BinaryIO, size: int, order: str) -> int:
    """Bytes of a compressed variable when it is unpacked."""
    begun = file.read(min(size, 1024))
    file.seek(size - len(begun), 1)
    try:
        head = zlib.decompressobj().decompress(begun, _MATRIX_HEAD)
        return int(struct.unpack(f"{order}II", head)[1])
    except (zlib.error, struct.error):  # what reads it will say so
        return 0
