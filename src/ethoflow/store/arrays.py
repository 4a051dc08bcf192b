"""References to the arrays of a store, and the arrays of Zarr that read and write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import zarr
from zarr.core.array import AsyncArray
from zarr.core.buffer import default_buffer_prototype
from zarr.core.metadata.v3 import ArrayV3Metadata
from zarr.storage import LocalStore, MemoryStore, StorePath

from ethoflow.store.documents import CODED, Document, chunk_key, chunks_of, dims_of


@dataclass(frozen=True)
class StoredArray:
    """Reference to an array of a store in one state: what a worker needs to read or write it.

    `since` is when the root document of that state was written (ns), 0 where it is not known.
    """

    path: str
    group: str
    name: str
    text: str
    stamp: str
    since: int = field(default=0, compare=False)

    @property
    def document(self) -> Document:
        """The array's metadata."""
        return _parse(self.text)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along every dim."""
        return tuple(self.document["shape"])

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk."""
        return chunks_of(self.document)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values as they are read: labels as float32."""
        kind = self.document["data_type"]
        return np.dtype("float32" if self.is_coded else object if kind == "string" else kind)

    @property
    def is_coded(self) -> bool:
        """Whether it holds labels or categories, in which a number stands for unknown."""
        return self.document["attributes"].get("kind") in CODED

    @property
    def recipe(self) -> str:
        """How its numbers came about, as text."""
        return str(self.document["attributes"].get("recipe", ""))


@lru_cache(maxsize=512)
def _parse(content: str) -> Document:
    document: Document = json.loads(content)
    return document


def refer(
    path: str, group: str, name: str, document: Document, stamp: str, since: int = 0
) -> StoredArray:
    """Reference to an array with a given document."""
    return StoredArray(path, group, name, json.dumps(document), stamp, since)


@lru_cache(maxsize=256)
def _open(path: str, name: str, content: str) -> zarr.Array[Any]:
    """An array of a store by its document alone, kept open: opening costs a millisecond."""
    return make_array(content, StorePath(LocalStore(path), name))


def open_array(stored: StoredArray) -> zarr.Array[Any]:
    """The array in its store; of local files alone."""
    return _open(stored.path, f"{stored.group}/{stored.name}", stored.text)


def array_of(stored: StoredArray, chunks: Mapping[str, bytes]) -> zarr.Array[Any]:
    """The array, of chunks that were read already, by key."""
    make = default_buffer_prototype().buffer.from_bytes
    held = {key: make(content) for key, content in chunks.items()}
    return make_array(stored.text, StorePath(MemoryStore(held), ""))


def make_array(content: str, place: StorePath) -> zarr.Array[Any]:
    """The array of a document, its chunks being at `place`."""
    metadata = ArrayV3Metadata.from_dict(_parse(content))
    # What is all unknown is stored like anything else: a chunk that is not there is damage.
    return zarr.Array(AsyncArray(metadata, place, {"write_empty_chunks": True, "order": "C"}))


def chunk_path(path: str, group: str, name: str, document: Document, index: Sequence[int]) -> str:
    """File of a chunk."""
    return f"{path}/{group}/{name}/{chunk_key(document, index)}"


def index_of(document: Document, row: int, block: int) -> tuple[int, ...]:
    """Index of the chunk of a recording and a block along time."""
    dims = dims_of(document)
    at = {"recording": row, "time": block}
    return tuple(at.get(dim, 0) for dim in dims)


def files_of(stored: StoredArray, bounds: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Row, block and file of every chunk in `bounds`."""
    document = stored.document
    spans = {
        dim: range(start // size, -(-stop // size))
        for dim, (start, stop), size in zip(dims_of(document), bounds, stored.chunks, strict=True)
    }
    return [
        (
            row,
            block,
            chunk_path(
                stored.path, stored.group, stored.name, document, index_of(document, row, block)
            ),
        )
        for row in spans.get("recording", range(1))
        for block in spans.get("time", range(1))
    ]
