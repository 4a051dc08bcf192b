"""The files of a cohort: which they are, what each holds, and which cannot be used."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ethoflow.engine.schedule import Progress, WorkerLost, run_tasks
from ethoflow.errors import FEWER, OutOfMemory
from ethoflow.io.catalogue import Catalogue, Evidence, question
from ethoflow.io.hdf5 import reaches_out
from ethoflow.io.loading import check, load
from ethoflow.io.options import DEFAULTS, Options, digest_of
from ethoflow.io.paths import PathLike, explain_folder, explain_pattern
from ethoflow.io.pieces import LONG, pieces_of
from ethoflow.io.reader import Reader, only_ours, reader_named
from ethoflow.io.recognition import recognise
from ethoflow.io.stack import Header, mismatch
from ethoflow.io.video import compare, look_beside
from ethoflow.place import refuse_url
from ethoflow.schema import DataError
from ethoflow.stamps import Stamp, expand, stamp_of


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
    for item in items:
        refuse_url(item, "tracking files")
    found = [Path(name) for name in expand(os.fspath(item) for item in items)]
    if not found:
        named = ", ".join(str(item) for item in items) or "an empty list"
        near = explain_pattern(os.fspath(items[0])) if items else ""
        raise DataError(f"no files: nothing is at {named}.{near}")
    if len(items) == 1 and found[0].is_dir() and len(found) == 1:
        raise DataError(f"{found[0]}: {explain_folder(found[0])}")
    return found


def scan(
    paths: PathLike | Sequence[PathLike],
    options: Options = DEFAULTS,
    *,
    fps: float | Literal["video"] | None = None,
    progress: Progress | None = None,
    catalogue: Catalogue | None = None,
) -> tuple[list[Header], list[Problem]]:
    """What each file holds, and the files that cannot be part of the cohort.

    Every file that the catalogue does not know is read once to find what is wrong with it, one task
    per file on the scheduler of the caller; a worker holds the arrays of one. What most files have
    sets the body parts (the first of equals), and the first of two recordings with one name is
    taken.

    Parameters
    ----------
    paths
        A pattern (``"tracks/*.h5"``), a path, or a list of them.
    options
        As for `read`.
    fps
        Frame rate the videos beside the files are held against.
    progress
        Called with files looked at and files in all.
    catalogue
        What is known of files from former runs; what is found now is added to it.

    Raises
    ------
    DataError
        No file is there.
    """
    files = find_files(paths)
    in_order = _look_at_all([path.absolute() for path in files], options, fps, progress, catalogue)
    headers: list[Header] = []
    problems: list[Problem] = []
    like = _most_common([h for result in in_order if not isinstance(result, str) for h in result])
    for i, path in enumerate(files):
        result = in_order[i]
        of_file = [] if isinstance(result, str) else result
        reason = result if isinstance(result, str) else _check_beside(of_file, headers, like)
        if reason:
            problems.append(Problem(str(path), reason))
        else:
            headers += [_note_twin(header, headers) for header in of_file]
    return headers, problems


def _look_at_all(
    files: Sequence[Path],
    options: Options,
    fps: float | Literal["video"] | None,
    progress: Progress | None,
    catalogue: Catalogue | None,
) -> list[list[Header] | str]:
    """The result of `_look` for each file, from the catalogue where it is known."""
    known = Catalogue() if catalogue is None or not only_ours() else catalogue
    asked = question(options, fps)
    looked = {i: known.find(path, asked) for i, path in enumerate(files)}
    found: dict[int, list[Header] | str] = {i: h for i, h in looked.items() if h is not None}
    held = f"scan-{uuid.uuid4().hex}"
    tasks: dict[Hashable, Any] = {
        (held, i): (_look_and_watch, path, options, fps)
        for i, path in enumerate(files)
        if i not in found
    }
    if progress is not None and found:
        progress(len(found), len(files))

    def hear(key: Any, result: tuple[list[Header] | str, Evidence | None]) -> None:
        number = key[1]
        answer, evidence = result
        found[number] = answer
        if evidence is not None and not isinstance(answer, str):
            known.add(files[number], asked, evidence, answer)
        if progress is not None:
            progress(len(found), len(files))

    try:
        run_tasks(tasks, set(tasks), hear)
    except WorkerLost as error:
        path = files[error.key[1]] if error.key in tasks else "a file"  # type: ignore[index]
        raise OutOfMemory(
            f"{path}: workers ended, again and again, while they had this file to read; most "
            f"likely their memory was not enough. {FEWER}"
        ) from error
    return [found[i] for i in range(len(files))]


def _look_and_watch(
    path: Path, options: Options, fps: float | Literal["video"] | None
) -> tuple[list[Header] | str, Evidence | None]:
    """The result of `_look` and its evidence; None where it may not hold for long.

    A file that cannot be read is looked at again: what it lacks may be installed by then.
    """
    now, evidence = time.time_ns(), Evidence.of(path)
    answer = _look(path, options, fps)
    if isinstance(answer, str) or not answer or evidence is None or not evidence.is_settled(now):
        return answer, None
    lasts = reader_named(answer[0].format).lasts and not reaches_out(path)
    return answer, evidence if lasts and Evidence.of(path) == evidence else None


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
        stamp = stamp_of(path) if path.is_file() else ()  # before: a later change must show
        digest = digest_of(path, options) if path.is_file() else ""
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
    path: Path, found: Reader, options: Options, digest: str, stamp: Stamp
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
