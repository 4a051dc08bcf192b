"""The list of corrections as a table: a row for each exchange of identities, also by hand."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.csv_text import write_csv
from ethoflow.errors import DataError, did_you_mean, listed
from ethoflow.identities.exchanges import Exchange, check_exchanges
from ethoflow.io.metadata_rows import MISSING, called, read_rows, to_number
from ethoflow.names import plain
from ethoflow.origin import on_clock, origins
from ethoflow.schema import count_frames, first_frame
from ethoflow.short_names import short_names

Edits: TypeAlias = pd.DataFrame | str | os.PathLike[str]

APPLIED, UNDECIDED, REJECTED = "accepted", "undecided", "rejected"
"""What is to be done with a row: only accepted ones change anything."""

BY_HAND, DETECTED = "by hand", "detected"
"""Who found it."""

TIMES = {"start": "start_frame", "stop": "stop_frame"}
"""Columns in s of the recording's own clock, and the same in frames of the recording."""

PARTS = "bodyparts"
"""Column of the body parts that alone were exchanged, where it was not the whole animal."""

LETTERS = string.ascii_lowercase

SAME = 0.5
"""Time in s by which the ends of two rows differ that are about one swap."""

SLACK = 0.5
"""By how many frames a time in s and a number of a frame may differ."""


def write_edits(edits: pd.DataFrame, path: str | Path) -> None:
    """Write a list of corrections as CSV, which a spreadsheet opens and `read_edits` reads."""
    write_csv(edits, path)


def read_edits(source: Edits) -> pd.DataFrame:
    r"""A list of corrections, as written by `write_edits` or by hand.

    Needed are ``start``, ``a`` and ``b``; the rest has defaults. Semicolons with decimal commas and
    workbooks are understood.

    Parameters
    ----------
    source
        A CSV, TSV or Excel file, or a table. Columns: ``recording`` (needed where there are
        several); ``start`` and ``stop``, s of the recording's own clock, or ``start_frame`` and
        ``stop_frame``, where frame 0 is the recording's first (stop is exclusive; empty: to the
        end); ``a``, ``b`` (and ``c``, ... where more are exchanged in a circle): slots, or names of
        animals; ``status``: accepted (the default), undecided or rejected; ``source``; others are
        kept and not used.

    Raises
    ------
    DataError
        A column or a cell is missing or not understood.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "edits.csv")
    >>> _ = path.write_text("start;stop;a;b\n12,5;20;mouse_1;mouse_2\n")
    >>> read_edits(path)[["start", "stop", "a", "b", "status"]].values.tolist()
    [[12.5, 20.0, 'mouse_1', 'mouse_2', 'accepted']]
    """
    name, cells = read_rows(source)
    columns = {called(key).replace(" ", "_"): values for key, values in cells.items()}
    lacking = [key for key in ("a", "b") if key not in columns]
    if not {"start", "start_frame"} & set(columns):
        lacking = ["start (s) or start_frame", *lacking]
    if lacking:
        raise DataError(
            f"{name}: a list of corrections needs the columns {', '.join(lacking)}; it has: "
            f"{listed(cells) or 'none'}. A row such as start=12.5, stop=20, a=mouse_1, b=mouse_2 "
            "exchanges two animals; without a stop it is to the end."
        )
    n_rows = len(columns["a"])
    table: dict[str, Any] = {
        "recording": _texts(columns.pop("recording", [""] * n_rows)),
    }
    for seconds, frames in TIMES.items():
        for key in (seconds, frames):
            table[key] = _numbers(name, key, columns.pop(key, [""] * n_rows))
    for key in [k for k in LETTERS if k in columns]:
        table[key] = _texts(columns.pop(key))
    table["status"] = _statuses(name, columns.pop("status", [""] * n_rows))
    if PARTS in columns:
        table[PARTS] = _texts(columns.pop(PARTS))
    table["source"] = [cell or BY_HAND for cell in _texts(columns.pop("source", [""] * n_rows))]
    return pd.DataFrame({**table, **columns})


def _texts(cells: Sequence[str]) -> list[str]:
    return ["" if cell in MISSING else plain(cell) for cell in cells]


def _numbers(name: str, key: str, cells: Sequence[str]) -> list[float]:
    found = []
    for row, cell in enumerate(cells, 1):
        number = np.nan if cell in MISSING else to_number(cell)
        if number is None or number < 0:
            raise DataError(f"{name}: row {row}: {key} is {cell!r}; needed a number of 0 or more.")
        found.append(number)
    return found


def _statuses(name: str, cells: Sequence[str]) -> list[str]:
    known = (APPLIED, UNDECIDED, REJECTED)
    found = []
    for row, cell in enumerate(cells, 1):
        status = APPLIED if cell in MISSING else plain(cell).lower()
        if status not in known:
            raise DataError(
                f"{name}: row {row}: status is {cell!r}; needed one of: {', '.join(known)}."
                f"{did_you_mean(status, known)}"
            )
        found.append(status)
    return found


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
            if row["status"] == APPLIED and isinstance(row.get(PARTS), str) and row[PARTS]:
                raise DataError(
                    f"{where} exchanges some body parts only ({row[PARTS]}), and whole animals are "
                    "exchanged here. Make its status rejected, and remove these points (max_jump "
                    "of the cleaning); or empty the cell where it was the whole animal."
                )
            if row["status"] == APPLIED:
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
    asked = [str(row[key]) for key in LETTERS if row.get(key)]
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
    if len(seats) < 2 or len(set(seats)) < len(seats):
        raise DataError(
            f"{where} exchanges {listed(asked) or 'nobody'}: needed two or more different animals, "
            "in the columns a and b."
        )
    return tuple(seats)


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
    if row["start"] != row["start"] and row["start_frame"] != row["start_frame"]:
        raise DataError(f"{where} has no start, neither in s nor as a frame.")
    if not 0 <= start < stop <= end:
        raise DataError(
            f"{where} is from frame {start} to {stop} (exclusive); needed a start before the stop, "
            f"within this recording, which has the frames 0 to {end} "
            f"({origin:g} s to {origin + end / fps:g} s). Without a stop it is to the end."
        )
    return start, stop


def tabulate(
    found: Mapping[int, Sequence[tuple[Exchange, Mapping[str, Any]]]], ds: xr.Dataset
) -> pd.DataFrame:
    """A table of exchanges, each with what is known of it, by the place of its recording."""
    names = [str(name) for name in np.atleast_1d(ds.recording.values)]
    slots, fps = [str(slot) for slot in ds.individual.values], float(ds.fps)
    most = max([2, *(len(one.seats) for rows in found.values() for one, _ in rows)])
    rows = []
    for place, exchanges in sorted(found.items()):
        origin = float(origins(ds)[place])
        for one, known in exchanges:
            ends = on_clock(origin, np.array([one.start, one.stop]), fps)
            who = [slots[seat] for seat in one.seats] + [""] * (most - len(one.seats))
            rows.append(
                {
                    "recording": names[place],
                    "start": float(ends[0]),
                    "stop": float(ends[1]),
                    "start_frame": one.start,
                    "stop_frame": one.stop,
                    **dict(zip(LETTERS, who, strict=False)),
                    **known,
                }
            )
    columns = ["recording", *TIMES, *TIMES.values(), *LETTERS[:most], "status", "source"]
    return pd.DataFrame(rows) if rows else pd.DataFrame({name: [] for name in columns})
