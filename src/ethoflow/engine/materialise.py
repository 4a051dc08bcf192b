"""The materialising face: one task per block computes what is stale and writes its own region.

Nothing large travels: a task reads its window from the store and writes its outputs there. The
coordinating process alone records what is done, after the regions are written, so an interrupted
write resumes where it stopped and half a block never counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from dask._task_spec import DataNode, List, Task, TaskRef
from dask.base import tokenize

from ethoflow import store
from ethoflow.engine.declare import Array
from ethoflow.engine.freshness import digest_blocks, digest_recordings, sources_of
from ethoflow.engine.graph import Node, lineage_of
from ethoflow.engine.layout import Target, as_cohort, lay_out
from ethoflow.engine.lazy import summary_tasks
from ethoflow.engine.overlap import Grid, Window, make_window, run_block, wanted_inputs
from ethoflow.engine.program import Program, compile_program
from ethoflow.engine.schedule import Progress, run_tasks
from ethoflow.engine.source import source_of
from ethoflow.schema import Data, as_dataset, count_frames, text

FLUSH_SECONDS = 0.5
"""How often finished blocks are recorded: what a killed run may have to do again."""


@dataclass(frozen=True)
class Written:
    """What a write did: parts (a variable's block) written, parts fresh already, and where."""

    path: str
    group: str
    written: int
    fresh: int


def write(
    data: Data,
    path: str | Path,
    group: str = "tracks",
    *,
    keep: bool = True,
    progress: Progress | None = None,
) -> Written:
    """Write a dataset into one group of a Zarr store, computing only what is missing or stale.

    A variable is fresh where its recipe (function, parameters, versions, recipes of its inputs) and
    the digest of its recording equal those it was written from. New recordings are appended, also
    longer ones; others stay as they are. An interrupted write is finished by the same call.

    Parameters
    ----------
    data
        A dataset of one recording or a cohort, lazy or not.
    path
        The store; made when it is not there.
    group
        ``"tracks"``, ``"poses"``, ``"features"``, ``"labels/rules"``, ...
    keep
        Keep variables of the group that are not in `data`; default True.
    progress
        Called with blocks done and blocks in all.

    Raises
    ------
    DataError
        The group holds other body parts, animals or another frame rate; two recordings have one
        name; something else than a store is at `path`.

    Examples
    --------
    >>> import tempfile
    >>> from ethoflow import simulate
    >>> folder = tempfile.mkdtemp()
    >>> write(simulate.still_then_running(), f"{folder}/cohort.zarr").written
    2
    >>> write(simulate.still_then_running(), f"{folder}/cohort.zarr").written
    0
    """
    ds = as_dataset(data)
    store.check_place(path)
    if not keep:
        store.drop_others(str(path), group, [str(name) for name in ds.variables])
    request = _prepare(ds, str(path), group)
    written = _run(request, progress)
    store.commit(str(path), group)
    return Written(str(path), group, written, int(request.needed.sum()) - written)


@dataclass(frozen=True, eq=False)
class _Request:
    """What has to be there, what is, and where it goes; dims (variable, recording, block)."""

    nodes: Mapping[str, Node]
    grid: Grid
    target: Target
    digests: npt.NDArray[np.uint64]
    done: npt.NDArray[np.uint64]
    needed: npt.NDArray[np.bool_]

    @property
    def stale(self) -> npt.NDArray[np.bool_]:
        """Blocks to write."""
        differ: npt.NDArray[np.bool_] = self.done != self.digests
        return self.needed & differ

    def save(self) -> None:
        """Record what is done."""
        path, group, names = self.target.path, self.target.group, list(self.nodes)
        shape = (self.target.n_recordings, self.done.shape[2])
        known = store.read_done(path, group, names, *shape)
        known[:, list(self.target.rows), :] = self.done
        store.write_done(path, group, names, known, stamp=tokenize(known))


def _prepare(ds: xr.Dataset, path: str, group: str) -> _Request:
    nodes: dict[str, Node] = {}
    for name, array in ds.data_vars.items():
        call = lineage_of(array)
        if call is not None or "time" in array.dims:
            nodes[str(name)] = call or source_of(array)
    small = as_cohort(ds.drop_vars(list(nodes)))
    counts = count_frames(ds) if "time" in ds.dims else small.n_frames.values
    digests = digest_recordings(nodes, [str(d) for d in small.digest.values], counts)
    small = small.assign_coords(n_frames=("recording", counts), digest=("recording", text(digests)))
    target = lay_out(small, nodes, path, group)
    n_blocks = max(-(-max(counts, default=0) // target.block), 1)
    grid = Grid((1,) * len(counts), (target.block,) * int(n_blocks), tuple(map(int, counts)))
    wanted, needed = digest_blocks(nodes, digests, grid)
    known = store.read_done(path, group, list(nodes), target.n_recordings, wanted.shape[2])
    return _Request(nodes, grid, target, wanted, known[:, list(target.rows), :], needed)


def _run(request: _Request, progress: Progress | None) -> int:
    """Write the stale blocks; gives how many parts."""
    stale = request.stale
    store.expect(request.target.path, request.target.group, int(request.needed.sum()))
    _erase(request, stale)
    tasks, wanted = _make_tasks(request, stale)
    record = _Record(request, wanted, progress)
    try:
        run_tasks(tasks, set(wanted), record.hear)
    finally:
        record.save()
    return int(stale.sum())


def _erase(request: _Request, stale: npt.NDArray[np.bool_]) -> None:
    """Take back what is about to be replaced: first the record, then the numbers."""
    replaced = np.argwhere(stale & (request.done != 0))
    request.done[stale] = 0
    request.save()
    names, target = list(request.nodes), request.target
    for variable, row, block in replaced:
        name = names[variable]
        if name in target.shapes:
            place, shape = f"{target.group}/{name}", target.shapes[name]
            store.erase(target.path, place, shape, target.rows[row], int(block))


@dataclass
class _Record:
    """Hears of every finished task: writes its small results, keeps and saves what is done."""

    request: _Request
    wanted: Mapping[Any, tuple[list[int], int, int]]
    progress: Progress | None
    count: int = 0
    saved: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.progress:
            self.progress(0, len(self.wanted))

    def hear(self, key: Any, small: Mapping[str, Array]) -> None:
        """A task has written its regions."""
        variables, row, block = self.wanted[key]
        target = self.request.target
        for name, numbers in small.items():
            store.write_row(target.path, f"{target.group}/{name}", target.rows[row], numbers)
        self.request.done[variables, row, block] = self.request.digests[variables, row, block]
        self.count += 1
        if time.monotonic() - self.saved > FLUSH_SECONDS:
            self.save()
        if self.progress:
            self.progress(self.count, len(self.wanted))

    def save(self) -> None:
        """Record what is done so far."""
        self.request.save()
        self.saved = time.monotonic()


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes the write tasks of one set of variables."""

    program: Program
    summaries: Mapping[str, str]
    grid: Grid
    held: str

    @classmethod
    def make(cls, nodes: Mapping[str, Node], grid: Grid, tasks: dict[Any, Any]) -> _Maker:
        program = compile_program(nodes)
        held = f"program-{tokenize(sorted(program.outputs.items()))}"
        tasks[held] = DataNode(held, program)
        return cls(program, summary_tasks(program, grid, tasks), grid, held)

    def task(self, key: Any, target: str, row: int, block: int) -> Task:
        """The task that writes one block of one recording."""
        start, stop = self.grid.time_bounds()[block]
        window = make_window(row, start, stop, self.program.halo, self.grid.n_frames[row])
        windows = [] if window is None else [window]
        given = wanted_inputs(self.program, windows, (row, row + 1))
        ready = List(*(TaskRef((name, row)) for name in self.summaries.values()))
        return Task(
            key, write_block, TaskRef(self.held), TaskRef(target), windows, given, ready, row, start
        )


def _make_tasks(
    request: _Request, stale: npt.NDArray[np.bool_]
) -> tuple[dict[Any, Any], dict[Any, tuple[list[int], int, int]]]:
    """Tasks of the stale blocks, and the variables, row and block that each stands for."""
    held = f"target-{tokenize(request.target)}"
    tasks: dict[Any, Any] = {held: DataNode(held, request.target)}
    wanted: dict[Any, tuple[list[int], int, int]] = {}
    makers: dict[tuple[str, ...], _Maker] = {}
    names = list(request.nodes)
    for row in range(len(request.grid.n_frames)):
        for block in map(int, np.flatnonzero(stale[:, row].any(axis=0))):
            variables = np.flatnonzero(stale[:, row, block]).tolist()
            some = tuple(names[i] for i in variables)
            if some not in makers:
                makers[some] = _Maker.make({n: request.nodes[n] for n in some}, request.grid, tasks)
            key = (f"write-{makers[some].held}", row, block)
            tasks[key] = makers[some].task(key, held, row, block)
            wanted[key] = (variables, row, block)
    for source in sources_of(request.nodes):
        if not source.in_memory and source.stored is None:
            tasks.update(dict(source.data.__dask_graph__()))
    return tasks, wanted


def write_block(
    program: Program,
    target: Target,
    windows: Sequence[Window],
    given: Sequence[Any],
    summaries: Sequence[Array],
    row: int,
    start: int,
) -> dict[str, Array]:
    """Compute one block of one recording and write it; gives its summaries, which are small."""
    nodes: list[Node] = [*program.calls, *program.sources]
    labels = {node.key for node in nodes if node.is_label}
    results = run_block(program, windows, given, summaries, row).get(row, {})
    for name, values in results.items():
        if name not in target.shapes:
            continue
        shape = target.shapes[name]
        corner = (target.rows[row], *(0,) * (len(shape) - 2), start)
        if program.outputs[name] in labels:
            values = store.encode_label(values)
        place = f"{target.group}/{name}"
        store.write_region(target.path, place, shape, corner, values[np.newaxis])
    numbers = {c.key: n[0] for c, n in zip(program.summaries, summaries, strict=True)}
    return {name: numbers[key] for name, key in program.outputs.items() if key in numbers}
