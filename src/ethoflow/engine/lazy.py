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
from dask._task_spec import Task, TaskRef
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph, Layer, MaterializedLayer
from dask.local import get_sync

from ethoflow import __version__
from ethoflow.engine.blocks import place_block, run_block
from ethoflow.engine.calls import Call
from ethoflow.engine.declare import Array, Declaration
from ethoflow.engine.program import Program, compile_program
from ethoflow.engine.resolve import Request
from ethoflow.engine.sources import Chunks, bounds_of
from ethoflow.engine.tasks import Tasks, all_sources, chunks_of, has_recording, merge_graphs
from ethoflow.engine.windows import Grid, make_grid
from ethoflow.errors import listed
from ethoflow.names import name_aside
from ethoflow.room import check_room
from ethoflow.schema import Data, DataError, as_dataset


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
    calls = {call.name: call for call in Request(ds).call(declaration, parameters).siblings}
    results = compute_calls(ds, calls)
    if declaration.kind == "step":
        return replace_variables(ds, results)
    return xr.Dataset(results) if declaration.further else results[declaration.name]


def replace_variables(ds: xr.Dataset, new: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """`ds` with new variables, in the place of those of their names.

    Raises
    ------
    DataError
        Other variables run along a dim whose members are new.
    """
    changed = {
        str(dim)
        for array in new.values()
        for dim in array.dims
        if dim in ds.dims and dim != "time" and not _same(ds, array, dim)
    }
    rest = ds.drop_vars([n for n in new if n in ds.data_vars]) if changed else ds
    stuck = [str(n) for n, a in rest.data_vars.items() if n not in new and set(a.dims) & changed]
    if stuck:
        raise DataError(
            f"{', '.join(new)} have other {' and '.join(sorted(changed))}s now; "
            f"{', '.join(stuck)} would not fit any more: drop these variables first."
        )
    rest = rest.drop_vars([n for n, c in rest.coords.items() if set(c.dims) & changed])
    kept = {
        name: array.drop_vars(set(array.coords) - set(rest.coords) - set(array.dims))
        for name, array in new.items()
    }
    return rest.assign(kept)


def _same(ds: xr.Dataset, array: xr.DataArray, dim: Hashable) -> bool:
    sizes = ds.sizes[dim] == array.sizes[dim]
    if not sizes or dim not in ds.coords or dim not in array.coords:
        return bool(sizes)
    return bool((ds[dim].values == array[dim].values).all())


def compute_calls(ds: xr.Dataset, calls: Mapping[str, Call]) -> dict[str, xr.DataArray]:
    """Arrays of several calls on one dataset, computed together: lazy where the data are.

    Parameters
    ----------
    ds
        The dataset the calls were resolved on.
    calls
        By the name of the variable they give.
    """
    _check_members(calls)
    program = compile_program(calls)
    chunks = chunks_of(program)
    grid = make_grid(ds, chunks)
    _check_room([*program.calls, *calls.values()], grid, lazy=chunks is not None)
    build = _build if chunks else _compute_now
    arrays = build(program, calls, grid)
    made = {call.name for call in calls.values()}
    aside = {n: name_aside(n, {*made, *(ds.variables if n in made else ())}) for n in ds.coords}
    frames: dict[Any, xr.DataArray] = {}
    return {name: _label(ds, call, arrays[name], aside, frames) for name, call in calls.items()}


def _check_members(calls: Mapping[str, Call]) -> None:
    """Refuse two results whose members along one derived dim differ: they make no dataset."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, call in calls.items():
        for dim, names in call.named.items():
            other, before = found.setdefault(dim, (name, names))
            if before != names:
                raise DataError(
                    f"{other} and {name} have different {dim}s ({listed(before, 3)}; "
                    f"{listed(names, 3)}): compute them apart."
                )


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


def _full_shape(call: Call, n_frames: int) -> tuple[int, ...]:
    return (*call.shape, n_frames) if "time" in call.dims else call.shape


def _compute_now(program: Program, calls: Mapping[str, Call], grid: Grid) -> dict[str, Array]:
    """The only block, at once, in this thread."""
    tasks = block_tasks(program, grid)
    results = get_sync(tasks, (block_name(program, grid), 0, 0))
    rows = (0, len(grid.n_frames))
    return {
        name: place_block(results, name, _full_shape(call, grid.times[0]), rows)
        for name, call in calls.items()
    }


def _build(program: Program, calls: Mapping[str, Call], grid: Grid) -> dict[str, Any]:
    """Lazy arrays, a chunk for each block."""
    rows = has_recording(program)
    name = block_name(program, grid)
    layers, dependencies, behind = merge_graphs(all_sources(program))
    layers[name] = DeferredLayer(partial(block_tasks, program, grid))
    dependencies[name] = behind
    arrays = {}
    for output, call in calls.items():
        array = f"{output}-{tokenize(name, output)}"
        chunks = _output_chunks(call, grid, rows)
        make = partial(_output_tasks, array, name, call, output, grid, rows)
        graph = HighLevelGraph(
            {**layers, array: CallLayer(make, call, grid, chunks)}, {**dependencies, array: {name}}
        )
        arrays[output] = da.Array(graph, array, chunks, dtype=np.float32)
    return arrays


def block_name(program: Program, grid: Grid) -> str:
    """What the keys of the blocks of a program begin with."""
    return f"block-{tokenize(sorted(program.outputs.items()), grid)}"


def block_tasks(program: Program, grid: Grid) -> dict[Any, Any]:
    """Tasks that compute the blocks of a program, its stages included."""
    name, tasks = block_name(program, grid), Tasks(grid)
    held = tasks.hold(program, f"program-{name}")
    for i, j, rows, windows in tasks.blocks(program):
        key = (name, i, j)
        tasks.tasks[key] = Task(key, run_block, *tasks.given(program, held, rows, windows))
    return tasks.tasks


def _output_chunks(call: Call, grid: Grid, rows: bool) -> Chunks:
    lead = (grid.recordings,) if rows else ()
    return (*lead, *((n,) for n in call.shape), *((grid.times,) if "time" in call.dims else ()))


def _output_tasks(
    array: str, blocks: str, call: Call, output: str, grid: Grid, has_rows: bool
) -> dict[Any, Any]:
    tasks = {}
    inner = (0,) * len(call.shape)
    timed = "time" in call.dims
    for i in range(len(grid.recordings)):
        rows = grid.row_bounds(i)
        for j, size in enumerate(grid.times if timed else (0,)):
            key = (array, *((i,) if has_rows else ()), *inner, *((j,) if timed else ()))
            shape = _full_shape(call, size)
            tasks[key] = Task(key, _take, TaskRef((blocks, i, j)), output, shape, rows, has_rows)
    return tasks


def _take(
    results: dict[int, Any],
    name: str,
    shape: tuple[int, ...],
    rows: tuple[int, int],
    has_rows: bool,
) -> Array:
    block = place_block(results, name, shape, rows)
    return block if has_rows else block[0]


def _label(
    ds: xr.Dataset,
    call: Call,
    values: Any,
    aside: Mapping[Hashable, str],
    frames: dict[Any, xr.DataArray],
) -> xr.DataArray:
    """The result with its dims, coordinates and attributes; `aside` says what these are called.

    Coordinates of results that have the same are made once, and kept in `frames`.
    """
    has_rows = "recording" in ds.dims
    if not has_rows and values.ndim > len(call.dims):
        values = values[0]
    dims = (*(("recording",) if has_rows else ()), *call.dims)
    kind = (dims, values.shape, *sorted(call.named.items()))
    if kind not in frames:
        coords = _coordinates(ds, dims, call.named, aside)
        frames[kind] = xr.DataArray(values, dims=dims, coords=coords)
    found = frames[kind].copy(deep=False, data=values)
    found.name, found.attrs = call.name, {**call.attrs(), "ethoflow_version": __version__}
    return found


def _coordinates(
    ds: xr.Dataset,
    dims: Sequence[str],
    named: Mapping[str, tuple[str, ...]],
    aside: Mapping[Hashable, str],
) -> dict[Hashable, xr.Variable]:
    """Coordinates of a result with some dims, of which some were derived and have names."""
    held = {name: ds.variables[name] for name in ds.coords}
    coords: dict[Hashable, xr.Variable] = {
        aside[name]: coord
        for name, coord in held.items()
        if set(coord.dims) <= set(dims) and name not in named and not set(coord.dims) & set(named)
    }
    if "partner" in dims:
        coords["partner"] = xr.Variable("partner", ds.individual.values)
    for dim, names in named.items():
        if dim in dims:
            coords[dim] = xr.Variable(dim, np.array(names, dtype=object))
    return coords
