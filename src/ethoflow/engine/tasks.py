"""Tasks of a request: its stages, and one for each of its blocks, for whatever becomes of them.

Everything that computes goes this way: lazily, at once, into a store, into tables and models.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dask._task_spec import DataNode, List, Task, TaskRef
from dask.base import tokenize

from ethoflow.engine.blocks import run_stage
from ethoflow.engine.calls import Call, Node
from ethoflow.engine.program import Program, compile_inputs, compile_program
from ethoflow.engine.sources import Source
from ethoflow.engine.windows import Grid, Window


@dataclass
class Tasks:
    """Tasks of one request, by key, for the recordings of `grid`."""

    grid: Grid
    tasks: dict[Any, Any] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)

    def hold(self, value: Any, name: str = "") -> TaskRef:
        """Keep a value that many tasks are given.

        Without a name no other value ever has its key: a scheduler must not answer with what an
        earlier one stood for.
        """
        key = name or f"held-{uuid.uuid4().hex}"
        self.tasks[key] = DataNode(key, value)
        return TaskRef(key)

    def given(
        self, program: Program, held: TaskRef, rows: tuple[int, int], windows: list[Window]
    ) -> tuple[Any, ...]:
        """What `run_block` is given for some windows of the recordings `rows`."""
        given = List(*(source.given(windows, rows) for source in program.sources))
        ready = List(*(self._stage(call, rows) for call in program.stages))
        return held, windows, given, ready, rows[0]

    def blocks(self, program: Program) -> Iterator[tuple[int, int, tuple[int, int], list[Window]]]:
        """Every block: its place along recordings and time, its rows and its windows."""
        for i in range(len(self.grid.recordings)):
            rows = self.grid.row_bounds(i)
            for j, (start, stop) in enumerate(self.grid.time_bounds):
                yield i, j, rows, self.grid.windows(rows, start, stop, program.halo)

    def add_sources(self, nodes: Iterable[Node]) -> None:
        """Add the tasks of lazy arrays that `nodes` are made from."""
        for source in sources_of(nodes):
            if source.comes_with is not None:
                self.tasks.update(dict(source.data.__dask_graph__()))

    def _stage(self, call: Call, rows: tuple[int, int]) -> List:
        """What the tasks of a stage give, for each of the recordings, of each animal."""
        if call.job not in self.stages:
            self.stages[call.job] = self._add_stage(call)
        name = self.stages[call.job]
        animals = _animals(call)
        return List(
            *(
                List(*(TaskRef((name, row, number)) for number in range(len(animals))))
                for row in range(*rows)
            )
        )

    def _add_stage(self, call: Call) -> str:
        """Add the tasks of a stage; gives the name of their keys."""
        name = f"stage-{call.declaration.name}-{tokenize(call.job, self.grid)}"
        below = compile_inputs(call)
        held, of_call = self.hold(below, f"program-{name}"), self.hold(call, f"call-{name}")
        for row, n_frames in enumerate(self.grid.n_frames):
            rows = (row, row + 1)
            window = self.grid.window(row, 0, n_frames, 0)
            windows = [] if window is None else [window]
            given = List(*(source.given(windows, rows) for source in below.sources))
            ready = List(*(self._stage(stage, rows).args[0] for stage in below.stages))
            for number, animal in enumerate(_animals(call)):
                key = (name, row, number)
                self.tasks[key] = Task(key, run_stage, of_call, held, window, given, ready, animal)
        return name


def _animals(call: Call) -> list[int | None]:
    """The animals a stage runs for, one task each; one for all where it needs them together."""
    if call.declaration.scope != "individual":
        return [None]
    return list(range(call.sizes["individual"]))


def sources_of(nodes: Iterable[Node]) -> list[Source]:
    """Every source behind some nodes, those behind stages included."""
    program = compile_program({node.key: node for node in nodes})
    return all_sources(program)


def all_sources(program: Program) -> list[Source]:
    """Sources of a program, those behind its stages included."""
    found = {source.key: source for source in program.sources}
    for call in program.stages:
        found |= {source.key: source for source in all_sources(compile_inputs(call))}
    return list(found.values())


def chunks_of(program: Program) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Chunks along recording and time of the first lazy input; None where all is in memory."""
    return next((s.chunks for s in all_sources(program) if s.chunks is not None), None)


def has_recording(program: Program) -> bool:
    """Whether what a program reads runs along recordings."""
    return any(source.has_recording for source in all_sources(program) if "time" in source.dims)


def merge_graphs(sources: Iterable[Source]) -> tuple[dict[str, Any], dict[str, Any], set[str]]:
    """Layers and dependencies of the lazy arrays behind sources, and the names of these arrays."""
    layers: dict[str, Any] = {}
    dependencies: dict[str, Any] = {}
    names: set[str] = set()
    for source in sources:
        graph = source.comes_with
        if graph is not None:
            layers.update(graph.layers)
            dependencies.update(graph.dependencies)
            names.add(source.data.name)
    return layers, dependencies, names
