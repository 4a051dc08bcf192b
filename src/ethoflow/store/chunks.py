"""Numbers in and out of the arrays of a store: chunks, their checksums, labels."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt
import zarr
from zarr.core.array import AsyncArray
from zarr.core.buffer import default_buffer_prototype
from zarr.core.metadata.v3 import ArrayV3Metadata
from zarr.storage import LocalStore, MemoryStore, StorePath

from ethoflow.schema import DataError, text
from ethoflow.stamps import stamp_of
from ethoflow.store.damage import DamagedChunk
from ethoflow.store.documents import CODED, UNKNOWN, Document, chunk_key, chunks_of, dims_of
from ethoflow.store.files import check_process, is_local, objects_of, read_file, size_of, write_file
from ethoflow.store.state import read_state

DECODED_BYTES = 64 * 2**20
"""Decoded chunks a process keeps."""


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
    return _make(content, StorePath(LocalStore(path), name))


def _make(content: str, place: StorePath) -> zarr.Array[Any]:
    metadata = ArrayV3Metadata.from_dict(_parse(content))
    # What is all unknown is stored like anything else: a chunk that is not there is damage.
    return zarr.Array(AsyncArray(metadata, place, {"write_empty_chunks": True, "order": "C"}))


def _array(stored: StoredArray) -> zarr.Array[Any]:
    return _open(stored.path, f"{stored.group}/{stored.name}", stored.text)


def _array_of(stored: StoredArray, chunks: Mapping[str, bytes]) -> zarr.Array[Any]:
    """The array, of chunks that were read already, by key."""
    make = default_buffer_prototype().buffer.from_bytes
    held = {key: make(content) for key, content in chunks.items()}
    return _make(stored.text, StorePath(MemoryStore(held), ""))


def encode_chunks(stored: StoredArray, where: Any, values: npt.NDArray[Any]) -> dict[str, bytes]:
    """What the chunks of a part of an array hold, by key; the part is made of whole chunks."""
    store = MemoryStore()
    _make(stored.text, StorePath(store, ""))[where] = values
    return {key: buffer.to_bytes() for key, buffer in store._store_dict.items()}


def _save(stored: StoredArray, where: Any, values: npt.NDArray[Any]) -> None:
    """Write a part of an array that is made of whole chunks."""
    if is_local(stored.path):
        _array(stored)[where] = values
        return
    for key, content in encode_chunks(stored, where, values).items():
        write_file(f"{stored.path}/{stored.group}/{stored.name}/{key}", content)


def chunk_path(path: str, group: str, name: str, document: Document, index: Sequence[int]) -> str:
    """File of a chunk."""
    return f"{path}/{group}/{name}/{chunk_key(document, index)}"


def index_of(document: Document, row: int, block: int) -> tuple[int, ...]:
    """Index of the chunk of a recording and a block along time."""
    dims = dims_of(document)
    at = {"recording": row, "time": block}
    return tuple(at.get(dim, 0) for dim in dims)


# --- reading ----------------------------------------------------------------------------------


def read_bounds(
    stored: StoredArray, bounds: Sequence[tuple[int, int]], *, strict: bool = True
) -> npt.NDArray[Any]:
    """The part of a stored array between `bounds`, one pair per axis; labels as 1, 0, NaN.

    Chunks are kept for a while as they are decoded: a block and its neighbours' halos, and the
    stages of one recording, read the same ones.

    Parameters
    ----------
    stored
        The array.
    bounds
        First and last (exclusive) place along each axis.
    strict
        Whether all of it must be stored; else what is not there is missing.

    Raises
    ------
    DamagedChunk
        A chunk is gone, cut or changed.
    """
    *lead, (start, stop) = bounds
    length = stored.chunks[-1]
    parts = []
    for place in range(start // length, -(-stop // length)):
        first = place * length
        frames = (first, min(first + length, stored.shape[-1]))
        chunk = _decoded.get(stored, tuple(lead), frames, strict)
        parts.append(chunk[..., max(start - first, 0) : stop - first])
    if not parts:
        return np.empty([b - a for a, b in bounds], np.float32)
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


class _DecodedChunks:
    """The chunks decoded last, up to `DECODED_BYTES`, for all threads of a process."""

    def __init__(self) -> None:
        self.chunks: OrderedDict[Any, npt.NDArray[Any]] = OrderedDict()
        self.lock = threading.Lock()
        self.size = 0

    def get(
        self,
        stored: StoredArray,
        lead: tuple[tuple[int, int], ...],
        frames: tuple[int, int],
        strict: bool,
    ) -> npt.NDArray[Any]:
        """One chunk, decoded now or before; not to be written to."""
        key = (stored, lead, frames)
        return self.keep(key, partial(_decode, stored, (*lead, frames), strict))

    def keep(self, key: Hashable, read: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """What `read` gives now or gave before; not to be written to."""
        with self.lock:
            if key in self.chunks:
                self.chunks.move_to_end(key)
                return self.chunks[key]
        values = read()
        values.flags.writeable = False
        with self.lock:
            if key not in self.chunks:
                self.chunks[key] = values
                self.size += values.nbytes
            while self.size > DECODED_BYTES and len(self.chunks) > 1:
                self.size -= self.chunks.popitem(last=False)[1].nbytes
        return values


_decoded = _DecodedChunks()


def _decode(
    stored: StoredArray, bounds: Sequence[tuple[int, int]], strict: bool
) -> npt.NDArray[Any]:
    values = _read(stored, bounds, strict)
    return decode(values) if stored.is_coded else values


def _read(stored: StoredArray, bounds: Sequence[tuple[int, int]], strict: bool) -> npt.NDArray[Any]:
    if not is_local(stored.path):
        return _read_objects(stored, bounds, strict)
    for row, block, file in _files(stored, bounds):
        if strict and not size_of(file) and is_expected(stored, row, block):
            raise DamagedChunk(stored, row, block, "is gone")
    try:
        values = np.asarray(_array(stored)[tuple(slice(*pair) for pair in bounds)])
    except (ValueError, RuntimeError, TypeError) as error:
        wrong = [
            (r, b) for r, b, file in _files(stored, bounds) if size_of(file) and not holds(file)
        ]
        raise DamagedChunk(stored, *(wrong or [(0, 0)])[0], "is cut or changed") from error
    for row, block, file in _files(stored, bounds):
        if stored.since and _changed_at(file) > stored.since and not _is_current(stored):
            raise DamagedChunk(stored, row, block, OTHER)
    return values


OTHER = "is no more the one that was opened"


def _changed_at(file: str) -> int:
    """When a chunk was written (ns); 0 where there is none."""
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


def _is_current(stored: StoredArray) -> bool:
    state = read_state(stored.path)
    return state is not None and state.stamp(stored.group) == stored.stamp


def _read_objects(
    stored: StoredArray,
    bounds: Sequence[tuple[int, int]],
    strict: bool,
    known: Mapping[str, bytes] | None = None,
) -> npt.NDArray[Any]:
    """The same of objects: each is asked for once, where it is not `known` by array and key."""
    start, chunks = f"{stored.path}/{stored.group}/", {}
    objects = objects_of(stored.path)
    for row, block, file in _files(stored, bounds):
        repeated = (known or {}).get(file[len(start) :])
        found = objects.read_with_time(file) if repeated is None else (repeated, 0)
        content, changed = found or (None, 0)
        if content is None:
            if strict and is_expected(stored, row, block):
                check_process(stored.path)
                raise DamagedChunk(stored, row, block, "is gone")
        elif not _holds(content):
            raise DamagedChunk(stored, row, block, "is cut or changed")
        elif 0 < stored.since < changed and not _is_current(stored):
            raise DamagedChunk(stored, row, block, OTHER)
        else:
            chunks[file[len(start) + len(stored.name) + 1 :]] = content
    return np.asarray(_array_of(stored, chunks)[tuple(slice(*pair) for pair in bounds)])


def is_expected(stored: StoredArray, row: int, block: int) -> bool:
    """Whether a chunk was ever written; what a group does not know of a recording is not stored."""
    state = read_state(stored.path)
    if state is None or state.stamp(stored.group) != stored.stamp:
        return True
    record = state.record(stored.group)
    if stored.name not in record.variables:
        return stored.group in state.records
    sizes = record.sizes[record.variables.index(stored.name)]
    if not sizes.any():  # it is stored whole
        return True
    inside = row < sizes.shape[0] and block < sizes.shape[1]
    return inside and bool(sizes[row, block])


def _files(stored: StoredArray, bounds: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
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


def holds(file: str) -> bool:
    """Whether the checksum of a chunk holds."""
    return _holds(read_file(file) or b"")


def _holds(content: bytes) -> bool:
    return len(content) >= 4 and checksum(content[:-4]) == content[-4:]


def checksum(content: bytes) -> bytes:
    """CRC-32C of some bytes, as it stands behind them in a chunk."""
    return int(google_crc32c.value(content)).to_bytes(4, "little")


def read_whole(stored: StoredArray, known: Mapping[str, bytes] | None = None) -> npt.NDArray[Any]:
    """All of a small array, not to be written to; text as Python strings.

    Parameters
    ----------
    stored
        The array.
    known
        Chunks that are known already, by array and key: those that the record repeats.

    Raises
    ------
    DamagedChunk
        A chunk is gone, cut or changed.
    """
    bounds = [(0, size) for size in stored.shape]
    if not is_local(stored.path):
        return _read_whole(stored, known or {})
    files = [file for _, _, file in _files(stored, bounds)] if 0 not in stored.shape else []
    # A file that was changed or taken away since must not hide behind what it once held.
    stamps = [stamp_of(file) if size_of(file) else () for file in files]
    return _decoded.keep((stored, *stamps), partial(_read_whole, stored, {}))


def _read_whole(stored: StoredArray, known: Mapping[str, bytes]) -> npt.NDArray[Any]:
    if 0 in stored.shape:
        return np.empty(stored.shape, stored.dtype)
    document, bounds = stored.document, [(0, size) for size in stored.shape]
    if not is_local(stored.path):
        values = np.array(_read_objects(stored, bounds, True, known))
    elif dims_of(document):
        values = _read(stored, bounds, strict=True)
    else:
        file = chunk_path(stored.path, stored.group, stored.name, document, ())
        if not holds(file):
            raise DamagedChunk(stored, 0, 0, "is gone, cut or changed")
        return np.array(_array(stored)[()])
    values = decode(values) if stored.is_coded else values
    if document["data_type"] == "string" and dims_of(document):
        return text(values.ravel()).reshape(values.shape)
    return values


def decode(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Stored labels (1, 0, -1) as 1, 0, NaN."""
    decoded = values.astype(np.float32)
    decoded[values == UNKNOWN] = np.nan
    return decoded


# --- writing ----------------------------------------------------------------------------------


def encode(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Labels and categories as they are stored, -1 for unknown."""
    if values.dtype == dtype:
        return values
    known = np.where(np.isnan(values), UNKNOWN, values) if values.dtype.kind == "f" else values
    return known.astype(dtype)


def check_states(name: str, values: npt.NDArray[Any], kind: object) -> None:
    """Refuse what is no label and no category any more: attributes survive arithmetic.

    Raises
    ------
    DataError
        There are shares, sums or other numbers.
    """
    most = np.iinfo(np.int16).max if kind == "category" else 1
    if values.dtype.kind in "iub":
        if not values.size or (int(values.min()) >= UNKNOWN and int(values.max()) <= most):
            return
        known = values.ravel()
    else:
        known = values[~np.isnan(values)]
    strange = known[(known != np.rint(known)) | (known > most) | (known < UNKNOWN)]
    if strange.size:
        raise DataError(
            f"{name} is marked as a {kind}, and has the value {strange[0]:g}: where it was "
            f"computed from one, take the mark off it, with {name}.attrs.pop('kind')."
        )


def write_chunk(stored: StoredArray, row: int, block: int, values: npt.NDArray[Any]) -> None:
    """Write one recording's block, dims without `recording`; frames behind its end are missing.

    The chunk is written whole, so nothing of what was there before can stay in it.
    """
    document = stored.document
    length = chunks_of(document)[-1]
    start = block * length
    stop = min(start + length, stored.shape[-1])
    if stored.is_coded:
        check_states(stored.name, values, document["attributes"].get("kind"))
        values = encode(values, np.dtype(document["data_type"]))
    if values.shape[-1] < stop - start:
        padding = [(0, 0)] * (values.ndim - 1) + [(0, stop - start - values.shape[-1])]
        missing = UNKNOWN if stored.is_coded else np.nan
        values = np.pad(values, padding, constant_values=missing)
    where = (slice(row, row + 1),) if dims_of(document)[0] == "recording" else ()
    _save(stored, (*where, ..., slice(start, stop)), values[np.newaxis] if where else values)


def write_whole(stored: StoredArray, values: npt.NDArray[Any]) -> None:
    """Write all of a small array."""
    if values.size:
        _save(stored, ..., values)


def missing_of(dtype: np.dtype[Any]) -> object:
    """How a missing value is kept: empty text, NaN, or 0 where neither can be."""
    return "" if dtype.kind in "OTU" else np.nan if dtype.kind == "f" else 0
