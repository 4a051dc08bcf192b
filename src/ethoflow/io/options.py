"""What a caller may say about how files are read, beyond which they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import xxhash

from ethoflow.io.hdf5 import files_outside
from ethoflow.schema import DataError

Columns: TypeAlias = Mapping[str, str | Sequence[str]]
Repeats: TypeAlias = Literal["error", "first", "last"]
TimeUnit: TypeAlias = Literal["s", "ms", "us", "ns"]

TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Units that cameras write times in, in s."""
EmptyGroups: TypeAlias = Literal["error", "allow"]


@dataclass(frozen=True)
class Options:
    """Options of reading that change the numbers read from a file.

    `individuals` are the animals to take; `columns` maps the columns of a plain table; `repeats`
    says which of several rows of one frame counts; `allow_pickle` lets Python pickles be opened;
    `time_unit` is what times in plain tables and lists are in, where they do not say so;
    `allow_links` lets HDF5 files be read whose arrays lie in other files.
    """

    individuals: tuple[str, ...] | None = None
    columns: tuple[tuple[str, str | tuple[str, ...]], ...] | None = None
    repeats: Repeats = "error"
    allow_pickle: bool = False
    time_unit: TimeUnit | None = None
    allow_links: bool = False

    @classmethod
    def of(
        cls,
        individuals: Sequence[str] | None = None,
        columns: Columns | None = None,
        repeats: Repeats = "error",
        allow_pickle: bool = False,
        time_unit: TimeUnit | None = None,
        allow_links: bool = False,
    ) -> Options:
        """Options as a caller gives them, checked."""
        if isinstance(individuals, str):
            raise DataError(f"individuals must be a list of names, found {individuals!r}.")
        if repeats not in ("error", "first", "last"):
            raise DataError(f"repeats must be 'error', 'first' or 'last', found {repeats!r}.")
        if time_unit not in (None, *TIME_UNITS):
            raise DataError(
                f"time_unit must be one of {', '.join(TIME_UNITS)}, found {time_unit!r}."
            )
        chosen = None if individuals is None else tuple(map(str, individuals))
        mapped = None
        if columns is not None:
            mapped = tuple(
                (key, value if isinstance(value, str) else tuple(value))
                for key, value in columns.items()
            )
        return cls(chosen, mapped, repeats, allow_pickle, time_unit, allow_links)

    @property
    def column_map(self) -> dict[str, str | tuple[str, ...]] | None:
        """`columns` as a mapping."""
        return None if self.columns is None else dict(self.columns)


DEFAULTS = Options()
"""Options of a caller who gives none."""


def digest_of(path: Path, options: Options = DEFAULTS, *more: object) -> str:
    """Digest of a file's bytes and of what else changes the numbers read from it."""
    with path.open("rb") as file:
        # It tells files apart that somebody changed, not forged: much quicker than SHA-256.
        digest = hashlib.file_digest(file, xxhash.xxh3_128)
    if options.allow_links:
        for linked in _linked(path, set()):
            digest.update(linked.read_bytes())
    if replace(options, allow_pickle=False, time_unit=None, allow_links=False) != DEFAULTS:
        digest.update(repr(astuple(options)[:3]).encode())
    if options.time_unit is not None:
        digest.update(options.time_unit.encode())
    if more:
        digest.update(repr(more).encode())
    return digest.hexdigest()


def _linked(path: Path, known: set[Path]) -> list[Path]:
    """Files that numbers of an HDF5 file come from, and those that theirs come from."""
    found = []
    for file in files_outside(path):
        place = file.resolve()
        if place not in known and place.is_file():
            known.add(place)
            found += [place, *_linked(place, known)]
    return found
