"""Small results of every block, gathered: what tables are made from."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import xarray as xr
from dask._task_spec import DataNode, List, Task, TaskRef

from ethoflow.engine.declare import Array
from ethoflow.engine.freshness import sources_of
from ethoflow.engine.graph import Node, lineage_of
from ethoflow.engine.lazy import chunks_of, summary_tasks
from ethoflow.engine.overlap import Window, make_grid, run_block, wanted_inputs
from ethoflow.engine.program import Program, compile_program
from ethoflow.engine.schedule import run_tasks
from ethoflow.engine.source import source_of

Reduce: TypeAlias = Callable[[Mapping[str, Array]], Any]


def gather_blocks(
    ds: xr.Dataset, names: Sequence[str], reduce: Reduce
) -> list[tuple[int, int, Any]]:
    """What `reduce` gives for every block: row of the recording, first frame, and the result.

    Parameters
    ----------
    ds
        Checked dataset, lazy or not.
    names
        Variables that run along time.
    reduce
        Gets one recording's block of each variable, dims without `recording`; its result is small.
        It must be a function that pickles by name.
    """
    nodes: dict[str, Node] = {n: lineage_of(ds[n]) or source_of(ds[n]) for n in names}
    program = compile_program(nodes)
    grid = make_grid(ds, chunks_of(program))
    tasks: dict[Any, Any] = {}
    summaries = summary_tasks(program, grid, tasks)
    held = f"program-{uuid.uuid4().hex}"
    tasks[held] = DataNode(held, program)
    wanted: dict[Any, int] = {}
    for i in range(len(grid.recordings)):
        rows = grid.row_bounds(i)
        ready = List(*(TaskRef((name, i)) for name in summaries.values()))
        for j, (start, stop) in enumerate(grid.time_bounds):
            found = (grid.window(r, start, stop, program.halo) for r in range(*rows))
            windows = [window for window in found if window is not None]
            key = (f"gather-{held}", i, j)
            given = wanted_inputs(program, windows, rows)
            tasks[key] = Task(
                key, _reduce_block, TaskRef(held), windows, given, ready, rows[0], reduce
            )
            wanted[key] = start
    for source in sources_of(nodes):
        if not source.in_memory and source.stored is None:
            tasks.update(dict(source.data.__dask_graph__()))
    gathered: list[tuple[int, int, Any]] = []
    run_tasks(
        tasks,
        set(wanted),
        lambda key, part: gathered.extend(
            (row, wanted[key], result) for row, result in part.items()
        ),
    )
    return sorted(gathered, key=lambda item: item[:2])


def _reduce_block(
    program: Program,
    windows: Sequence[Window],
    given: Sequence[Any],
    summaries: Sequence[Array],
    first_row: int,
    reduce: Reduce,
) -> dict[int, Any]:
    results = run_block(program, windows, given, summaries, first_row)
    return {row: reduce(values) for row, values in results.items()}
