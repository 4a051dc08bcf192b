"""Numbers out of the arrays of a store: chunks are there, sound, and those that were opened."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ethoflow.schema import text
from ethoflow.stamps import stamp_of
from ethoflow.store.arrays import StoredArray, array_of, chunk_path, files_of, open_array
from ethoflow.store.checksums import holds, is_sound
from ethoflow.store.codes import decode
from ethoflow.store.damage import DamagedChunk
from ethoflow.store.decoded import decoded
from ethoflow.store.documents import dims_of
from ethoflow.store.files import check_process, is_local, objects_of, size_of
from ethoflow.store.root import read_state

OTHER = "is no more the one that was opened"


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
        key = (stored, tuple(lead), frames)
        chunk = decoded.keep(key, partial(_decode, stored, (*lead, frames), strict))
        parts.append(chunk[..., max(start - first, 0) : stop - first])
    if not parts:
        return np.empty([b - a for a, b in bounds], np.float32)
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _decode(
    stored: StoredArray, bounds: Sequence[tuple[int, int]], strict: bool
) -> npt.NDArray[Any]:
    values = _read(stored, bounds, strict)
    return decode(values) if stored.is_coded else values


def _read(stored: StoredArray, bounds: Sequence[tuple[int, int]], strict: bool) -> npt.NDArray[Any]:
    if not is_local(stored.path):
        return _read_objects(stored, bounds, strict)
    for row, block, file in files_of(stored, bounds):
        if strict and not size_of(file) and is_expected(stored, row, block):
            raise DamagedChunk(stored, row, block, "is gone")
    try:
        values = np.asarray(open_array(stored)[tuple(slice(*pair) for pair in bounds)])
    except (ValueError, RuntimeError, TypeError) as error:
        wrong = [
            (r, b) for r, b, file in files_of(stored, bounds) if size_of(file) and not holds(file)
        ]
        raise DamagedChunk(stored, *(wrong or [(0, 0)])[0], "is cut or changed") from error
    for row, block, file in files_of(stored, bounds):
        if stored.since and _changed_at(file) > stored.since and not _is_current(stored):
            raise DamagedChunk(stored, row, block, OTHER)
    return values


def _read_objects(
    stored: StoredArray,
    bounds: Sequence[tuple[int, int]],
    strict: bool,
    known: Mapping[str, bytes] | None = None,
) -> npt.NDArray[Any]:
    """The same of objects; each that is not `known` by array and key is asked for once."""
    start, chunks = f"{stored.path}/{stored.group}/", {}
    objects = objects_of(stored.path)
    for row, block, file in files_of(stored, bounds):
        repeated = (known or {}).get(file[len(start) :])
        found = objects.read_with_time(file) if repeated is None else (repeated, 0)
        content, changed = found or (None, 0)
        if content is None:
            if strict and is_expected(stored, row, block):
                check_process(stored.path)
                raise DamagedChunk(stored, row, block, "is gone")
        elif not is_sound(content):
            raise DamagedChunk(stored, row, block, "is cut or changed")
        elif 0 < stored.since < changed and not _is_current(stored):
            raise DamagedChunk(stored, row, block, OTHER)
        else:
            chunks[file[len(start) + len(stored.name) + 1 :]] = content
    return np.asarray(array_of(stored, chunks)[tuple(slice(*pair) for pair in bounds)])


def _changed_at(file: str) -> int:
    """When a chunk was written (ns); 0 where there is none."""
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


def _is_current(stored: StoredArray) -> bool:
    state = read_state(stored.path)
    return state is not None and state.stamp(stored.group) == stored.stamp


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
    files = [file for _, _, file in files_of(stored, bounds)] if 0 not in stored.shape else []
    # A file that was changed or taken away since must not hide behind what it once held.
    stamps = [stamp_of(file) if size_of(file) else () for file in files]
    return decoded.keep((stored, *stamps), partial(_read_whole, stored, {}))


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
        return np.array(open_array(stored)[()])
    values = decode(values) if stored.is_coded else values
    if document["data_type"] == "string" and dims_of(document):
        return text(values.ravel()).reshape(values.shape)
    return values
