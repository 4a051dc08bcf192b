"""Objects in the memory of this process: those of fsspec's ``memory://``, which xarray reads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import xxhash
from fsspec.implementations.memory import MemoryFileSystem

from ethoflow.store.objects import ABSENT, Head, Listed, Stamp

_lock = threading.RLock()


class MemoryObjects:
    """What a store needs of them."""

    def __init__(self) -> None:
        self._files = MemoryFileSystem()

    def get(self, key: str) -> tuple[bytes, int] | None:
        """Content of an object, and when it was written (ns); None where there is none."""
        found = self._files.store.get(f"/{key}")
        if found is None:
            return None
        return bytes(found.getvalue()), int(found.modified.timestamp() * 1e9)

    def put(self, key: str, content: bytes, expected: Stamp | None = None) -> bool:
        """Write an object, if what is there has the `expected` stamp; whether it did."""
        with _lock:
            if expected is not None:
                found = self.head(key)
                if (ABSENT if found is None else found.stamp) != expected:
                    return False
            self._files.pipe_file(f"/{key}", content)
        return True

    def head(self, key: str) -> Head | None:
        """What is known of an object; None where there is none."""
        found = self.get(key)
        return None if found is None else Head(self.stamp_for(found[0]), found[1], 0.0)

    def stamp_for(self, content: bytes) -> Stamp:
        """The digest of the content."""
        return (xxhash.xxh3_128_hexdigest(content),)

    def list(self, prefix: str, *, below: bool) -> Iterator[Listed]:
        """What begins so; if not `below`, up to the next slash, with it."""
        start, found = f"/{prefix}", {}
        for path, file in list(self._files.store.items()):
            if path.startswith(start):
                inside, slash, _ = path[len(start) :].partition("/")
                key = (path if below or not slash else f"{start}{inside}/")[1:]
                content = bytes(file.getvalue())
                found[key] = Listed(key, len(content), self.stamp_for(content))
        yield from (found[key] for key in sorted(found))

    def delete(self, keys: Iterable[str]) -> None:
        """Take objects away, where they are there."""
        for key in keys:
            self._files.store.pop(f"/{key}", None)

    def copy(self, source: str, target: str) -> None:
        """The same content under a second key, where there is a source."""
        found = self.get(source)
        if found is not None:
            self.put(target, found[0])
