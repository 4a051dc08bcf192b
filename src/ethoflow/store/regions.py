"""Numbers in and out of the arrays of a store: regions, rows, decoded chunks, labels."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from ethoflow.schema import DataError
from ethoflow.store.progress import open_done

DECODED_BYTES = 64 * 2**20
"""Decoded chunks a process keeps."""

UNKNOWN = -1


@dataclass(frozen=True)
class StoredArray:
    """Reference to an array of a store: what a worker needs to read it."""

    path: str
    name: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    is_label: bool
    recipe: str
    stamp: str


def describe(path: str | Path, group: str, name: str) -> StoredArray:
    """Reference to one array of a group."""
    array = zarr.open_array(str(path), path=f"{group}/{name}", mode="r")
    done = open_done(str(path), group)
    return StoredArray(
        path=str(path),
        name=f"{group}/{name}",
        shape=array.shape,
        chunks=array.chunks,
        dtype=array.dtype,
        is_label=array.attrs.get("kind") == "label",
        recipe=str(array.attrs.get("recipe", "")),
        stamp=str(done.attrs.get("stamp", "")) if done is not None else "",
    )


def read_bounds(stored: StoredArray, bounds: Sequence[tuple[int, int]]) -> npt.NDArray[Any]:
    """The part of a stored array between `bounds`, one pair per axis; labels as 1, 0, NaN.

    Chunks are kept for a while as they are decoded: a block and its neighbours' halos, and the
    stages of one recording, read the same ones.
    """
    *lead, (start, stop) = bounds
    length = stored.chunks[-1]
    parts = []
    for place in range(start // length, -(-stop // length)):
        first = place * length
        chunk = _decoded.get(stored, tuple(lead), (first, min(first + length, stored.shape[-1])))
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
        self, stored: StoredArray, lead: tuple[tuple[int, int], ...], frames: tuple[int, int]
    ) -> npt.NDArray[Any]:
        """One chunk, decoded now or before; not to be written to."""
        key = (stored.path, stored.name, stored.shape, stored.stamp, lead, frames)
        with self.lock:
            if key in self.chunks:
                self.chunks.move_to_end(key)
                return self.chunks[key]
        array = open_array(stored.path, stored.name, stored.shape)
        values = np.asarray(array[tuple(slice(*pair) for pair in (*lead, frames))])
        values = decode_label(values) if stored.is_label else values
        values.flags.writeable = False
        with self.lock:
            if key not in self.chunks:
                self.chunks[key] = values
                self.size += values.nbytes
            while self.size > DECODED_BYTES and len(self.chunks) > 1:
                self.size -= self.chunks.popitem(last=False)[1].nbytes
        return values


_decoded = _DecodedChunks()


def decode_label(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Stored labels (1, 0, -1) as 1, 0, NaN."""
    decoded = values.astype(np.float32)
    decoded[values == UNKNOWN] = np.nan
    return decoded


def encode_label(values: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Labels as they are stored: 1, 0, -1 for unknown."""
    if values.dtype == np.int8:
        return values
    return np.where(np.isnan(values), UNKNOWN, values).astype(np.int8)


def write_region(
    path: str, name: str, shape: tuple[int, ...], start: Sequence[int], values: npt.NDArray[Any]
) -> None:
    """Write `values` into the array `name` of a store, from the corner `start` on."""
    array = open_array(path, name, shape)
    array[tuple(slice(a, a + n) for a, n in zip(start, values.shape, strict=True))] = values


def write_row(path: str, name: str, row: int, values: npt.NDArray[Any]) -> None:
    """Write one recording's row of a small variable."""
    zarr.open_array(path, path=name, mode="r+")[row] = values


def erase(path: str, name: str, shape: tuple[int, ...], row: int, block: int) -> None:
    """Remove a stored chunk: it reads as unknown until it is written again."""
    array = open_array(path, name, shape)
    start, stop = block * array.chunks[-1], min((block + 1) * array.chunks[-1], shape[-1])
    if start < stop:
        array[(row, ..., slice(start, stop))] = array.fill_value


@lru_cache(maxsize=256)
def open_array(path: str, name: str, shape: tuple[int, ...]) -> zarr.Array[Any]:
    """An array of a store, kept open."""
    # Opening costs a millisecond; the shape is part of the key because arrays grow.
    array = zarr.open_array(path, path=name, mode="r+")
    if array.shape != shape:
        raise DataError(
            f"{path}: {name} has the shape {array.shape}, needed {shape}: open it again."
        )
    return array
