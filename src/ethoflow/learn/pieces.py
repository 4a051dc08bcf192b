"""What networks are trained on: pieces of labelled tracks, and how much each class counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.learn.folds import By, groups_of
from ethoflow.learn.samples import Track
from ethoflow.learn.streaming import LabelledPieces

LONGEST, SHORTEST, PIECES = 400, 32, 24
"""Frames of the pieces that tracks are cut into, and how many pieces there are to be at least."""
RAREST = 0.02
"""Share of a class below which it gets no more weight."""


def class_weights(
    tracks: Sequence[Track], masks: Sequence[Array], behaviours: Sequence[str]
) -> Array:
    """How much a frame without and with each behaviour counts, (behaviour, 2, 1)."""
    found = []
    for name in behaviours:
        said = np.concatenate([t.states[name][m] for t, m in zip(tracks, masks, strict=True)])
        share = float(np.mean(said[said >= 0] == 1)) if (said >= 0).any() else 0.5
        share = min(max(share, RAREST), 1 - RAREST)
        found.append([[0.5 / (1 - share)], [0.5 / share]])
    return np.array(found, np.float32)


def cut_pieces(
    tracks: Sequence[Track], masks: Sequence[Array], behaviours: Sequence[str], look: int, by: By
) -> tuple[dict[str, Array], Array]:
    """Columns and labels of pieces of tracks, and what is held out together of each.

    A piece has `look` frames more at both ends, that are seen and have no labels in it. What lies
    beyond a track is missing.
    """
    labelled = sum(int(mask.sum()) for mask in masks)
    length = min(max(labelled // PIECES, SHORTEST), LONGEST)
    groups = _groups(tracks, by)
    x, y, own = [], [], []
    for track, mask, group in zip(tracks, masks, groups, strict=True):
        n = track.x.shape[-1]
        said = np.stack([track.states[name] for name in behaviours])
        said = np.where(mask & (said >= 0), said, np.nan)
        columns = np.pad(track.x, ((0, 0), (look, length + look)), constant_values=np.nan)
        said = np.pad(said, ((0, 0), (0, length)), constant_values=np.nan)
        for first in range(0, n, length):
            labels = said[:, first : first + length]
            if not np.isnan(labels).all():
                x.append(columns[:, first : first + length + 2 * look])
                y.append(np.pad(labels, ((0, 0), (look, look)), constant_values=np.nan))
                own.append(group)
    found = {"x": np.stack(x).astype(np.float32), "y": np.stack(y).astype(np.float32)}
    return found, np.array(own)


def cut_when_read(
    tracks: Sequence[Track], masks: Sequence[Array], behaviours: Sequence[str], look: int, by: By
) -> tuple[LabelledPieces, Array]:
    """As `cut_pieces`, of tracks on disk: longer pieces, each cut when it is read."""
    found = LabelledPieces.of(tracks, masks, behaviours, look)
    return found, np.array(_groups(tracks, by))[found.track]


def in_order(
    pieces: Mapping[str, Array] | LabelledPieces, order: Array
) -> Mapping[str, Array] | LabelledPieces:
    """The pieces in another order."""
    if isinstance(pieces, LabelledPieces):
        return pieces.taken(order)
    return {name: one[order] for name, one in pieces.items()}


def _groups(tracks: Sequence[Track], by: By) -> list[int]:
    seats = [track.seat for track in tracks]
    return groups_of(seats, "recording" if by == "block" else by)


def spread_held_out(group: Array, share: float, start: float) -> Array:
    """An order of pieces in which those that are last in their group lie spread over all of it.

    What is held out of one recording is its last pieces: as a stretch they might show one class
    alone, and training would stop by that. `start`, from 0 to 1, says which are last.

    Examples
    --------
    >>> spread_held_out(np.zeros(8, int), 0.25, 0.0).tolist()
    [1, 2, 3, 5, 6, 7, 0, 4]
    """
    every = max(round(1 / share), 1) if share > 0 else 1
    last = int(start * every)
    place = np.empty(len(group), int)
    for one in np.unique(group):
        own = np.flatnonzero(group == one)
        place[own] = np.arange(len(own))
    found: Array = np.argsort(place % every == last, kind="stable")
    return found
