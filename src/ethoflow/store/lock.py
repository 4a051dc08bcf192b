"""One writer at a time: a store is locked while somebody writes into it."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ethoflow.disk import CannotWrite, refusal
from ethoflow.place import Place
from ethoflow.schema import DataError
from ethoflow.store.files import PROGRESS, place_of, read_file, write_file
from ethoflow.store.groups import check_place
from ethoflow.store.lease import Lease


class StoreLocked(DataError):
    """Somebody else is writing into the store; the message says who."""


@contextmanager
def writing(path: str | Place) -> Iterator[None]:
    """Hold the store at `path` for writing; inside, others of the same thread may hold it again.

    In a folder the lock is the operating system's own: it ends with the process that holds it,
    however that ends. Among objects it is a `Lease`.

    Raises
    ------
    StoreLocked
        Another process, or another thread, is writing there.
    DataError
        The folder cannot be written to, or something else than a store is there.
    """
    folder = place_of(path) / PROGRESS
    check_place(path)
    with _held(path, folder) if isinstance(folder, Path) else _leased(path, folder):
        yield


@contextmanager
def _held(path: str | Place, folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock", timeout=0, is_singleton=True)
        first = not lock.is_locked
        lock.acquire()
    except Timeout:
        raise StoreLocked(_describe(path, read_file(folder / "writer.json"))) from None
    except OSError as error:
        raise _refuse(path, error) from error
    try:
        if first:
            _sign(path, folder)
        yield
    finally:
        lock.release()


@contextmanager
def _leased(path: str | Place, folder: Place) -> Iterator[None]:
    lease = Lease.of(str(folder / "lock"))
    holder = lease.take(_owner())
    if holder is not None:
        raise StoreLocked(_describe(path, holder))
    try:
        yield
    finally:
        lease.give_back()


def _sign(path: str | Place, folder: Path) -> None:
    """Tell others who is writing."""
    try:
        write_file(folder / "writer.json", json.dumps(_owner()).encode())
    except OSError as error:
        raise _refuse(path, error) from error


def _refuse(path: str | Place, error: OSError) -> DataError:
    return CannotWrite(refusal(error.errno or 0, str(path)))


def _owner() -> dict[str, str | int]:
    return {
        "user": _user(),
        "host": socket.gethostname(),
        "process": os.getpid(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]).strip() or "python",
        "since": datetime.now().isoformat(" ", "seconds"),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user on this machine
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _describe(path: str | Place, signed: bytes | None) -> str:
    try:
        owner = json.loads(signed or b"")
        who = (
            f"{owner['user']} on {owner['host']} (process {owner['process']}, `{owner['command']}`,"
            f" since {owner['since']})"
        )
    except (ValueError, KeyError, TypeError):  # it has only just begun
        who = "another process"
    return (
        f"{path} is being written by {who}. Wait until it has ended, or stop it, then run this "
        "again: nothing was changed."
    )
