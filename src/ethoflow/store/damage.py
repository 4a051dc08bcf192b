"""Damage: chunks that are gone, cut or changed; noted when met, mended by the next run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

from ethoflow.place import Place
from ethoflow.schema import DataError
from ethoflow.store.arrays import StoredArray
from ethoflow.store.files import PROGRESS, place_of, read_file, remove, write_file
from ethoflow.store.root import read_state

Cell: TypeAlias = tuple[str, str, int, int]
"""Group, variable, row of the recording, block along time."""


class DamagedChunk(DataError):
    """A chunk that cannot be read; the message names variable, recording and block."""

    def __init__(self, stored: StoredArray, row: int, block: int, what: str) -> None:
        self.stored, self.what = stored, what
        self.place: Cell = (stored.group, stored.name, row, block)
        self.path = stored.path
        super().__init__(self.path, self.place, what)

    def __reduce__(self) -> tuple[type[DamagedChunk], tuple[StoredArray, int, int, str]]:
        return DamagedChunk, (self.stored, *self.place[2:], self.what)

    def __str__(self) -> str:
        group, name, row, block = self.place
        where = f"recording {_name_recording(self.path, group, row)}, block {block}"
        if "time" not in self.stored.document.get("dimension_names", ()):
            where = "the values of all recordings, which"
        return (
            f"{self.path}: {group} {name}, {where} {self.what}. If it was written anew meanwhile, "
            "open the store again; else the next run of the command that made it mends it "
            f"(`ethoflow verify {self.path}` finds all damage)."
        )


def _name_recording(path: str, group: str, row: int) -> str:
    """Name of the recording in a row of a group, for messages."""
    try:
        state = read_state(path)
        recordings = state.record(group).recordings if state is not None else ()
    except DataError:
        recordings = ()
    return recordings[row] if row < len(recordings) else f"number {row}"


def _file(path: str) -> Place:
    return place_of(path) / PROGRESS / "damage.json"


def read_damage(path: str) -> set[Cell]:
    """Chunks that were found damaged and are not mended yet."""
    try:
        found = json.loads(read_file(_file(path)) or b"[]")
        return {(str(g), str(n), int(r), int(b)) for g, n, r, b in found}
    except (ValueError, TypeError):
        return set()


def note_damage(path: str, places: Iterable[Cell]) -> None:
    """Note damaged chunks, so that the next run makes them anew."""
    _save(path, read_damage(path) | set(places))


def forget_damage(path: str, places: Iterable[Cell]) -> None:
    """These chunks are whole again, or gone for good."""
    known = read_damage(path)
    if known & set(places):
        _save(path, known - set(places))


def _save(path: str, places: set[Cell]) -> None:
    if places:
        write_file(_file(path), json.dumps(sorted(places)).encode())
    else:
        remove(_file(path))
