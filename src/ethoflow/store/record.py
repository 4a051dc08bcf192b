"""What the blocks of a group were made from: a digest a variable and recording, a size a chunk."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Digests: TypeAlias = npt.NDArray[np.uint64]
Sources: TypeAlias = Mapping[str, Mapping[str, Digests]]


@dataclass(frozen=True, eq=False)
class Record:
    """The record of a group.

    `digests`, dims (variable, recording), tell how each came about; 0 where nothing is stored.
    `sizes`, dims (variable, recording, block), are the bytes of every chunk; 0 where there is none.
    `sources` tells, for each variable and each stored variable it was made from, the digests that
    one had then, a number per recording. `small` repeats the chunks of the small arrays, by array
    and key, where each of them would be a request of its own.
    """

    variables: tuple[str, ...]
    recordings: tuple[str, ...]
    digests: Digests
    sizes: npt.NDArray[np.uint32]
    sources: Sources = field(default_factory=dict)
    small: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def empty(
        cls, variables: Sequence[str] = (), recordings: Sequence[str] = (), n_blocks: int = 1
    ) -> Record:
        """A record of nothing stored."""
        shape = (len(variables), len(recordings))
        return cls(
            tuple(variables),
            tuple(recordings),
            np.zeros(shape, np.uint64),
            np.zeros((*shape, n_blocks), np.uint32),
        )

    @property
    def n_blocks(self) -> int:
        """Blocks along time."""
        return int(self.sizes.shape[2])

    def arrange(
        self, variables: Sequence[str], recordings: Sequence[str], n_blocks: int
    ) -> tuple[Digests, npt.NDArray[np.uint32]]:
        """Digests and sizes in another order and number; 0 for what is not here."""
        digests = np.zeros((len(variables), len(recordings)), np.uint64)
        sizes = np.zeros((*digests.shape, n_blocks), np.uint32)
        rows = {name: row for row, name in enumerate(self.recordings)}
        pairs = [(new, rows[name]) for new, name in enumerate(recordings) if name in rows]
        if not pairs:
            return digests, sizes
        there, here = map(list, zip(*pairs, strict=True))
        n = min(n_blocks, self.n_blocks)
        for place, name in enumerate(variables):
            if name in self.variables:
                old = self.variables.index(name)
                digests[place, there] = self.digests[old, here]
                sizes[place, there, :n] = self.sizes[old, here, :n]
        return digests, sizes

    def to_bytes(self) -> bytes:
        """The record as a file."""
        head: dict[str, Any] = {
            "variables": self.variables,
            "recordings": self.recordings,
            "sources": {name: list(found) for name, found in self.sources.items()},
        }
        if self.small:
            head["small"] = {name: len(content) for name, content in self.small.items()}
        arrays: dict[str, Any] = {
            "head": np.frombuffer(json.dumps(head).encode(), np.uint8),
            "digests": self.digests,
            "sizes": self.sizes,
        }
        for name, found in self.sources.items():
            for number, values in enumerate(found.values()):
                arrays[f"{name}.{number}"] = values
        if self.small:
            arrays["small"] = np.frombuffer(b"".join(self.small.values()), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Record:
        """The record of a file.

        Raises
        ------
        ValueError
            The content is no record.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                head = json.loads(arrays["head"].tobytes())
                sources = {
                    name: {other: arrays[f"{name}.{i}"] for i, other in enumerate(found)}
                    for name, found in head["sources"].items()
                }
                small, ends = {}, 0
                for name, n_bytes in head.get("small", {}).items():
                    small[name] = arrays["small"][ends : ends + n_bytes].tobytes()
                    ends += n_bytes
                return cls(
                    tuple(head["variables"]),
                    tuple(head["recordings"]),
                    arrays["digests"],
                    arrays["sizes"],
                    sources,
                    small,
                )
        except (KeyError, OSError, EOFError, ValueError) as error:
            raise ValueError(f"not a record: {error}") from error


def name_of(content: bytes) -> str:
    """Name of a record: the digest of its content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
