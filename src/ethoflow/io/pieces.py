"""Long files in pieces: looked through once in bounded memory, then read piece by piece.

A format that can be read from the middle gives two functions, one that surveys the file and one
that reads a piece of it; both are used for files that are too long to be held as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ethoflow.io.stack import Counts, Tracks

LONG = 64 * 2**20
"""Bytes from which on a file is read in pieces."""

FRAMES = 50_000
"""Frames of a piece."""


@dataclass(frozen=True)
class Survey:
    """A recording without its arrays: the names of its first piece, its length, where pieces begin.

    `marks` are the positions of the pieces in the file, and of its end, in bytes.
    """

    first: Tracks
    n_frames: int
    marks: tuple[int, ...]
    counts: Counts


Look: TypeAlias = Callable[[Path], Survey | None]
ReadPiece: TypeAlias = Callable[[Path, int, int], Tracks]


@dataclass(frozen=True)
class Pieces:
    """How a format is read in pieces: `look` gives None where a file cannot be."""

    look: Look
    read: ReadPiece


_PIECES: dict[str, Pieces] = {}


def in_pieces(format_name: str, look: Look, read: ReadPiece) -> None:
    """Declare how the files of a format are read in pieces."""
    _PIECES[format_name] = Pieces(look, read)


def pieces_of(format_name: str) -> Pieces | None:
    """How files of a format are read in pieces, None where they are not."""
    return _PIECES.get(format_name)
