"""What the columns of a table of points are, by their headings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

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
INDEX = {"", "index", "unnamed: 0"}
"""Headings of a column that numbers the rows."""
_NO_PARTS = {
    "pos", "position", "loc", "location", "coord", "coordinate",
    "vel", "velocity", "speed", "acc", "accel", "acceleration", "gyro", "mag",
    "px", "pixel", "pixels", "mm", "cm", "m",
}  # fmt: skip
"""Words beside an axis that name no part of a body."""
_UNIT = re.compile(r"(?P<rest>.+?)[ _]*[(\[_ ](?P<unit>px|pixels?|mm|cm|m)[)\]]?", re.IGNORECASE)
_PX = {"px", "pixel", "pixels"}

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
    other = tuple(n for n in names if n not in taken and n.lower() not in INDEX)
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
