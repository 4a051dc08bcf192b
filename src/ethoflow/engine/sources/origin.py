"""What the rows of a lazy array are: digests that stand for their numbers, and their lengths."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dask.highlevelgraph import MaterializedLayer

from ethoflow import store

Chunks: TypeAlias = tuple[tuple[int, ...], ...]
"""Sizes of the chunks along each axis."""


def chain(parts: Iterable[str]) -> str:
    """One digest of several, and of what else tells numbers apart."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Origin:
    """What the rows of an array are: digests that stand for their numbers, and their lengths.

    `digests` is None where nothing but the numbers themselves can tell. `place` is where a stored
    array lies: its store, and its group and name; `behind` are the stored variables that computed
    rows were made from, by their place, and the digests these had.
    """

    digests: tuple[str, ...] | None
    n_frames: tuple[int, ...]
    place: tuple[str, str] = ("", "")
    behind: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def has(self, bounds: Sequence[tuple[int, int]]) -> bool:
        """Whether a part, a pair of bounds per axis, is stored: no recording ends before it."""
        if self.digests is None:
            return False
        rows, (start, _) = range(*bounds[0]), bounds[-1]
        return all(int(self.digests[row], 16) and start < self.n_frames[row] for row in rows)


class KnownLayer(MaterializedLayer):
    """Chunks whose rows have an origin: read from a store, or from files."""

    def __init__(self, mapping: Mapping[Any, Any], origin: Origin, chunks: Chunks) -> None:
        super().__init__(mapping)
        self.origin, self.bounds = origin, bounds_of(chunks)


class StoredLayer(KnownLayer):
    """Chunks of a stored array; a block task reads what it needs by itself instead."""

    def __init__(
        self,
        mapping: Mapping[Any, Any],
        origin: Origin,
        chunks: Chunks,
        stored: store.StoredArray,
    ) -> None:
        super().__init__(mapping, origin, chunks)
        self.stored = stored


def bounds_of(chunks: Chunks) -> tuple[tuple[tuple[int, int], ...], ...]:
    """First and last (exclusive) place of every chunk along each axis."""
    return tuple(
        tuple(
            (stop - size, stop) for size, stop in zip(axis, itertools.accumulate(axis), strict=True)
        )
        for axis in chunks
    )
