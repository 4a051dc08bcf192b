"""Blocks and their windows: which frames a block owns, which it has to read, and where they lie."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from dask._task_spec import List, TaskRef

from ethoflow import store
from ethoflow.engine.declare import Array
from ethoflow.engine.program import Program
from ethoflow.engine.run import KernelFailed, Values, as_float, run_program
from ethoflow.engine.source import Source
from ethoflow.schema import count_frames


@dataclass(frozen=True)
class Window:
    """The frames of one recording that a block reads (`start` to `stop`) and owns (`trim`)."""

    row: int
    start: int
    stop: int
    trim: slice
    recording: str = ""


@dataclass(frozen=True)
class Grid:
    """Blocks of a request: bounds along recordings and time; lengths and names of recordings."""

    recordings: tuple[int, ...]
    times: tuple[int, ...]
    n_frames: tuple[int, ...]
    names: tuple[str, ...] = ()

    def window(self, row: int, start: int, stop: int, halo: int) -> Window | None:
        """What to read of a recording, as `make_window` says; it knows the recording's name."""
        found = make_window(row, start, stop, halo, self.n_frames[row])
        return replace(found, recording=self.names[row]) if found and self.names else found

    @cached_property
    def _row_stops(self) -> list[int]:
        return list(itertools.accumulate(self.recordings))

    def row_bounds(self, block: int) -> tuple[int, int]:
        """First and last (exclusive) row of a block."""
        return self._row_stops[block] - self.recordings[block], self._row_stops[block]

    @cached_property
    def time_bounds(self) -> list[tuple[int, int]]:
        """First and last (exclusive) frame of every block along time."""
        stops = np.cumsum(self.times).tolist()
        return list(zip([0, *stops[:-1]], stops, strict=True))


def make_grid(ds: xr.Dataset, chunks: tuple[tuple[int, ...], tuple[int, ...]] | None) -> Grid:
    """Grid of a dataset along the chunks of its data; one block where nothing is chunked."""
    counts = tuple(int(n) for n in count_frames(ds)) if "time" in ds.dims else (0,)
    whole = ((len(counts),), (ds.sizes.get("time", 0),))
    recordings, times = chunks or whole
    named = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ()
    names = tuple(map(str, named)) if len(named) == len(counts) else ()
    return Grid(recordings, times, counts, names)


def make_window(row: int, start: int, stop: int, halo: int, n_frames: int) -> Window | None:
    """What to read for the frames `start` to `stop` of a recording; None where all is padding."""
    stop = min(stop, n_frames)
    if stop <= start:
        return None
    first, last = max(start - halo, 0), min(stop + halo, n_frames)
    return Window(row, first, last, slice(start - first, stop - first))


def wanted_inputs(program: Program, windows: Sequence[Window], rows: tuple[int, int]) -> List:
    """What a block task has to be given for each source, in the order of the program.

    A stored source is read by the task itself, a source in memory travels with it (the window
    alone), and chunks of other arrays come as keys of their tasks.
    """
    return List(*(find_given(source, windows, rows) for source in program.sources))


def find_given(source: Source, windows: Sequence[Window], rows: tuple[int, int]) -> Any:
    """What a task has to be given of one source; see `wanted_inputs`."""
    if source.stored is not None:
        return source.stored
    if source.in_memory:
        return cut_memory(source, windows)
    first = min((window.start for window in windows), default=0)
    last = max((window.stop for window in windows), default=0)
    return List(*_find_chunks(source, rows, (first, last)))


def cut_memory(source: Source, windows: Sequence[Window]) -> dict[int, Array]:
    """The windows of a source in memory, by row."""
    rows = {w.row: source.array[w.row if source.has_recording else 0] for w in windows}
    if "time" not in source.dims:
        return rows
    return {w.row: rows[w.row][..., w.start : w.stop] for w in windows}


def _find_chunks(source: Source, rows: tuple[int, int], frames: tuple[int, int]) -> Iterator[List]:
    """Keys of the chunks that overlap `rows` and `frames`, each with the corner it starts at."""
    array, timed = source.data, "time" in source.dims
    row_axis = array.chunks[0] if source.has_recording else (1,)
    time_axis = array.chunks[-1] if timed else (1,)
    middle = (0,) * (array.ndim - source.has_recording - timed)
    row_starts, time_starts = source.chunk_starts
    for i, row in _overlapping(row_axis, row_starts, rows if source.has_recording else (0, 1)):
        for j, frame in _overlapping(time_axis, time_starts, frames if timed else (0, 1)):
            index = ((i,) if source.has_recording else ()) + middle + ((j,) if timed else ())
            yield List(row, frame, TaskRef((array.name, *index)))


def _overlapping(
    sizes: Sequence[int], starts: Sequence[int], bounds: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Chunks that overlap `bounds`, and where they start; found without looking at the others."""
    place = max(bisect.bisect_right(starts, bounds[0]) - 1, 0)
    while place < len(sizes) and starts[place] < bounds[1]:
        if starts[place] + sizes[place] > bounds[0]:
            yield place, starts[place]
        place += 1


def run_block(
    program: Program,
    windows: Sequence[Window],
    given: Sequence[Any],
    summaries: Sequence[Array],
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
        For each source: a stored array, values by row, or chunks with their corners.
    summaries
        For each summary its numbers, dims (recording of the block, individual).
    first_row
        Row of the block's first recording.
    """
    results = {}
    for window in windows:
        values: Values = {}
        for source, item in zip(program.sources, given, strict=True):
            values[source.key] = _read(program, source, item, window)
        for call, numbers in zip(program.summaries, summaries, strict=True):
            values[call.key] = numbers[window.row - first_row]
        try:
            results[window.row] = run_program(program, values, window.trim)
        except KernelFailed as error:
            where = f" (recording {window.recording})" if window.recording else ""
            raise KernelFailed(f"{error}{where}") from error
    return results


def read_source(source: Source, given: Any, window: Window) -> Array:
    """One source's window of one recording, dims without `recording`."""
    if isinstance(given, store.StoredArray):
        return _read_stored(given, source, window)
    if isinstance(given, dict):
        values: Array = given[window.row]
        return values
    return _join_chunks(source, given, window)


def _read(program: Program, source: Source, item: Any, window: Window) -> Array:
    """The same for a block's kernels: the body parts they need, contiguous."""
    values = read_source(source, item, window)
    held = program.parts.get(source.key)
    if held is not None and len(held) < source.sizes["bodypart"]:
        values = np.take(values, held, axis=source.dims.index("bodypart"))
    # Whole numbers (pixels of another tool) would divide like whole numbers.
    return np.ascontiguousarray(values, np.float32 if values.dtype.kind in "iub" else None)


def _read_stored(stored: store.StoredArray, source: Source, window: Window) -> Array:
    bounds = [(0, size) for size in stored.shape]
    if source.has_recording:
        bounds[0] = (window.row, window.row + 1)
    if "time" in source.dims:
        bounds[-1] = (window.start, window.stop)
    values = store.read_bounds(stored, bounds)
    return values[0] if source.has_recording else values


def _join_chunks(source: Source, chunks: Sequence[Any], window: Window) -> Array:
    parts = []
    for first_row, first_frame, chunk in chunks:
        row = window.row - first_row
        if source.has_recording:
            if not 0 <= row < chunk.shape[0]:
                continue
            chunk = chunk[row]
        if "time" in source.dims:
            a, b = window.start - first_frame, window.stop - first_frame
            chunk = chunk[..., max(a, 0) : max(b, 0)]
        parts.append(np.asarray(chunk))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def place_block(
    results: Mapping[int, Values],
    name: str,
    shape: tuple[int, ...],
    rows: tuple[int, int],
    is_label: bool,
) -> Array:
    """One output of a block as the lazy array needs it: padding unknown, labels 1, 0, NaN."""
    block = np.full((rows[1] - rows[0], *shape), np.nan, np.float32)
    for row, values in results.items():
        array = as_float(values[name]) if is_label else values[name]
        if array.ndim + 1 == block.ndim:
            block[row - rows[0]][..., : array.shape[-1]] = array
    return block
