"""Stores as datasets: coordinates loaded, data lazy."""

from __future__ import annotations

import dask.array as da
import numpy as np
import xarray as xr
from dask._task_spec import Task
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from ethoflow import store
from ethoflow.engine.sources.origin import Origin, StoredLayer
from ethoflow.place import Place


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
        The group was made from numbers or metadata that have changed since, or are of more
        recordings.
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
