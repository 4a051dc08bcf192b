"""Which frames are trained on and which are tested, so that no test frame was seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError

By: TypeAlias = Literal["recording", "animal", "block"]


@dataclass(frozen=True)
class Seat:
    """Whose track it is: its recording, and the animals in it."""

    recording: str
    animals: tuple[str, ...]


@dataclass(frozen=True)
class Fold:
    """Frames of each track that are trained on, and that are tested."""

    train: tuple[Array, ...]
    test: tuple[Array, ...]


def choose_by(seats: Sequence[Seat], by: By | None, folds: int) -> By:
    """What is held out together: recordings where there are several, blocks of one.

    Raises
    ------
    DataError
        There are fewer than two of what was asked for.
    """
    if by not in (None, "recording", "animal", "block"):
        raise DataError(f"by is 'recording', 'animal' or 'block', found {by!r}.")
    if not isinstance(folds, int) or folds < 2:
        raise DataError(f"folds is a number of 2 or more, found {folds!r}.")
    if by is None:
        return "recording" if len({seat.recording for seat in seats}) > 1 else "block"
    if by != "block" and len(set(groups_of(seats, by))) < 2:
        raise DataError(
            f"there is one {by} with labels, so none is left to test on: use by='block', which "
            "holds out stretches of time, or label another."
        )
    return by


def split(
    seats: Sequence[Seat], usable: Sequence[Array], by: By, folds: int, embargo: int
) -> list[Fold]:
    """Folds over the usable frames of all tracks.

    Parameters
    ----------
    usable
        For each track which of its frames may be used, dims (time,).
    embargo
        Frames to either side of a tested block that are not trained on: as many as two windows
        reach, so that they share no frame.
    """
    if by == "block":
        return _blocks(seats, usable, folds, embargo)
    groups = groups_of(seats, by)
    sizes: dict[int, int] = {}
    for group, frames in zip(groups, usable, strict=True):
        sizes[group] = sizes.get(group, 0) + int(frames.sum())
    sizes = {group: size for group, size in sizes.items() if size}
    filled = [0] * min(folds, len(sizes))
    place: dict[int, int] = {}
    for group in sorted(sizes, key=lambda one: (-sizes[one], one)):
        place[group] = int(np.argmin(filled))
        filled[place[group]] += sizes[group]
    return [
        Fold(
            tuple(f & (place.get(g) != fold) for g, f in zip(groups, usable, strict=True)),
            tuple(f & (place.get(g) == fold) for g, f in zip(groups, usable, strict=True)),
        )
        for fold in range(len(filled))
    ]


def groups_of(seats: Sequence[Seat], by: By) -> list[int]:
    """A number for each track: those of one recording, or that share an animal, have the same."""
    keys = [{seat.recording} if by == "recording" else {*seat.animals} for seat in seats]
    found = list(range(len(seats)))
    for i, one in enumerate(keys):
        for j in range(i):
            if one & keys[j] and found[i] != found[j]:
                old, new = max(found[i], found[j]), min(found[i], found[j])
                found = [new if group == old else group for group in found]
    return found


def _blocks(seats: Sequence[Seat], usable: Sequence[Array], folds: int, embargo: int) -> list[Fold]:
    """Contiguous blocks of every recording, the same for all its animals, with an embargo."""
    tested: list[list[Array]] = [[np.zeros_like(f) for f in usable] for _ in range(folds)]
    for recording in dict.fromkeys(seat.recording for seat in seats):
        own = [i for i, seat in enumerate(seats) if seat.recording == recording]
        frames = np.flatnonzero(np.any([usable[i] for i in own], axis=0))
        if not len(frames):
            continue
        edges = [frames[len(frames) * k // folds] for k in range(folds)] + [frames[-1] + 1]
        for k in range(folds):
            for i in own:
                tested[k][i][edges[k] : edges[k + 1]] = True
    return [
        Fold(
            tuple(f & ~_widened(t, embargo) for f, t in zip(usable, test, strict=True)),
            tuple(f & t for f, t in zip(usable, test, strict=True)),
        )
        for test in tested
    ]


def _widened(mask: Array, frames: int) -> Array:
    """A mask with so many frames more to either side."""
    places = np.flatnonzero(mask)
    wide = mask.copy()
    if len(places):
        wide[max(places[0] - frames, 0) : places[-1] + 1 + frames] = True
    return wide
