"""Exchanges of animals as permutations: what each holds from which frame on.

An exchange names two or more slots of the tracks and the frames from `start` to `stop` (exclusive):
at its start the animal in the first goes on in the second, that in the second in the next one, that
in the last in the first, and at its stop they go back. Slots are always those of the tracks as they
are, so each exchange is true or false whatever is thought of the others.
"""

from __future__ import annotations

import itertools
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


def check_exchanges(
    exchanges: Sequence[Exchange], names: Sequence[str], *, near: int, end: int
) -> None:
    """Refuse exchanges that contradict each other.

    Parameters
    ----------
    exchanges
        Those of one recording.
    names
        Of the slots.
    near
        Frames by which the ends of two exchanges differ that are probably one and the same.
    end
        The frame after the recording's last.

    Raises
    ------
    DataError
        One exchange is there twice, or two that share an animal start or stop at one frame, so that
        it is not known which comes first.
    """
    for one, other in itertools.combinations(sorted(exchanges), 2):
        shared = set(one.seats) & set(other.seats)
        is_same = set(one.seats) == set(other.seats)
        if is_same and max(abs(one.start - other.start), abs(one.stop - other.stop)) <= near:
            raise DataError(
                f"{_show(one, names)} and {_show(other, names)} are one exchange twice, and "
                "together change nothing: remove one of the two rows. (Of a short swap write one "
                "row, with its start and its stop.)"
            )
        at_once = one.start == other.start or one.stop == other.stop < end
        if shared and at_once:
            raise DataError(
                f"{_show(one, names)} and {_show(other, names)} share an animal and start, or "
                "stop, at one frame, so it is not known which comes first: write one row with all "
                "of the animals in columns a, b, c (a gets what is shown as b, b what is shown as "
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
    >>> found.holders[1:3].tolist()
    [[1, 0, 2], [2, 0, 1]]
    """
    changes: list[tuple[int, int, Holders]] = []
    for one in exchanges:
        there = hold(one.seats, n_animals)
        changes += [(one.stop, 0, np.argsort(there)), (one.start, 1, there)]
    timeline = {0: np.arange(n_animals)}
    held = timeline[0]
    for frame, _, change in sorted(changes, key=lambda one: one[:2]):
        held = timeline[frame] = change[held]
    return Timeline(np.array(list(timeline), np.int64), np.array(list(timeline.values()), np.int64))


def hold(seats: Sequence[int], n_animals: int) -> Holders:
    """Where the animal of each slot is once those of `seats` were exchanged in a circle."""
    held = np.arange(n_animals)
    held[list(seats)] = [*seats[1:], seats[0]]
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
    >>> found = exchanges_of(compose(given, 3), 40)
    >>> [(one.start, one.stop, one.seats) for one in found]
    [(10, 20, (0, 1)), (20, 30, (0, 2, 1)), (30, 40, (0, 2))]
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
