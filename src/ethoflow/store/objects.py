"""Files of a store among objects: each is written whole, and named by a key that has no folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol, TypeAlias

Stamp: TypeAlias = tuple[object, ...]

ABSENT: Stamp = ()
"""The stamp of what is not there."""


@dataclass(frozen=True)
class Head:
    """What is known of an object without its content: when it was written (ns), and how long ago.

    Both are by the clock of its server, `age` in s.
    """

    stamp: Stamp
    changed: int
    age: float


class Listed(NamedTuple):
    """One of many objects that were listed together."""

    key: str
    size: int
    stamp: Stamp = ABSENT


class Objects(Protocol):
    """What has to be known of a kind of object store; keys are URLs without their scheme."""

    def get(self, key: str) -> tuple[bytes, int] | None:
        """Content of an object, and when it was written (ns); None where there is none."""

    def put(self, key: str, content: bytes, expected: Stamp | None = None) -> bool:
        """Write an object, if what is there has the `expected` stamp; whether it did."""

    def head(self, key: str) -> Head | None:
        """What is known of an object; None where there is none."""

    def list(self, prefix: str, *, below: bool) -> Iterator[Listed]:
        """What begins so; if not `below`, up to the next slash, with it."""

    def stamp_for(self, content: bytes) -> Stamp:
        """The stamp that an object of this content has, as far as that can be told."""

    def delete(self, keys: Iterable[str]) -> None:
        """Take objects away, where they are there."""

    def copy(self, source: str, target: str) -> None:
        """The same content under a second key, where there is a source."""


@dataclass(frozen=True)
class ObjectFiles:
    """What a store needs of object stores of one scheme."""

    scheme: str
    objects: Objects

    @staticmethod
    @cache
    def of(scheme: str) -> ObjectFiles:
        """The object stores that a scheme stands for; connected to when they are first used."""
        if scheme == "memory":
            from ethoflow.store.memory import MemoryObjects

            return ObjectFiles(scheme, MemoryObjects())
        from ethoflow.store.s3 import S3Objects

        return ObjectFiles(scheme, S3Objects())

    def _key(self, url: str) -> str:
        return url.removeprefix(f"{self.scheme}://")

    def read(self, path: str) -> bytes | None:
        """Content of a file; None where there is none."""
        found = self.objects.get(self._key(path))
        return None if found is None else found[0]

    def read_with_time(self, path: str) -> tuple[bytes, int] | None:
        """Content of a file, and when it was written (ns); None where there is none."""
        return self.objects.get(self._key(path))

    def write(self, path: str, content: bytes) -> None:
        """Write an object, which is seen when all of it is there."""
        self.objects.put(self._key(path), content)

    def replace(self, path: str, content: bytes, expected: Stamp) -> bool:
        """Write an object if what is there is `expected`; whether it was written."""
        return self.objects.put(self._key(path), content, expected[:1])

    def head(self, path: str) -> Head | None:
        """What is known of a file; None where there is none."""
        return self.objects.head(self._key(path))

    def stamp(self, path: str) -> Stamp | None:
        """What the server says changes with the content, and when it was written (ns)."""
        found = self.head(path)
        return None if found is None else (*found.stamp, found.changed)

    def sizes(self, folder: str) -> Callable[[str], int]:
        """All are listed at once."""
        listed = self.objects.list(f"{self._key(folder)}/", below=True)
        found = {f"{self.scheme}://{one.key}": one.size for one in listed}
        return lambda path: found.get(path, 0)

    def names(self, folder: str) -> list[str]:
        """Names of what is in a folder."""
        start = f"{self._key(folder)}/"
        found = self.objects.list(start, below=False)
        return [one.key[len(start) :].rstrip("/") for one in found]

    def link(self, source: str, target: str) -> None:
        """A copy, which the server makes."""
        self.objects.copy(self._key(source), self._key(target))

    def remove(self, path: str) -> None:
        """Take away an object, and all below it."""
        key = self._key(path)
        keys = [one.key for one in self.objects.list(key, below=True)]
        self.objects.delete([k for k in keys if k == key or k.startswith(f"{key}/")])

    def clear(self, folder: str, gone: Callable[[str, str], bool], kept: Collection[str]) -> None:
        """Take out what is `gone`, but for the files `kept`."""
        start, stay = f"{self._key(folder)}/", {self._key(path) for path in kept}
        doomed = []
        for key in [one.key for one in self.objects.list(start, below=True)]:
            name, _, inside = key[len(start) :].partition("/")
            if key not in stay and gone(name, inside.partition("/")[0]):
                doomed.append(key)
        self.objects.delete(doomed)

    def unlike(self, folder: str, wanted: Mapping[str, bytes]) -> list[str]:
        """Those of many files of a folder that do not hold what is `wanted`, by one list."""
        listed = self.objects.list(f"{self._key(folder)}/", below=True)
        stamps = {f"{self.scheme}://{one.key}": one.stamp for one in listed}
        return [p for p, c in wanted.items() if stamps.get(p) != self.objects.stamp_for(c)]

    def sweep(self, folder: str, *, below: bool) -> None:
        """Nothing is ever half written."""
