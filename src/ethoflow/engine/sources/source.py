"""Where a block's numbers come from: a Zarr store, the chunks of a Dask array, or memory."""

from __future__ import annotations

import bisect
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from dask._task_spec import List, TaskRef
from dask.base import tokenize

from ethoflow import store
from ethoflow.engine.declare import DTYPES, Array, Gives
from ethoflow.engine.sources.origin import StoredLayer
from ethoflow.engine.windows import Window
from ethoflow.real import check_real
from ethoflow.schema import VARIABLES, check_categories

_SMALL = 100_000
_unnamed = itertools.count()


@dataclass(frozen=True, eq=False)
class Source:
    """A variable of a dataset, as blocks read it."""

    name: str
    dims: tuple[str, ...]
    sizes: Mapping[str, int]
    data: Any
    has_recording: bool
    recipe: dict[str, Any]
    gives: Gives
    units: str
    key: str
    attributes: Mapping[str, Any]
    dtype: np.dtype[Any]
    """Type in which a store keeps it."""

    def __getstate__(self) -> dict[str, Any]:
        # A worker is given what it needs of the data beside the program, never through it.
        state = {k: v for k, v in self.__dict__.items() if k not in ("array", "chunk_starts")}
        return {**state, "data": None}

    @property
    def stored(self) -> store.StoredArray | None:
        """The stored array behind an untouched variable of an opened store."""
        return None

    @property
    def chunks(self) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Chunks along recordings and time of a lazy variable that runs along time."""
        if "time" not in self.dims or not hasattr(self.data, "dask"):
            return None
        return self.data.chunks[0] if self.has_recording else (1,), self.data.chunks[-1]

    @property
    def comes_with(self) -> Any:
        """The Dask graph whose chunks its tasks take; None where they take none."""
        return None

    @property
    def job(self) -> str:
        """What it is computed as: itself."""
        return self.key

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape without `recording` and `time`."""
        return tuple(self.sizes[dim] for dim in self.dims if dim != "time")

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Names that the dataset does not have; those it has are its coordinates."""
        return {}

    def attrs(self) -> dict[str, Any]:
        """Attributes of the variable."""
        return dict(self.attributes)

    def given(self, windows: Sequence[Window], rows: tuple[int, int]) -> Any:
        """What a task has to be given of it to read `windows`, which lie in the rows `rows`."""
        raise NotImplementedError

    def read(self, given: Any, window: Window) -> Array:
        """One recording's window, dims without `recording`."""
        raise NotImplementedError


class MemorySource(Source):
    """Values that are here already; the window alone travels to a task."""

    @cached_property
    def array(self) -> Array:
        """The values, with the axis `recording` first."""
        values = np.asarray(self.data)
        return values if self.has_recording else values[np.newaxis]

    def given(
        self, windows: Sequence[Window], rows: tuple[int, int]
    ) -> dict[int, tuple[int, Array]]:
        """The windows, one for each row, and the frame at which they start."""
        found = {w.row: self.array[w.row if self.has_recording else 0] for w in windows}
        if "time" not in self.dims:
            return {row: (0, values) for row, values in found.items()}
        return {w.row: (w.start, found[w.row][..., w.start : w.stop]) for w in windows}

    def read(self, given: dict[int, tuple[int, Array]], window: Window) -> Array:
        """The window, or a part of it, among what was given."""
        start, values = given[window.row]
        if "time" not in self.dims:
            return values
        return values[..., window.start - start : window.stop - start]


class StoredSource(Source):
    """A variable of an opened store, untouched: the task reads what it needs by itself."""

    @property
    def stored(self) -> store.StoredArray:
        """The stored array behind it."""
        found: store.StoredArray = self.data.dask.layers[self.data.name].stored
        return found

    def given(self, windows: Sequence[Window], rows: tuple[int, int]) -> store.StoredArray:
        """Where to read."""
        return self.stored

    def read(self, given: store.StoredArray, window: Window) -> Array:
        """The window, from the store."""
        bounds = [(0, size) for size in given.shape]
        if self.has_recording:
            bounds[0] = (window.row, window.row + 1)
        if "time" in self.dims:
            bounds[-1] = (window.start, window.stop)
        values = store.read_bounds(given, bounds)
        return values[0] if self.has_recording else values


class ChunkedSource(Source):
    """A lazy variable: the chunks that overlap a window come as keys of their tasks."""

    @property
    def comes_with(self) -> Any:
        """The graph of the lazy array."""
        return self.data.dask

    @cached_property
    def chunk_starts(self) -> tuple[list[int], list[int]]:
        """First row and first frame of every chunk."""
        rows = self.data.chunks[0] if self.has_recording else (1,)
        times = self.data.chunks[-1] if "time" in self.dims else (1,)
        by_row, by_time = ([0, *itertools.accumulate(sizes)][:-1] for sizes in (rows, times))
        return by_row, by_time

    def given(self, windows: Sequence[Window], rows: tuple[int, int]) -> List:
        """Keys of the chunks, each with the row and frame it starts at."""
        first = min((window.start for window in windows), default=0)
        last = max((window.stop for window in windows), default=0)
        return List(*self._find_chunks(rows, (first, last)))

    def _find_chunks(self, rows: tuple[int, int], frames: tuple[int, int]) -> Iterator[List]:
        array, timed = self.data, "time" in self.dims
        row_axis = array.chunks[0] if self.has_recording else (1,)
        time_axis = array.chunks[-1] if timed else (1,)
        middle = (0,) * (array.ndim - self.has_recording - timed)
        row_starts, time_starts = self.chunk_starts
        for i, row in _overlapping(row_axis, row_starts, rows if self.has_recording else (0, 1)):
            for j, frame in _overlapping(time_axis, time_starts, frames if timed else (0, 1)):
                index = ((i,) if self.has_recording else ()) + middle + ((j,) if timed else ())
                yield List(row, frame, TaskRef((array.name, *index)))

    def read(self, given: Sequence[Any], window: Window) -> Array:
        """The window, joined of the chunks."""
        parts = []
        for first_row, first_frame, chunk in given:
            row = window.row - first_row
            if self.has_recording:
                if not 0 <= row < chunk.shape[0]:
                    continue
                chunk = chunk[row]
            if "time" in self.dims:
                a, b = window.start - first_frame, window.stop - first_frame
                chunk = chunk[..., max(a, 0) : max(b, 0)]
            parts.append(np.asarray(chunk))
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _overlapping(
    sizes: Sequence[int], starts: Sequence[int], bounds: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Chunks that overlap `bounds`, and where they start; found without looking at the others."""
    place = max(bisect.bisect_right(starts, bounds[0]) - 1, 0)
    while place < len(sizes) and starts[place] < bounds[1]:
        if starts[place] + sizes[place] > bounds[0]:
            yield place, starts[place]
        place += 1


def source_of(array: xr.DataArray) -> Source:
    """The source behind a variable of a dataset.

    Raises
    ------
    DataError
        It holds no real numbers, or a category below 0.
    """
    if array.dtype.kind != "b":
        check_real(array.dtype, f"values of {array.name}")
    inner_data: Any = array.variable._data
    data: Any = inner_data if hasattr(inner_data, "dask") else array.values
    dims = tuple(str(dim) for dim in array.dims)
    if hasattr(data, "dask"):
        # Blocks are cut along recordings and time alone.
        split = [a for a, n in enumerate(data.numblocks) if n > 1]
        inner = {a: -1 for a in split if dims[a] not in ("recording", "time")}
        data = data.rechunk(inner) if inner else data
    name = str(array.name)
    form, recipe, key = _describe(name, data)
    kind: Any = array.attrs.get("kind")
    gives: Gives = kind if kind in DTYPES else "number"
    ours = gives != "number" or name in VARIABLES
    attributes = dict(array.attrs)
    if gives == "category":
        check_categories(array)
    if not ours and array.dtype.kind in "iub":
        attributes[WAS] = array.dtype.name
    return form(
        name=name,
        dims=tuple(dim for dim in dims if dim != "recording"),
        sizes={str(dim): size for dim, size in array.sizes.items()},
        data=data,
        has_recording="recording" in dims,
        recipe=recipe,
        gives=gives,
        units=str(array.attrs.get("units", "1")),
        key=key,
        attributes=attributes,
        dtype=np.dtype(DTYPES[gives]) if ours else float_of(array.dtype),
    )


WAS = "whole_numbers"
"""Attribute of floats that were whole numbers of a type, before they were stored."""

EXACT = 2**53
"""The largest whole number up to which float64 holds all."""


def float_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type of numbers, which know NaN, that holds numbers of another type unrounded.

    A clock in seconds since 1970 would be minutes off as float32.
    """
    small = dtype.itemsize <= (2 if dtype.kind in "iu" else 4)
    return np.dtype(np.float32 if small else np.float64)


def _describe(name: str, data: Any) -> tuple[type[Source], dict[str, Any], str]:
    """The sort of a source, its recipe, and a key that tells it from others."""
    if not hasattr(data, "dask"):
        small = data.size < _SMALL
        key = f"{name}-{tokenize(data) if small else next(_unnamed)}"
        return MemorySource, {"variable": name}, key
    layer = data.dask.layers.get(data.name)
    if isinstance(layer, StoredLayer):
        text = layer.stored.recipe
        return StoredSource, (json.loads(text) if text else {"variable": name}), data.name
    return ChunkedSource, {"variable": name}, data.name
