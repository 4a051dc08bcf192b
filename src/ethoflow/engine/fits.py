"""Fits: what is learnt from all recordings, stretch by stretch, as a `Model`.

The stretches lie on the frames of each recording, whatever the chunks, and their small results are
merged in one order: frames, animals, then recordings by what they are. So the model depends on
nothing else.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from dask._task_spec import List, Task, TaskRef

from ethoflow.engine.blocks import run_block
from ethoflow.engine.calls import Call
from ethoflow.engine.declare import Array, Declaration
from ethoflow.engine.freshness import Lineage
from ethoflow.engine.inputs import Held, KernelFailed, inputs_of, of_seats, views_of
from ethoflow.engine.kernel import explain
from ethoflow.engine.model import Model
from ethoflow.engine.program import Program, compile_inputs
from ethoflow.engine.recipes import digest_of, recipe_text
from ethoflow.engine.resolve import Request
from ethoflow.engine.schedule import Progress, run_tasks
from ethoflow.engine.tasks import Tasks, chunks_of
from ethoflow.engine.windows import Grid, Window, make_grid
from ethoflow.schema import Data, DataError, as_dataset

Small: TypeAlias = Any
"""What a kernel gives of a stretch."""


def fit(
    declaration: Declaration,
    data: Data,
    parameters: Mapping[str, Any],
    progress: Progress | None = None,
) -> Model:
    """The model that a declared fit makes of all recordings.

    Raises
    ------
    DataError
        No recording has anything to learn from, or the function fails.
    """
    ds = as_dataset(data)
    call = Request(ds).call(declaration, parameters)
    below = compile_inputs(call)
    grid = _make_grid(make_grid(ds, chunks_of(below)), call.tile())
    small = _learn(call, below, grid, progress)
    lineage = Lineage(grid.n_frames, grid.seats)
    digests = lineage.digests(call)
    order = sorted(small, key=lambda row: digests[row])
    if not order:
        raise DataError(f"{declaration.name}: there are no frames to learn from.")
    merged = _merge(call, [small[row] for row in order])
    digest = digest_of([call.recipe, sorted(digests)])
    found = lineage.all_behind(call)
    names = grid.names or tuple(map(str, range(len(digests))))
    behind = {
        (place.partition("\n")[0], place.partition("\n")[2]): dict(zip(names, of, strict=True))
        for place, of in found.items()
    }
    arrays = _finish(call, merged)
    # A model among the parameters is told by its digest, as it is in a store.
    recipe = json.loads(recipe_text(call.recipe))
    return Model(declaration.name, digest, arrays, recipe, behind=behind)


def _make_grid(grid: Grid, tile: int) -> Grid:
    """Blocks of whole tiles, about as long as the chunks that are there."""
    longest = max(grid.n_frames, default=0)
    length = max(max(grid.times, default=0) // tile, 1) * tile
    n_blocks = max(-(-longest // length), 1)
    rows = (1,) * len(grid.n_frames)
    return Grid(rows, (length,) * n_blocks, grid.n_frames, grid.names, grid.seats)


def _learn(call: Call, below: Program, grid: Grid, progress: Progress | None) -> dict[int, Small]:
    """What the stretches of each recording come to, by its row."""
    tasks = Tasks(grid)
    held, of_call = tasks.hold(below), tasks.hold(call)
    tasks.add_sources(call.inputs)
    blocks: dict[int, list[Any]] = {}
    for i, j, rows, windows in tasks.blocks(below):
        if windows:
            key = (f"stretch-{held.key}", i, j)
            given = tasks.given(below, held, rows, windows)
            tasks.tasks[key] = Task(key, _look_at, *given, of_call)
            blocks.setdefault(i, []).append(TaskRef(key))
    wanted: dict[Any, int] = {(f"fit-{held.key}", row): row for row in blocks}
    for name, row in wanted.items():
        tasks.tasks[name] = Task(name, _merge_row, of_call, List(*blocks[row]))
    found: dict[int, list[Small]] = {}

    def hear(name: Any, small: list[Small]) -> None:
        found[wanted[name]] = small
        if progress is not None:
            progress(len(found), len(wanted))

    run_tasks(tasks.tasks, set(wanted), hear)
    return {row: small[0] for row, small in found.items() if small}


def _look_at(
    program: Program,
    windows: Sequence[Window],
    given: Sequence[Any],
    stages: Sequence[Any],
    row: int,
    call: Call,
) -> list[list[Small]]:
    """What the kernel gives of each stretch of a block, by animal or pair."""
    values = run_block(program, windows, given, stages, row)[row]
    (window,) = windows
    n_frames, tile = window.trim.stop - window.trim.start, call.tile()
    arrays = inputs_of(call, Held(program.along, program.parts), values)
    if call.declaration.scope == "group":
        arrays = of_seats(call, arrays, window.seats)
    return [
        [
            _look_at_stretch(call, views_of(call, arrays, seats), slice(first, first + tile))
            for first in range(0, n_frames, tile)
        ]
        for seats in _seats(call, window)
    ]


def _seats(call: Call, window: Window) -> list[tuple[int | None, int | None]]:
    """The animals, or pairs of them, that the kernel is given one after the other."""
    there = range(call.sizes["individual"]) if window.seats is None else window.seats
    if call.declaration.scope == "individual":
        return [(actor, None) for actor in there]
    if call.declaration.scope == "pair":
        return [(one, other) for one in there for other in there if one != other]
    return [(None, None)]


def _look_at_stretch(call: Call, views: Sequence[Array], frames: slice) -> Small:
    cut = [
        view[..., frames] if "time" in node.dims else view
        for view, node in zip(views, call.inputs, strict=True)
    ]
    return _run(call, call.declaration.function, *cut, **call.parameters)


def _merge_row(call: Call, blocks: Sequence[list[list[Small]]]) -> list[Small]:
    """What all stretches of a recording come to: one, or none where it has no animal."""
    animals = zip(*blocks, strict=True)
    in_order = [one for animal in animals for block in animal for one in block]
    return [_merge(call, in_order)] if in_order else []


def _merge(call: Call, small: Sequence[Small]) -> Small:
    merge = call.declaration.merge
    assert merge is not None
    return functools.reduce(functools.partial(_run, call, merge), small)


def _finish(call: Call, merged: Small) -> dict[str, Array]:
    finish = call.declaration.finish
    assert finish is not None
    wanted = inspect.signature(finish).parameters
    given = {name: value for name, value in call.parameters.items() if name in wanted}
    arrays = _run(call, finish, merged, **given)
    if not isinstance(arrays, Mapping) or not arrays:
        raise KernelFailed(
            f"{call.declaration.name}: finish must return arrays by name, found "
            f"{type(arrays).__name__}"
        )
    return {str(name): np.asarray(values) for name, values in arrays.items()}


def _run(call: Call, function: Callable[..., Any], *given: Any, **parameters: Any) -> Any:
    """The result of a function of the user's, or an error that names the function."""
    try:
        return function(*given, **parameters)
    except MemoryError:
        raise
    except Exception as error:
        raise KernelFailed(explain(call.declaration, error)) from error
