"""Many recordings as one dataset: what is wrong with their files, their rate, their metadata."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import xarray as xr

from ethoflow.engine.schedule import Progress
from ethoflow.errors import listed
from ethoflow.io.catalogue import Catalogue
from ethoflow.io.clock import check_resampling, contradict
from ethoflow.io.files import CameraTimes, lazy_arrays, sources_of
from ethoflow.io.metadata import (
    MetadataSources,
    attach,
    check_groups,
    list_tables,
    place_tables,
    stated_rates,
)
from ethoflow.io.metadata_rows import MetadataSource
from ethoflow.io.metadata_seats import Seated
from ethoflow.io.metadata_unmatched import JoinReport
from ethoflow.io.one_file import check_stated
from ethoflow.io.options import DEFAULTS, Columns, EmptyGroups, Options, Repeats, TimeUnit
from ethoflow.io.paths import PathLike, naming
from ethoflow.io.reader import TrackingNote
from ethoflow.io.scan import BrokenFile, Problem, find_files, scan
from ethoflow.io.stack import Counts, Header, layout_of, slot_names, stack_tracks
from ethoflow.io.twins import leave_twins
from ethoflow.io.video import find_video, recode
from ethoflow.points import make_points
from ethoflow.schema import DataError, check_fps
from ethoflow.skeleton import Skeleton


class UnmatchedMetadata(UserWarning):
    """Recordings without a row of the metadata table, or rows without a recording."""


@dataclass(frozen=True)
class Cohort:
    """What became of a list of files: the dataset, what was left out, joined and counted.

    `catalogue` is what is known of the files now, to be saved for the next time.
    """

    dataset: xr.Dataset
    problems: tuple[Problem, ...]
    reports: tuple[JoinReport, ...]
    counts: Counts
    catalogue: Catalogue = field(default_factory=Catalogue)


def read_cohort(
    paths: PathLike | Sequence[PathLike],
    *,
    fps: float | Literal["video"] | None = None,
    metadata: MetadataSources | None = None,
    empty_groups: EmptyGroups = "error",
    individuals: Sequence[str] | None = None,
    skeleton: Skeleton | None = None,
    resample_fps: float | None = None,
    anti_alias: bool = True,
    columns: Columns | None = None,
    repeats: Repeats = "error",
    allow_pickle: bool = False,
    time_unit: TimeUnit | None = None,
    allow_links: bool = False,
    errors: Literal["raise", "warn"] = "raise",
) -> xr.Dataset:
    """Tracks of many files: lazy positions in px, one chunk per recording.

    Dims (recording, individual, bodypart, space, time); shorter recordings are padded with NaN and
    ``n_frames`` tells where they end. Every file is read once now, to check it, and again when its
    numbers are needed.

    Parameters
    ----------
    paths
        A pattern (``"tracks/*.h5"``), or a list of files. Of several versions of one network's
        tracks of a video one is taken, as `ethoflow.io.twins.leave_twins` says.
    fps
        Frames per second of all recordings; else a column ``fps`` of the metadata gives it, or the
        files, or with ``"video"`` the videos beside them.
    metadata
        A CSV, TSV or Excel file or a DataFrame with a row per recording, or per animal (joined
        through ``animal``), or a list of them; columns become coordinates, which no computation
        reads. A column ``timestamps`` names files with the time of every frame, as for `read`,
        beside the table.
    empty_groups
        ``"allow"`` confirms that a group of the metadata has no recording.
    individuals, skeleton, columns, repeats, allow_pickle, time_unit, allow_links
        As for `read`.
    resample_fps, anti_alias
        As for `read`: brings recordings of different rates to one.
    errors
        ``"warn"`` leaves broken files out with a warning each (`BrokenFile`).

    Raises
    ------
    DataError
        A file cannot be used (all of them are listed), the frame rate is missing or differs, no row
        of the metadata fits, or a group comes out empty.
    """
    if errors not in ("raise", "warn"):
        raise DataError(f"errors must be 'raise' or 'warn', found {errors!r}.")
    cohort = open_cohort(
        paths,
        fps=fps,
        metadata=metadata,
        empty_groups=empty_groups,
        skeleton=skeleton,
        resample_fps=resample_fps,
        anti_alias=anti_alias,
        options=Options.of(individuals, columns, repeats, allow_pickle, time_unit, allow_links),
        leave_out=errors == "warn",
    )
    for note in cohort.dataset.attrs.get("notes", []):
        warnings.warn(note, TrackingNote, stacklevel=2)
    for problem in cohort.problems:
        warnings.warn(str(problem), BrokenFile, stacklevel=2)
    for report in cohort.reports:
        if not report.complete:
            warnings.warn(str(report), UnmatchedMetadata, stacklevel=2)
    return make_points(cohort.dataset, skeleton)


def open_cohort(
    paths: PathLike | Sequence[PathLike],
    *,
    fps: float | Literal["video"] | None = None,
    metadata: MetadataSources | None = None,
    empty_groups: EmptyGroups = "error",
    skeleton: Skeleton | None = None,
    resample_fps: float | None = None,
    anti_alias: bool = True,
    options: Options = DEFAULTS,
    leave_out: bool = True,
    progress: Progress | None = None,
    remembered: Path | None = None,
) -> Cohort:
    """The same as `read_cohort`, with what went wrong as values instead of warnings.

    Points that are made of others are no tracks, and are not in it.

    Parameters
    ----------
    leave_out
        Whether broken files are left out (the default), or are an error.
    progress
        Called with files looked at and files in all.
    remembered
        A file in which `Cohort.catalogue` was saved: files that did not change since are not read
        to check them. It need not be there.

    Raises
    ------
    DataError
        No file can be used, the frame rate is missing or differs, no row of the metadata fits, or a
        group comes out empty.
    """
    if empty_groups not in ("error", "allow"):
        raise DataError(f"empty_groups must be 'error' or 'allow', found {empty_groups!r}.")
    catalogue = Catalogue() if remembered is None else Catalogue.read(remembered)
    files, left = leave_twins(find_files(paths))
    headers, problems = scan(files, options, fps=fps, progress=progress, catalogue=catalogue)
    if problems and not (leave_out and headers):
        raise DataError(_list_problems(problems, len(headers)))
    tables = list_tables(metadata)
    seated = _place(tables, headers)
    clocks, late = _read_clocks(headers, seated, tables, fps, resample_fps, options.time_unit)
    problems += late
    if late and not (leave_out and len(late) < len(headers)):
        raise DataError(_list_problems(problems, len(headers) - len(late)))
    headers = [h for h in headers if h.path not in {problem.path for problem in late}]
    rates = _find_rates(fps, headers, seated, clocks, options)
    headers = [replace(h, notes=(*h.notes, *contradict(h.fps, rates.get(h.name)))) for h in headers]
    rate = _common_rate(rates) if resample_fps is None else check_resampling(resample_fps)
    sources = sources_of(headers, rates, clocks, resample_fps, options, anti_alias=anti_alias)
    headers = [source.header for source in sources]
    if late:
        seated = _place(tables, headers)
    if empty_groups == "error":
        check_groups(seated)
    layout = layout_of(headers)
    ds = stack_tracks(headers, layout, lazy_arrays(sources, layout), fps=rate, skeleton=skeleton)
    ds, reports = attach(ds, seated)
    if left:
        ds.attrs["notes"] = [*left, *ds.attrs.get("notes", [])]
    counts = Counts(*(sum(column) for column in zip(*(h.counts for h in headers), strict=True)))
    return Cohort(ds, tuple(problems), tuple(reports), counts, catalogue)


def _list_problems(problems: Sequence[Problem], n_good: int) -> str:
    listed = "\n".join(f"  {problem}" for problem in problems)
    advice = f" (errors='warn' reads the other {n_good})" if n_good else ""
    return f"{len(problems)} of {len(problems) + n_good} files cannot be used{advice}:\n{listed}"


def _place(tables: Sequence[MetadataSource], headers: Sequence[Header]) -> list[Seated]:
    labels = slot_names(max(header.n_individuals for header in headers))
    animals = [[*h.animals, *[""] * (len(labels) - len(h.animals))] for h in headers]
    files = [Path(header.path).name for header in headers]
    return place_tables(tables, [header.name for header in headers], files, animals, labels)


def _read_clocks(
    headers: Sequence[Header],
    seated: Sequence[Seated],
    tables: Sequence[MetadataSource],
    fps: float | Literal["video"] | None,
    resample_fps: float | None,
    unit: TimeUnit | None,
) -> tuple[dict[str, CameraTimes], list[Problem]]:
    """Times of the frames of each recording that the metadata name, and those that do not fit."""
    files: dict[str, Path] = {}
    for one, table in zip(seated, tables, strict=True):
        folder = Path(table).parent if isinstance(table, str | os.PathLike) else Path()
        files |= one.placed.clocks(folder)
    stated = stated_rates(seated)
    given = fps if isinstance(fps, float | int) else None
    clocks: dict[str, CameraTimes] = {}
    problems = []
    for header in headers:
        if header.name in files:
            try:
                rate = stated.get(header.name, given)
                clocks[header.name] = CameraTimes.of(
                    files[header.name], header.n_frames, rate, resample_fps, unit
                )
            except DataError as error:
                problems.append(Problem(header.path, str(error)))
    return clocks, problems


def _find_rates(
    fps: float | Literal["video"] | None,
    headers: Sequence[Header],
    seated: Sequence[Seated],
    clocks: Mapping[str, CameraTimes],
    options: Options,
) -> dict[str, float]:
    """Rate of each recording: of the call, the metadata, its camera's times, video, or file."""
    stated = stated_rates(seated)
    wrong = [rate for rate in stated.values() if isinstance(fps, float | int) and rate != fps]
    if wrong:
        raise DataError(_differ({**stated, "the call": float(fps or 0)}))
    found: dict[str, float | None] = {}
    for header in headers:
        if isinstance(fps, float | int):
            found[header.name] = float(fps)
        else:
            of_file = header.video_fps if fps == "video" else header.fps
            if header.name in clocks:
                of_file = clocks[header.name].fps
            elif header.name not in stated:
                with naming(Path(header.path)):
                    check_stated(of_file, options)
            found[header.name] = stated.get(header.name, of_file)
    known = {name: check_fps(rate, name) for name, rate in found.items() if rate is not None}
    if fps == "video" and len(known) < len(found):
        raise DataError(_no_video([h for h in headers if h.name not in known]))
    return known


def _no_video(headers: Sequence[Header]) -> str:
    """The recordings without a video, and the faults of the videos that are there."""
    beside = {h.name: find_video(Path(h.path)) for h in headers}
    shut = [video for video in beside.values() if video is not None]
    if shut:
        return f"{listed(shut, 3)} cannot be opened. {recode(shut[0])}"
    return (
        f"no video that can be opened lies beside: {listed(beside, 3)}. Needed one named as the "
        "file, or as the part of its name before 'DLC'. Give the rate as a number, fps=25 "
        "(--fps 25)."
    )


def _common_rate(rates: Mapping[str, float]) -> float:
    """The one frame rate of a cohort."""
    if len(set(rates.values())) > 1:
        raise DataError(_differ(rates))
    return check_fps(next(iter(rates.values()), None), "the cohort")


def _differ(rates: Mapping[str, float]) -> str:
    listed = "; ".join(
        f"{rate:.10g}: {', '.join(name for name in rates if rates[name] == rate)}"
        for rate in dict.fromkeys(rates.values())
    )
    return (
        f"one cohort needs one frame rate, found {listed}. Bring them to one with resample_fps "
        "(--resample-fps), or read recordings of different fps as separate cohorts."
    )
