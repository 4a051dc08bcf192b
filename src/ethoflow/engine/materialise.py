"""The materialising face: one task per block computes what is stale and writes its own region.

Nothing large travels: a task reads its window from the store and writes its outputs there. The
coordinating process alone records what is done, after the regions are written, so an interrupted
write resumes where it stopped and half a block never counts.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from dask._task_spec import Task

from ethoflow import store
from ethoflow.disk import CannotWrite, refusal
from ethoflow.engine.blocks import run_block
from ethoflow.engine.calls import Node, lineage_of
from ethoflow.engine.declare import Array
from ethoflow.engine.inputs import KernelFailed, as_float
from ethoflow.engine.kept import as_cohort
from ethoflow.engine.layout import Layout, plan_group
from ethoflow.engine.paused import Paused
from ethoflow.engine.program import Program, compile_program
from ethoflow.engine.schedule import Progress, WorkerLost, run_tasks
from ethoflow.engine.sources import source_of
from ethoflow.engine.tasks import Tasks
from ethoflow.engine.windows import Grid, Window, seats_of
from ethoflow.errors import FEWER, OutOfMemory
from ethoflow.origin import begin_at_slice
from ethoflow.place import Place
from ethoflow.schema import ORIGIN, Data, DataError, as_dataset, count_frames


@dataclass(frozen=True)
class Written:
    """What a write did: parts (a variable's block) written, parts fresh already, and where."""

    path: str
    group: str
    written: int
    fresh: int


def write(
    data: Data,
    path: str | Place,
    group: str = "tracks",
    *,
    keep: bool = True,
    drop: Collection[str] = (),
    progress: Progress | None = None,
    made_by: Mapping[str, Any] | None = None,
) -> Written:
    """Write a dataset into one group of a Zarr store, computing only what is missing or stale.

    A block is fresh where the digest of what it is made from (function, parameters, code of a
    user's own, and the digests of its inputs) equals the one it was written from. New recordings
    are appended, also longer ones. Readers see the group as it was until all of it is written, then
    the new one at once; an interrupted write is finished by the same call.

    Parameters
    ----------
    data
        A dataset of one recording or a cohort, lazy or not.
    path
        The store; made when it is not there.
    group
        ``"tracks"``, ``"poses"``, ``"features"``, ``"labels/rules"``, ...
    keep
        Keep variables and recordings of the group that are not in `data`; default True. Else the
        group becomes `data`.
    drop
        Variables to be taken out of the group.
    progress
        Called with blocks done and blocks in all.
    made_by
        Who made the data, as JSON can hold it: the stages of the pipeline say so, for
        ``ethoflow recipe``. It counts for nothing that is computed.

    Raises
    ------
    DataError
        The group holds other body parts, animals or another frame rate; two recordings have one
        name; a group and a variable would lie at one place, such as ``"poses/position"``; something
        else than a store is at `path`; it is damaged, or a function fails.
    store.StoreLocked
        Another process is writing into the store.

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
    store.check_group(group)
    with store.writing(path):
        try:
            place = str(store.place_of(path))
            request = _prepare(ds, place, group, keep=keep, drop=drop, made_by=made_by)
            return _run(request, progress)
        except store.DamagedChunk as error:
            _note(error)
            raise
        except OSError as error:
            raise CannotWrite(refusal(error.errno or 0, str(path), goes_on=GOES_ON)) from error


def list_stale(data: Data, path: str | Place, group: str) -> list[str]:
    """Variables of a group that are stored otherwise than `data` would be; nothing is written.

    Those that are only stored, only given, or have a block that a write would make anew.
    """
    ds, place = as_dataset(data), str(store.place_of(path))
    request = _prepare(ds, place, group, keep=False)
    stale = {n for n, some in zip(request.nodes, request.stale, strict=True) if some.any()}
    state = store.read_state(place) or store.State(place)
    stored = set(state.arrays(group)) & (set(state.known(group).variables) | set(ds.data_vars))
    given = set(map(str, ds.data_vars))
    rows = {"recording"} if request.names != state.known(group).recordings else set()
    return sorted(stale | (stored ^ given) | rows)


GOES_ON = " What is finished is kept: the same command goes on from here."


def _note(error: store.DamagedChunk) -> None:
    """Have a damaged chunk that was met made anew by the next run."""
    state = store.read_state(error.path)
    if state is not None and state.stamp(error.stored.group) == error.stored.stamp:
        with contextlib.suppress(OSError):
            store.note_damage(error.path, [error.place])


@dataclass(frozen=True, eq=False)
class _Request:
    """What is to be written: nodes by variable, the blocks of their recordings, the change."""

    nodes: Mapping[str, Node]
    grid: Grid
    layout: Layout
    change: store.Change
    names: tuple[str, ...]

    def places(self) -> list[int]:
        """Places of the nodes among the variables of the plan."""
        return [self.layout.plan.variables.index(name) for name in self.nodes]

    @property
    def needed(self) -> npt.NDArray[np.bool_]:
        """Blocks there are, dims (node, recording given, block)."""
        return self.layout.plan.needed[np.ix_(self.places(), self.layout.rows)]

    @property
    def stale(self) -> npt.NDArray[np.bool_]:
        """Blocks to write, dims as `needed`."""
        return self.change.todo[np.ix_(self.places(), self.layout.rows)]


def _prepare(
    ds: xr.Dataset,
    path: str,
    group: str,
    *,
    keep: bool,
    drop: Collection[str] = (),
    made_by: Mapping[str, Any] | None = None,
) -> _Request:
    nodes: dict[str, Node] = {}
    for name, array in ds.data_vars.items():
        call = lineage_of(ds, str(name))
        if call is not None or "time" in array.dims:
            nodes[str(name)] = call or source_of(array)
    small = as_cohort(ds.drop_vars(list(nodes)))
    counts = count_frames(ds) if "time" in ds.dims else small.n_frames.values
    counts = tuple(map(int, counts))
    begins = xr.Variable("recording", begin_at_slice(ds), ORIGIN)
    small = small.assign_coords(n_frames=("recording", np.array(counts, np.int64)), origin=begins)
    small = small.rename(store.keys_of([str(n) for n in small.coords if n not in small.dims]))
    state = store.read_state(path) or store.State(path)
    layout = plan_group(small, nodes, counts, state, group, keep=keep, drop=drop, made_by=made_by)
    n_blocks = max(-(-max(counts, default=0) // layout.block), 1)
    names = tuple(str(name) for name in small.recording.values)
    times = (layout.block,) * n_blocks
    grid = Grid((1,) * len(counts), times, counts, names, seats_of(small))
    return _Request(nodes, grid, layout, store.Change(state, layout.plan), names)


def _run(request: _Request, progress: Progress | None) -> Written:
    """Write the stale blocks, then let them be seen."""
    change = request.change
    change.begin()
    needed, stale = int(request.needed.sum()), request.stale
    tasks, wanted = _make_tasks(request, stale)
    heard = _Heard(request, wanted, progress)
    with _naming(request, wanted):
        run_tasks(tasks, set(wanted), heard.hear)
    change.finish(heard.numbers)
    _warn_of_left(change)
    written = int(stale.sum())
    return Written(change.state.path, request.layout.plan.group, written, needed - written)


@contextlib.contextmanager
def _naming(request: _Request, wanted: Mapping[Any, tuple[int, int]]) -> Iterator[None]:
    """Say what was too much for the memory or the disk, and how to go on."""
    group, path = request.layout.plan.group, request.change.state.path
    try:
        yield
    except WorkerLost as error:
        row, block = wanted.get(error.key, (None, None))
        what = "a recording" if row is None else f"recording {request.names[row]}, block {block}"
        raise OutOfMemory(
            f"{group}: workers ended, again and again, while they had {what} to make; most likely "
            f"their memory was not enough. {FEWER}{GOES_ON}"
        ) from error
    except MemoryError as error:
        raise OutOfMemory(
            f"{group}: the memory was not enough ({error}). {FEWER}{GOES_ON}"
        ) from error
    except Paused as error:
        raise OutOfMemory(f"{group}: {error}{GOES_ON}") from error
    except OSError as error:
        needed = _bytes_to_write(request)
        said = refusal(error.errno or 0, path, needed=needed, goes_on=GOES_ON)
        raise CannotWrite(said) from error


def _bytes_to_write(request: _Request) -> int:
    """Bytes of the blocks that were stale, before they are compressed."""
    documents = request.change.documents
    sizes = [
        math.prod(store.chunks_of(documents[name])) * request.change.target(name).dtype.itemsize
        for name in request.nodes
    ]
    return int(request.stale.sum(axis=(1, 2)) @ sizes)


def _warn_of_left(change: store.Change) -> None:
    left = change.describe_left()
    if left:
        more = f" and {len(left) - 3} others" if len(left) > 3 else ""
        warnings.warn(
            f"{change.state.path}: {'; '.join(left[:3])}{more} stay damaged: what they are made "
            "from is not among what was given. Give it, or make the group anew without them.",
            store.DamagedStore,
            stacklevel=4,
        )


@dataclass
class _Heard:
    """Hears of every finished task, and keeps its small results: numbers of whole recordings."""

    request: _Request
    wanted: Mapping[Any, tuple[int, int]]
    progress: Progress | None
    count: int = 0
    numbers: dict[str, dict[int, Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.progress:
            self.progress(0, len(self.wanted))

    def hear(self, key: Any, small: Mapping[str, Array]) -> None:
        """A task has written its chunks."""
        row = self.request.layout.rows[self.wanted[key][0]]
        for name, numbers in small.items():
            self.numbers.setdefault(name, {})[row] = numbers
        self.count += 1
        if self.progress:
            self.progress(self.count, len(self.wanted))


@dataclass(frozen=True, eq=False)
class Target:
    """Where tasks write: the variables stored in blocks, and the row of each recording.

    While the file `permit` is there, the writer they belong to is the one that may write.
    """

    arrays: Mapping[str, store.StoredArray]
    rows: tuple[int, ...]
    names: tuple[str, ...]
    permit: str

    @classmethod
    def of(cls, request: _Request) -> Target:
        """The target of a request."""
        change, whole = request.change, request.layout.plan.whole
        arrays = {name: change.target(name) for name in request.nodes if name not in whole}
        permit = store.journal_path(change.folder, change.token)
        return cls(arrays, request.layout.rows, request.names, str(permit))


def _make_tasks(
    request: _Request, stale: npt.NDArray[np.bool_]
) -> tuple[dict[Any, Any], dict[Any, tuple[int, int]]]:
    """Tasks of the stale blocks, and the recording and block that each stands for."""
    if not stale.any():
        return {}, {}
    grid, names = request.grid, list(request.nodes)
    tasks = Tasks(grid)
    target = tasks.hold(Target.of(request))
    wanted: dict[Any, tuple[int, int]] = {}
    programs: dict[tuple[str, ...], tuple[Program, Any]] = {}
    for row, block in np.argwhere(stale.any(axis=0)).tolist():
        some = tuple(names[i] for i in np.flatnonzero(stale[:, row, block]))
        if some not in programs:
            program = compile_program({n: request.nodes[n] for n in some})
            programs[some] = program, tasks.hold(program)
        program, held = programs[some]
        start, stop = grid.time_bounds[block]
        windows = grid.windows((row, row + 1), start, stop, program.halo)
        given = tasks.given(program, held, (row, row + 1), windows)
        key = (f"write-{held.key}", row, block)
        tasks.tasks[key] = Task(key, write_block, *given, target, block)
        wanted[key] = (row, block)
    tasks.add_sources(request.nodes.values())
    return tasks.tasks, wanted


def write_block(
    program: Program,
    windows: Sequence[Window],
    given: Sequence[Any],
    stages: Sequence[Any],
    row: int,
    target: Target,
    block: int,
) -> dict[str, Array]:
    """Compute one block of one recording and write it; gives its numbers of whole recordings."""
    try:
        results = run_block(program, windows, given, stages, row).get(row, {})
    except KernelFailed as error:
        raise DataError(f"{error}. {KEPT}") from error
    except MemoryError as error:
        raise OutOfMemory(
            f"the memory was not enough for {', '.join(program.outputs)} of recording "
            f"{target.names[row]}, block {block} ({error or 'no more is given'}). {FEWER}{GOES_ON}"
        ) from error
    if not store.is_file(target.permit):
        store.check_process(next(iter(target.arrays.values())).path)
        raise DataError("another process has taken over writing into this store.")
    for name, values in results.items():
        if name in target.arrays:
            store.write_chunk(target.arrays[name], target.rows[row], block, values)
    whole = {name: values for name, values in results.items() if name not in target.arrays}
    return {n: as_float(v) if v.dtype.kind == "i" else v for n, v in whole.items()}


KEPT = "What was stored before is kept: mend the function, then run the same command again."
"""What becomes of a write in which a function failed."""
