"""Files of a store: written whole or not at all, linked, and swept."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path

from ethoflow.place import Place, local_path, place

PROGRESS = "progress"
"""Folder, beside the groups, of what only ethoflow reads: records, journals, the lock."""

PARTIAL = ".partial"
"""How a file ends while it is being written, Zarr's own as well."""


def place_of(path: str | Place) -> Path:
    """Where a store lies, whatever it was called: links and ``..`` resolved.

    Raises
    ------
    DataError
        No store can lie there.
    """
    return Path(os.path.realpath(local_path(place(path), "stores")))


def write_file(path: Path, content: bytes) -> None:
    """Write beside, then rename: readers see the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}{PARTIAL}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read_file(path: Path) -> bytes | None:
    """Content of a file, None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def size_of(path: str) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def link(source: Path, target: Path) -> None:
    """The same content under a second name; a copy where the file system has no links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        write_file(target, source.read_bytes())


def remove(path: Path) -> None:
    """Take away a file or a folder, where it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def sweep(folder: Path) -> None:
    """Take away the unfinished files of killed runs below `folder`."""
    for file in folder.rglob(f"*{PARTIAL}"):
        file.unlink(missing_ok=True)
