"""EthoVision XT raw data exports: centre, nose and tail base of one animal per sheet or file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ethoflow.io.ethovision import Export, is_export, read_exports
from ethoflow.io.lengths import scale_of
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Tracks, reader
from ethoflow.io.rows import dense_tracks
from ethoflow.schema import DataError

_UPWARDS = (
    "EthoVision's y points up, and is kept so: give y_axis='up' to what tells left from right "
    "(turning_left, turning_right, side); positive angles turn anticlockwise."
)


@reader("EthoVision XT", matches=is_export, extra="excel")
def read_ethovision(path: Path) -> list[Tracks]:
    """Tracked points of every sheet; cm are brought to mm, samples not found are missing.

    The animal is the subject of the header. The frame rate is that of the recording times, which
    are rounded to milliseconds.
    """
    exports = read_exports(path)
    stem = recording_name(path)
    return [
        _tracks(export, stem if len(exports) == 1 else f"{stem} {export.sheet}")
        for export in exports
    ]


def _tracks(export: Export, name: str) -> Tracks:
    pairs: dict[str, dict[str, str]] = {}
    for column in export.columns:
        match = re.fullmatch(r"([XYZ]) (\S.*)", column)
        if match:
            pairs.setdefault(match[2], {})[match[1]] = column
    points: dict[str, list[Any]] = {}
    units: set[str] = set()
    for part, axes in pairs.items():
        if not {"X", "Y"} <= set(axes):
            continue
        points[part] = []
        for _, column in sorted(axes.items()):
            unit, scale = scale_of(export.units.get(column, ""), f"the column {column!r}")
            units.add(unit)
            points[part].append(export.columns[column] * scale)
    if not points:
        raise DataError("no pair of columns such as 'X center' and 'Y center'.")
    if len(units) > 1:
        raise DataError("some of its positions are in px and some in a length.")
    fps, frames = export.rate()
    subject = [export.subject] * len(frames) if export.subject else None
    return dense_tracks(
        name,
        frames,
        subject,
        points,
        fps=fps,
        start=float(export.times[0]),
        units=units.pop(),
        source_software="EthoVision XT",
        notes=(_UPWARDS,),
    )
