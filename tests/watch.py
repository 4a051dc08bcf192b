"""Hears of every file operation of this process below a folder, before it happens."""

from __future__ import annotations

import itertools
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Act = Callable[[int, str, str], None]
"""Called with number, name and path of an operation."""


class _Watch:
    """Calls `act` with number, name and path of every file operation below a folder.

    Python tells of them before they happen. A file that is written under another name first is
    reported twice more when it takes its own: as ``half``, and as ``rename``.
    """

    def __init__(self) -> None:
        self.root, self.act = "", None
        self.lock = threading.RLock()
        self.added = False

    @contextmanager
    def on(self, root: Path, act: Act) -> Iterator[None]:
        if not self.added:
            sys.addaudithook(self.hear)  # for good: it cannot be taken out
            self.added = True
        self.root, self.act, self.count = f"{root}/", act, itertools.count(1)
        try:
            yield
        finally:
            self.act = None

    def hear(self, event: str, given: tuple[Any, ...]) -> None:
        if self.act is None or event not in _OPERATIONS:
            return
        name, path = _OPERATIONS[event](given)
        if name and path.startswith(self.root) and self.act is not None:
            with self.lock:
                if name == "rename" and _text(given[0]).endswith(".partial"):
                    self.act(next(self.count), "half", _text(given[0]))
                self.act(next(self.count), name, path)


def _text(path: Any, folder: int = -1) -> str:
    name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    return f"{os.readlink(f'/proc/self/fd/{folder}')}/{name}" if folder >= 0 else name


def _opened(given: tuple[Any, ...]) -> tuple[str, str]:
    path, mode, flags = given
    writes = set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
    return ("open" if writes else "", _text(path))


def _made(given: tuple[Any, ...]) -> tuple[str, str]:
    path = _text(given[0], given[2])
    return ("" if os.path.isdir(path) else "mkdir", path)


def _removed(name: str) -> Callable[[tuple[Any, ...]], tuple[str, str]]:
    def found(given: tuple[Any, ...]) -> tuple[str, str]:
        path = _text(given[0], given[1])
        return (name if os.path.lexists(path) else "", path)

    return found


_OPERATIONS: dict[str, Callable[[tuple[Any, ...]], tuple[str, str]]] = {
    "open": _opened,
    "os.mkdir": _made,
    "os.rename": lambda given: ("rename", _text(given[1])),
    "os.link": lambda given: ("link", _text(given[1])),
    "os.remove": _removed("remove"),
    "os.rmdir": _removed("rmdir"),
}

WATCH = _Watch()


class StoppedError(BaseException):
    """Raised where a thread of a library would not survive a KeyboardInterrupt."""


def stop_at(number: int) -> Act:
    """Interrupt this process, without killing it, at a file operation."""

    def act(i: int, _name: str, _path: str) -> None:
        if i == number:
            main = threading.current_thread() is threading.main_thread()
            raise KeyboardInterrupt if main else StoppedError

    return act


def kind_of(operation: str, path: str) -> str:
    """An operation and the kind of file it concerns, such as ``rename chunk``."""
    name = re.sub(r"\.[0-9a-f]{32}\.part(ial)?$", "", path)
    name = re.sub(r"-[0-9a-f]{32}\.npz$", "", name)
    *folders, last = name.split("/")
    if "progress" in folders or last == "progress":
        file = last if "." in last or last in ("journal", "record", "lock") else "progress folder"
    elif last == "zarr.json":
        file = "root document" if not folders else "document of a node"
    elif re.fullmatch(r"\d+|\d+(\.\d+)+|c", last) and operation not in ("mkdir", "rmdir"):
        numbers = re.search(r"(c?[\d./]*)$", name)
        deep = re.split(r"[./]", numbers.group(1).strip("c/.")) if numbers else []
        file = "chunk" if len(deep) >= 3 or last.endswith(".partial") else "small chunk"
        file += " beside" if "/c/" not in name and last != "c" else ""
    else:
        file = "folder" if operation in ("mkdir", "rmdir") else "other file"
    return f"{operation} {file}"
