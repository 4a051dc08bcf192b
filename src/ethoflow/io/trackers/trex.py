"""TRex: one animal per file, a row per frame, units in the names of the columns."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ethoflow.io.lengths import scale_of
from ethoflow.io.numpy_files import open_archive
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import Table, dense_tracks, rate_of_times, read_text_table, whole_numbers
from ethoflow.schema import DataError

_COLUMN = re.compile(r"([XY])(?:#(\w+))? ?(?:\((\w+)\))?")
_POSE = re.compile(r"pose([XY])(\d+)(?: \((\w+)\))?")


def _matches(file: Content) -> bool:
    line = file.text[0] if file.text else ""
    return "#wcentroid" in line and line.lower().lstrip('"').startswith("frame")


@reader("TRex CSV", matches=_matches)
def read_trex(path: Path) -> list[Tracks]:
    """Head, weighted centroid and pose points of one animal; cm and m are brought to mm.

    ``X`` and ``Y`` are the head in TRex, ``#wcentroid`` the centroid. Infinite numbers are how TRex
    writes a frame without the animal. The frame rate is that of the column ``time``, where there is
    one.
    """
    return _tracks_of(path, read_text_table(path))


def _matches_npz(file: Content) -> bool:
    return "frame" in file.arrays and any("#wcentroid" in name for name in file.arrays)


@reader("TRex NPZ", matches=_matches_npz, fixture="built")
def read_trex_npz(path: Path) -> list[Tracks]:
    """The same from the archive that TRex writes by default.

    Names without a unit are in cm there, as TRex writes them; its pose points are in px.
    """
    with open_archive(path) as archive:
        wanted = [name for name in archive.files if _is_known(name)]
        columns = {_with_unit(name): np.ravel(archive[name]) for name in sorted(wanted)}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"its arrays differ in length: {lengths}.")
    first = {"frame": columns.pop("frame")}
    rows = range(1, len(first["frame"]) + 1)
    return _tracks_of(path, Table({**first, **columns}, rows))


def _is_known(name: str) -> bool:
    known = _COLUMN.fullmatch(name) or _POSE.fullmatch(name)
    return known is not None or name in ("frame", "time", "missing")


def _with_unit(name: str) -> str:
    return f"{name} (cm)" if _COLUMN.fullmatch(name) and "(" not in name else name


def _tracks_of(path: Path, table: Table) -> list[Tracks]:
    frames = whole_numbers(table.numbers(next(iter(table.columns))), table.lines)
    points, units = _points(table)
    fps = start = None
    if "time" in table.columns:
        times = table.numbers("time")
        known = np.isfinite(times)
        fps = rate_of_times(times[known])[0] if known.sum() > 1 else None
        start = float(times[0]) if known[0] else None
    return [
        dense_tracks(
            recording_name(path),
            frames,
            None,
            points,
            lines=table.lines,
            fps=fps,
            start=start,
            units=units,
            source_software="TRex",
        )
    ]


def _points(table: Table) -> tuple[dict[str, list[object]], str]:
    found: dict[str, dict[str, object]] = {}
    units: set[str] = set()
    missing = table.numbers("missing") == 1 if "missing" in table.columns else None
    for name in table.columns:
        match = _COLUMN.fullmatch(name) or _POSE.fullmatch(name)
        if match is None:
            continue
        unit, scale = scale_of(match[3] or "", f"the column {name!r}")
        part = f"pose{match[2]}" if name.startswith("pose") else match[2] or "head"
        values = table.numbers(name, missing=("", "nan", "inf", "-inf"))
        values[~np.isfinite(values)] = np.nan
        if missing is not None:
            values[missing] = np.nan
        found.setdefault(part, {})[match[1]] = values * scale
        units.add(unit)
    whole = {part: [xy["X"], xy["Y"]] for part, xy in found.items() if set(xy) == {"X", "Y"}}
    if not whole:
        raise DataError("no columns X and Y.")
    if len(units) > 1:
        raise DataError("some of its positions are in px and some in a length.")
    return whole, units.pop()
