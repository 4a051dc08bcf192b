"""Tracks of more columns than there is room for: these lie on disk, and networks read pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ethoflow.disk import writing_to
from ethoflow.engine.declare import Array
from ethoflow.networks.shelf import GOES_ON, Folder, Stored

if TYPE_CHECKING:
    from ethoflow.learn.samples import Track

CHUNK = 4096
"""Frames of a track that are read together."""
LONGEST = 2048
"""Frames of a piece, beside what is seen around it."""
SCALED_ON = 200_000
"""Frames that scales of columns are taken of, evenly spaced."""


def put_on_disk(tracks: Sequence[Track], folder: Folder) -> list[Track]:
    """The same tracks, whose columns lie on disk."""
    return [
        track if isinstance(track.x, Stored) else _put(track, folder, str(number))
        for number, track in enumerate(tracks)
    ]


def _put(track: Track, folder: Folder, name: str) -> Track:
    columns, frames = track.x.shape
    array = folder.make(name, (columns, frames), (columns, min(CHUNK, frames)))
    with writing_to(folder.path, goes_on=GOES_ON):
        array[...] = track.x
    return replace(track, x=Stored(array, folder))


def are_stored(tracks: Sequence[Track]) -> bool:
    """Whether columns of tracks lie on disk."""
    return any(isinstance(track.x, Stored) for track in tracks)


def spaced(masks: Sequence[Array], most: int = SCALED_ON) -> list[Array]:
    """Places of at most `most` frames of the masks, evenly spaced over them.

    Examples
    --------
    >>> [one.tolist() for one in spaced([np.ones(4, bool), np.ones(3, bool)], most=4)]
    [[0, 2], [0, 2]]
    """
    step = max(-(-sum(int(mask.sum()) for mask in masks) // most), 1)
    found, before = [], 0
    for mask in masks:
        places = np.flatnonzero(mask)
        found.append(places[-before % step :: step])
        before += len(places)
    return found


@dataclass(frozen=True)
class LabelledPieces:
    """Pieces of labelled tracks, cut when they are read; a source that a network is trained on.

    `track` and `first` say where each begins, (piece,). It has `length` frames with labels, and
    `look` more at both ends that are seen and have none. What lies beyond a track is missing.
    """

    tracks: Sequence[Track]
    masks: Sequence[Array]
    behaviours: Sequence[str]
    look: int
    length: int
    track: Array
    first: Array

    @classmethod
    def of(
        cls, tracks: Sequence[Track], masks: Sequence[Array], behaviours: Sequence[str], look: int
    ) -> LabelledPieces:
        """All pieces that have a label in them."""
        own, firsts = [], []
        for number, (track, mask) in enumerate(zip(tracks, masks, strict=True)):
            said = mask & np.any([track.states[name] >= 0 for name in behaviours], axis=0)
            there = np.unique(np.flatnonzero(said) // LONGEST)
            own += [number] * len(there)
            firsts += (there * LONGEST).tolist()
        return cls(
            tracks, masks, behaviours, look, LONGEST, np.array(own, int), np.array(firsts, int)
        )

    @property
    def channels(self) -> Mapping[str, int]:
        """Columns, and behaviours."""
        return {"x": len(self.tracks[0].x), "y": len(self.behaviours)}

    @property
    def longest(self) -> int:
        """Frames of a piece, with those around it."""
        return self.length + 2 * self.look

    @property
    def n_frames(self) -> Array:
        """The same of every piece, (piece,)."""
        return np.full(len(self.track), self.longest)

    def taken(self, order: Array) -> LabelledPieces:
        """The pieces in another order."""
        return replace(self, track=self.track[order], first=self.first[order])

    def read(self, pieces: Array) -> dict[str, Array]:
        """Columns and labels, float32 (piece, channel, frame)."""
        found = {
            name: np.full((len(pieces), channels, self.longest), np.nan, np.float32)
            for name, channels in self.channels.items()
        }
        for row, piece in enumerate(pieces):
            number, first = int(self.track[piece]), int(self.first[piece])
            track, last = self.tracks[number], first + self.length
            begin = max(first - self.look, 0)
            x = track.x[:, begin : last + self.look]
            place = begin - first + self.look
            found["x"][row, :, place : place + x.shape[1]] = x
            mask = self.masks[number][first:last]
            for channel, name in enumerate(self.behaviours):
                states = track.states[name][first:last]
                said = np.where(mask & (states >= 0), states, np.nan)
                found["y"][row, channel, self.look : self.look + len(said)] = said
        return found
