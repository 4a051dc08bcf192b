"""Many recordings as one lazy dataset: one task reads one recording when its numbers are needed."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from ethoflow.engine.schedule import Progress
from ethoflow.engine.source import RecordedLayer
from ethoflow.io.metadata import JoinReport, attach
from ethoflow.io.metadata_rows import MetadataSource, Placed, place_rows, read_rows
from ethoflow.io.options import Columns, Options, Repeats
from ethoflow.io.reader import PathLike, TrackingNote, load, naming
from ethoflow.io.scan import BrokenFile, Problem, scan, stamp_of
from ethoflow.io.stack import Float32, Header, Layout, layout_of, pad, stack_tracks
from ethoflow.schema import DataError, check_fps

if TYPE_CHECKING:
    import dask.array as da


class UnmatchedMetadata(UserWarning):
    """Recordings without a row of the metadata table, or rows without a recording."""


@dataclass(frozen=True)
class Cohort:
    """What became of a list of files: the dataset, the files left out, the metadata joined."""

    dataset: xr.Dataset
    problems: tuple[Problem, ...]
    report: JoinReport | None


def read_cohort(
    paths: PathLike | Sequence[PathLike],
    *,
    fps: float | None = None,
    metadata: MetadataSource | None = None,
    individuals: Sequence[str] | None = None,
    skeleton: Mapping[str, str] | None = None,
    columns: Columns | None = None,
    repeats: Repeats = "error",
    allow_pickle: bool = False,
    errors: Literal["raise", "warn"] = "raise",
) -> xr.Dataset:
    """Tracks of many files: lazy positions in px, one chunk per recording.

    Dims (recording, individual, bodypart, space, time); shorter recordings are padded with NaN and
    ``n_frames`` tells where they end. Every file is read once now, to check it, and again when its
    numbers are needed.

    Parameters
    ----------
    paths
        A pattern (``"tracks/*.h5"``), or a list of files.
    fps
        Frames per second of all recordings; else a column ``fps`` of the metadata gives it.
    metadata
        A CSV file or a DataFrame with a row per recording; its columns become coordinates.
    individuals, skeleton, columns, repeats, allow_pickle
        As for `read`.
    errors
        ``"warn"`` leaves broken files out with a warning each (`BrokenFile`).

    Raises
    ------
    DataError
        A file cannot be used (all of them are listed), the frame rate is missing or differs, or no
        row of the metadata fits.
    """
    if errors not in ("raise", "warn"):
        raise ValueError(f"errors must be 'raise' or 'warn', found {errors!r}.")
    options = Options.of(individuals, columns, repeats, allow_pickle)
    headers, problems = scan(paths, options)
    if problems and (errors == "raise" or not headers):
        raise DataError(_list_problems(problems, len(headers)))
    cohort = _assemble(
        headers, problems, fps=fps, metadata=metadata, options=options, skeleton=skeleton
    )
    for note in cohort.dataset.attrs.get("notes", []):
        warnings.warn(note, TrackingNote, stacklevel=2)
    for problem in cohort.problems:
        warnings.warn(str(problem), BrokenFile, stacklevel=2)
    if cohort.report is not None and not cohort.report.complete:
        warnings.warn(str(cohort.report), UnmatchedMetadata, stacklevel=2)
    return cohort.dataset


def open_cohort(
    paths: PathLike | Sequence[PathLike],
    *,
    fps: float | None = None,
    metadata: MetadataSource | None = None,
    individuals: Sequence[str] | None = None,
    skeleton: Mapping[str, str] | None = None,
    columns: Columns | None = None,
    repeats: Repeats = "error",
    allow_pickle: bool = False,
    progress: Progress | None = None,
) -> Cohort:
    """The same as `read_cohort`, with what went wrong as values instead of warnings.

    Raises
    ------
    DataError
        No file can be used, the frame rate is missing or differs, or no row of the metadata fits.
    """
    options = Options.of(individuals, columns, repeats, allow_pickle)
    headers, problems = scan(paths, options, progress=progress)
    if not headers:
        raise DataError(_list_problems(problems, 0))
    return _assemble(
        headers, problems, fps=fps, metadata=metadata, options=options, skeleton=skeleton
    )


def _assemble(
    headers: Sequence[Header],
    problems: Sequence[Problem],
    *,
    fps: float | None,
    metadata: MetadataSource | None,
    options: Options,
    skeleton: Mapping[str, str] | None,
) -> Cohort:
    placed = None
    if metadata is not None:
        files = [Path(header.path).name for header in headers]
        placed = place_rows(read_rows(metadata), [header.name for header in headers], files)
    rate = _common_fps(fps, headers, placed)
    layout = layout_of(headers)
    arrays = _lazy_arrays(headers, layout, options)
    ds = stack_tracks(headers, layout, arrays, fps=rate, skeleton=skeleton)
    report = None
    if placed is not None:
        ds, report = attach(ds, placed)
    return Cohort(ds, tuple(problems), report)


def _list_problems(problems: Sequence[Problem], n_good: int) -> str:
    listed = "\n".join(f"  {problem}" for problem in problems)
    advice = f" (errors='warn' reads the other {n_good})" if n_good else ""
    return f"{len(problems)} of {len(problems) + n_good} files cannot be used{advice}:\n{listed}"


def _common_fps(fps: float | None, headers: Sequence[Header], placed: Placed | None) -> float:
    """The one frame rate of a cohort: of the call, of the metadata, or of the files."""
    stated = {} if placed is None else placed.fps()
    if not stated and fps is None:
        stated = {header.name: header.fps for header in headers if header.fps is not None}
    rates = dict.fromkeys(stated.values())
    if fps is not None:
        rates = dict.fromkeys([float(fps), *rates])
    if len(rates) > 1:
        listed = "; ".join(
            f"{rate:g}: {', '.join(name for name in stated if stated[name] == rate) or 'the call'}"
            for rate in rates
        )
        raise DataError(
            f"one cohort needs one frame rate, found {listed}. Read recordings of different fps "
            "as separate cohorts."
        )
    return check_fps(next(iter(rates), None), "the cohort")


@dataclass(frozen=True)
class _Source:
    """Where a task finds its recording, and what it must find there."""

    header: Header
    layout: Layout
    options: Options


def _read_again(source: _Source) -> dict[str, Float32]:
    path = Path(source.header.path)
    with naming(path):
        if not path.is_file():
            raise DataError("the file was there when the cohort was made and is gone now.")
        if stamp_of(path) != source.header.stamp:
            raise DataError("the file has changed since the cohort was made: read it again.")
        return pad(load(path, source.options)[source.header.part], source.layout)


def _lazy_arrays(
    headers: Sequence[Header], layout: Layout, options: Options
) -> dict[str, da.Array]:
    """The variables of the tracks; all take what one task per recording reads."""
    import dask.array as da
    from dask.base import tokenize
    from dask.highlevelgraph import HighLevelGraph

    sources = [_Source(header, layout, options) for header in headers]
    token = tokenize([(os.fspath(h.path), h.part, h.digest) for h in headers], layout, options)
    read = f"read-{token}"
    tasks: Any = {(read, i): (_read_again, source) for i, source in enumerate(sources)}
    shapes = {"position": layout.shape, "confidence": (*layout.shape[:2], layout.n_frames)}
    if layout.has_sd:
        shapes["position_sd"] = layout.shape
    arrays = {}
    for kind, shape in shapes.items():
        name = f"{kind}-{token}"
        picked = {
            (name, i, *[0] * len(shape)): (operator.getitem, (read, i), kind)
            for i in range(len(headers))
        }
        # The digest of a recording stands for its numbers: stored results know them again by it.
        graph = HighLevelGraph(
            {read: tasks, name: RecordedLayer(picked)}, {read: set(), name: {read}}
        )
        chunks = ((1,) * len(headers), *[(size,) for size in shape])
        arrays[kind] = da.Array(graph, name, chunks, dtype=np.float32)
    return arrays
