"""The files of a cohort: which they are, what each holds, and which cannot be used."""

from __future__ import annotations

import glob
import os
import uuid
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ethoflow.engine.schedule import Progress, run_tasks
from ethoflow.io.options import DEFAULTS, Options, digest_of
from ethoflow.io.pieces import LONG, pieces_of
from ethoflow.io.reader import PathLike, Reader, check, load, recognise
from ethoflow.io.stack import Header, mismatch
from ethoflow.io.video import compare, look_beside
from ethoflow.schema import DataError


class BrokenFile(UserWarning):
    """A file of a cohort that was left out; the message says which and why."""


@dataclass(frozen=True)
class Problem:
    """A file that cannot be used, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def find_files(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """Files named by a pattern, a path or a list of them; those of a pattern in order of name.

    Raises
    ------
    DataError
        Nothing is there.
    """
    items = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    found: list[Path] = []
    for item in items:
        name = os.fspath(item)
        if os.path.exists(name) or not glob.has_magic(name):
            found.append(Path(name))
        else:
            found += [Path(match) for match in sorted(glob.glob(name, recursive=True))]
    if not found:
        raise DataError(
            f"no files: nothing is at {', '.join(str(item) for item in items) or 'an empty list'}."
        )
    if len(items) == 1 and found[0].is_dir() and len(found) == 1:
        raise DataError(f"{found[0]} is a folder: name its files, as in {found[0] / '*.h5'}.")
    return found


def scan(
    paths: PathLike | Sequence[PathLike],
    options: Options = DEFAULTS,
    *,
    fps: float | Literal["video"] | None = None,
    progress: Progress | None = None,
) -> tuple[list[Header], list[Problem]]:
    """What each file holds, and the files that cannot be part of the cohort.

    Every file is read once to find what is wrong with it, one task per file on the scheduler of the
    caller; a worker holds the arrays of one. What most files have sets the body parts (the first of
    equals), and the first of two recordings with one name is taken.

    Parameters
    ----------
    paths
        A pattern (``"tracks/*.h5"``), a path, or a list of them.
    options
        As for `read`.
    fps
        Frame rate the videos beside the files are held against.
    progress
        Called with files read and files in all.

    Raises
    ------
    DataError
        No file is there.
    """
    files = find_files(paths)
    held = f"scan-{uuid.uuid4().hex}"
    tasks: dict[Hashable, Any] = {
        (held, i): (_look, path.absolute(), options, fps) for i, path in enumerate(files)
    }
    found: dict[int, list[Header] | str] = {}

    def hear(key: Any, result: list[Header] | str) -> None:
        found[key[1]] = result
        if progress is not None:
            progress(len(found), len(files))

    run_tasks(tasks, set(tasks), hear)
    headers: list[Header] = []
    problems: list[Problem] = []
    in_order = [found[i] for i in range(len(files))]
    like = _most_common([h for result in in_order if not isinstance(result, str) for h in result])
    for i, path in enumerate(files):
        result = found[i]
        of_file = [] if isinstance(result, str) else result
        reason = result if isinstance(result, str) else _check_beside(of_file, headers, like)
        if reason:
            problems.append(Problem(str(path), reason))
        else:
            headers += [_note_twin(header, headers) for header in of_file]
    return headers, problems


def _most_common(headers: Sequence[Header]) -> Header | None:
    """A recording with the body parts, coordinates and unit that most have."""
    kinds = [(frozenset(h.bodyparts), h.n_space, h.units) for h in headers]
    if not kinds:
        return None
    return headers[kinds.index(max(dict.fromkeys(kinds), key=kinds.count))]


def _note_twin(header: Header, others: Sequence[Header]) -> Header:
    """`header`, with a note where another recording has the same content."""
    key = header.digest, header.part
    twin = next((other.name for other in others if (other.digest, other.part) == key), None)
    if twin is None:
        return header
    note = f"its content is that of {twin}, to the byte."
    return replace(header, notes=(*header.notes, note))


def _look(path: Path, options: Options, fps: float | Literal["video"] | None) -> list[Header] | str:
    """Headers of the recordings in one file, or why it cannot be read."""
    try:
        digest = digest_of(path, options) if path.is_file() else ""
        stamp = stamp_of(path) if path.is_file() else ()
        found = recognise(path, options)
        headers = _look_in_pieces(path, found, options, digest, stamp)
        if headers is None:
            parts = load(path, options, found)
            headers = [
                Header.of(part, path.resolve(), i, digest, stamp, found.name)
                for i, part in enumerate(parts)
            ]
        else:
            parts = []
    except (DataError, OSError) as error:
        return str(error)
    video = look_beside(path) if len(headers) == 1 else None
    if video is None:
        return headers
    rate = fps if isinstance(fps, float | int) else headers[0].fps
    notes = compare(headers[0].n_frames, parts[0] if parts else None, video, rate)
    return [replace(headers[0], video_fps=video.fps, notes=(*headers[0].notes, *notes))]


def _look_in_pieces(
    path: Path, found: Reader, options: Options, digest: str, stamp: tuple[int, ...]
) -> list[Header] | None:
    """The header of a long file, looked through in bounded memory; None where that cannot be."""
    if path.stat().st_size < LONG:
        return None
    pieces = pieces_of(found.name)
    survey = pieces.look(path) if pieces is not None and options == DEFAULTS else None
    if survey is None:
        return None
    header = Header.of(check(survey.first), path.resolve(), 0, digest, stamp, found.name)
    return [replace(header, n_frames=survey.n_frames, marks=survey.marks, counts=survey.counts)]


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of change of a file, by which a task knows that it is still the same."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _check_beside(of_file: Sequence[Header], headers: Sequence[Header], like: Header | None) -> str:
    """Why the recordings of one file cannot join those of others; empty where they can."""
    taken = {header.name: header.path for header in headers}
    for header in of_file:
        if header.name in taken:
            return (
                f"the recording {header.name!r} is already read from {taken[header.name]}: names "
                "must differ within a cohort; rename one file, or give only one of them."
            )
        reason = mismatch(header, like or header)
        if reason:
            return reason
    return ""
