"""Tables of one centroid: tracktor, Bonsai, Rtrack."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks, rate_of_times, read_text_table, whole_numbers
from ethoflow.schema import DataError

_TRACKTOR = {"", "Unnamed: 0", "index", "frame", "pos_x", "pos_y", "id"}
"""Headings of tracktor's tables; the first, of the number of the row, has none."""


def _is_tracktor(file: Content) -> bool:
    return {"frame", "pos_x", "pos_y"} <= set(file.header) <= _TRACKTOR


@reader("tracktor", matches=_is_tracktor)
def read_tracktor(path: Path) -> list[Tracks]:
    """The centroid of one animal, or of several with the column ``id``, in px."""
    table = read_text_table(path)
    frames = whole_numbers(table.numbers("frame"), table.lines)
    animals = table.cells("id") if "id" in table.columns else None
    points = {"centroid": [table.numbers("pos_x"), table.numbers("pos_y")]}
    return [
        dense_tracks(
            recording_name(path),
            frames,
            animals,
            points,
            lines=table.lines,
            source_software="tracktor",
        )
    ]


_BONSAI = re.compile(r"(.*?)\.?Centroid\.([XY])")


def _is_bonsai(file: Content) -> bool:
    return len(file.header) > 1 and any("Centroid.X" in name for name in file.header)


@reader("Bonsai CSV", matches=_is_bonsai)
def read_bonsai(path: Path) -> list[Tracks]:
    """The centroids of the regions in a Bonsai workflow's CSV, in px, a row per frame.

    Each pair ``NAME.Centroid.X`` and ``.Y`` is an animal; one pair is one animal without a name.
    """
    table = read_text_table(path)
    pairs: dict[str, dict[str, str]] = {}
    for column in table.columns:
        match = _BONSAI.fullmatch(column)
        if match:
            pairs.setdefault(match[1], {})[match[2]] = column
    whole = {name: xy for name, xy in pairs.items() if set(xy) == {"X", "Y"}}
    if not whole:
        raise DataError("no pair of columns Centroid.X and Centroid.Y.")
    n_rows = len(table.lines)
    axes = [
        np.concatenate([_finite(table.numbers(xy[axis])) for xy in whole.values()]) for axis in "XY"
    ]
    animals = [name for name in whole for _ in range(n_rows)] if len(whole) > 1 else None
    return [
        dense_tracks(
            recording_name(path),
            np.tile(np.arange(n_rows), len(whole)),
            animals,
            {"centroid": axes},
            lines=list(table.lines) * len(whole),
            source_software="Bonsai",
        )
    ]


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def _is_rtrack(file: Content) -> bool:
    return bool(file.text) and re.fullmatch(r"Time\tX\tY", file.text[0].strip()) is not None


@reader("Rtrack raw path", matches=_is_rtrack)
def read_rtrack(path: Path) -> list[Tracks]:
    """The path of one animal: times in s, positions in cm, brought to mm."""
    table = read_text_table(path)
    times = table.numbers("Time")
    fps, frames = rate_of_times(times)
    points = {"centroid": [table.numbers("X") * 10, table.numbers("Y") * 10]}
    return [
        dense_tracks(
            recording_name(path),
            frames,
            None,
            points,
            lines=table.lines,
            fps=fps,
            units="mm",
            start=float(times[0]),
            source_software="Rtrack",
            notes=("its positions are taken to be in cm, as Rtrack writes them.",),
        )
    ]
