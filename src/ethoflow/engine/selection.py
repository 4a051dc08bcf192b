"""Rows of a lazy array followed back to where they come from, through selections and rechunking.

A selection of recordings, another chunking, or two selections joined hold the same numbers as the
array they were taken from. What stands for those numbers is found from the tasks of the graph: as
long as they only cut and join, each row is some row of an origin, and some of its frames.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
from dask._task_spec import (
    Alias,
    DataNode,
    GraphNode,
    NestedContainer,
    Task,
    TaskRef,
    convert_legacy_graph,
)

Indices = npt.NDArray[np.int64]


class _Unknown(Exception):
    """A task that does more than cut and join."""


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a lazy array: a row of the layer `name`, and which of its values along each axis.

    `inner` are the axes between recording and time.
    """

    name: str
    row: int
    inner: tuple[Indices, ...]
    time: Indices

    def is_whole(self, shape: Sequence[int]) -> bool:
        """Whether no value between recording and time is missing or moved."""
        return all(
            np.array_equal(axis, np.arange(size))
            for axis, size in zip(self.inner, shape, strict=True)
        )


@dataclass(frozen=True, eq=False)
class _Piece:
    """A chunk: its rows, and whether it still has the axis `recording`."""

    rows: tuple[Row, ...]
    has_recording: bool = True


def trace_rows(array: da.Array, known: Callable[[Any], bool]) -> list[Row] | None:
    """The rows of `array`, axes (recording, ..., time) or (..., time); None where it was changed.

    Parameters
    ----------
    array
        Cut along recording and time alone.
    known
        Whether a layer of the graph is an origin.
    """
    layers = {name: layer for name, layer in array.dask.layers.items() if known(layer)}
    if not layers:
        return None
    graph = convert_legacy_graph(dict(array.__dask_graph__()))
    tracer = _Tracer(graph, {name: layer.bounds for name, layer in layers.items()})
    try:
        return _whole(array, tracer)
    except (_Unknown, IndexError, KeyError, ValueError, TypeError):
        return None


def _whole(array: da.Array, tracer: _Tracer) -> list[Row]:
    rows: list[Row] = []
    has_recording = tracer.find((array.name, *(0,) * array.ndim)).has_recording
    middle = (0,) * (array.ndim - 1 - has_recording)
    for i in range(array.numblocks[0] if has_recording else 1):
        lead = (i,) if has_recording else ()
        pieces = [tracer.find((array.name, *lead, *middle, j)) for j in range(array.numblocks[-1])]
        rows += functools.reduce(functools.partial(_join, axis=-1), pieces).rows
    return rows


class _Tracer:
    """What each key of a graph is, in rows of origins."""

    def __init__(self, graph: Mapping[Any, GraphNode], bounds: Mapping[str, Any]) -> None:
        self.graph, self.bounds = graph, bounds
        self.found: dict[Any, _Piece] = {}

    def find(self, key: Any) -> _Piece:
        """The chunk with this key."""
        if key not in self.found:
            name = key[0] if isinstance(key, tuple) else key
            at_origin = name in self.bounds
            self.found[key] = self._origin(name, key[1:]) if at_origin else self._follow(key)
        return self.found[key]

    def _origin(self, name: str, index: Sequence[int]) -> _Piece:
        bounds = self.bounds[name]
        (first, last), *inner, time = (
            axis[place] for axis, place in zip(bounds, index, strict=True)
        )
        axes = tuple(np.arange(*pair) for pair in inner)
        rows = tuple(Row(name, row, axes, np.arange(*time)) for row in range(first, last))
        return _Piece(rows)

    def _follow(self, key: Any) -> _Piece:
        node = self.graph[key]
        if isinstance(node, Alias):
            return self.find(node.target)
        if not isinstance(node, Task):
            raise _Unknown
        name = getattr(node.func, "__name__", "")
        if name in ("getitem", "_getitem") and len(node.args) == 2:
            index = self._value(node.args[1])
            return _cut(self._piece(node.args[0]), index[1] if name == "_getitem" else index)
        if name == "concatenate_shaped":
            return _join_all([self._piece(item) for item in _items(node.args[0])], node.args[1])
        if name == "concatenate_arrays":  # of a selection across chunks, in the order of the chunks
            pieces = [self._piece(item) for item in _items(node.args[0])]
            return _join_in_order(pieces, self._value(node.args[1])[1], node.args[2])
        raise _Unknown

    def _piece(self, item: Any) -> _Piece:
        if isinstance(item, Alias):
            return self.find(item.target)
        if isinstance(item, TaskRef):
            return self.find(item.key)
        raise _Unknown

    def _value(self, item: Any) -> Any:
        if isinstance(item, TaskRef):
            item = self.graph[item.key]
        if isinstance(item, DataNode):
            return item.value
        if isinstance(item, Task | NestedContainer):
            return item({})
        return item


def _items(container: Any) -> Sequence[Any]:
    return container.args if isinstance(container, NestedContainer) else container


def _cut(piece: _Piece, index: Any) -> _Piece:
    """The chunk with one index per axis: slices, or places."""
    index = index if isinstance(index, tuple) else (index,)
    if any(item is None or item is Ellipsis for item in index):
        raise _Unknown
    rows, has_recording, rest = piece.rows, piece.has_recording, list(index)
    if has_recording and rest:
        first = rest.pop(0)
        if isinstance(first, int | np.integer):
            rows, has_recording = (rows[first],), False
        else:
            rows = tuple(rows[i] for i in np.arange(len(rows))[first])
    return _Piece(tuple(_cut_row(row, rest) for row in rows), has_recording)


def _cut_row(row: Row, index: Sequence[Any]) -> Row:
    axes = [*row.inner, row.time]
    for place, item in enumerate(index):
        if not isinstance(item, slice | np.ndarray | list):
            raise _Unknown
        axes[place] = axes[place][item]
    return replace(row, inner=tuple(axes[:-1]), time=axes[-1])


def _join_all(pieces: list[_Piece], shape: Sequence[int]) -> _Piece:
    """Chunks in the order of an array of `shape`, joined along every axis."""
    for axis in range(len(shape) - 1, -1, -1):
        join = functools.partial(_join, axis=axis - len(shape))
        size = shape[axis]
        pieces = [functools.reduce(join, pieces[i : i + size]) for i in range(0, len(pieces), size)]
    (piece,) = pieces
    return piece


def _join_in_order(pieces: list[_Piece], places: Indices, axis: int) -> _Piece:
    """Chunks joined along `axis`, of which each value then goes to its place."""
    n_axes = len(pieces[0].rows[0].inner) + 1 + pieces[0].has_recording
    joined = functools.reduce(functools.partial(_join, axis=axis - n_axes), pieces)
    index: list[Any] = [slice(None)] * n_axes
    index[axis] = np.argsort(places)
    return _cut(joined, tuple(index))


def _join(one: _Piece, other: _Piece, axis: int) -> _Piece:
    """Two chunks one behind the other; `axis` is counted from the last."""
    n_axes = len(one.rows[0].inner) + 1 + one.has_recording
    if one.has_recording and axis == -n_axes:
        return _Piece(one.rows + other.rows)
    rows = tuple(_join_rows(a, b, axis) for a, b in zip(one.rows, other.rows, strict=True))
    return _Piece(rows, one.has_recording)


def _join_rows(a: Row, b: Row, axis: int) -> Row:
    ours, theirs = [*a.inner, a.time], [*b.inner, b.time]
    same = [np.array_equal(x, y) for x, y in zip(ours, theirs, strict=True)]
    same[axis] = True
    if (a.name, a.row) != (b.name, b.row) or not all(same):
        raise _Unknown
    ours[axis] = np.concatenate([ours[axis], theirs[axis]])
    return replace(a, inner=tuple(ours[:-1]), time=ours[-1])
