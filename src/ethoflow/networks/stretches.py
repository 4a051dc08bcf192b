"""Which stretches of the pieces are trained on, and which are kept to see when to stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError

FEWEST = 3
"""Recordings from which on some are held out whole; of fewer, blocks are."""
FEWEST_PIECES = 6
"""Pieces from which on such blocks are whole pieces; of fewer, they are the ends of all."""
SHORTEST = 16
"""Frames of a stretch without which nothing is trained."""


@dataclass(frozen=True)
class Stretches:
    """Runs of frames of pieces, (run,) each: from `first` on, `n_frames` long."""

    piece: Array
    first: Array
    n_frames: Array

    def longest(self) -> int:
        """Frames of the longest run."""
        return int(self.n_frames.max(initial=0))

    def chances(self, length: int, recording: Array, *, balanced: bool) -> Array:
        """Share of the draws that each run gets, by the windows of `length` it holds.

        With `balanced`, all recordings are drawn from equally often.
        """
        weight = np.clip(self.n_frames - length + 1, 0, None).astype(float)
        if balanced:
            _, own = np.unique(recording[self.piece], return_inverse=True)
            total = np.bincount(own, weights=weight)
            weight = weight / np.where(total > 0, total, 1)[own]
        out: Array = weight / weight.sum()
        return out

    def windows(self, length: int, most: int) -> tuple[Array, Array]:
        """Piece and first frame of windows side by side, at most `most`, spread over all."""
        starts = [
            np.arange(first, first + n - length + 1, length)
            for first, n in zip(self.first, self.n_frames, strict=True)
        ]
        piece = np.repeat(self.piece, [len(one) for one in starts])
        first = np.concatenate([*starts, np.array([], int)]).astype(int)
        take = np.unique(np.linspace(0, max(len(first) - 1, 0), most).astype(int))
        return (piece[take], first[take]) if len(first) else (piece, first)


def split_pieces(
    recording: Array, n_frames: int | Array, *, share: float, gap: int, seed: int
) -> tuple[Stretches, Stretches]:
    """Runs to train on and runs held out: recordings where there are three, else blocks.

    `n_frames` is that of all pieces, or of each, (piece,). Blocks are the last pieces of each
    recording, which a network never sees together with others, or where pieces are few their last
    frames, `gap` frames from what is trained on: no frame of one side is within reach of the other.

    Examples
    --------
    >>> train, held = split_pieces(np.repeat(np.arange(4), 5), 100, share=0.2, gap=14, seed=0)
    >>> len(train.piece), len(held.piece), held.longest()
    (15, 5, 100)
    >>> train, held = split_pieces(np.zeros(1, int), 1000, share=0.2, gap=14, seed=0)
    >>> train.longest(), held.first, held.longest()
    (786, array([800]), 200)
    """
    pieces = np.arange(len(recording))
    long = np.broadcast_to(n_frames, pieces.shape)
    names = np.unique(recording)
    if share <= 0:
        return _whole(pieces, long), _whole(pieces[:0], long)
    if len(names) >= FEWEST:
        n = min(max(round(share * len(names)), 1), len(names) - 2)
        held = np.isin(recording, np.random.default_rng(seed).permutation(names)[:n])
        return _whole(pieces[~held], long), _whole(pieces[held], long)
    if len(pieces) >= FEWEST_PIECES:
        own = [np.flatnonzero(recording == name) for name in names]
        last = [row[len(row) - round(share * len(row)) :] for row in own]
        held = np.isin(pieces, np.concatenate(last) if any(map(len, last)) else own[-1][-1:])
        return _whole(pieces[~held], long), _whole(pieces[held], long)
    kept = np.rint(share * long).astype(int)
    before = np.maximum(long - kept - gap, 0)
    return Stretches(pieces, np.zeros_like(pieces), before), Stretches(pieces, long - kept, kept)


def _whole(pieces: Array, n_frames: Array) -> Stretches:
    return Stretches(pieces, np.zeros_like(pieces), n_frames[pieces])


@dataclass
class Sampler:
    """Draws windows by index, with a generator of its own, and gathers them where the data lie."""

    arrays: dict[str, Tensor]
    stretches: Stretches
    length: int
    chances: Array
    generator: torch.Generator

    def seek(self, drawn: int) -> None:
        """Go on as if so many windows had been drawn already: nothing but the generator knows."""

    def numbers(self) -> dict[str, float]:
        """Nothing more is to be told."""
        return {}

    def close(self) -> None:
        """Nothing is left open."""

    def draw(self, n: int) -> dict[str, Tensor]:
        """`n` windows of every array, (window, channel, frame)."""
        run = torch.multinomial(
            torch.from_numpy(self.chances), n, replacement=True, generator=self.generator
        ).numpy()
        room = self.stretches.n_frames[run] - self.length + 1
        share = torch.rand(n, generator=self.generator, dtype=torch.float64).numpy()
        first = self.stretches.first[run] + (share * room).astype(int)
        return gather(self.arrays, self.stretches.piece[run], first, self.length)


def gather(arrays: dict[str, Tensor], piece: Array, first: Array, length: int) -> dict[str, Tensor]:
    """Windows that begin at `first` of `piece`; the view of all windows is indexed, not made."""
    out = {}
    for name, array in arrays.items():
        if array.device.type == "cpu":
            rows = [
                array[p, :, f : f + length]
                for p, f in zip(piece.tolist(), first.tolist(), strict=True)
            ]
            out[name] = torch.stack(rows)
        else:
            where = [torch.from_numpy(index).to(array.device) for index in (piece, first)]
            out[name] = array.unfold(-1, length, 1).transpose(1, 2)[where[0], where[1]]
    return out


def enough(train: Stretches, n_frames: int | Array, n_pieces: int) -> None:
    """Raise where what is trained on is too short to train on."""
    if train.longest() < SHORTEST:
        raise DataError(
            f"training needs stretches of {SHORTEST} frames beside those that are held out; there "
            f"are {n_pieces} of {int(np.max(n_frames))} frames, of which at most "
            f"{train.longest()} remain. Give longer recordings."
        )
