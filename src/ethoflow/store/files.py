"""Files of a store, wherever it lies: written whole or not at all, listed, linked, taken away."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

from ethoflow.errors import DataError
from ethoflow.place import Place, Url, place
from ethoflow.store.local import LocalFiles
from ethoflow.store.objects import ObjectFiles, Stamp

PROGRESS = "progress"
"""Folder, beside the groups, of what only ethoflow reads: records, journals, the lock."""

Address: TypeAlias = str | Place
"""A path or URL, also as text: chunks are named by text, which is quicker to join."""


class Files(Protocol):
    """What a store needs of the place it lies at."""

    def read(self, path: str) -> bytes | None:
        """Content of a file; None where there is none."""

    def write(self, path: str, content: bytes) -> None:
        """Replace a file by `content` at once: readers see the old or the new."""

    def stamp(self, path: str) -> Stamp | None:
        """What changes with a file; None where there is none."""

    def sizes(self, folder: str) -> Callable[[str], int]:
        """Gives the bytes of a file of a folder, by its path; 0 where there is none."""

    def names(self, folder: str) -> list[str]:
        """Names of what is in a folder."""

    def link(self, source: str, target: str) -> None:
        """The same content under a second name, where there is a source."""

    def remove(self, path: str) -> None:
        """Take away a file or a folder, where it is there."""

    def clear(self, folder: str, gone: Callable[[str, str], bool], kept: Collection[str]) -> None:
        """Take out of the folders of a folder what is `gone`, but for the files `kept`.

        It is asked of the name of a folder, and of something in it.
        """

    def unlike(self, folder: str, wanted: Mapping[str, bytes]) -> list[str]:
        """Those of many files below a folder that do not hold what is `wanted`."""

    def sweep(self, folder: str, *, below: bool) -> None:
        """Take away what killed writers left half written in a folder, or also `below`."""


_LOCAL = LocalFiles()


def _files(path: Address) -> Files:
    if isinstance(path, Path) or "://" not in (text := str(path)):
        return _LOCAL
    return ObjectFiles.of(text.partition("://")[0])


def place_of(path: str | Place) -> Place:
    """Where a store lies, whatever it was called: links and ``..`` resolved.

    Raises
    ------
    DataError
        No store can lie there.
    """
    found = place(path)
    return found if isinstance(found, Url) else Path(os.path.realpath(found))


def is_local(path: Address) -> bool:
    """Whether a place is a path of this machine."""
    return isinstance(_files(path), LocalFiles)


def objects_of(path: Address) -> ObjectFiles:
    """The objects among which a URL lies."""
    found = _files(path)
    assert isinstance(found, ObjectFiles)
    return found


def write_file(path: Address, content: bytes) -> None:
    """Write a file: readers see the old content or the new."""
    _files(path).write(str(path), content)


def read_file(path: Address) -> bytes | None:
    """Content of a file, None where there is none."""
    return _files(path).read(str(path))


def stamp_of(path: Address) -> Stamp | None:
    """What changes with a file, None where there is none."""
    return _files(path).stamp(str(path))


def is_file(path: Address) -> bool:
    """Whether a file is there."""
    if isinstance(path, Path) or "://" not in str(path):
        return os.path.isfile(path)  # type: ignore[arg-type]
    return stamp_of(path) is not None


def size_of(path: str) -> int:
    """Bytes of a file; 0 where there is none."""
    return _files(path).sizes(path.rpartition("/")[0])(path)


def sizes_in(folder: Address) -> Callable[[str], int]:
    """Gives the bytes of a file below a folder, 0 where there is none; objects are listed once."""
    return _files(folder).sizes(str(folder))


def names_in(folder: Address) -> list[str]:
    """Names in a folder, in order; none where there is no folder."""
    return sorted(_files(folder).names(str(folder)))


def link(source: str, target: str) -> None:
    """The same content under a second name, where there is a source."""
    _files(source).link(source, target)


def remove(path: Address) -> None:
    """Take away a file or a folder, where it is there."""
    _files(path).remove(str(path))


def clear(folder: Address, gone: Callable[[str, str], bool], kept: Collection[str]) -> None:
    """Take out of the folders of a folder what is `gone`, but for the files `kept`."""
    _files(folder).clear(str(folder), gone, kept)


def unlike(folder: Address, wanted: Mapping[str, bytes]) -> list[str]:
    """Those of many files below a folder that do not hold what is `wanted`."""
    return _files(folder).unlike(str(folder), wanted)


def check_process(path: str) -> None:
    """Say so where a store in memory is looked for in another process than the one that made it.

    Raises
    ------
    DataError
        It is.
    """
    if path.startswith("memory://") and not is_file(f"{path}/zarr.json"):
        raise DataError(
            f"{path} is in the memory of one process, and this is another: use threads "
            "(dask.config.set(scheduler='threads'), --scheduler threads), or a store in a folder "
            "or at s3://."
        )


def sweep(folder: Address, *, below: bool) -> None:
    """Take away the unfinished files of killed runs in a folder, or also below it."""
    _files(folder).sweep(str(folder), below=below)
