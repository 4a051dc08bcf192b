"""By what files are known to be the same as before, and notes that show when they were damaged.

Needs no library that takes a while to import: it is used before anything else is.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable
from typing import Any, TypeAlias

import xxhash

SETTLED = 2_000_000_000
"""Nanoseconds after which a second change of a file cannot bear the stamp of the first."""

Stamp: TypeAlias = tuple[int, ...]


def stamp_of(path: str | os.PathLike[str]) -> Stamp:
    """By what a file is known to be the same: size, times of change, and its place on the disk.

    The time of the last change of content can be set at will, as copying does; that of the entry
    (``ctime``) cannot, save on Windows, where it is the time of creation.
    """
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def expand(names: Iterable[str]) -> list[str]:
    """Files named by paths and patterns; those of a pattern in order of name."""
    found: list[str] = []
    for name in names:
        if os.path.exists(name) or not glob.has_magic(name):
            found.append(name)
        else:
            found += sorted(glob.glob(name, recursive=True))
    return found


def folders_of(names: Iterable[str]) -> list[str]:
    """Folders that change when another file comes to fit a pattern, or goes."""
    found: dict[str, None] = {}
    for name in names:
        above = name
        while glob.has_magic(above) and not os.path.exists(above):
            above = os.path.dirname(above) or os.curdir
            found |= dict.fromkeys(one for one in expand([above]) if os.path.isdir(one))
    return list(found)


_SEAL = b'{"digest":"%s","content":'
_SEALED = len(_SEAL) - 2 + 32


def seal(content: dict[str, Any]) -> bytes:
    """JSON that carries the digest of what is in it."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return _SEAL % xxhash.xxh3_128_hexdigest(body).encode() + body + b"}"


def unseal(data: bytes) -> dict[str, Any]:
    """What `seal` was given.

    Raises
    ------
    ValueError
        Anything in it was changed since, or it is something else.
    """
    body = data[_SEALED:-1]
    if data != _SEAL % xxhash.xxh3_128_hexdigest(body).encode() + body + b"}":
        raise ValueError("the digest is not that of the content.")
    content: dict[str, Any] = json.loads(body)
    return content
