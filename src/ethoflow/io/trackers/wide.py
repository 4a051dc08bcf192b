"""Plain tables of a row per frame, whose headings say which body part and axis a column is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ethoflow.errors import listed
from ethoflow.io.options import Options
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import Table, read_text_table
from ethoflow.io.stack import with_notes
from ethoflow.io.trackers.tidy import read_wide
from ethoflow.schema import DataError

_AXES = {"x": "x", "y": "y", "z": "z"}
_SCORES = dict.fromkeys(
    ["likelihood", "confidence", "conf", "score", "prob", "probability", "visibility", "vis", "p"],
    "confidence",
)
_KINDS = {**_AXES, **_SCORES}
_ENDING = re.compile(rf"(?P<part>.*\w)[ _.:-]+(?P<kind>{'|'.join(_KINDS)})", re.IGNORECASE)
_BEGINNING = re.compile(rf"(?P<kind>{'|'.join(_KINDS)})[ _.:-]+(?P<part>\w.*)", re.IGNORECASE)
_JOINED = re.compile(r"(?P<part>.*[a-z0-9])(?P<kind>X|Y|Z|Likelihood|Confidence|Score)")

_BESIDE = {
    "frame": {"frame", "frames", "frame_idx", "frame_index", "frame_number", "frame_id", "fnum"},
    "time": {"time", "times", "timestamp", "timestamps", "t", "seconds"},
    "individual": {"individual", "animal", "animal_id", "id", "track", "track_id"},
}
_INDEX = {"", "index", "unnamed: 0"}
_NO_PARTS = {
    "pos", "position", "loc", "location", "coord", "coordinate",
    "vel", "velocity", "speed", "acc", "accel", "acceleration", "gyro", "mag",
    "px", "pixel", "pixels", "mm", "cm", "m",
}  # fmt: skip
"""Words beside an axis that name no part of a body."""
_UNIT = re.compile(r"(?P<rest>.+?)[ _]*[(\[_ ](?P<unit>px|pixels?|mm|cm|m)[)\]]?", re.IGNORECASE)
_PX = {"px", "pixel", "pixels"}

_LENGTHS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
"""Units that headings say, in mm."""

Parts: TypeAlias = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Headings:
    """What the columns of a table are: of points, beside them, and not understood."""

    parts: Parts
    beside: dict[str, str]
    units: frozenset[str]
    other: tuple[str, ...]

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Columns of each body part: its coordinates, then its confidence."""
        order = ("x", "y", "z", "confidence")
        return {
            part: tuple(found[key] for key in order if key in found)
            for part, found in self.parts.items()
        }


def headings(names: Iterable[str]) -> Headings:
    """Columns by what their headings say.

    Examples
    --------
    >>> found = headings(["frame", "nose_x", "nose_y", "nose_conf", "tail.X", "tail.Y", "speed"])
    >>> found.parts["nose"]
    {'x': 'nose_x', 'y': 'nose_y', 'confidence': 'nose_conf'}
    >>> list(found.parts), found.beside, found.other
    (['nose', 'tail'], {'frame': 'frame'}, ('speed',))
    """
    names = list(names)
    points: Parts = {}
    units: dict[str, str] = {}
    for name in names:
        plain, unit = _without_unit(name)
        told = _point(plain)
        if told:
            points.setdefault(told[0], {}).setdefault(told[1], name)
            units[name] = unit
    parts = {part: found for part, found in points.items() if {"x", "y"} <= set(found)}
    taken = {column for found in parts.values() for column in found.values()}
    beside: dict[str, str] = {}
    for name in names:
        key = _beside(name)
        if key and name not in taken and beside.setdefault(key, name) == name:
            taken.add(name)
    other = tuple(n for n in names if n not in taken and n.lower() not in _INDEX)
    coordinates = [found[axis] for found in parts.values() for axis in _AXES if axis in found]
    return Headings(parts, beside, frozenset(units[name] for name in coordinates), other)


def _without_unit(name: str) -> tuple[str, str]:
    """A heading without its unit of length, and that unit; empty where it says none."""
    match = _UNIT.fullmatch(name.strip())
    if match is None or _point(match["rest"]) is None:
        return name.strip(), ""
    unit = match["unit"].lower()
    return match["rest"], "px" if unit in _PX else unit


def _point(name: str) -> tuple[str, str] | None:
    """Body part, and axis or confidence, of a heading."""
    for pattern in (_ENDING, _BEGINNING, _JOINED):
        match = pattern.fullmatch(name)
        if match and match["part"].lower() not in _NO_PARTS:
            return match["part"], _KINDS[match["kind"].lower()]
    return None


def _beside(name: str) -> str:
    plain = re.sub(r"[ .-]+", "_", re.sub(r"[(\[].*", "", name.lower()).strip())
    plain = re.sub(r"_(s|sec|ms|us|ns)$", "", plain)
    return next((key for key, words in _BESIDE.items() if plain in words), "")


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
    for name in (one for one in table.columns if one.lower() in _INDEX):
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


def _matches(file: Content) -> bool:
    found = headings(file.header)
    known = len(found.parts) > 1 or bool(found.parts and found.beside)
    return known and len(found.other) < len(found.parts)


@reader("wide table", matches=_matches, fixture="built", takes_options=True)
def read_wide_table(path: Path, options: Options) -> list[Tracks]:
    """A row per frame, and for each body part columns such as ``nose_x``, ``nose_y``, ``nose_p``.

    Without a column of frames or times the rows are the frames; an index of the rows that has holes
    or begins late is refused. Positions are in px where no
    heading says mm, cm or m (``nose_x_mm``).
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
    if unit not in _LENGTHS:
        said = () if unit else ("no heading says a unit: its positions are taken to be in px.",)
        return [with_notes(tracks, said)]
    return [replace(tracks, position=tracks.position * np.float32(_LENGTHS[unit]), units="mm")]
