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
from ethoflow.identities.exchanges import Exchange
from ethoflow.io.metadata_rows import MISSING, called, read_rows, to_number
from ethoflow.names import plain
from ethoflow.origin import on_clock, origins

Edits: TypeAlias = pd.DataFrame | str | os.PathLike[str]

APPLIED, UNDECIDED, REJECTED = "accepted", "undecided", "rejected"
"""What is to be done with a row: only accepted ones change anything."""

BY_HAND, DETECTED = "by hand", "detected"
"""Who found it."""

TIMES = {"start": "start_frame", "stop": "stop_frame"}
"""Columns in s of the recording's own clock, and the same in frames of the recording."""

PARTS = "bodyparts"
"""Column of the body parts that alone were exchanged, where it was not the whole animal."""

TRACKS = "tracks"
"""Column that says in what tracks a swap was found."""

LETTERS = string.ascii_lowercase


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
        animals; ``status``: accepted (the default), undecided or rejected; ``source``;
        ``bodyparts`` and ``tracks`` as `find_swaps` has them; others are kept and not used.

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
    table |= {key: _texts(columns.pop(key)) for key in (PARTS, TRACKS) if key in columns}
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
