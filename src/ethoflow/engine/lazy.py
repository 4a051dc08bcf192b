"""The lazy face: a declared function on a dataset gives arrays that compute when asked.

On chunked data one task per block gives all outputs of a request. Its keys remember the call they
stand for, so a function called on the result extends the graph instead of stacking on it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr
from dask._task_spec import DataNode, List, Task, TaskRef
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph, Layer, MaterializedLayer

from ethoflow import __version__
from ethoflow.engine.declare import Array, Declaration
from ethoflow.engine.graph import Call, Node, resolve_call
from ethoflow.engine.overlap import (
    Grid,
    cut_memory,
    make_grid,
    place_block,
    run_block,
    wanted_inputs,
)
from ethoflow.engine.program import Program, compile_program
from ethoflow.engine.run import run_summary
from ethoflow.engine.source import Chunks, Source, bounds_of
from ethoflow.names import name_aside
from ethoflow.room import check_room
from ethoflow.schema import Data, as_dataset


class DeferredLayer(Layer):
    """Tasks that are made when somebody asks for them: writing to a store never does."""

    def __init__(self, make: Callable[[], Mapping[Any, Any]]) -> None:
        super().__init__()
        self.make = make

    @cached_property
    def tasks(self) -> Mapping[Any, Any]:
        """Tasks by key."""
        return self.make()

    def __getitem__(self, key: Any) -> Any:
        return self.tasks[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def is_materialized(self) -> bool:
        """Whether the tasks have been made."""
        return "tasks" in self.__dict__

    def get_output_keys(self) -> Any:
        """Keys of all tasks."""
        return self.tasks.keys()

    def __reduce__(self) -> tuple[Any, ...]:
        return MaterializedLayer, (dict(self.tasks),)


class CallLayer(DeferredLayer):
    """Chunks of the result of a call, for the recordings of `grid`."""

    def __init__(
        self, make: Callable[[], Mapping[Any, Any]], call: Call, grid: Grid, chunks: Chunks
    ) -> None:
        super().__init__(make)
        self.call, self.grid = call, grid
        has_rows = len(chunks) == len(call.shape) + 2 and "time" in call.dims
        self.bounds = bounds_of(chunks) if has_rows else None


def apply(
    declaration: Declaration, data: Data, parameters: Mapping[str, Any]
) -> xr.DataArray | xr.Dataset:
    """Result of one declared function on `data`."""
    ds = as_dataset(data)
    call = resolve_call(ds, declaration, parameters)
    result = compute_calls(ds, {call.name: call})[call.name]
    return replace_position(ds, result) if declaration.kind == "step" else result


def replace_position(ds: xr.Dataset, position: xr.DataArray) -> xr.Dataset:
    """`ds` with new positions."""
    return ds.assign(position=position.drop_vars(set(position.coords) - set(ds.coords)))


def compute_calls(ds: xr.Dataset, calls: Mapping[str, Call]) -> dict[str, xr.DataArray]:
    """Arrays of several calls on one dataset, computed together: lazy where the data are.

    Parameters
    ----------
    ds
        The dataset the calls were resolved on.
    calls
        By the name of the variable they give.
    """
    program = compile_program(calls)
    chunks = chunks_of(program)
    grid = make_grid(ds, chunks)
    _check_room([*program.calls, *calls.values()], grid, lazy=chunks is not None)
    arrays = _build(program, calls, grid) if chunks else _compute_now(program, calls, grid)
    made = {call.name for call in calls.values()}
    aside = {n: name_aside(n, {*made, *(ds.variables if n in made else ())}) for n in ds.coords}
    return {name: _label(ds, call, arrays[name], aside) for name, call in calls.items()}


def _check_room(calls: Sequence[Call], grid: Grid, *, lazy: bool) -> None:
    """Refuse what has no room: all of a result in memory, or one block of a lazy one."""
    rows = 1 if lazy else len(grid.n_frames)
    for call in calls:
        n_animals = call.sizes["individual"]
        what = "pairs" if call.declaration.scope == "pair" else "all"
        check_room(
            (rows, *_full_shape(call, max(grid.times, default=0))),
            f"{call.name} for {what} of {n_animals:,} animals",
            "Choose some of the animals with .isel(individual=...), or fewer frames at a time with "
            ".chunk(time=1000).",
        )


def chunks_of(program: Program) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Chunks along recording and time of the first lazy input; None where all is in memory."""
    for source in all_sources(program):
        if not source.in_memory and "time" in source.dims:
            recordings = source.data.chunks[0] if source.has_recording else (1,)
            return recordings, source.data.chunks[-1]
    return None


def all_sources(program: Program) -> list[Source]:
    """Sources of a program, those behind its summaries included."""
    below = [compile_program(_summary_inputs(call)) for call in program.summaries]
    return [*program.sources, *(source for one in below for source in one.sources)]


def _summary_inputs(call: Call) -> dict[str, Node]:
    return {node.key: node for node in call.inputs}


# --- in memory --------------------------------------------------------------------------------


def _compute_now(program: Program, calls: Mapping[str, Call], grid: Grid) -> dict[str, Array]:
    rows = (0, len(grid.n_frames))
    results = _run_now(program, grid, [_summarise_now(call, grid) for call in program.summaries])
    arrays = {}
    for name, call in calls.items():
        if call.declaration.kind == "summary":
            arrays[name] = _summarise_now(call, grid)
            continue
        shape = _full_shape(call, grid.times[0])
        arrays[name] = place_block(results, name, shape, rows, call.is_label)
    return arrays


def _run_now(program: Program, grid: Grid, summaries: list[Array]) -> dict[int, Any]:
    windows = [
        window
        for row, n in enumerate(grid.n_frames)
        if (window := grid.window(row, 0, n, 0)) is not None
    ]
    given = [cut_memory(source, windows) for source in program.sources]
    return run_block(program, windows, given, summaries, 0)


def _summarise_now(call: Call, grid: Grid) -> Array:
    program = compile_program(_summary_inputs(call))
    results = _run_now(program, grid, [])
    missing = np.full(call.shape, np.nan, np.float32)
    return np.stack(
        [run_summary(call, results[row]) if row in results else missing
         for row in range(len(grid.n_frames))]
    )  # fmt: skip


def _full_shape(call: Call, n_frames: int) -> tuple[int, ...]:
    return (*call.shape, n_frames) if "time" in call.dims else call.shape


# --- lazily -----------------------------------------------------------------------------------


def _build(program: Program, calls: Mapping[str, Call], grid: Grid) -> dict[str, Any]:
    has_recording = _has_recording(program)
    name = block_name(program, grid)
    layers: dict[str, Any] = {name: DeferredLayer(partial(block_tasks, program, grid))}
    dependencies: dict[str, set[str]] = {name: set()}
    for source in all_sources(program):
        if not source.in_memory and source.stored is None:
            layers.update(source.data.dask.layers)
            dependencies.update(source.data.dask.dependencies)
            dependencies[name].add(source.data.name)
    arrays = {}
    for output, call in calls.items():
        array = f"{output}-{tokenize(name, output)}"
        chunks = _output_chunks(call, grid, has_recording)
        make = partial(_output_tasks, array, name, call, output, grid, has_recording)
        graph = HighLevelGraph(
            {**layers, array: CallLayer(make, call, grid, chunks)}, {**dependencies, array: {name}}
        )
        arrays[output] = da.Array(graph, array, chunks, dtype=np.float32)
    return arrays


def _has_recording(program: Program) -> bool:
    timed = [s for s in all_sources(program) if "time" in s.dims]
    return any(source.has_recording for source in timed)


def block_name(program: Program, grid: Grid) -> str:
    """What the keys of the blocks of a program begin with."""
    return f"block-{tokenize(sorted(program.outputs.items()), grid)}"


def block_tasks(program: Program, grid: Grid) -> dict[Any, Any]:
    """Tasks that compute the blocks of a program, its summaries included."""
    name = block_name(program, grid)
    held = f"program-{name}"
    tasks: dict[Any, Any] = {held: DataNode(held, program)}
    summaries = summary_tasks(program, grid, tasks)
    for i in range(len(grid.recordings)):
        rows = grid.row_bounds(i)
        ready = List(*(TaskRef((key, i)) for key in summaries.values()))
        for j, (start, stop) in enumerate(grid.time_bounds):
            windows = _windows(grid, rows, start, stop, program.halo)
            key = (name, i, j)
            given = wanted_inputs(program, windows, rows)
            tasks[key] = Task(key, run_block, TaskRef(held), windows, given, ready, rows[0])
    return tasks


def _windows(grid: Grid, rows: tuple[int, int], start: int, stop: int, halo: int) -> list[Any]:
    found = (grid.window(r, start, stop, halo) for r in range(*rows))
    return [window for window in found if window is not None]


def summary_tasks(program: Program, grid: Grid, tasks: dict[Any, Any]) -> dict[str, str]:
    """Add the tasks of a program's summaries; gives their names by the keys of the calls."""
    return {call.key: _summary_tasks(call, grid, tasks) for call in program.summaries}


def _summary_name(call: Call, grid: Grid) -> str:
    return f"summary-{tokenize(call.key, grid)}"


def _summary_tasks(call: Call, grid: Grid, tasks: dict[Any, Any]) -> str:
    """Add the tasks of a summary; gives the name of its keys, one per block of recordings."""
    below = compile_program(_summary_inputs(call))
    tasks.update(block_tasks(below, grid))
    blocks, name = block_name(below, grid), _summary_name(call, grid)
    held = f"call-{name}"
    tasks[held] = DataNode(held, call)
    for i in range(len(grid.recordings)):
        parts = List(*(TaskRef((blocks, i, j)) for j in range(len(grid.times))))
        key = (name, i)
        tasks[key] = Task(key, summarise_rows, TaskRef(held), parts, *grid.row_bounds(i))
    return name


def summarise_rows(call: Call, parts: list[dict[int, Any]], first: int, last: int) -> Array:
    """A summary of each recording of a block, from the series of its blocks along time."""
    rows = []
    for row in range(first, last):
        found = [part[row] for part in parts if row in part]
        series = (
            {k: np.concatenate([f[k] for f in found], axis=-1) for k in found[0]} if found else {}
        )
        missing = np.full(call.shape, np.nan, np.float32)
        rows.append(run_summary(call, series) if found else missing)
    return np.stack(rows)


def _output_chunks(call: Call, grid: Grid, has_recording: bool) -> Chunks:
    lead = (grid.recordings,) if has_recording else ()
    return (*lead, *((n,) for n in call.shape), *((grid.times,) if "time" in call.dims else ()))


def _output_tasks(
    array: str, blocks: str, call: Call, output: str, grid: Grid, has_recording: bool
) -> dict[Any, Any]:
    tasks = {}
    inner = (0,) * len(call.shape)
    timed = "time" in call.dims
    for i in range(len(grid.recordings)):
        rows = grid.row_bounds(i)
        for j, size in enumerate(grid.times if timed else (0,)):
            key = (array, *((i,) if has_recording else ()), *inner, *((j,) if timed else ()))
            if call.declaration.kind == "summary":
                behind = TaskRef((_summary_name(call, grid), i))
                source = Task(key, _first, behind, has_recording)
            else:
                shape = _full_shape(call, size)
                source = Task(key, _take, TaskRef((blocks, i, j)), output, shape, rows,
                              call.is_label, has_recording)  # fmt: skip
            tasks[key] = source
    return tasks


def _take(
    results: dict[int, Any], name: str, shape: tuple[int, ...], rows: tuple[int, int],
    is_label: bool, has_recording: bool,
) -> Array:  # fmt: skip
    block = place_block(results, name, shape, rows, is_label)
    return block if has_recording else block[0]


def _first(numbers: Array, has_recording: bool) -> Array:
    return numbers if has_recording else numbers[0]


def _label(ds: xr.Dataset, call: Call, values: Any, aside: Mapping[Hashable, str]) -> xr.DataArray:
    """The result with its dims, coordinates and attributes; `aside` says what these are called."""
    has_recording = "recording" in ds.dims
    if not has_recording and values.ndim > len(call.dims):
        values = values[0]
    dims = (*(("recording",) if has_recording else ()), *call.dims)
    coords = {
        aside[name]: coord.variable
        for name, coord in ds.coords.items()
        if set(coord.dims) <= set(dims)
        and name not in call.labels
        and not set(coord.dims) & set(call.labels)
    }
    if "partner" in dims:
        coords["partner"] = xr.Variable("partner", ds.individual.values)
    for dim, names in call.labels.items():
        coords[dim] = xr.Variable(dim, np.array(names, dtype=object))
    attrs = {**call.attrs(), "ethoflow_version": __version__}
    return xr.DataArray(values, dims=dims, coords=coords, name=call.name, attrs=attrs)
