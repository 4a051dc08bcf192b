"""Ethoscope: an SQLite database with a table of positions per region of interest."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks
from ethoflow.io.sqlite import open_database, read_columns, tables_of
from ethoflow.schema import DataError

_COLUMNS = ("t", "x", "y", "is_inferred")
_ROI = re.compile(r"ROI_(\d+)")


def _matches(file: Content) -> bool:
    if file.kind != "sqlite":
        return False
    return "ROI_MAP" in tables_of(file.path)


@reader("Ethoscope", matches=_matches, beside=True)
def read_ethoscope(path: Path) -> list[Tracks]:
    """Centres of the animals, one per region, in px from the corner of the region.

    Times are in ms and not regular: the frame rate is that of the usual step over all regions, and
    a position stands at the nearest frame, where the last of several counts. Positions the program
    inferred because it saw nothing are missing.
    """
    found = _read(path)
    if not found:
        raise DataError("no frames: none of its regions holds a position.")
    steps = np.concatenate([np.diff(times) for times, _ in found.values()])
    steps = steps[steps > 0]
    if not len(steps):
        raise DataError("its regions hold one position each: no frame rate can be known.")
    fps = 1000 / float(np.median(steps))
    times = np.concatenate([t for t, _ in found.values()])
    frames = np.rint((times - times.min()) * fps / 1000).astype(np.int64)
    animals = [name for name, (t, _) in found.items() for _ in range(len(t))]
    places = np.concatenate([p for _, p in found.values()])
    note = (
        f"its times are not regular: positions stand at the nearest frame of {fps:.4g} fps, the "
        "usual rate."
    )
    tracks = dense_tracks(
        recording_name(path),
        frames,
        animals,
        {"centroid": [places[:, 0], places[:, 1]]},
        repeats="last",
        fps=fps,
        start=float(times.min()) / 1000,
        notes=(note,),
        source_software="Ethoscope",
    )
    return [tracks]


def _read(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times in ms and positions of every region that has any."""
    regions = sorted(
        (m for m in map(_ROI.fullmatch, tables_of(path)) if m), key=lambda m: int(m[1])
    )
    if not regions:
        raise DataError("this SQLite database is cut off or damaged: it has no readable tables.")
    found = {}
    try:
        with open_database(path) as database:
            for region in regions:
                stored = read_columns(database, region[0], _COLUMNS, order="t")
                rows = np.array(stored, np.float64).reshape(-1, 4)
                rows[rows[:, 3] == 1, 1:3] = np.nan
                if len(rows):
                    found[region[0]] = rows[:, 0], rows[:, 1:3]
    except (TypeError, ValueError) as error:
        raise DataError(f"this database is damaged: {error}.") from error
    return found
