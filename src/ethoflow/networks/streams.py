"""Windows of more pieces than there is room for: a part of them in memory, renewed all the time.

Pieces are read in turns. In a turn every piece comes as often as its chance says (where all have
the same, once), in an order that is drawn anew. Those read last lie in memory; windows are drawn of
them, and the oldest makes room. What is drawn depends on the seed, the pieces and the room for
them, and on nothing else: neither on how the cohort is stored nor on how quickly it is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ethoflow.engine.declare import Array
from ethoflow.networks.shelf import AT_ONCE
from ethoflow.networks.stretches import Stretches, gather

ROOM = 2**27
"""Bytes of pieces that lie in memory: those of fewer all do, and of others as many as fit."""
OF_A_GPU = 0.25
"""Share of the memory of a GPU that is room for pieces."""
AHEAD = 2
"""Groups of pieces that are read before they are asked for."""
FEWEST = 64
"""Pieces that lie in memory at least, however large they are."""


class Source(Protocol):
    """Pieces that are read when they are asked for; `Shelf` is one."""

    @property
    def channels(self) -> Mapping[str, int]:
        """Channels of every array, by its name."""
        ...

    @property
    def longest(self) -> int:
        """Frames of a piece as it is read."""
        ...

    @property
    def n_frames(self) -> Array:
        """Frames of every piece that windows are drawn of, (piece,)."""
        ...

    def read(self, pieces: Array) -> dict[str, Array]:
        """Some pieces of every array, float32 (piece, channel, frame)."""
        ...


def room_on(device: str) -> int:
    """Bytes of pieces that lie in the memory of a device."""
    if not device.startswith("cuda"):
        return ROOM
    return int(OF_A_GPU * torch.cuda.get_device_properties(device).total_memory)


def size_of_piece(source: Source) -> int:
    """Bytes of a piece."""
    return 4 * source.longest * sum(source.channels.values())


def load(source: Source, device: str) -> dict[str, Tensor]:
    """All pieces of a source in the memory of a device."""
    n = len(source.n_frames)
    held = _empty(source, n, device)
    for begin in range(0, n, AT_ONCE):
        some = np.arange(begin, min(begin + AT_ONCE, n))
        for name, array in source.read(some).items():
            held[name][begin : begin + len(some)] = torch.from_numpy(array)
    return held


def _empty(source: Source, n: int, device: str) -> dict[str, Tensor]:
    return {
        name: torch.empty(n, channels, source.longest, device=device)
        for name, channels in source.channels.items()
    }


def one_turn(chances: Array, seed: int, turn: int) -> Array:
    """Runs in the order in which they are read in a turn, as many as there are runs.

    A run of twice the chance comes twice as often: always where that is a whole number, else on
    average over turns.

    Examples
    --------
    >>> sorted(one_turn(np.full(5, 0.2), seed=0, turn=3).tolist())
    [0, 1, 2, 3, 4]
    >>> np.bincount(one_turn(np.array([0.5, 0.25, 0.25, 0.0]), seed=0, turn=0), minlength=4)
    array([2, 1, 1, 0])
    """
    random = np.random.default_rng([seed, turn])
    n = len(chances)
    edges = np.floor(np.cumsum(chances) * n + random.random() + 1e-9).clip(max=n)
    edges[-1] = n
    counts = np.diff(edges, prepend=0).astype(int)
    found: Array = random.permutation(np.repeat(np.arange(n), counts))
    return found


class Stream:
    """Draws windows of the pieces that lie in memory, while the next ones are read.

    A piece stays until about as many windows were drawn of all as it has room for side by side: so
    each frame that is read is trained on about once.
    """

    def __init__(
        self,
        source: Source,
        stretches: Stretches,
        length: int,
        chances: Array,
        generator: torch.Generator,
        *,
        seed: int,
        device: str = "cpu",
        room: int = ROOM,
    ) -> None:
        self.source, self.stretches, self.length = source, stretches, length
        self.chances, self.generator, self.seed = chances, generator, seed
        self.slots = max(room // size_of_piece(source), FEWEST)
        self.held = _empty(source, self.slots, device)
        self.run = np.zeros(self.slots, int)
        self.each = max(round(float(chances @ stretches.n_frames) / length), 1)
        self.waited = 0.0
        """Seconds for which nothing could be drawn, because it was being read."""
        self.drawn = self.read = 0
        self._next = self._reading(0)

    def seek(self, drawn: int) -> None:
        """Go on as if so many windows had been drawn already."""
        self.close()
        self.drawn = drawn
        self.read = drawn // self.each
        self._next = self._reading(self.read)

    def draw(self, n: int) -> dict[str, Tensor]:
        """`n` windows of every array, (window, channel, frame)."""
        self._renew(self.slots + self.drawn // self.each)
        slot = torch.randint(self.slots, (n,), generator=self.generator).numpy()
        share = torch.rand(n, generator=self.generator, dtype=torch.float64).numpy()
        run = self.run[slot]
        room = self.stretches.n_frames[run] - self.length + 1
        first = self.stretches.first[run] + (share * room).astype(int)
        self.drawn += n
        return gather(self.held, slot, first, self.length)

    def numbers(self) -> dict[str, float]:
        """How often all that there is to train on was passed, by the frames of the windows."""
        return {"passes": self.drawn * self.length / int(self.stretches.n_frames.sum())}

    def close(self) -> None:
        """Read no more."""
        self._next.close()

    def _renew(self, until: int) -> None:
        while self.read < until:
            run, piece = next(self._next)
            slot = self.read % self.slots
            for name, array in piece.items():
                self.held[name][slot] = torch.from_numpy(array)
            self.run[slot] = run
            self.read += 1

    def _reading(self, first: int) -> Generator[tuple[int, dict[str, Array]]]:
        """Runs from the one at place `first` on, without end, and what lies in their pieces."""
        with ThreadPoolExecutor(1, "ethoflow-stream") as thread:
            ahead: deque[tuple[Array, Future[dict[str, Array]]]] = deque()
            for runs in self._groups(first):
                pieces = self.stretches.piece[runs]
                ahead.append((runs, thread.submit(self.source.read, pieces)))
                if len(ahead) <= AHEAD:
                    continue
                own, later = ahead.popleft()
                begun = perf_counter()
                arrays = later.result()
                self.waited += perf_counter() - begun
                for place, run in enumerate(own.tolist()):
                    yield run, {name: array[place] for name, array in arrays.items()}

    def _groups(self, first: int) -> Iterator[Array]:
        turn, skip = divmod(first, len(self.chances))
        while True:
            order = one_turn(self.chances, self.seed, turn)[skip:]
            for begin in range(0, len(order), AT_ONCE):
                yield order[begin : begin + AT_ONCE]
            turn, skip = turn + 1, 0
