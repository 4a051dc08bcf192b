"""Long DeepLabCut CSV files, read in pieces of a fixed number of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ethoflow.io.paths import recording_name
from ethoflow.io.pieces import FRAMES, Survey, in_pieces
from ethoflow.io.reader import Tracks
from ethoflow.io.stack import Counts
from ethoflow.io.table_text import HEAD
from ethoflow.io.trackers.dlc_csv import Header, read_header, read_numbers
from ethoflow.io.trackers.dlc_table import tracks_of_table
from ethoflow.io.undetected import sum_undetected
from ethoflow.schema import DataError

_BLOCK = 16 * 2**20


def survey_dlc_csv(path: Path) -> Survey | None:
    """What a long table holds; None where only reading it as a whole tells.

    That is so for a table that is compressed or in another encoding, has empty or damaged lines, or
    whose frame numbers have holes.
    """
    try:
        header = _header_of(path)
        first: Tracks | None = None
        marks = [header.start]
        counts = Counts()
        n_frames, offset = 0, 0
        for start, data in _blocks(path, header.start):
            ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
            tracks, frame = _read(path, data, header)
            n_rows = tracks.position.shape[-1]
            if n_frames == 0:
                offset = frame
            if n_rows != len(ends) or frame != offset + n_frames:
                return None
            if first is None:
                first = tracks
            else:
                first = replace(first, notes=tuple(sum_undetected(first.notes, tracks.notes)))
            counts = Counts(*(a + b for a, b in zip(counts, Counts.of(tracks), strict=True)))
            while len(marks) * FRAMES <= n_frames + n_rows - 1:
                row = len(marks) * FRAMES - n_frames
                marks.append(start + int(ends[row - 1]) if row else start)
            n_frames += n_rows
    except DataError:
        return None
    if first is None:
        return None
    return Survey(first, n_frames, (*marks, path.stat().st_size), counts)


def read_dlc_csv_piece(path: Path, start: int, stop: int) -> Tracks:
    """Tracks of the lines between two positions in a file, in bytes."""
    header = _header_of(path)
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(stop - start)
    return _read(path, data if data.endswith(b"\n") else data + b"\n", header)[0]


def _header_of(path: Path) -> Header:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head[:2] in (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff") or b"\n" not in head:
        raise DataError("this encoding is read as a whole.")
    mark = b"\xef\xbb\xbf"
    header = read_header(head.removeprefix(mark))
    return header.moved(len(mark)) if head.startswith(mark) else header


def _blocks(path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines of the file, about `_BLOCK` bytes at a time, with where they begin."""
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while block := file.read(_BLOCK):
            data = rest + block
            end = data.rfind(b"\n") + 1
            if end:
                yield start, data[:end]
                start += end
            rest = data[end:]
        if rest:
            yield start, rest + b"\n"


def _read(path: Path, data: bytes, header: Header) -> tuple[Tracks, int]:
    """Tracks of some lines, and the number of their first frame."""
    table: npt.NDArray[np.float64] = read_numbers(data, header.moved(-header.start))
    if np.isnan(table[0]).any():
        raise DataError("a line without a frame number is read as part of the whole.")
    tracks = tracks_of_table(
        recording_name(path), header.columns, list(table[1:]), table[0], lambda row: f"row {row}"
    )
    return tracks, int(table[0, 0])


in_pieces("DeepLabCut CSV", survey_dlc_csv, read_dlc_csv_piece)
