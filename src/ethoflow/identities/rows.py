"""Rows of a list of corrections, held against the recordings that they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.errors import DataError, did_you_mean, listed
from ethoflow.identities.exchanges import Exchange, check_exchanges
from ethoflow.identities.made_of import is_of_other_tracks
from ethoflow.identities.table import APPLIED, LETTERS, PARTS, TIMES, TRACKS, read_edits
from ethoflow.names import plain
from ethoflow.origin import on_clock, origins
from ethoflow.schema import count_frames, first_frame
from ethoflow.short_names import short_names

SAME = 0.5
"""Time in s by which the ends of two rows differ that are about one swap."""

SLACK = 0.5
"""By how many frames a time in s and a number of a frame may differ."""


def check_rows(path: Path) -> None:
    """Refuse a list of corrections that is wrong whatever recordings it is about.

    Raises
    ------
    DataError
        It cannot be read, or a row has no start, no later stop, or not two different animals.
    """
    for number, cells in enumerate(read_edits(path).to_dict("records"), 1):
        row = {str(key): cell for key, cell in cells.items()}
        where = f"{path.name}: row {number}"
        _check_animals(_asked(row), where)
        _check_start(row, where)
        for start, stop in (tuple(TIMES), tuple(TIMES.values())):
            if row[stop] <= row[start]:
                raise DataError(
                    f"{where}: {stop} is {row[stop]:g} and {start} is {row[start]:g}; needed a "
                    "start before the stop. Without a stop it is to the end."
                )


def exchanges_in(
    lists: Sequence[tuple[str, pd.DataFrame]], ds: xr.Dataset
) -> dict[int, list[Exchange]]:
    """The exchanges of the accepted rows of lists by name, by the place of their recording.

    Raises
    ------
    DataError
        A row names a recording or an animal that is not there, or frames that the recording does
        not have; or rows contradict each other.
    """
    names = [str(name) for name in np.atleast_1d(ds.recording.values)]
    last = first_frame(ds) + count_frames(ds)
    found: dict[int, list[Exchange]] = {}
    for name, edits in lists:
        for number, cells in enumerate(edits.to_dict("records"), 1):
            row = {str(key): cell for key, cell in cells.items()}
            where = f"{name}: row {number}"
            place = _find_recording(str(row["recording"]), names, where)
            seats = _find_seats(row, ds, place, where)
            start, stop = _find_frames(row, ds, place, int(last[place]), where)
            if row["status"] == APPLIED:
                _check_applicable(row, ds, place, where)
                found.setdefault(place, []).append(Exchange(start, stop, seats))
    for place, exchanges in found.items():
        slots = [str(slot) for slot in ds.individual.values]
        try:
            check_exchanges(
                exchanges, slots, near=round(SAME * float(ds.fps)), end=int(last[place])
            )
        except DataError as error:
            raise DataError(f"{names[place]}: {error}") from error
    return found


def _check_applicable(row: Mapping[str, Any], ds: xr.Dataset, place: int, where: str) -> None:
    """Refuse a row that would exchange more than it says, or of other tracks."""
    if row.get(PARTS):
        raise DataError(
            f"{where} exchanges some body parts only ({row[PARTS]}), and whole animals are "
            "exchanged here. Make its status rejected, and remove these points (max_jump of the "
            "cleaning); or empty the cell where it was the whole animal."
        )
    if row.get(TRACKS) and is_of_other_tracks(str(row[TRACKS]), ds, place):
        raise DataError(
            f"{where} was found in other tracks of this recording than these: it was tracked "
            "again, or another recording has its name. Look for swaps in these tracks (ethoflow "
            f"identities), or empty the column {TRACKS} where you know that the row still holds."
        )


def _find_recording(name: str, names: Sequence[str], where: str) -> int:
    if not name:
        if len(names) == 1:
            return 0
        raise DataError(
            f"{where} names no recording, and there are {len(names)}: add the column recording."
        )
    short = short_names(names)
    known = {plain(full): place for place, full in enumerate(names)}
    known |= {plain(short[full]): place for place, full in enumerate(names)} | known
    if name not in known:
        raise DataError(
            f"{where} is about the recording {name!r}, which is not here; there are: "
            f"{listed(short.values(), 5)}.{did_you_mean(name, known)}"
        )
    return known[name]


def _find_seats(row: Mapping[str, Any], ds: xr.Dataset, place: int, where: str) -> tuple[int, ...]:
    """Seats of the animals of a row, by slot or by the name of who sits there."""
    slots = [str(slot) for slot in ds.individual.values]
    animals = _animals(ds, place)
    asked = _asked(row)
    seats: list[int] = []
    for name in asked:
        in_slots = [seat for seat, slot in enumerate(slots) if plain(slot) == name]
        fitting = in_slots or [seat for seat, who in enumerate(animals) if plain(who) == name]
        if len(fitting) != 1:
            raise DataError(
                f"{where} names the animal {name!r}, which {'is several' if fitting else 'is not'} "
                f"in this recording; its slots are: {', '.join(slots)}; its animals: "
                f"{listed(filter(None, animals))}.{did_you_mean(name, [*slots, *animals])}"
            )
        if not animals[fitting[0]]:
            raise DataError(f"{where}: no animal sits in {name!r} in this recording.")
        seats += fitting
    if len(set(seats)) < len(seats):
        asked = [slots[seat] for seat in seats]
    _check_animals(asked, where)
    return tuple(seats)


def _asked(row: Mapping[str, Any]) -> list[str]:
    return [str(row[key]) for key in LETTERS if row.get(key)]


def _check_animals(asked: Sequence[str], where: str) -> None:
    if len(set(asked)) < max(len(asked), 2):
        raise DataError(
            f"{where} exchanges {listed(asked) or 'nobody'}: needed two or more different animals, "
            "in the columns a and b."
        )


def _animals(ds: xr.Dataset, place: int) -> list[str]:
    if "animal" not in ds.coords:
        return [str(slot) for slot in ds.individual.values]
    found = ds.animal.values
    return [str(name) for name in (found[place] if found.ndim > 1 else found)]


def _find_frames(
    row: Mapping[str, Any], ds: xr.Dataset, place: int, end: int, where: str
) -> tuple[int, int]:
    """First frame and the frame after the last, counted from the recording's first."""
    fps, origin = float(ds.fps), float(origins(ds)[place])
    found = []
    for seconds, frames in TIMES.items():
        time, frame = float(row[seconds]), float(row[frames])
        of_time = (time - origin) * fps
        if frame == frame and frame != round(frame):
            raise DataError(f"{where}: {frames} is {frame:g}; needed a whole number.")
        if time == time and frame == frame and abs(of_time - frame) > SLACK + 1e-6:
            there = float(on_clock(origin, np.array([int(frame)]), fps)[0])
            raise DataError(
                f"{where}: {seconds} is {time:g} s and {frames} is {frame:g}, which begins at "
                f"{there:g} s at {fps:g} fps: which is right? Empty the other."
            )
        known = frame if frame == frame else of_time
        found.append(end if known != known else int(np.floor(known + 0.5 + 1e-9)))
    start, stop = found
    _check_start(row, where)
    if not 0 <= start < stop <= end:
        raise DataError(
            f"{where} is from frame {start} to {stop} (exclusive); needed a start before the stop, "
            f"within this recording, which has the frames 0 to {end} "
            f"({origin:g} s to {origin + end / fps:g} s). Without a stop it is to the end."
        )
    return start, stop


def _check_start(row: Mapping[str, Any], where: str) -> None:
    if row["start"] != row["start"] and row["start_frame"] != row["start_frame"]:
        raise DataError(f"{where} has no start, neither in s nor as a frame.")
