"""Points that leave the path of a body part and come back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.engine import step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

SLOPE = 4
"""Frames at the end of a piece that say how fast the point moves there."""

GROWTH = np.float32(0.1)
"""By what share of `max_jump` a path may be off for every frame that is left out."""

BEND = np.float32(0.6)
"""By what share of `max_jump` a point may move unlike the frame before within a piece."""

TURN = np.float32(0.25)
"""By what share of the change of velocity, for every frame that is left out."""

WEIGHT = np.float32(1.2)
"""What a broken link weighs, in the longest jump."""

SURE = np.float32((SLOPE - 1) ** 2)
"""How far the velocity of a piece of `SLOPE` frames can be trusted: its variance, inverted."""

SHARPNESS = np.float32(4)
"""How soon a link that is off counts as broken: at ``1 + 1 / SHARPNESS`` times what is allowed."""

REACH = 4
"""How long a stretch of short pieces is looked at as a whole, in the longest jump."""

EDGE = 4
"""Frames beside a piece that say where it ends, and some to spare."""


@jit
def _find_breaks(point: Array, near: Any, broken: Array) -> None:
    """Mark frames after which the point moves unlike it did before and unlike it does after.

    A frame beside a missing one counts as unlike; a missing frame is always marked.
    """
    n_space, n = point.shape
    bend = np.full(n + 1, np.nan, np.float32)
    for s in range(n_space):
        row = point[s]
        if s == 0:
            for t in range(1, n - 1):
                change = (row[t + 1] - row[t]) - (row[t] - row[t - 1])
                bend[t] = change * change
        else:
            for t in range(1, n - 1):
                change = (row[t + 1] - row[t]) - (row[t] - row[t - 1])
                bend[t] += change * change
    limit = near * near
    for t in range(n):
        broken[t] = not (bend[t] <= limit or bend[t + 1] <= limit)
    for s in range(n_space):
        row = point[s]
        for t in range(n):
            if row[t] != row[t]:
                broken[t] = True
                if t > 0:
                    broken[t - 1] = True


@jit
def _find_pieces(point: Array, broken: Array, starts: Array, stops: Array) -> int:
    """Stretches of the path without a break; gives how many there are."""
    n_space, n = point.shape
    count, start = 0, 0
    for t in range(n):
        if not (broken[t] or t == n - 1):
            continue
        seen = True
        for s in range(n_space):
            if np.isnan(point[s, t]):
                seen = False
        if seen:
            starts[count], stops[count] = start, t + 1
            count += 1
        start = t + 1
    return count


@jit
def _link(
    point: Array, left: int, right: int, before: Array, after: Array, trust: Any, max_jump: Any
) -> float:
    """How far the way from frame `left` to `right` is off, as a share of what is allowed.

    `before` and `after` are the velocities on either side, `trust` the share of the first in the
    velocity between. Where frames are left out, a path that turns may be off the more.
    """
    gap = np.float32(right - left)
    off, turn = np.float32(0), np.float32(0)
    for s in range(point.shape[0]):
        pace = trust * before[s] + (1 - trust) * after[s]
        away = point[s, right] - point[s, left] - pace * gap
        off += away * away
        turn += (after[s] - before[s]) ** 2
    left_out = gap - np.float32(1)
    allowed = max_jump + left_out * (GROWTH * max_jump + TURN * np.sqrt(turn))
    return float(np.sqrt(off) / allowed)


@jit
def _slopes(point: Array, start: int, stop: int, first: Array, last: Array) -> float:
    """Velocities at the two ends of a piece, and how far they can be trusted; 0 is not at all."""
    span = min(stop - start, SLOPE) - 1
    if span > 0:
        for s in range(point.shape[0]):
            first[s] = (point[s, start + span] - point[s, start]) / np.float32(span)
            last[s] = (point[s, stop - 1] - point[s, stop - 1 - span]) / np.float32(span)
    return float(span * span)


@jit
def _cost(
    point: Array,
    left_out: int,
    left: int,
    velocities: Array,
    trust: Array,
    longest: int,
    max_jump: Any,
) -> float:
    """What it costs to go on after frame `left`, `left_out` frames later, in frames.

    `velocities` and `trust` are those before and after. Nothing is known about a way over more
    frames than the longest jump has.
    """
    broken = float(WEIGHT) * longest
    if left_out > longest:
        return broken
    share = trust[0] / (trust[0] + trust[1]) if trust[0] > 0 else np.float32(0)
    after = velocities[1] if trust[1] > 0 else velocities[0]
    off = _link(point, left, left + left_out + 1, velocities[0], after, share, max_jump)
    excess = (off - 1) * float(SHARPNESS)
    return broken * min(max(excess, 0.0), 1.0)


@jit
def _choose(
    point: Array, starts: Array, stops: Array, longest: int, max_jump: Any, keep: Array
) -> None:
    """Mark the pieces on the path: as many frames as possible, with as few breaks as possible.

    A broken link weighs a little more than `longest` frames. Pieces longer than that are kept.
    """
    n_space, count = point.shape[0], starts.size
    first = np.zeros((count, n_space), np.float32)
    last = np.zeros((count, n_space), np.float32)
    best, trust = np.zeros(count, np.float32), np.zeros(count, np.float32)
    link = np.full(count, -1)
    both, trusts = np.empty((2, n_space), np.float32), np.empty(2, np.float32)
    end = -1
    for i in range(count):
        size = stops[i] - starts[i]
        trust[i] = _slopes(point, starts[i], stops[i], first[i], last[i])
        most = np.float32(-np.inf)
        must_follow = False
        for j in range(i - 1, -1, -1):
            left_out = starts[i] - stops[j]
            cost = np.float32(0)
            if left_out <= longest or j < i - 1:
                both[0], both[1] = last[j], first[i]
                trusts[0], trusts[1] = trust[j], trust[i]
                cost = np.float32(
                    _cost(point, left_out, stops[j] - 1, both, trusts, longest, max_jump)
                )
            if best[j] - cost > most:
                most, link[i] = best[j] - cost, j
            if stops[j] - starts[j] > longest:
                must_follow = True
                break
        if not must_follow and most <= 0:
            most, link[i] = np.float32(0), -1
        if trust[i] < SURE and link[i] >= 0:
            j = link[i]
            trust[i] = _follow(point, stops[j] - 1, starts[i], last[j], trust[j], last[i], trust[i])
        best[i] = most + np.float32(size)
        if end < 0 or size > longest or best[i] > best[end]:
            end = i
    keep[:count] = False
    while end >= 0:
        keep[end] = True
        end = link[end]


@jit
def _follow(
    point: Array, left: int, right: int, before: Array, sure: Any, after: Array, trust: Any
) -> float:
    """Better the velocity after a short piece by the way to it and the velocity before."""
    span = np.float32(right - left)
    total = trust + sure + span
    for s in range(point.shape[0]):
        way = point[s, right] - point[s, left]
        after[s] = (trust * after[s] + sure * before[s] + way) / total
    return float(min(total, SURE))


@jit
def _judge(
    point: Array,
    starts: Array,
    stops: Array,
    i: int,
    end: int,
    longest: int,
    max_jump: Any,
    keep: Array,
) -> None:
    """Which of the short pieces `i` to `end` are on the path.

    A stretch of them is looked at as a whole, with the long piece on either side; if it is longer
    than `REACH` jumps, each piece with what is within that of it.
    """
    count, reach = starts.size, REACH * longest
    chosen = np.ones(2 * reach + longest + 2, np.bool_)
    if stops[end] - starts[i] <= reach:
        a = i - 1 if i > 0 and starts[i] - stops[i - 1] <= longest else i
        b = end + 2 if end + 1 < count and starts[end + 1] - stops[end] <= longest else end + 1
        _choose(point, starts[a:b], stops[a:b], longest, max_jump, chosen)
        keep[i : end + 1] = chosen[i - a : end + 1 - a]
        return
    for k in range(i, end + 1):
        low, high = starts[k] - reach, stops[k] + reach
        a, b = k, k + 1
        while a > 0 and stops[a - 1] > low:
            a -= 1
        while b < count and starts[b] < high:
            b += 1
        cut_starts, cut_stops = np.maximum(starts[a:b], low), np.minimum(stops[a:b], high)
        _choose(point, cut_starts, cut_stops, longest, max_jump, chosen)
        keep[k] = chosen[k - a]


@jit
def _hide_jumps(point: Array, longest: int, max_jump: Any, out: Array) -> None:
    """Hide what is off the path of one body part, dims (space, time)."""
    n = point.shape[1]
    broken = np.empty(n, np.bool_)
    _find_breaks(point, BEND * max_jump, broken)
    starts, stops = np.empty(n, np.int64), np.empty(n, np.int64)
    count = _find_pieces(point, broken, starts, stops)
    starts, stops = starts[:count], stops[:count]
    keep = np.ones(count, np.bool_)
    i = 0
    while i < count:
        end = i
        if stops[i] - starts[i] <= longest:
            while (
                end + 1 < count
                and stops[end + 1] - starts[end + 1] <= longest
                and starts[end + 1] - stops[end] <= longest
            ):
                end += 1
            _judge(point, starts, stops, i, end, longest, max_jump, keep)
        i = end + 1
    for k in range(count):
        if not keep[k]:
            out[:, starts[k] : stops[k]] = np.nan


def _halo(max_length: int) -> int:
    # A stretch with the long pieces, or the gaps, on either side of it.
    return (REACH + 1) * int(max_length) + EDGE


@step(
    pointwise=("bodypart",),
    halo=_halo,
    parameter_units={"max_jump": "mm", "max_length": "s"},
    version=2,
)
def remove_jumps(position: Array, *, max_jump: float = 20.0, max_length: float = 0.4) -> Array:
    """Positions on the path of a body part; those that leave it and come back become missing.

    The track is cut where a point moves unlike it did before and unlike it does after. Of the
    pieces, those are kept that hold the most frames and follow one another, each as the velocities
    on either side have it, with the fewest breaks. A piece longer than `max_length` is always
    kept: an animal that was moved has not jumped.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_jump
        How far a point may be from where its neighbours and their velocities have it, mm,
        default 20 mm.
    max_length
        Longest jump that is looked for, s, default 0.4 s.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.zeros((1, 1, 2, 9)); x[..., 4] = 300
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose"], units="mm")
    >>> np.flatnonzero(np.isnan(remove_jumps(ds).position.values[0, 0, 0]))
    array([4])
    """
    kept = np.array(position, dtype=np.float32)
    for point in kept:
        _hide_jumps(point.copy(), int(max_length), np.float32(max_jump), point)
    return kept
