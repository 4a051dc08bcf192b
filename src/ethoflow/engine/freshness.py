"""What is fresh: a digest of how each recording of each variable comes about.

Digests are chained. That of a call is made of its recipe and the digests of its inputs; a stored
variable has the digest it was stored under, a file's that of its bytes, anything else that of its
numbers. So the same numbers have one digest however they were asked for: from a store that was
opened again, from a selection of its recordings, in other chunks, or as one step of a longer way.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash
from dask._task_spec import Task

from ethoflow.engine.calls import Call, Node
from ethoflow.engine.declare import Array
from ethoflow.engine.lazy import CallLayer
from ethoflow.engine.recipes import own_recipe, recipe_text
from ethoflow.engine.schedule import run_tasks
from ethoflow.engine.selection import Row, trace_rows
from ethoflow.engine.sources import KnownLayer, Origin, Source, chain
from ethoflow.engine.sources.source import MemorySource
from ethoflow.engine.windows import Window, make_window

LEAF = 2**14
"""Frames hashed at a time, so that the digest of an array does not depend on its chunks."""

Sources = dict[str, list[str]]


@dataclass
class Lineage:
    """Digests of the rows of nodes, for recordings of `n_frames` with the animals `seats`.

    `seats` is empty where every recording has all animals.
    """

    n_frames: Sequence[int]
    seats: Sequence[tuple[int, ...]] = ()
    known: dict[str, list[str]] = field(default_factory=dict)
    behind: dict[str, Sources] = field(default_factory=dict)

    def digests(self, node: Node) -> list[str]:
        """A digest for each recording."""
        if node.key not in self.known:
            if isinstance(node, Call):
                self.known[node.key] = self._of_call(node)
            else:
                self.known[node.key], self.behind[node.key] = _of_source(node, self.n_frames)
        return self.known[node.key]

    def _of_call(self, call: Call) -> list[str]:
        below = [self.digests(node) for node in call.inputs]
        recipe = recipe_text(own_recipe(call))
        # These are given no absent animals: who is there counts as much as where they are.
        together = call.declaration.scope == "group" or call.declaration.kind == "fit"
        everybody = call.sizes["individual"]
        some = [
            [repr(seats)] if together and len(seats) < everybody else [] for seats in self.seats
        ] or [[]] * len(self.n_frames)
        return [
            chain([recipe, str(n), *(digests[row] for digests in below), *some[row]])
            for row, n in enumerate(self.n_frames)
        ]

    def sources(self, node: Node, path: str) -> Sources:
        """Variables stored in `path` that a node is made from: the digest each recording had."""
        found = self.all_behind(node)
        return {n.partition("\n")[2]: d for n, d in found.items() if n.partition("\n")[0] == path}

    def all_behind(self, node: Node) -> Sources:
        """The same for all stores, by the place of the variable."""
        self.digests(node)
        if not isinstance(node, Call):
            return self.behind.get(node.key, {})
        merged: Sources = {}
        for item in node.inputs:
            merged.update(self.all_behind(item))
        return merged


def to_numbers(digests: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Digests as the store keeps them; none is 0."""
    return np.array([max(int(digest, 16), 1) if digest else 0 for digest in digests], np.uint64)


# --- variables of a dataset -------------------------------------------------------------------


def _of_source(source: Source, n_frames: Sequence[int]) -> tuple[list[str], Sources]:
    """Digests of a variable's rows, and those of the stored variable they were taken from."""
    if isinstance(source, MemorySource):
        return [_of_values(source, row, n) for row, n in enumerate(n_frames)], {}
    direct = source.data.dask.layers.get(source.data.name)
    if _is_origin(direct) and source.has_recording:
        origin = _origin(direct)
        if origin.digests is not None and origin.n_frames == tuple(n_frames):
            return list(origin.digests), _behind(origin)
    traced = _trace(source, len(n_frames))
    if traced is None:
        return _of_numbers(source, n_frames), {}
    digests = []
    for (origin, row), n in zip(traced, n_frames, strict=True):
        assert origin.digests is not None
        own = origin.digests[row.row]
        digests.append(_of_row(own, row, origin.n_frames[row.row], n, source))
    behind = {id(origin): _behind(origin) for origin, _ in traced}
    shared = set.intersection(*(set(behind[id(origin)]) for origin, _ in traced))
    return digests, {
        place: [behind[id(origin)][place][row.row] for origin, row in traced] for place in shared
    }


def _behind(origin: Origin) -> Sources:
    """Stored variables that the rows of an origin are, or were made from, and their digests."""
    if origin.place[0] and origin.digests is not None:
        return {"\n".join(origin.place): list(origin.digests)}
    return {place: list(digests) for place, digests in origin.behind.items()}


def _of_row(own: str, row: Row, stored_frames: int, n_frames: int, source: Source) -> str:
    """Digest of a row, and of the part taken where it is not whole."""
    time = row.time[:n_frames]
    whole = row.is_whole(source.shape) and n_frames == stored_frames
    if whole and np.array_equal(time, np.arange(n_frames)):
        return own
    taken = [*row.inner, time]
    return chain([own, *(repr(axis.tolist()) for axis in taken[:-1]), _hash_array(time)])


def _trace(source: Source, n_rows: int) -> list[tuple[Origin, Row]] | None:
    """Where each row of a lazy variable comes from; None where only its numbers can tell."""
    layers = source.data.dask.layers
    if "time" not in source.dims:
        return None
    rows = trace_rows(source.data, _is_origin)
    if rows is None or len(rows) != n_rows:
        return None
    origins = {name: _origin(layers[name]) for name in {row.name for row in rows}}
    if any(origin.digests is None for origin in origins.values()):
        return None
    return [(origins[row.name], row) for row in rows]


def _is_origin(layer: Any) -> bool:
    return isinstance(layer, KnownLayer | CallLayer) and layer.bounds is not None


def _origin(layer: KnownLayer | CallLayer) -> Origin:
    if isinstance(layer, KnownLayer):
        return layer.origin
    lengths = layer.grid.n_frames
    lineage = Lineage(lengths, layer.grid.seats)
    digests = tuple(lineage.digests(layer.call))
    return Origin(digests, lengths, behind=lineage.all_behind(layer.call))


def _of_values(source: MemorySource, row: int, n_frames: int) -> str:
    """Digest of one recording of a variable in memory."""
    values = source.array[row if source.has_recording else 0]
    if "time" not in source.dims:
        return chain([_hash_array(values)])
    return chain([_hash_array(values[..., start:stop]) for start, stop in _leaves(n_frames)])


def _leaves(n_frames: int) -> list[tuple[int, int]]:
    return [(start, min(start + LEAF, n_frames)) for start in range(0, n_frames, LEAF)]


def _hash_array(values: Array) -> str:
    digest = xxhash.xxh3_128(f"{values.dtype.kind}{values.dtype.itemsize}{values.shape}".encode())
    if values.dtype.kind in "OTU":
        digest.update(repr(values.tolist()).encode())
    elif values.size:
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def _of_numbers(source: Source, n_frames: Sequence[int]) -> list[str]:
    """Digests of a lazy variable that somebody changed, by computing it once."""
    held = f"hash-{uuid.uuid4().hex}"
    tasks: dict[Any, Any] = dict(source.data.__dask_graph__())
    wanted: dict[Any, tuple[int, int]] = {}
    timed = "time" in source.dims
    for row, n in enumerate(n_frames):
        for number, (start, stop) in enumerate(_leaves(n) if timed else [(0, 1)]):
            window = make_window(row, start, stop, 0, n) or Window(row, 0, 0, slice(0, 0), n)
            key = (held, row, number)
            given = source.given([window], (row, row + 1))
            tasks[key] = Task(key, _hash_window, source, given, window)
            wanted[key] = (row, number)
    found: dict[tuple[int, int], str] = {}
    run_tasks(tasks, set(wanted), lambda key, digest: found.update({wanted[key]: digest}))
    counts = [len(_leaves(n)) if timed else 1 for n in n_frames]
    return [chain([found[row, i] for i in range(count)]) for row, count in enumerate(counts)]


def _hash_window(source: Source, given: Any, window: Window) -> str:
    return _hash_array(source.read(given, window))
