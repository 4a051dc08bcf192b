"""Exchanges of animals as permutations: what each holds from which frame on.

An exchange names two or more animals and the frames from `start` to `stop` (exclusive): there the
first holds what was the second's, the second what was the next one's, the last what was the
first's. Exchanges that overlap act one after the other, by their start, each on what those before
it gave: names are the corrected ones. So somebody who watches a video and writes down one mistake
after the other has written what is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.errors import DataError

Holders: TypeAlias = npt.NDArray[np.int64]
"""For each animal, the one whose points it gets."""


class Exchange(NamedTuple):
    """Animals that are exchanged in a circle, from a frame to another (exclusive)."""

    start: int
    stop: int
    seats: tuple[int, ...]


class Timeline(NamedTuple):
    """What every animal holds: from `frames[k]` on ``holders[k]``; the first is frame 0."""

    frames: npt.NDArray[np.int64]
    holders: npt.NDArray[np.int64]


def check_exchanges(exchanges: Sequence[Exchange], names: Sequence[str]) -> None:
    """Refuse exchanges that contradict each other.

    Raises
    ------
    DataError
        The same animals are exchanged twice at the same time, or an animal is in two exchanges that
        start at the same frame, whose order is not known.
    """
    ordered = sorted(exchanges)
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if other.start >= one.stop:
                break
            if set(one.seats) == set(other.seats):
                raise DataError(
                    f"{_show(one, names)} and {_show(other, names)} exchange the same animals at "
                    "the same time, which would undo the correction: keep one of the two rows, or "
                    "end the first where the second starts."
                )
            if one.start == other.start and set(one.seats) & set(other.seats):
                raise DataError(
                    f"{_show(one, names)} and {_show(other, names)} start at one frame and share "
                    "an animal, so it is not known which comes first: write one row with all of "
                    "the animals in columns a, b, c (a gets what is shown as b, b what is shown as "
                    "c, c what is shown as a)."
                )


def _show(one: Exchange, names: Sequence[str]) -> str:
    who = ", ".join(names[seat] for seat in one.seats)
    return f"the row of {who} from frame {one.start} to {one.stop}"


def compose(exchanges: Iterable[Exchange], n_animals: int) -> Timeline:
    """What every animal holds when.

    Examples
    --------
    >>> found = compose([Exchange(10, 30, (0, 1)), Exchange(20, 40, (1, 2))], 3)
    >>> found.frames.tolist()
    [0, 10, 20, 30, 40]
    >>> found.holders.tolist()
    [[0, 1, 2], [1, 0, 2], [1, 2, 0], [0, 2, 1], [0, 1, 2]]
    """
    ordered = sorted(exchanges)
    frames = sorted({0, *(e.start for e in ordered), *(e.stop for e in ordered)})
    holders = [
        hold([e.seats for e in ordered if e.start <= frame < e.stop], n_animals) for frame in frames
    ]
    return Timeline(np.array(frames, np.int64), np.array(holders, np.int64))


def hold(circles: Iterable[Sequence[int]], n_animals: int) -> Holders:
    """What every animal holds after circles of them were exchanged one after the other."""
    held = np.arange(n_animals)
    for seats in circles:
        held[list(seats)] = held[[*seats[1:], seats[0]]]
    return held


def circles_of(holders: Holders) -> Iterator[tuple[int, ...]]:
    """The circles of animals that one permutation exchanges.

    Examples
    --------
    >>> list(circles_of(np.array([1, 0, 2]))), list(circles_of(np.array([2, 0, 1])))
    ([(0, 1)], [(0, 2, 1)])
    """
    left = set(range(len(holders)))
    while left:
        circle = [min(left)]
        while (following := int(holders[circle[-1]])) != circle[0]:
            circle.append(following)
        left -= set(circle)
        if len(circle) > 1:
            yield tuple(circle)


def exchanges_of(timeline: Timeline, stop: int) -> list[Exchange]:
    """Exchanges, of which no two of one animal overlap, that give a timeline.

    Examples
    --------
    >>> given = [Exchange(10, 30, (0, 1)), Exchange(20, 40, (1, 2))]
    >>> exchanges_of(compose(given, 3), 40)
    [Exchange(start=10, stop=20, seats=(0, 1)), Exchange(start=20, stop=30, seats=(0, 1, 2)), \
Exchange(start=30, stop=40, seats=(1, 2))]
    """
    running: dict[tuple[int, ...], int] = {}
    found: list[Exchange] = []
    for frame, holders in zip(timeline.frames.tolist(), timeline.holders, strict=True):
        now = set(circles_of(holders))
        for circle in [one for one in running if one not in now]:
            found.append(Exchange(running.pop(circle), frame, circle))
        for circle in now - set(running):
            running[circle] = frame
    found += [Exchange(start, stop, circle) for circle, start in running.items()]
    return sorted(one for one in found if one.start < one.stop)


def invert(timeline: Timeline) -> Timeline:
    """What takes every animal back to what it held before."""
    return Timeline(timeline.frames, np.argsort(timeline.holders, axis=1))
