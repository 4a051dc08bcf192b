"""The files of a cohort: which they are, what each holds, and which cannot be used."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ethoflow.io.reader import PathLike, digest_of, load
from ethoflow.io.stack import Header, mismatch
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
    *,
    individuals: Sequence[str] | None = None,
    progress: Callable[[Path], None] | None = None,
) -> tuple[list[Header], list[Problem]]:
    """What each file holds, and the files that cannot be part of the cohort.

    Every file is read once to find what is wrong with it; the arrays of no more than one are in
    memory. The first good file sets the body parts, and the first of two with one name is taken.

    Parameters
    ----------
    paths
        A pattern (``"tracks/*.h5"``), a path, or a list of them.
    individuals
        As for `read`.
    progress
        Called with each file that was read.

    Raises
    ------
    DataError
        No file is there.
    """
    headers: list[Header] = []
    problems: list[Problem] = []
    for path in find_files(paths):
        try:
            digest = digest_of(path, individuals) if path.is_file() else ""
            parts = load(path, individuals)
            of_file = [Header.of(part, path.resolve(), i, digest) for i, part in enumerate(parts)]
            del parts
            for header in of_file:
                _check_beside(header, headers)
                headers.append(header)
        except (DataError, OSError) as error:
            problems.append(Problem(str(path), str(error)))
        if progress is not None:
            progress(path)
    return headers, problems


def _check_beside(header: Header, headers: Sequence[Header]) -> None:
    same = next((other for other in headers if other.name == header.name), None)
    if same is not None:
        raise DataError(
            f"the recording {header.name!r} is already read from {same.path}: names must differ "
            "within a cohort; rename one file, or give only one of them."
        )
    reason = mismatch(header, headers[0]) if headers else ""
    if reason:
        raise DataError(reason)
