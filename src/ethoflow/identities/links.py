"""How well what is seen of an animal at one frame goes on from what was seen at another.

Of a link two things are measured: how far the points lie, on the whole, from where the motion
before and after would have them (motion), and how far they have turned or bent meanwhile (heading).
Each is held against what is usual of the same recording over as many frames and at such a speed,
with long tails, and becomes a cost: a negative log-likelihood. So nothing here knows units, the
animal, or its number of points.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

TAIL = 3.0
"""Degrees of freedom of the costs: how far from the usual an animal may be once in a while."""

PACE = 0.1
"""Time over which speeds are taken, s."""

FADING = 0.3
"""How long an animal goes on as it moves, s."""

MOST_HEADING = 2.5
"""Most that heading costs: trackers also take a nose for a tail, which is no swap."""

SEEN = 0.25
"""Share of its points of which an animal that is seen has at least one."""

CLASSES = 3
"""Classes of speed, equally large."""

SAMPLES = 4000
"""Links of each length and animal that say what is usual."""

LONGEST = 60.0
"""Time in s after which a place says no more than at random."""

JUMP = 5.0
"""How much longer than those around it a step is that is no motion."""


class Tracks(NamedTuple):
    """One recording as links are measured on it."""

    position: Array
    """Dims (individual, time, bodypart, space), float32."""
    seen: Array
    """Dims (individual, time)."""
    before: Array
    after: Array
    """Velocities before and after each frame, dims (individual, time, space); 0 where not known.

    None is taken across a frame at which the animal is not seen or jumps.
    """
    fading: float
    """In frames."""

    def only(self, animals: Array) -> Tracks:
        """The same of some animals."""
        four = (one[animals] for one in self[:4])
        return Tracks(*four, self.fading)


class Usual(NamedTuple):
    """Usual squares of what is measured, dims (length of a link, class of speed).

    `tail` has the costs of motion from frame to frame, in order: in tracks that jump all the time a
    jump says little. None where they are not known.
    """

    lengths: Array
    speeds: Array
    motion: Array
    heading: Array
    tail: Array


@jit
def median_of(values: Array, n: int) -> float:
    """Median of the first `n` values, which are sorted in place."""
    for i in range(1, n):
        value = values[i]
        k = i - 1
        while k >= 0 and values[k] > value:
            values[k + 1] = values[k]
            k -= 1
        values[k + 1] = value
    if n % 2:
        return float(values[n // 2])
    return float((values[n // 2 - 1] + values[n // 2]) / 2)


@jit
def move(position: Array, i: int, u: int, j: int, v: int, way: Array, room: Array) -> float:
    """The way from animal `i` at `u` to `j` at `v`: its median over points, into `way`.

    Gives the median square of what is left of each point's way, NaN of less than two points; a way
    of NaN where no point is seen at both.
    """
    n_points, n_space = position.shape[2], position.shape[3]
    n = 0
    for s in range(n_space):
        n = 0
        for b in range(n_points):
            step = position[j, v, b, s] - position[i, u, b, s]
            if step == step:
                room[n] = step
                n += 1
        way[s] = median_of(room, n) if n else np.nan
    if n < 2:
        return np.nan
    n = 0
    for b in range(n_points):
        square = 0.0
        for s in range(n_space):
            square += (position[j, v, b, s] - position[i, u, b, s] - way[s]) ** 2
        if square == square:
            room[n] = square
            n += 1
    return median_of(room, n)


@jit
def _steps(position: Array, seen: Array, out: Array) -> None:
    """How far each animal comes from frame to frame."""
    n_animals, n_frames, n_points, n_space = position.shape
    way, room = np.empty(n_space), np.empty(n_points)
    for i in range(n_animals):
        for t in range(1, n_frames):
            if seen[i, t] and seen[i, t - 1]:
                move(position, i, t - 1, i, t, way, room)
                out[i, t] = np.sqrt(np.square(way).sum())


@jit
def _velocities(position: Array, joined: Array, pace: int, before: Array, after: Array) -> None:
    """Velocities over up to `pace` frames; `joined` are frames that go on from the one before."""
    n_animals, n_frames, n_points, n_space = position.shape
    way, room = np.empty(n_space), np.empty(n_points)
    for i in range(n_animals):
        for t in range(n_frames):
            k = 0
            while k < pace and t - k > 0 and joined[i, t - k]:
                k += 1
            if k == 0:
                continue
            move(position, i, t - k, i, t, way, room)
            for s in range(n_space):
                if way[s] == way[s]:
                    before[i, t, s] = way[s] / k
        for t in range(n_frames):
            k = 0
            while k < pace and t + k + 1 < n_frames and joined[i, t + k + 1]:
                k += 1
            if k == 0:
                continue
            move(position, i, t, i, t + k, way, room)
            for s in range(n_space):
                if way[s] == way[s]:
                    after[i, t, s] = way[s] / k


def _find_joined(position: Array, seen: Array, pace: int) -> Array:
    """Frames that go on from the one before: no step far longer than those around it."""
    steps = np.full(seen.shape, np.nan)
    _steps(position, seen, steps)
    known = steps[~np.isnan(steps)]
    if not known.size:
        return np.zeros_like(seen)
    wide = np.pad(np.nan_to_num(steps), ((0, 0), (pace, pace)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(wide, 2 * pace + 1, axis=1)
    limit = JUMP * np.maximum(np.median(around, axis=-1), np.median(known))
    joined: Array = steps <= limit
    return joined


def make_tracks(position: Array, fps: float) -> Tracks:
    """Positions, dims (individual, bodypart, space, time), as links are measured on them."""
    moved = np.ascontiguousarray(position.transpose(0, 3, 1, 2), np.float32)
    known = np.asarray(np.isfinite(moved).all(axis=3))
    # A point of which only one coordinate is known is not seen.
    moved = np.where(known[..., np.newaxis], moved, np.float32(np.nan))
    least = max(int(np.ceil(SEEN * moved.shape[2])), 1)
    seen = known.sum(axis=2) >= least
    pace = max(round(PACE * fps), 1)
    joined = _find_joined(moved, seen, pace)
    before, after = (np.zeros((*moved.shape[:2], moved.shape[3])) for _ in range(2))
    _velocities(moved, joined, pace, before, after)
    return Tracks(moved, seen, before, after, max(FADING * fps, 1.0))


@jit
def measure(
    position: Array,
    before: Array,
    after: Array,
    fading: float,
    i: int,
    u: int,
    j: int,
    v: int,
    out: Array,
    way: Array,
    room: Array,
) -> None:
    """Motion, heading (squares) and speed of the link of `i` at `u` to `j` at `v`, into `out`."""
    n_space = position.shape[3]
    out[1] = move(position, i, u, j, v, way, room)
    lasting = fading * (1 - np.exp(-(v - u) / fading))
    off, before_square, after_square = 0.0, 0.0, 0.0
    for s in range(n_space):
        pace_before, pace_after = before[i, u, s], after[j, v, s]
        off += (way[s] - lasting * (pace_before + pace_after) / 2) ** 2
        before_square += pace_before**2
        after_square += pace_after**2
    out[0] = off
    out[2] = np.sqrt(max(before_square, after_square))


@jit
def _measure_all(
    position: Array, before: Array, after: Array, fading: float, links: Array, out: Array
) -> None:
    way, room = np.empty(position.shape[3]), np.empty(position.shape[2])
    for k in range(len(links)):
        i, u, j, v = links[k]
        measure(position, before, after, fading, i, u, j, v, out[k], way, room)


def measure_links(tracks: Tracks, links: Array) -> Array:
    """Motion, heading (squares) and speed of links (i, u, j, v), dims (link, 3)."""
    out = np.empty((len(links), 3))
    _measure_all(tracks.position, tracks.before, tracks.after, tracks.fading, links, out)
    return out


def learn_usual(tracks: Tracks, fps: float) -> Usual:
    """What is usual of links of one animal with itself, by their length and the speed."""
    n_frames = tracks.seen.shape[1]
    lengths = [1]
    while lengths[-1] < min(LONGEST * fps, n_frames / 2):
        lengths.append(int(np.ceil(lengths[-1] * 1.6)))
    measured = [measure_links(tracks, _own_links(tracks.seen, length)) for length in lengths]
    known = measured[0][:, 2][measured[0][:, 2] > 0]
    shares = np.arange(1, CLASSES) / CLASSES
    speeds = np.quantile(known, shares) if known.size else np.zeros(CLASSES - 1)
    tables = np.full((2, len(lengths), CLASSES), np.nan)
    for row, found in enumerate(measured):
        which = np.searchsorted(speeds, found[:, 2])
        for kind in range(CLASSES):
            for place in range(2):
                values = found[which == kind, place]
                values = values[np.isfinite(values)]
                if values.size >= 20:
                    tables[place, row, kind] = np.median(values)
    motion, heading = (_complete(table) for table in tables)
    return Usual(np.array(lengths, float), speeds, motion, heading, np.zeros(0))


def _own_links(seen: Array, length: int) -> Array:
    found = []
    for animal, there in enumerate(seen):
        starts = np.flatnonzero(there[:-length] & there[length:])
        if starts.size > SAMPLES:
            starts = starts[np.linspace(0, starts.size - 1, SAMPLES).astype(int)]
        own = np.full(starts.size, animal)
        found.append(np.stack([own, starts, own, starts + length], axis=1))
    return np.concatenate(found)


def _complete(table: Array) -> Array:
    """A table that grows with the length and the speed, without holes or zeros."""
    filled = np.maximum.accumulate(np.nan_to_num(table), axis=0)
    filled = np.maximum.accumulate(filled, axis=1)
    positive = filled[filled > 0]
    least = positive.min() if positive.size else 1.0
    complete: Array = np.maximum(filled, least)
    return complete


def _place(usual: Usual, lengths: Array) -> tuple[Array, Array, Array]:
    """Between which rows of the tables links of these lengths lie, and how far on."""
    row = np.interp(np.log(lengths), np.log(usual.lengths), np.arange(len(usual.lengths)))
    low = np.floor(row).astype(int)
    return low, np.minimum(low + 1, len(usual.lengths) - 1), row - low


def cost_of(usual: Usual, measured: Array, lengths: Array) -> Array:
    """Costs of motion and of heading of links that were measured, dims (link, 2)."""
    low, high, share = _place(usual, lengths)
    kind = np.searchsorted(usual.speeds, measured[:, 2])
    costs = np.zeros((len(measured), 2))
    for place, table in enumerate((usual.motion, usual.heading)):
        usually = table[low, kind] ** (1 - share) * table[high, kind] ** share
        # The median of a squared distance in the plane is about 1.6 times the square of the scale.
        ratio = 1.6 * measured[:, place] / usually
        costs[:, place] = (TAIL + 2) / 2 * np.log1p(ratio / TAIL)
    costs[:, 1] = np.minimum(costs[:, 1], MOST_HEADING)
    costs = np.nan_to_num(costs)
    if usual.tail.size:
        costs[:, 0] = np.minimum(costs[:, 0], _rarity(usual.tail, costs[:, 0]))
    return costs


def _rarity(tail: Array, costs: Array) -> Array:
    """What costs would be if they were as rare as here: those of the usual tails are as they are."""
    above = tail.size - np.searchsorted(tail, costs)
    rarity: Array = -(TAIL + 2) / TAIL * np.log((above + 1) / (tail.size + 1))
    return rarity


def find_costs(tracks: Tracks, usual: Usual, links: Array) -> Any:
    """Costs of links (i, u, j, v), dims (link, 2): motion and heading."""
    return cost_of(usual, measure_links(tracks, links), _lengths(links))


def find_spreads(tracks: Tracks, usual: Usual, links: Array) -> Array:
    """What the length of a link alone costs: the logarithm of the room in which its end may lie.

    Ways of going on differ in it only where animals are out of sight at different times: one that
    is seen again at once where another was last seen is that one, whatever came near it long ago.
    """
    low, high, share = _place(usual, _lengths(links))
    room = np.log(usual.motion).mean(axis=1) * tracks.position.shape[3] / 2
    spreads: Array = room[low] * (1 - share) + room[high] * share
    return spreads


def _lengths(links: Array) -> Array:
    return np.maximum(links[:, 3] - links[:, 1], 1)
