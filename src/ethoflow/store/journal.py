"""What a writer is about to do, told to the next one in case this one is killed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethoflow.place import Place
from ethoflow.store.documents import Document
from ethoflow.store.files import names_in, read_file, write_file
from ethoflow.store.record import Digests, name_of

DIGEST = len(name_of(b""))
"""Bytes of the digest that a journal begins with."""


@dataclass(frozen=True, eq=False)
class Journal:
    """The chunks a writer makes where no reader looks.

    `documents` are those of all arrays as they shall be; `written`, dims (variable, recording,
    block), are the chunks of `variables`, and `digests` what they are made from.
    """

    documents: dict[str, Document]
    variables: tuple[str, ...]
    recordings: tuple[str, ...]
    digests: Digests
    written: npt.NDArray[np.bool_]

    def save(self, path: Place) -> None:
        """Write it, whole or not at all."""
        head = {
            "documents": self.documents,
            "variables": self.variables,
            "recordings": self.recordings,
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            head=np.frombuffer(json.dumps(head).encode(), np.uint8),
            digests=self.digests,
            written=self.written,
        )
        content = buffer.getvalue()
        write_file(path, name_of(content).encode() + content)

    @classmethod
    def load(cls, path: Place) -> Journal | None:
        """The journal of a file; None where it is not as it was written."""
        found = read_file(path) or b""
        name, content = found[:DIGEST], found[DIGEST:]
        if name_of(content).encode() != name:
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                head = json.loads(arrays["head"].tobytes())
                return cls(
                    head["documents"],
                    tuple(head["variables"]),
                    tuple(head["recordings"]),
                    arrays["digests"],
                    arrays["written"],
                )
        except (KeyError, OSError, EOFError, ValueError):
            return None

    def cells(self) -> Iterator[tuple[str, str, int, int, int]]:
        """Variable, recording, row, block and digest of every chunk."""
        for place, row, block in np.argwhere(self.written):
            yield (
                self.variables[place],
                self.recordings[row],
                int(row),
                int(block),
                int(self.digests[place, row]),
            )


def journals_in(folder: Place) -> list[Place]:
    """Files of the journals that were not closed."""
    names = names_in(folder)
    return [folder / n for n in names if n.startswith("journal-") and n.endswith(".npz")]


def journal_path(folder: Place, token: str) -> Place:
    """File of a writer's journal; while it is there, the writer's tasks may write."""
    return folder / f"journal-{token}.npz"
