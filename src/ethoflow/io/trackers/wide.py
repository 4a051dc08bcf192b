"""Plain tables of a row per frame, whose headings say which body part and axis a column is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ethoflow.errors import listed
from ethoflow.io.headings import INDEX, Headings, headings
from ethoflow.io.options import Options
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import Table, read_text_table
from ethoflow.io.stack import with_notes
from ethoflow.io.trackers.tidy import read_wide
from ethoflow.schema import DataError

_LENGTHS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
"""Units that headings say, in mm."""


def _matches(file: Content) -> bool:
    found = headings(file.header)
    known = len(found.parts) > 1 or bool(found.parts and found.beside)
    return known and len(found.other) < len(found.parts)


@reader("wide table", matches=_matches, fixture="built", takes_options=True, last=True)
def read_wide_table(path: Path, options: Options) -> list[Tracks]:
    """A row per frame, and for each body part columns such as ``nose_x``, ``nose_y``, ``nose_p``.

    Without a column of frames or times the rows are the frames; an index of the rows that has holes
    or begins late is refused. Positions are in px where no heading says mm, cm or m
    (``nose_x_mm``).
    """
    table = read_text_table(path)
    found = headings(table.columns)
    columns = {**found.columns, **found.beside}
    if found.other:
        raise DataError(
            f"its columns {listed(found.other)} are no points, frames, times or animals: name "
            f"those that are meant, as in columns={columns!r}."
        )
    flat = [part for part, axes in found.parts.items() if "z" not in axes]
    if 0 < len(flat) < len(found.parts):
        raise DataError(f"{listed(flat)} have no z, which its other points have.")
    _check_rows(table, found)
    unit, *more = sorted(found.units)
    if more:
        named = " and ".join(unit or "no unit" for unit in sorted(found.units))
        raise DataError(f"the headings of its points say {named}: they must be of one unit.")
    tracks = read_wide(recording_name(path), table, columns, options)
    n_frames = tracks.position.shape[-1]
    if "individual" not in found.beside and len(table.lines) < n_frames:
        said = (
            f"{n_frames - len(table.lines)} of its {n_frames} frames have no row: they are missing."
        )
        tracks = with_notes(tracks, (said,))
    if unit not in _LENGTHS:
        unsaid = () if unit else ("no heading says a unit: its positions are taken to be in px.",)
        return [with_notes(tracks, unsaid)]
    return [replace(tracks, position=tracks.position * np.float32(_LENGTHS[unit]), units="mm")]


def _check_rows(table: Table, found: Headings) -> None:
    """Refuse a table whose rows are not its frames, or not of animals, as its columns say.

    Raises
    ------
    DataError
        Rows were left out, or those before the first; or animals have a row each.
    """
    if "individual" in found.beside:
        who = table.cells(found.beside["individual"])
        if 2 < len(who) < 2 * len(set(who)):
            raise DataError(
                f"the column {found.beside['individual']!r} has {len(set(who))} names in "
                f"{len(who)} rows, so it names no animals: leave it out, or name the columns that "
                f"are meant, as in columns={found.columns!r}."
            )
    if "frame" in found.beside or "time" in found.beside:
        return
    for name in (one for one in table.columns if one.lower() in INDEX):
        cells = table.cells(name)
        if not all(cell.isdecimal() for cell in cells):
            continue
        numbers = np.array(cells, np.int64)
        if numbers[0] > 1 or (np.diff(numbers) != 1).any():
            named = f"the column {name!r}" if name else "the column without a name"
            raise DataError(
                f"{named} counts from {numbers[0]} to {numbers[-1]} in {len(numbers)} rows, so "
                "these are not one frame after the other. Call the column frame where it numbers "
                "the frames, or leave it out where the rows are all frames there are."
            )
