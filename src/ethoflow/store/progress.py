"""What of a group is done: digests of its blocks, and whether its last write went through."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import ZstdCodec

PROGRESS = "progress"


def open_done(path: str, group: str) -> zarr.Array[Any] | None:
    """The record of a group, None where nothing was written yet."""
    try:
        return zarr.open_array(path, path=f"{PROGRESS}/{group}/done", mode="r+")
    except (FileNotFoundError, KeyError, ValueError):
        return None


def read_done(
    path: str, group: str, names: Sequence[str], n_recordings: int, n_blocks: int
) -> npt.NDArray[np.uint64]:
    """Digests of what is written, dims (variable, recording, block); 0 where nothing is."""
    found = np.zeros((len(names), n_recordings, n_blocks), np.uint64)
    array: Any = open_done(path, group)
    if array is None:
        return found
    known = list(array.attrs["variables"])
    values = np.asarray(array[...])
    rows, blocks = min(values.shape[1], n_recordings), min(values.shape[2], n_blocks)
    for place, name in enumerate(names):
        if name in known:
            found[place, :rows, :blocks] = values[known.index(name), :rows, :blocks]
    return found


def write_done(
    path: str, group: str, names: Sequence[str], done: npt.NDArray[np.uint64], stamp: str = ""
) -> None:
    """Record what is written; variables of other runs keep their records."""
    array: Any = open_done(path, group)
    known = list(array.attrs["variables"]) if array is not None else []
    union = known + [name for name in names if name not in known]
    shape = (len(union), *done.shape[1:])
    if array is not None:
        shape = tuple(np.maximum(shape, array.shape).tolist())
    if array is None or array.shape != shape:
        array = _resize_done(path, group, array, shape)
    values = np.asarray(array[...])
    for place, name in enumerate(names):
        row = values[union.index(name)]
        row[: done.shape[1], : done.shape[2]] = done[place]
    array[...] = values
    if union != known or stamp:
        array.attrs.update({"variables": union, "stamp": stamp or array.attrs.get("stamp", "")})


def _resize_done(
    path: str, group: str, array: zarr.Array[Any] | None, shape: tuple[int, ...]
) -> zarr.Array[Any]:
    if array is not None:
        array.resize(shape)
        return array
    return zarr.create_array(
        path,
        name=f"{PROGRESS}/{group}/done",
        shape=shape,
        chunks=(64, 128, 8),
        dtype="uint64",
        fill_value=0,
        compressors=(ZstdCodec(level=3),),
        dimension_names=("variable", "recording", "block"),
        attributes={"variables": [], "stamp": ""},
    )


def count_done(path: str, group: str) -> tuple[int, int]:
    """Parts of a group that are written, and parts it has when it is complete."""
    array: Any = open_done(path, group)
    root: Any = zarr.open_group(path, path=group, mode="r", use_consolidated=False)
    needed = int(root.attrs.get("parts", 0))
    return (0 if array is None else int(np.count_nonzero(array[...]))), needed


def begin(path: str, group: str) -> None:
    """Mark an existing `group` as being written, before anything in it changes."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    root.attrs.update({"complete": False})
    _refresh(path, group)


def expect(path: str, group: str, parts: int) -> None:
    """Note how many parts (blocks of a variable) `group` has when it is complete."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    root.attrs.update({"parts": parts})


def _refresh(path: str, group: str) -> None:
    """Let a group that readers already see show that it is being rewritten."""
    root: Any = zarr.open_group(path, mode="r")
    if root.metadata.consolidated_metadata and group in root:
        _consolidate(path)


def commit(path: str, group: str) -> None:
    """Mark `group` as complete and make it visible: the last thing a write does."""
    root: Any = zarr.open_group(path, path=group, mode="r+", use_consolidated=False)
    root.attrs.update({"complete": True})
    _consolidate(path)


def _consolidate(path: str) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Zarr format 3 specification.*")
        zarr.consolidate_metadata(path)
