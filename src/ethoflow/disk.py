"""What the system refuses when files are written: a full disk, a place that is only read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ethoflow.schema import DataError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""There is no room, the quota is used up, or files may not be as large."""
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
"""Nobody may write there, or this user may not."""


class CannotWrite(DataError):
    """A file could not be written; the message says which, why, and what to do."""


@contextmanager
def writing_to(path: str | Path, *, needed: int = 0, goes_on: str = "") -> Iterator[None]:
    """Say why `path` cannot be written, whatever a library makes of the system's refusal.

    Parameters
    ----------
    path
        What is written inside.
    needed
        How many bytes that is, where it is known: where there is less room nothing is begun.
    goes_on
        A sentence on what is kept, and how to go on.

    Raises
    ------
    CannotWrite
        It cannot be.
    """
    try:
        _check_room(path, needed, goes_on)  # libraries in C may go on after a write that failed
        yield
    except (DataError, ImportError):
        raise
    except Exception as error:
        number = reason_of(error)
        if number is None:
            _check_room(path, needed, goes_on)
            raise
        raise CannotWrite(refusal(number, path, needed=needed, goes_on=goes_on)) from error


@contextmanager
def beside(
    path: Path, *, needed: int = 0, goes_on: str = "", suffix: str | None = None
) -> Iterator[Path]:
    """A place to write a file that then takes its own: it is there whole or not at all.

    It ends in `suffix` where the library that writes wants one; as `path` does by default.

    Raises
    ------
    CannotWrite
        As `writing_to`.
    """
    ending = path.suffix if suffix is None else suffix
    part = path.with_name(f".{path.stem}{_mark(os.getpid())}{ending}")
    with writing_to(path, needed=needed, goes_on=goes_on):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def clear_parts(folder: Path) -> None:
    """Take away what processes of this machine that are no more began to write in `folder`."""
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            found = _PART.search(file.name)
            if found and not runs(int(found[1])) and _mark(int(found[1])) in file.name:
                file.unlink(missing_ok=True)


_PART = re.compile(r"^\..*\.ethoflow-[0-9a-f]{8}-(\d+)\.part")


def _mark(process: int) -> str:
    """What the name of a file says of the process that writes it."""
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    return f".ethoflow-{host}-{process}.part"


def runs(process: int) -> bool:
    """Whether a process of this machine is there; True where that cannot be asked."""
    if sys.platform == "win32":  # where asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is that of another user, or the system has no such question
        return True
    return True


def _check_room(path: str | Path, needed: int, goes_on: str = "") -> None:
    if needed > shutil.disk_usage(_existing(Path(path))).free:
        raise CannotWrite(refusal(errno.ENOSPC, path, needed=needed, goes_on=goes_on))


def refusal(number: int, path: str | Path, *, needed: int = 0, goes_on: str = "") -> str:
    """A sentence on why `path` cannot be written: `number` is that of the system's error.

    `needed` are the bytes that would be written, where that is known.
    """
    what = f"{path} cannot be written to ({os.strerror(number)}): "
    if number in FULL:
        return f"{what}{_describe_room(path, needed)}. Free some, or choose another place.{goes_on}"
    if number in CLOSED:
        return f"{what}choose a place where you may write, or ask for the right to.{goes_on}"
    return f"{what}choose another place, or look after the disk.{goes_on}"


def reason_of(error: BaseException | None) -> int | None:
    """Number of the system's error behind another one; None where it refused nothing.

    Libraries in C tell it in words alone.
    """
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        if number in (*FULL, *CLOSED, errno.EIO):
            return number
        words = f"{error} {getattr(error, 'h5backtrace', '')}"  # PyTables keeps them apart
        said = re.search(r"errno[ =]+(\d+)", words)
        if said and int(said[1]) in (*FULL, *CLOSED):
            return int(said[1])
        for known in (*FULL, errno.EROFS):
            if os.strerror(known) in words:
                return known
        error = error.__cause__ or error.__context__
    return None


def _describe_room(path: str | Path, needed: int) -> str:
    place = _existing(Path(path))
    wanted = f"; up to {_size(needed)} are to be written" if needed else ""
    try:
        room = shutil.disk_usage(place)
    except OSError:
        return f"there is no room left{wanted}"
    mount = _mount_of(place)
    return f"the file system at {mount} has {_size(room.free)} of {_size(room.total)} free{wanted}"


def _existing(path: Path) -> Path:
    """The nearest folder above that is there."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def _mount_of(place: Path) -> Path:
    place = Path(os.path.realpath(place))
    while not os.path.ismount(place):
        place = place.parent
    return place


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"
