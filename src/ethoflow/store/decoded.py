"""The chunks a process has decoded last, kept for whoever reads them next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy.typing as npt

DECODED_BYTES = 64 * 2**20
"""Decoded chunks a process keeps."""


class DecodedChunks:
    """The chunks decoded last, up to `DECODED_BYTES`, for all threads of a process."""

    def __init__(self) -> None:
        self.chunks: OrderedDict[Any, npt.NDArray[Any]] = OrderedDict()
        self.lock = threading.Lock()
        self.size = 0

    def keep(self, key: Hashable, read: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """What `read` gives now or gave before; not to be written to."""
        with self.lock:
            if key in self.chunks:
                self.chunks.move_to_end(key)
                return self.chunks[key]
        values = read()
        values.flags.writeable = False
        with self.lock:
            if key not in self.chunks:
                self.chunks[key] = values
                self.size += values.nbytes
            while self.size > DECODED_BYTES and len(self.chunks) > 1:
                self.size -= self.chunks.popitem(last=False)[1].nbytes
        return values


decoded = DecodedChunks()
