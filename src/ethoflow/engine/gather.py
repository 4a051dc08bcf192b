"""Small results of every block, gathered: what tables are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import xarray as xr
from dask._task_spec import Task

from ethoflow.engine.blocks import run_block
from ethoflow.engine.calls import Node, lineage_of
from ethoflow.engine.declare import Array
from ethoflow.engine.program import Program, compile_program
from ethoflow.engine.schedule import run_tasks
from ethoflow.engine.sources import source_of
from ethoflow.engine.tasks import Tasks, chunks_of
from ethoflow.engine.windows import Window, make_grid

Reduce: TypeAlias = Callable[[Mapping[str, Array]], Any]
Survey: TypeAlias = Callable[[Mapping[str, Array], int, int], dict[str, Any]]
Heard: TypeAlias = Callable[[int, int, dict[int, Any]], None]


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
    gathered: list[tuple[int, int, Any]] = []

    def heard(_: int, start: int, part: dict[int, Any]) -> None:
        gathered.extend((row, start, result) for row, result in part.items())

    _run_blocks(ds, names, partial(_plainly, reduce), heard)
    return sorted(gathered, key=lambda item: item[:2])


def _plainly(reduce: Reduce, values: Mapping[str, Array], start: int, n_frames: int) -> Any:
    return reduce(values)


def fold_blocks(
    ds: xr.Dataset,
    names: Sequence[str],
    reduce: Survey,
    join: Callable[[dict[str, Any], dict[str, Any]], None],
    finish: Callable[[int, dict[str, Any]], Any],
) -> dict[int, Any]:
    """What `finish` makes of each recording's blocks, by its row; in one pass, whatever its length.

    Parameters
    ----------
    ds, names
        As for `gather_blocks`.
    reduce
        Gets one recording's block of each variable, its first frame, and how many frames the
        recording has. It must pickle by name.
    join
        Adds the second result to the first, whichever block it is from.
    finish
        Gets the row and the joined results, once all blocks of the recording are in.
    """
    open_rows: dict[int, dict[str, Any]] = {}
    finished: dict[int, Any] = {}

    def heard(blocks_left: int, _: int, part: dict[int, Any]) -> None:
        for row, result in part.items():
            if row in open_rows:
                join(open_rows[row], result)
            else:
                open_rows[row] = dict(result)
            # Dask keeps what the tasks gave until all are done: an empty shell here.
            result.clear()
        for row in part if not blocks_left else ():
            finished[row] = finish(row, open_rows.pop(row))

    _run_blocks(ds, names, reduce, heard)
    finished |= {row: finish(row, joined) for row, joined in open_rows.items()}
    return dict(sorted(finished.items()))


def _run_blocks(ds: xr.Dataset, names: Sequence[str], reduce: Survey, heard: Heard) -> None:
    """Run `reduce` on every block; `heard` gets how many are left of its recordings, and where."""
    nodes: dict[str, Node] = {n: lineage_of(ds, n) or source_of(ds[n]) for n in names}
    program = compile_program(nodes)
    grid = make_grid(ds, chunks_of(program))
    tasks = Tasks(grid)
    held = tasks.hold(program)
    tasks.add_sources(nodes.values())
    wanted: dict[Any, int] = {}
    left = dict.fromkeys(range(len(grid.recordings)), len(grid.time_bounds))
    for i, j, rows, windows in tasks.blocks(program):
        key = (f"gather-{held.key}", i, j)
        start, lengths = grid.time_bounds[j][0], grid.n_frames[slice(*rows)]
        given = tasks.given(program, held, rows, windows)
        tasks.tasks[key] = Task(key, _reduce_block, *given, reduce, start, lengths)
        wanted[key] = start

    def done(key: Any, part: dict[int, Any]) -> None:
        left[key[1]] -= 1
        heard(left[key[1]], wanted[key], part)

    run_tasks(tasks.tasks, set(wanted), done)


def _reduce_block(
    program: Program,
    windows: Sequence[Window],
    given: Sequence[Any],
    stages: Sequence[Any],
    first_row: int,
    reduce: Survey,
    start: int,
    lengths: Sequence[int],
) -> dict[int, Any]:
    results = run_block(program, windows, given, stages, first_row)
    return {row: reduce(values, start, lengths[row - first_row]) for row, values in results.items()}
