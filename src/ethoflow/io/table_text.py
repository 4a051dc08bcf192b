"""Text tables as people save them: gzip, byte order marks, old encodings, commas or semicolons."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import BinaryIO

from ethoflow.io.limits import check_lines, unpack_gzip
from ethoflow.schema import DataError

_GZIP = b"\x1f\x8b"
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))
HEAD = 1 << 16
"""Bytes at the beginning of a file by which formats know it."""


def read_table_bytes(path: Path) -> bytes:
    """Content of a text table: unpacked, without byte order mark, lines ending in a line feed.

    Raises
    ------
    DataError
        As `read_text_bytes`, or a line is longer than any of a table.
    """
    with path.open("rb") as file:
        if not _is_packed(file):
            check_lines(file)
    data = read_text_bytes(path)
    check_lines(io.BytesIO(data))
    return data


def read_text_bytes(path: Path) -> bytes:
    """The same of any text file.

    Raises
    ------
    DataError
        The gzip archive is cut off, damaged, or far larger unpacked.
    """
    with path.open("rb") as file:
        packed = _is_packed(file)
        data = file.read()
    if packed:
        try:
            data = unpack_gzip(data)
        except (EOFError, zlib.error) as error:
            raise DataError(f"the gzip archive is cut off or damaged ({error}).") from error
    return _plain(data)


def _is_packed(file: BinaryIO) -> bool:
    packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    return packed


def plain_lines(head: bytes) -> list[str]:
    """Lines in the first bytes of a text file, empty where they are no text."""
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, HEAD)
        except zlib.error:
            return []
    head = _plain(head)
    return [] if len(head.translate(None, _CONTROLS)) < len(head) else decode(head).splitlines()


def _plain(data: bytes) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data[:HEAD] and b"\n" not in data[:HEAD]:
        data = data.replace(b"\r", b"\n")
    return data


def decode(data: bytes) -> str:
    """Text in UTF-8, or in Latin-1 where it is not UTF-8.

    Examples
    --------
    >>> decode("Öhr".encode("latin-1")), decode("Öhr".encode())
    ('Öhr', 'Öhr')
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # Cut in the middle of a character at the end of a peek is still UTF-8.
        if error.start >= len(data) - 3 and len(data) >= HEAD:
            return data[: error.start].decode("utf-8")
        return data.decode("latin-1")


def delimiter_of(line: str) -> str:
    """The character that separates the cells of a header line: comma, semicolon or tab.

    Examples
    --------
    >>> delimiter_of("scorer;DLC;DLC")
    ';'
    """
    return max(",;\t", key=line.count)
