"""Files of a store in a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from ethoflow.store.objects import Stamp

PARTIAL = ".partial"
"""How a file ends while it is being written, Zarr's own as well."""


class LocalFiles:
    """What a store needs of a folder."""

    def read(self, path: str) -> bytes | None:
        """Content of a file; None where there is none."""
        try:
            return Path(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: str, content: bytes) -> None:
        """Write beside, then rename: readers see the old content or the new."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        beside = Path(f"{path}.{uuid.uuid4().hex}{PARTIAL}")
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def stamp(self, path: str) -> Stamp | None:
        """Place on the disk, time of change and size."""
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def sizes(self, _folder: str) -> Callable[[str], int]:
        """Every file is looked at when it is asked for."""
        return _size_of

    def names(self, folder: str) -> list[str]:
        """Names of what is in a folder."""
        try:
            return os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def link(self, source: str, target: str) -> None:
        """The same content under a second name; a copy where the file system has no links."""
        if not os.path.isfile(source):
            return
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            self.write(target, Path(source).read_bytes())

    def remove(self, path: str) -> None:
        """Take away a file or a folder, where it is there."""
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(path)

    def clear(self, folder: str, gone: Callable[[str, str], bool], kept: Collection[str]) -> None:
        """Take out what is `gone`, but for the files `kept`."""
        for name in self.names(folder):
            for entry in self.names(f"{folder}/{name}"):
                if gone(name, entry):
                    self._take_out(f"{folder}/{name}/{entry}", kept)

    def _take_out(self, path: str, kept: Collection[str]) -> None:
        """Remove a file or a folder, but for what is kept."""
        if path in kept:
            return
        if not os.path.isdir(path) or not any(file.startswith(f"{path}/") for file in kept):
            self.remove(path)
            return
        for file in Path(path).rglob("*"):
            if file.is_file() and str(file) not in kept:
                file.unlink()

    def unlike(self, _folder: str, wanted: Mapping[str, bytes]) -> list[str]:
        """Those of many files that do not hold what is `wanted`."""
        return [path for path, content in wanted.items() if self.read(path) != content]

    def sweep(self, folder: str, *, below: bool) -> None:
        """Take away the unfinished files of killed runs."""
        find = Path(folder).rglob if below else Path(folder).glob
        for file in find(f"*{PARTIAL}"):
            file.unlink(missing_ok=True)


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
