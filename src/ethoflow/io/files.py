"""Files as lazy arrays: one task reads one recording when its numbers are needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ethoflow.engine.sources import KnownLayer, Origin, chain
from ethoflow.io.clock import count_resampled, place_frames, set_clock
from ethoflow.io.loading import check, load
from ethoflow.io.options import DEFAULTS, Options, TimeUnit, digest_of
from ethoflow.io.paths import naming
from ethoflow.io.pieces import FRAMES, pieces_of
from ethoflow.io.reader import reader_named
from ethoflow.io.stack import Float32, Header, Layout, pad
from ethoflow.io.time_lists import read_times
from ethoflow.io.times import Times, begin
from ethoflow.schema import DataError
from ethoflow.stamps import stamp_of

if TYPE_CHECKING:
    import dask.array as da


@dataclass(frozen=True)
class FileSource:
    """A recording as a task reads it: its file, what must be in it, and the options."""

    header: Header
    options: Options
    fps: float | None = None
    times: str = ""
    times_digest: str = ""
    resample_fps: float | None = None
    anti_alias: bool = True

    @property
    def as_it_is(self) -> bool:
        """Whether the frames stay those of the file."""
        return not self.times and self.resample_fps is None


@dataclass(frozen=True)
class CameraTimes:
    """What a file with the times of frames makes of a recording: its rate, frames and begin."""

    path: str
    digest: str
    fps: float
    n_frames: int
    start: float
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        path: Path,
        n_frames: int,
        fps: float | None,
        resample_fps: float | None,
        unit: TimeUnit | None = None,
    ) -> CameraTimes:
        """Those of a recording of `n_frames`, placed on a clock of `fps` or to be resampled.

        Raises
        ------
        DataError
            They cannot be read, are not one for each frame, or do not lie on a regular clock.
        """
        times = read_times(path, unit, fps)
        if len(times) != n_frames:
            raise DataError(f"{path}: {len(times)} times for {n_frames} frames; needed one each.")
        known = str(path), digest_of(path, DEFAULTS)
        if resample_fps is None:
            frames, rate = place_frames(times, fps)
            return cls(*known, rate, int(frames[-1]) + 1, *begin(times))
        length = count_resampled(float(times[-1] - times[0]), resample_fps)
        usual = 1 / float(np.median(np.diff(times))) if len(times) > 1 else resample_fps
        return cls(*known, usual, length, *begin(times))


def sources_of(
    headers: Sequence[Header],
    rates: Mapping[str, float],
    clocks: Mapping[str, CameraTimes],
    resample_fps: float | None,
    options: Options,
    *,
    anti_alias: bool,
) -> list[FileSource]:
    """Sources of recordings with their own clocks; headers are of what the clocks make of them.

    Raises
    ------
    DataError
        A recording is to be resampled and its frame rate is not known.
    """
    unknown = [header.name for header in headers if header.name not in rates]
    if resample_fps is not None and unknown:
        raise DataError(
            f"resampling needs the frame rate of every recording; it is not known for: "
            f"{', '.join(unknown)}. Give fps, or a column fps in the metadata."
        )
    sources = []
    for header in headers:
        clock, fps = clocks.get(header.name), rates.get(header.name)
        if clock is None and resample_fps is None:
            sources.append(FileSource(header, options))
            continue
        found = _on_clock(header, clock, fps, resample_fps, anti_alias)
        of_times = ("", "") if clock is None else (clock.path, clock.digest)
        sources.append(FileSource(found, options, fps, *of_times, resample_fps, anti_alias))
    return sources


def _on_clock(
    header: Header,
    clock: CameraTimes | None,
    fps: float | None,
    resample_fps: float | None,
    anti_alias: bool,
) -> Header:
    if clock is not None:
        seen = f"{header.digest}@{clock.digest}:{fps!r}:{resample_fps!r}:{anti_alias}"
        note = f"its frames have the times of {Path(clock.path).name}"
        if resample_fps is None and clock.n_frames > header.n_frames:
            note += f"; the camera dropped {clock.n_frames - header.n_frames}, which are missing"
        notes = (*header.notes, f"{note}.", *clock.notes)
        if resample_fps is not None:
            notes += (f"resampled from {clock.fps:g} to {resample_fps:g} fps.",)
        return replace(header, n_frames=clock.n_frames, digest=seen, notes=notes, start=clock.start)
    assert fps is not None
    assert resample_fps is not None
    if fps == resample_fps:
        return header
    return replace(
        header,
        n_frames=count_resampled((header.n_frames - 1) / fps, resample_fps),
        start=header.origin(fps),
        digest=f"{header.digest}@{fps!r}:{resample_fps!r}:{anti_alias}",
        notes=(*header.notes, f"resampled from {fps:g} to {resample_fps:g} fps."),
    )


def read_again(source: FileSource, layout: Layout) -> dict[str, Float32]:
    """Variables of one recording, padded to the cohort's layout.

    Raises
    ------
    DataError
        The file is gone, or has changed since the cohort was made.
    """
    path = Path(source.header.path)
    with naming(path):
        _check_same(path, source)
        found = reader_named(source.header.format)
        tracks = load(path, source.options, found)[source.header.part]
        if source.times and digest_of(Path(source.times), DEFAULTS) != source.times_digest:
            raise DataError(f"{source.times} has changed since the cohort was made: read it again.")
        if not source.as_it_is:
            tracks = set_clock(
                tracks,
                source.fps,
                times=_times_of(source),
                resample_fps=source.resample_fps,
                anti_alias=source.anti_alias,
            )
        return pad(tracks, layout)


def _times_of(source: FileSource) -> Times | None:
    if not source.times:
        return None
    return read_times(Path(source.times), source.options.time_unit, source.fps)


def read_piece_again(source: FileSource, layout: Layout, number: int) -> dict[str, Float32]:
    """The same of one piece of a long file."""
    header = source.header
    path = Path(header.path)
    with naming(path):
        _check_same(path, source)
        pieces = pieces_of(header.format)
        assert pieces is not None
        start, stop = header.marks[number : number + 2]
        tracks = check(pieces.read(path, start, stop))
        n_frames = min(FRAMES, layout.n_frames - number * FRAMES)
        return pad(tracks, replace(layout, n_frames=n_frames))


def _check_same(path: Path, source: FileSource) -> None:
    if not path.is_file():
        raise DataError("the file was there when the cohort was made and is gone now.")
    if stamp_of(path) == source.header.stamp and not source.options.allow_links:
        return
    # A stamp also changes with the rights of a file or its links: then its content decides.
    if digest_of(path, source.options) != source.header.digest.partition("@")[0]:
        raise DataError("the file has changed since the cohort was made: read it again.")


def lazy_arrays(sources: Sequence[FileSource], layout: Layout) -> dict[str, da.Array]:
    """The variables of the tracks; all take what one task per recording (or piece of it) reads."""
    import dask.array as da
    from dask.base import tokenize
    from dask.highlevelgraph import HighLevelGraph

    known = [(os.fspath(s.header.path), s.header.part, s.header.digest) for s in sources]
    token = tokenize(known, layout, [source.options for source in sources])
    read = f"read-{token}"
    in_pieces = any(source.header.marks for source in sources) and layout.n_frames > FRAMES
    times = _piece_lengths(layout.n_frames) if in_pieces else (layout.n_frames,)
    tasks: dict[Any, Any] = {}
    places = {
        (i, j): _read_task(tasks, read, source, layout, i, j, len(times))
        for i, source in enumerate(sources)
        for j in range(len(times))
    }
    shapes = {"position": layout.shape, "confidence": (*layout.shape[:2], layout.n_frames)}
    if layout.has_sd:
        shapes["position_sd"] = layout.shape
    arrays = {}
    for kind, shape in shapes.items():
        name = f"{kind}-{token}"
        middle = (0,) * (len(shape) - 1)
        picked = {
            (name, i, *middle, j): (_pick, key, kind, b) for (i, j), (key, b) in places.items()
        }
        chunks = ((1,) * len(sources), *[(size,) for size in shape[:-1]], times)
        layer = KnownLayer(picked, _origin_of(sources, layout, kind), chunks)
        graph = HighLevelGraph({read: tasks, name: layer}, {read: set(), name: {read}})
        arrays[kind] = da.Array(graph, name, chunks, dtype=np.float32)
    return arrays


READING = 1
"""Version of what the readers make of a file; raised when they make other numbers of it."""


def _origin_of(sources: Sequence[FileSource], layout: Layout, kind: str) -> Origin:
    """What stands for the numbers of recordings: their files, and how they are laid out."""
    form = (kind, layout.n_individuals, layout.bodyparts, layout.n_space, layout.units, READING)
    digests = (chain([s.header.digest, str(s.header.part), repr(form)]) for s in sources)
    return Origin(tuple(digests), tuple(source.header.n_frames for source in sources))


def _piece_lengths(n_frames: int) -> tuple[int, ...]:
    return tuple(min(FRAMES, n_frames - start) for start in range(0, n_frames, FRAMES))


def _read_task(
    tasks: dict[Any, Any],
    read: str,
    source: FileSource,
    layout: Layout,
    row: int,
    number: int,
    n_pieces: int,
) -> tuple[Any, tuple[int, int] | None]:
    """Key of the task that reads a piece of a recording, and the frames of its result."""
    bounds = (number * FRAMES, min((number + 1) * FRAMES, layout.n_frames))
    if source.header.marks and source.as_it_is:
        if number < len(source.header.marks) - 1:
            tasks[read, row, number] = (read_piece_again, source, layout, number)
        else:
            tasks[read, row, number] = (_padding, layout, bounds[1] - bounds[0])
        return (read, row, number), None
    tasks[read, row] = (read_again, source, layout)
    return (read, row), bounds if n_pieces > 1 else None


def _padding(layout: Layout, n_frames: int) -> dict[str, Float32]:
    nothing = np.full((1, *layout.shape[:-1], n_frames), np.nan, np.float32)
    return {"position": nothing, "confidence": nothing[:, :, :, 0], "position_sd": nothing}


def _pick(variables: Mapping[str, Float32], name: str, bounds: tuple[int, int] | None) -> Float32:
    values = variables[name]
    return values if bounds is None else values[..., bounds[0] : bounds[1]]
