"""Numbers into the arrays of a store: chunks are written whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from zarr.storage import MemoryStore, StorePath

from ethoflow.store.arrays import StoredArray, make_array, open_array
from ethoflow.store.codes import check_states, encode
from ethoflow.store.documents import UNKNOWN, chunks_of, dims_of
from ethoflow.store.files import is_local, write_file


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


def encode_chunks(stored: StoredArray, where: Any, values: npt.NDArray[Any]) -> dict[str, bytes]:
    """What the chunks of a part of an array hold, by key; the part is made of whole chunks."""
    store = MemoryStore()
    make_array(stored.text, StorePath(store, ""))[where] = values
    return {key: buffer.to_bytes() for key, buffer in store._store_dict.items()}


def _save(stored: StoredArray, where: Any, values: npt.NDArray[Any]) -> None:
    """Write a part of an array that is made of whole chunks."""
    if is_local(stored.path):
        open_array(stored)[where] = values
        return
    for key, content in encode_chunks(stored, where, values).items():
        write_file(f"{stored.path}/{stored.group}/{stored.name}/{key}", content)
