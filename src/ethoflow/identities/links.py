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
from ethoflow.identities.tracks import Tracks, move

TAIL = 3.0
"""Degrees of freedom of the costs: how far from the usual an animal may be once in a while."""

MOST_HEADING = 2.5
"""Most that heading costs: trackers also take a nose for a tail, which is no swap."""

CLASSES = 3
"""Classes of speed, equally large."""

SAMPLES = 4000
"""Links of each length and animal that say what is usual."""

LONGEST = 60.0
"""Time in s after which a place says no more than at random."""


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
    """What costs are at most, being as frequent as here: with the usual tails what they are."""
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
    return np.asarray(np.maximum(links[:, 3] - links[:, 1], 1))
