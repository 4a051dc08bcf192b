"""Whether two sources are on one clock: the offset between them, and what looks like another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, islice
from typing import Any, Literal, TypeAlias

import numpy as np

from ethoflow.errors import DataError, UnknownName, WrongUse, listed, no_such
from ethoflow.io.scoring.clock import SAME_RATE
from ethoflow.io.scoring.offset import Offset, best_offset
from ethoflow.labels.comparison.frames import Array
from ethoflow.labels.comparison.meeting import Track
from ethoflow.labels.comparison.sources import Source
from ethoflow.units import Quantity, convert

LOOKED_AT = 10
"""Recordings in which an offset is looked for that nobody asked for."""

ALIKE, BETTER = 0.4, 0.1
"""Correlation from which on an offset is believed, and by how much it must be better than none."""

SURE = 0.6
"""Correlation from which on the offset of a part is believed."""

RATES = ((24, 25), (24, 30), (25, 30), (25, 50), (30, 60), (50, 60), (15, 30))
"""Frame rates that are taken for each other."""

NEAR = 0.004
"""Share by which lengths may differ that are as long as at other rates."""

SPREAD = 3
"""Frames by which the offsets of recordings, or of halves, may differ without a word."""

Tracks = Callable[[], Iterator[Track]]
Late: TypeAlias = Quantity | Literal["search"] | Mapping[str, Quantity]
"""By how much a source is late: one number, a number by source, or to be found."""


def offsets_of(
    offset: Late, pairs: Sequence[tuple[Source, Source]]
) -> list[Quantity | Literal["search"]]:
    """For each pair by how much the second is late on the clock of the first.

    Raises
    ------
    UnknownName
        There is no such source.
    WrongUse
        One number would say of a source that it is late and that it is not.
    """
    named = list(dict.fromkeys(one.name for pair in pairs for one in pair))
    if isinstance(offset, Mapping):
        for name in offset:
            if name not in named:
                raise UnknownName(no_such("source with an offset", name, named))
        late = {name: convert(offset.get(name, 0), "s", name="offset") for name in named}
        return [late[b.name] - late[a.name] for a, b in pairs]
    both = {a.name for a, _ in pairs} & {b.name for _, b in pairs}
    if both and offset != "search" and convert(offset, "s", name="offset"):
        first = next(name for name in named if name in both)
        raise WrongUse(
            f"an offset of {offset} says by how much the second of two is late, and {first} is "
            "both first and second among these pairs: say of each how late it is, as "
            f"offset={{{named[-1]!r}: {offset!r}}}, give offset='search', or one source as a."
        )
    return [offset] * len(pairs)


def look_together(rows: Sequence[Mapping[str, Any]], fps: float) -> Iterator[str]:
    """What is said where the offsets of three sources do not add up."""
    late = {(row["a"], row["b"]): float(row["offset"]) for row in rows}
    late |= {(b, a): -seconds for (a, b), seconds in late.items()}
    names = list(dict.fromkeys(name for pair in late for name in pair))
    for a, b, c in combinations(names, 3):
        if not {(a, b), (b, c), (a, c)} <= late.keys():
            continue
        if abs(late[a, b] + late[b, c] - late[a, c]) * fps > SPREAD:
            yield (
                f"the offsets of {a}, {b} and {c} do not add up: {late[a, b]:g} s and "
                f"{late[b, c]:g} s, and {late[a, c]:g} s from first to last. One of them is not "
                "found right: give each by name, as offset={...}."
            )


def check_rates(a: Source, b: Source) -> str:
    """Refuse sources whose frames are not of one rate; says it where they are as good as one.

    Raises
    ------
    DataError
        Their rates differ.
    """
    one, other = a.fps, b.fps
    if abs(one / other - 1) > SAME_RATE:
        raise DataError(
            f"{a.name} has {one:g} frames per second and {b.name} {other:g}: frames of one are not "
            "frames of the other. Read one on the frames of the other, as in "
            "ef.read_labels(file, like=...) (`ethoflow labels FILE --store ...`), or give the "
            "right fps (--fps)."
        )
    if abs(one / other - 1) > 1e-9:
        return (
            f"{a.name} has {one:g} frames per second and {b.name} {other:g}: they are taken to "
            "count the same frames."
        )
    return ""


def search(tracks: Tracks, fps: float, most: Quantity, a: str, b: str) -> tuple[Offset, list[str]]:
    """The offset at which two sources agree best, and what speaks against it.

    Raises
    ------
    DataError
        None can be found.
    """
    try:
        found = best_offset(_series(tracks()), fps, most)
    except DataError as error:
        raise DataError(
            f"no offset between {a} and {b} can be found, as they are never both known and both "
            "varying. Give the offset in s, or 0."
        ) from error
    notes = []
    if found.agreement < ALIKE:
        notes.append(
            f"the best offset of {b} against {a}, {found.seconds:g} s, is weak (correlation "
            f"{found.agreement:.2f}, {found.at_zero:.2f} without): look at both before you trust "
            "it."
        )
    apart = {n: f for n, f in found.by_recording.items() if abs(f - found.frames) > SPREAD}
    if apart:
        said = listed((f"{name} at {frames / fps:.4g} s" for name, frames in apart.items()), 4)
        notes.append(
            f"the offset of {b} against {a} is {found.seconds:g} s, and other in {said}: compare "
            "these by themselves."
        )
    return found, notes


def suspect(tracks: Tracks, fps: float, most: Quantity, a: str, b: str, late: int) -> list[str]:
    """What looks as if two sources were on other clocks than `late` frames apart."""
    few = list(islice(tracks(), LOOKED_AT))
    try:
        found = best_offset(_series(few), fps, most)
    except DataError:
        return []
    if found.agreement < ALIKE:
        return _suspect_lengths(few, a, b)
    drift = _drift(few, fps, most)
    if drift:
        return [
            f"{b} runs away from {a}: it is {drift[0] / fps:.3g} s late at the begin and "
            f"{drift[1] / fps:.3g} s at the end: their frames are of other rates, or one lacks "
            "frames. Give the right fps, or read both on the frames of the tracks (like=)."
        ]
    if not np.isnan(found.at_zero) and found.agreement < found.at_zero + BETTER:
        return []
    seconds = late / fps + found.seconds
    return [
        f"{b} agrees much better with {a} when it is taken to be {seconds:.6g} s late "
        f"(correlation {found.agreement:.2f}, {found.at_zero:.2f} as it is): if their clocks "
        "differ, give offset='search' (--offset search)."
    ]


def _series(tracks: Sequence[Track] | Iterator[Track]) -> Iterator[tuple[str, Array, Array]]:
    """What is looked for in b is how late it is against a."""
    for one in tracks:
        yield one.recording, _with_nan(one.y), _with_nan(one.x)


def _with_nan(state: Array) -> Array:
    found: Array = np.where(state < 0, np.nan, state)
    return found


def _drift(tracks: Sequence[Track], fps: float, most: Quantity) -> tuple[int, int] | None:
    """Offsets at the begin and at the end, where both are sure and differ."""
    ends = []
    for side in (0, 1):
        cut = [
            Track(t.recording, t.individual, t.partner, *(_end(s, side) for s in (t.x, t.y)))
            for t in tracks
        ]
        try:
            ends.append(best_offset(_series(cut), fps, most))
        except DataError:
            return None
    is_sure = all(end.agreement > SURE for end in ends)
    if not is_sure or abs(ends[0].frames - ends[1].frames) <= max(SPREAD, round(fps / 2)):
        return None
    return ends[0].frames, ends[1].frames


def _end(state: Array, side: int) -> Array:
    """The first or the last fifth."""
    part = max(len(state) // 5, 1)
    return state[:part] if side == 0 else state[-part:]


def _suspect_lengths(tracks: Sequence[Track], a: str, b: str) -> list[str]:
    """Two that hardly agree, and are as long as if one were counted at another rate."""
    lengths = [[int(np.flatnonzero(s >= 0)[-1:].sum()) + 1 for s in (t.x, t.y)] for t in tracks]
    first, second = np.median(np.array(lengths), axis=0).tolist() if lengths else (1, 1)
    for one, other in RATES:
        for here, there in ((one, other), (other, one)):
            if abs(first / second / (here / there) - 1) < NEAR:
                return [
                    f"{a} and {b} hardly agree, and are as long as if {a} were counted at {here:g} "
                    f"frames per second and {b} at {there:g}: give the right fps (--fps)."
                ]
    return []
