"""One block: read arrays in, call the kernels in order, trim the halo, hand back.

A stage is the same over a whole recording: what it reads is made stretch by stretch, of one animal
where nothing needs the others, and its kernel then gets all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from ethoflow.engine.calls import Call, Node
from ethoflow.engine.declare import Array
from ethoflow.engine.inputs import Held, KernelFailed, as_number, members
from ethoflow.engine.kernel import Values, run_call
from ethoflow.engine.program import Program
from ethoflow.engine.sources import Source
from ethoflow.engine.unknown import missing_of
from ethoflow.engine.windows import Window
from ethoflow.schema import VARIABLES

Stages: TypeAlias = Mapping[str, Sequence[Values]]
"""What the stages of one recording gave, by job: for each animal, or once for all of them."""


def run_block(
    program: Program,
    windows: Sequence[Window],
    given: Sequence[Any],
    stages: Sequence[Sequence[Sequence[Values]]],
    first_row: int,
) -> dict[int, Values]:
    """Outputs of every recording of a block, by row.

    Parameters
    ----------
    program
        What to compute.
    windows
        One for each recording that has frames here.
    given
        For each source what it asks for.
    stages
        For each stage and recording of the block what its tasks gave.
    first_row
        Row of the block's first recording.
    """
    results = {}
    for window in windows:
        ready = {
            call.job: rows[window.row - first_row]
            for call, rows in zip(program.stages, stages, strict=True)
        }
        results[window.row] = run_window(program, window, given, ready)
    return results


def run_window(
    program: Program,
    window: Window,
    given: Sequence[Any],
    ready: Stages,
    animals: tuple[int, ...] | None = None,
) -> Values:
    """Arrays of the outputs, by name, of one window of one recording; of some animals, or all."""
    held = Held(program.along, program.parts, animals)
    values: Values = {}
    for source, item in zip(program.sources, given, strict=True):
        values[source.key] = _read(source, held, item, window)
    for call in program.stages:
        values |= _cut_stage(call, ready[call.job], window, animals)
    try:
        for call in program.calls:
            values |= run_call(call, held, values, window)
    except KernelFailed as error:
        raise _named(error, window) from error
    results = {}
    for name, key in program.outputs.items():
        node, array = program.nodes[name], values[key]
        if isinstance(node, Source):
            array = as_number(array, name)
        results[name] = array[..., window.trim] if "time" in node.dims else array
    return results


def _named(error: KernelFailed, window: Window) -> KernelFailed:
    where = f" (recording {window.recording})" if window.recording else ""
    return KernelFailed(f"{error}{where}")


def _read(source: Source, held: Held, item: Any, window: Window) -> Array:
    """One source's window: the members that are needed, contiguous."""
    values = source.read(item, window)
    if held.animals is not None and "individual" in source.dims:
        values = members(values, source.dims.index("individual"), held.animals)
    places, dim = held.parts.get(source.job), held.along.get(source.job, "")
    if places is not None and len(places) < source.sizes[dim]:
        values = members(values, source.dims.index(dim), places)
    # What a kernel reads in memory is what it would read in a store.
    stored = source.name in VARIABLES or values.dtype.kind == "f"
    number = stored and source.gives == "number"
    return np.ascontiguousarray(values, source.dtype if number else None)


def _cut_stage(
    call: Call, parts: Sequence[Values], window: Window, animals: tuple[int, ...] | None
) -> Values:
    """A window of what a stage gave, its animals joined."""
    values: Values = {}
    each = call.declaration.scope == "individual"
    wanted = range(len(parts)) if animals is None or not each else animals
    for key, dims, _ in call.results:
        arrays = [parts[place][key] for place in wanted]
        if "time" in dims:
            arrays = [array[..., window.start : window.stop] for array in arrays]
        values[key] = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return values


STRETCH = 2**16
"""Frames at a time in which the inputs of a stage are made."""


def run_stage(
    call: Call,
    below: Program,
    window: Window | None,
    given: Sequence[Any],
    stages: Sequence[Sequence[Values]],
    animal: int | None,
) -> Values:
    """What a stage gives for one recording, by key: for one animal, or for all.

    Parameters
    ----------
    call
        Any variable of the stage.
    below
        The program of what it reads.
    window
        The whole recording; None where it has no frames.
    given, stages
        As for `run_block`, of the recording alone.
    animal
        The animal, or None for all of them.
    """
    animals = None if animal is None else (animal,)
    if window is None:
        return _unknown(call, animals)
    ready = {stage.job: parts for stage, parts in zip(below.stages, stages, strict=True)}
    alone = animals if alone_below(call) else None
    pieces: dict[str, list[Array]] = {}
    for piece in _pieces(window, below.halo):
        for name, values in run_window(below, piece, given, ready, alone).items():
            if animals is not None and alone is None:
                values = _of_animals(values, below.nodes[name].dims, animals)
            pieces.setdefault(name, []).append(values)
    series = {
        name: np.concatenate(parts, axis=-1) if "time" in below.nodes[name].dims else parts[0]
        for name, parts in pieces.items()
    }
    try:
        return run_call(call, Held(below.along, below.parts, animals), series, window)
    except KernelFailed as error:
        raise _named(error, window) from error


def _pieces(window: Window, halo: int) -> list[Window]:
    """A recording, stretch by stretch, each with its halo."""
    found = []
    for start in range(0, window.n_frames, STRETCH):
        stop = min(start + STRETCH, window.n_frames)
        first, last = max(start - halo, 0), min(stop + halo, window.n_frames)
        trim = slice(start - first, stop - first)
        found.append(replace(window, start=first, stop=last, trim=trim))
    return found


def alone_below(call: Call) -> bool:
    """Whether one animal's inputs can be made without the others."""
    return all(_is_alone(node) for node in call.inputs)


def _is_alone(node: Node) -> bool:
    if not isinstance(node, Call):
        return "partner" not in node.dims
    own = node.declaration.scope == "individual"
    return own and (node.is_stage or alone_below(node))


def _of_animals(values: Array, dims: tuple[str, ...], animals: tuple[int, ...]) -> Array:
    return members(values, dims.index("individual"), animals) if "individual" in dims else values


def _unknown(call: Call, animals: tuple[int, ...] | None) -> Values:
    """What a recording without frames gives."""
    sizes = {**call.sizes, "time": 0}
    if animals is not None:
        sizes["individual"] = len(animals)
    return {
        key: np.full([sizes[dim] for dim in dims], missing_of(output), output.dtype)
        for key, dims, output in call.results
    }


def place_block(
    results: Mapping[int, Values],
    name: str,
    shape: tuple[int, ...],
    rows: tuple[int, int],
) -> Array:
    """One output of a block as the lazy array needs it: padding unknown, labels 1, 0, NaN."""
    block = np.empty((rows[1] - rows[0], *shape), np.float32)
    for row in range(*rows):
        own = block[row - rows[0], ...]
        if row not in results:
            own[...] = np.nan
            continue
        array = results[row][name]
        if array.ndim:
            own[..., array.shape[-1] :] = np.nan
            own = own[..., : array.shape[-1]]
        own[...] = array
        if array.dtype.kind == "i":
            np.copyto(own, np.float32(np.nan), where=array < 0)
    return block
