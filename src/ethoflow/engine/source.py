"""Where a block's numbers come from: a Zarr store, the chunks of a Dask array, or memory."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import dask.array as da
import numpy as np
import xarray as xr
from dask._task_spec import Task
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer

from ethoflow import store
from ethoflow.engine.declare import Array
from ethoflow.place import Place

Chunks: TypeAlias = tuple[tuple[int, ...], ...]
"""Sizes of the chunks along each axis."""

_SMALL = 100_000
_unnamed = itertools.count()


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
        state = {k: v for k, v in self.__dict__.items() if k not in ("array", "chunk_starts")}
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

    @cached_property
    def chunk_starts(self) -> tuple[list[int], list[int]]:
        """First row and first frame of every chunk of a lazy source."""
        rows = self.data.chunks[0] if self.has_recording else (1,)
        times = self.data.chunks[-1] if "time" in self.dims else (1,)
        starts = ([0, *itertools.accumulate(sizes)][:-1] for sizes in (rows, times))
        by_row, by_time = starts
        return by_row, by_time

    @property
    def in_memory(self) -> bool:
        """Whether the values are here already: they are hashed by content, per recording."""
        return not hasattr(self.data, "dask")

    @property
    def stored(self) -> store.StoredArray | None:
        """The stored array behind an untouched variable of an opened store."""
        layer = None if self.in_memory else self.data.dask.layers.get(self.data.name)
        return layer.stored if isinstance(layer, StoredLayer) else None


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
    return {"variable": name}, data.name


def lazy_stored(stored: store.StoredArray, origin: Origin) -> da.Array:
    """A stored array as a lazy one, a chunk per stored chunk; labels come as 1, 0, NaN."""
    name = f"stored-{tokenize(stored.path, stored.group, stored.name, stored.text, stored.stamp)}"
    chunks = da.core.normalize_chunks(stored.chunks, stored.shape, dtype=stored.dtype)
    starts = [np.cumsum((0, *axis[:-1])).tolist() for axis in chunks]
    tasks = {}
    for index in np.ndindex(*(len(axis) for axis in chunks)):
        bounds = tuple(
            (starts[axis][i], starts[axis][i] + chunks[axis][i]) for axis, i in enumerate(index)
        )
        key = (name, *index)
        tasks[key] = Task(key, store.read_bounds, stored, bounds, strict=origin.has(bounds))
    graph = HighLevelGraph({name: StoredLayer(tasks, origin, chunks, stored)}, {name: set()})
    return da.Array(graph, name, chunks, dtype=stored.dtype)


def open_store(
    path: str | Place, group: str | None = None, *, warn: bool = True
) -> xr.DataTree | xr.Dataset:
    """The store as a DataTree (or one group as a Dataset): coordinates loaded, data lazy.

    What is opened stays as it is at this moment, whatever is written meanwhile, until the write
    after the next takes its chunks away; then reading it says so.

    Parameters
    ----------
    path
        A Zarr store written by ethoflow.
    group
        One group, such as ``"labels/rules"``; without it all of them.
    warn
        Whether to warn of what may be out of date.

    Raises
    ------
    DataError
        There is no store, or no such group; the message lists the groups. Or it is damaged.

    Warns
    -----
    store.IncompleteGroup
        A write is under way or was interrupted: this is the state before it.
    store.StaleGroup
        The group was made from numbers that have changed since.
    """
    names = store.list_groups(path) if group is None else [group]
    opened = {name: _open_group(path, name, warn=warn) for name in names}
    return opened[group] if group is not None else xr.DataTree.from_dict(opened)


def _open_group(path: str | Place, name: str, *, warn: bool) -> xr.Dataset:
    if store.is_foreign(path, name):
        return _open_foreign(path, name)
    ds = store.open_group(path, name, _as_lazy, warn=warn)
    for array in ds.data_vars.values():
        # The recipe belongs to what is stored: attributes survive arithmetic, it must not.
        array.attrs.pop("recipe", None)
    return ds


def _open_foreign(path: str | Place, name: str) -> xr.Dataset:
    """A group that ethoflow did not write: as xarray opens it, small things loaded."""
    ds: xr.Dataset = xr.open_zarr(path, group=name, chunks={})
    return ds.assign({n: v.load() for n, v in ds.variables.items() if "time" not in v.dims})


def _as_lazy(stored: store.StoredArray, state: store.State) -> da.Array:
    return lazy_stored(stored, _origin_of(stored, state))


def _origin_of(stored: store.StoredArray, state: store.State) -> Origin:
    record = state.record(stored.group)
    documents = state.arrays(stored.group)
    place = (stored.path, f"{stored.group}/{stored.name}")
    if stored.name not in record.variables or "n_frames" not in documents:
        return Origin(None, (stored.shape[-1],) * stored.shape[0], place)
    frames = store.refer(stored.path, stored.group, "n_frames", documents["n_frames"], stored.stamp)
    digests = record.digests[record.variables.index(stored.name)]
    lengths = store.read_whole(frames, record.small).tolist()
    return Origin(tuple(f"{digest:016x}" for digest in digests.tolist()), tuple(lengths), place)
