"""The lock of a store among objects, which no system takes away from a writer that has died.

It is an object that is made where none is, by one request that only one writer can win. Its writer
writes it anew from time to time; who does not is taken for dead. A writer that was taken for dead
and was not cannot commit: the root document is replaced on condition that it is what it was.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ethoflow.disk import runs
from ethoflow.store.files import objects_of
from ethoflow.store.objects import ABSENT, ObjectFiles, Stamp

BEAT = 30.0
"""Seconds after which a writer writes its lock anew."""

LAPSE = 300.0
"""Seconds, on the server's clock, after which a lock that was not written anew is a dead one's."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Lease:
    """The lock at one URL, as this process holds it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.thread: tuple[int, int] | None = None
        self.count = 0
        self.token = ""
        self._owner: dict[str, str | int] = {}
        self._stamp: Stamp = ABSENT
        self._guard = threading.Lock()
        self._ended = threading.Event()

    @staticmethod
    @cache
    def of(url: str) -> Lease:
        """The only one of this process."""
        return Lease(url)

    @property
    def _objects(self) -> ObjectFiles:
        return objects_of(self.url)

    def take(self, owner: Mapping[str, str | int]) -> bytes | None:
        """Take it, once more in the thread that has it; else the text of its holder."""
        with self._guard:
            if self.count and self.thread == _thread():
                self.count += 1
                return None
            if self.count:
                return self._content()
            self.token = uuid.uuid4().hex
            self._owner = {**owner, "machine": _machine(), "token": self.token}
            holder = self._make()
            if holder is None:
                self.thread, self.count = _thread(), 1
                self._ended = threading.Event()
                beat = threading.Thread(target=self._beat, args=(self._ended,), daemon=True)
                beat.start()
            return holder

    def give_back(self) -> None:
        """Let others have it, once it is given back as often as it was taken."""
        with self._guard:
            self.count -= 1
            if self.count:
                return
            self.thread = None
            self._ended.set()
            if self._is_ours(self._objects.read(self.url)):
                self._objects.remove(self.url)

    def _content(self) -> bytes:
        return json.dumps(self._owner).encode()

    def _make(self) -> bytes | None:
        """Make the object, or replace that of a dead writer; else what a living one wrote."""
        if not self._objects.replace(self.url, self._content(), ABSENT):
            head, found = self._objects.head(self.url), self._objects.read(self.url)
            if not self._is_ours(found):  # an answer may be lost, and the request sent again
                dead = head is None or found is None or head.age > LAPSE or _has_ended(found)
                expected = ABSENT if head is None else head.stamp
                if not dead or not self._objects.replace(self.url, self._content(), expected):
                    return found or b""
        self._stamp = self._objects.stamp(self.url) or ABSENT
        return None

    def _is_ours(self, content: bytes | None) -> bool:
        return bool(_read(content).get("token") == self.token)

    def _beat(self, ended: threading.Event) -> None:
        """Write it anew, as long as it is ours."""
        beats = 0
        while not ended.wait(BEAT):
            beats += 1
            with self._guard:
                self._owner["beats"] = beats
                try:
                    if ended.is_set() or not self._renew():
                        return
                except ValueError:  # the server cannot be reached: perhaps the next time
                    continue

    def _renew(self) -> bool:
        if not self._objects.replace(self.url, self._content(), self._stamp):
            return False
        self._stamp = self._objects.stamp(self.url) or ABSENT
        return True


def _thread() -> tuple[int, int]:
    """The thread and its process: a fork has all that is in memory, and is another writer."""
    return os.getpid(), threading.get_ident()


def _read(content: bytes | None) -> dict[str, object]:
    try:
        return dict(json.loads(content or b"{}"))
    except (ValueError, TypeError):
        return {}


def _has_ended(content: bytes) -> bool:
    """Whether the writer was a process of this machine that is no more."""
    owner = _read(content)
    process = owner.get("process")
    here = _machine() and owner.get("machine") == _machine()
    return bool(here and isinstance(process, int) and not runs(process))


def _machine() -> str:
    """A name of this machine since its start; empty where it is not known."""
    try:
        return f"{socket.gethostname()} {_BOOT.read_text().strip()}"
    except OSError:
        return ""
