"""Where a block's numbers come from: a Zarr store, the chunks of a Dask array, or memory."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from dask._task_spec import Task
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

from ethoflow import store
from ethoflow.engine.declare import Array

_SMALL = 100_000
_unnamed = itertools.count()


class StoredLayer(MaterializedLayer):
    """Chunks of a stored array; a block task reads what it needs by itself instead."""

    def __init__(self, mapping: Mapping[Any, Any], stored: store.StoredArray) -> None:
        super().__init__(mapping)
        self.stored = stored


class RecordedLayer(MaterializedLayer):
    """Chunks that are wholly determined by the digest of their recording (read from its file)."""


@dataclass(frozen=True, eq=False)
class Source:
    """A variable of a dataset, as blocks read it."""

    name: str
    dims: tuple[str, ...]
    sizes: Mapping[str, int]
    data: Any
    has_recording: bool
    recipe: dict[str, Any]
    is_label: bool
    units: str
    key: str
    attributes: Mapping[str, Any]

    def __getstate__(self) -> dict[str, Any]:
        # A worker is given what it needs of the data beside the program, never through it.
        state = {k: v for k, v in self.__dict__.items() if k != "array"}
        return {**state, "data": None}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape without `recording` and `time`."""
        return tuple(self.sizes[dim] for dim in self.dims if dim != "time")

    def attrs(self) -> dict[str, Any]:
        """Attributes of the variable."""
        return dict(self.attributes)

    @cached_property
    def array(self) -> Array:
        """The values, for a source in memory, with the axis `recording` first."""
        values = np.asarray(self.data)
        return values if self.has_recording else values[np.newaxis]

    @property
    def in_memory(self) -> bool:
        """Whether the values are here already: they are hashed by content, per recording."""
        return not hasattr(self.data, "dask")

    @property
    def stored(self) -> store.StoredArray | None:
        """The stored array behind an untouched variable of an opened store."""
        layer = None if self.in_memory else self.data.dask.layers.get(self.data.name)
        return layer.stored if isinstance(layer, StoredLayer) else None

    def digest_row(self, row: int, n_frames: int) -> str:
        """Digest of one recording of a source in memory; empty for others."""
        if not self.in_memory:
            return ""
        values = self.array[row]
        if "time" in self.dims:
            values = values[..., :n_frames]
        content = (
            repr(values.tolist()).encode()
            if values.dtype.kind in "OTU"
            else np.ascontiguousarray(values).tobytes()
        )
        return hashlib.blake2b(content, digest_size=16).hexdigest()


def source_of(array: xr.DataArray) -> Source:
    """The source behind a variable of a dataset."""
    inner_data: Any = array.variable._data
    data: Any = inner_data if hasattr(inner_data, "dask") else array.values
    dims = tuple(str(dim) for dim in array.dims)
    if hasattr(data, "dask"):
        # Blocks are cut along recordings and time alone.
        split = [a for a, n in enumerate(data.numblocks) if n > 1]
        inner = {a: -1 for a in split if dims[a] not in ("recording", "time")}
        data = data.rechunk(inner) if inner else data
    name = str(array.name)
    sizes = {str(dim): size for dim, size in array.sizes.items()}
    recipe, key = _describe(name, data)
    return Source(
        name=name,
        dims=tuple(dim for dim in dims if dim != "recording"),
        sizes=sizes,
        data=data,
        has_recording="recording" in dims,
        recipe=recipe,
        is_label=array.attrs.get("kind") == "label",
        units=str(array.attrs.get("units", "1")),
        key=key,
        attributes=dict(array.attrs),
    )


def _describe(name: str, data: Any) -> tuple[dict[str, Any], str]:
    """Recipe of a source, and a key that tells it from others."""
    if not hasattr(data, "dask"):
        small = data.size < _SMALL
        return {"variable": name}, f"{name}-{tokenize(data) if small else next(_unnamed)}"
    layer = data.dask.layers.get(data.name)
    if isinstance(layer, StoredLayer):
        text = layer.stored.recipe
        return (json.loads(text) if text else {"variable": name}), data.name
    if isinstance(layer, RecordedLayer):
        return {"variable": name}, data.name
    # An array somebody changed: its name in the graph is all that tells it from another.
    return {"variable": name, "token": data.name}, data.name


def lazy_stored(stored: store.StoredArray) -> da.Array:
    """A stored array as a lazy one, a chunk per stored chunk; labels come as 1, 0, NaN."""
    name = f"stored-{tokenize(stored.path, stored.name, stored.shape, stored.stamp)}"
    chunks = da.core.normalize_chunks(stored.chunks, stored.shape, dtype=stored.dtype)
    starts = [np.cumsum((0, *axis[:-1])).tolist() for axis in chunks]
    tasks = {}
    for index in np.ndindex(*(len(axis) for axis in chunks)):
        bounds = tuple(
            (starts[axis][i], starts[axis][i] + chunks[axis][i]) for axis, i in enumerate(index)
        )
        key = (name, *index)
        tasks[key] = Task(key, store.read_bounds, stored, bounds)
    graph = HighLevelGraph({name: StoredLayer(tasks, stored)}, {name: set()})
    return da.Array(graph, name, chunks, dtype=np.float32 if stored.is_label else stored.dtype)


def open_store(path: str | Path, group: str | None = None) -> xr.DataTree | xr.Dataset:
    """The store as a DataTree (or one group as a Dataset): coordinates loaded, data lazy.

    Parameters
    ----------
    path
        A Zarr store written by ethoflow.
    group
        One group, such as ``"labels/rules"``; without it all of them.

    Raises
    ------
    DataError
        There is no store, or no such group; the message lists the groups.

    Warns
    -----
    store.IncompleteGroup
        A run stopped in the middle: what is missing is unknown. Running again finishes it.
    """
    names = [group] if group else store.list_groups(path)
    opened = {name: _open_group(str(path), name) for name in names}
    return opened[group] if group else xr.DataTree.from_dict(opened)


def _open_group(path: str, name: str) -> xr.Dataset:
    ds = store.open_group(path, name)
    for array in ds.data_vars.values():
        # The recipe belongs to what is stored: attributes survive arithmetic, it must not.
        array.attrs.pop("recipe", None)
    # Counts and small tables are loaded; whatever runs along time stays on disk.
    for variable in ds.data_vars:
        if "time" in ds[variable].dims:
            lazy = lazy_stored(store.describe(path, name, str(variable)))
            ds[variable] = (ds[variable].dims, lazy, ds[variable].attrs)
    return ds
