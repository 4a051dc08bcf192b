"""Where windows are drawn from: arrays in memory, or a source with more than there is room for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ethoflow.engine.declare import Array
from ethoflow.networks.streams import Source, Stream, load, room_on, size_of_piece
from ethoflow.networks.stretches import Sampler, Stretches, gather

LOOKS = 64
"""Windows of the held-out stretches that are looked at."""


def make_sampler(
    pieces: Mapping[str, Array] | Source,
    runs: Stretches,
    length: int,
    chances: Array,
    *,
    seed: int,
    device: str,
    room: int | None = None,
) -> Sampler | Stream:
    """What draws windows of the runs: of all of them in memory where they fit, or of a stream."""
    generator = torch.Generator().manual_seed(seed)
    if isinstance(pieces, Mapping):
        return Sampler(_on(pieces, device), runs, length, chances, generator)
    room = room_on(device) if room is None else room
    if size_of_piece(pieces) * len(pieces.n_frames) <= room:
        return Sampler(load(pieces, device), runs, length, chances, generator)
    return Stream(pieces, runs, length, chances, generator, seed=seed, device=device, room=room)


def gather_looks(
    pieces: Mapping[str, Array] | Source, held: Stretches, length: int, device: str
) -> dict[str, Tensor] | None:
    """The windows that are looked at, or None where nothing is held out."""
    length = min(length, held.longest())
    if length == 0:
        return None
    piece, first = held.windows(length, LOOKS)
    some, place = np.unique(piece, return_inverse=True)
    arrays = (
        {name: array[some] for name, array in pieces.items()}
        if isinstance(pieces, Mapping)
        else pieces.read(some)
    )
    return gather(_on(arrays, device), place, first, length)


def _on(arrays: Mapping[str, Array], device: str) -> dict[str, Tensor]:
    return {
        name: torch.from_numpy(np.ascontiguousarray(array)).to(device)
        for name, array in arrays.items()
    }
