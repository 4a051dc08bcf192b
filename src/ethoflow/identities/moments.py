"""Moments at which animals may have been exchanged: where the tracks of two break at one time.

A track breaks where its animal is not seen, and where it goes on unlike it moved. Who was exchanged
without a break of both was at the same place, facing the same way, and no track can tell.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.identities.jumps import DOUBT, UNLIKE
from ethoflow.identities.links import Usual, find_costs, find_spreads, measure_links
from ethoflow.identities.tracks import Tracks

NEAR = 2
"""Frames by which two breaks at one time may miss each other."""

MOST = 0.7
"""Share of the usual number of points of an animal that are most of them."""

AWAY, UNEQUAL = 1.0, 4.0
"""Time in s from which on an animal is away, and how much longer that is than another's break which
says little: while one is away the other breaks often, and only one of these can be an exchange."""

AROUND, USUAL_BREAKS = 1.0, 6.0
"""Time in s before and after a moment, and breaks of one animal in both together that are nothing
unusual; more where a moment lasts longer."""

MOST_TOGETHER = 4
"""Animals of one moment whose every order is tried; of more, the pairs that fit best."""

MOST_OPTIONS = 8
"""Orders of one moment that are kept."""


@dataclass(frozen=True)
class Moment:
    """A time at which some animals may have been exchanged.

    Attributes
    ----------
    before, after
        The last frame before, and the first after: what was seen between is not used.
    frame
        From which frame on they would be exchanged.
    options
        What may have happened: for every slot, in which one its animal is afterwards.
    motion, heading
        For each option, how much better it fits than none, in natural logarithms of odds.
    unseen
        For how many frames each of `animals` was not seen.
    """

    before: int
    after: int
    frame: int
    animals: tuple[int, ...]
    unseen: tuple[int, ...]
    fps: float
    options: list[tuple[int, ...]] = field(default_factory=list)
    motion: list[float] = field(default_factory=list)
    heading: list[float] = field(default_factory=list)

    def lost(self, option: tuple[int, ...]) -> int:
        """For how many frames all were out of sight that an option exchanges."""
        moved = [n for a, n in zip(self.animals, self.unseen, strict=True) if option[a] != a]
        return min(moved, default=0)

    def only(self, options: Sequence[int]) -> Moment:
        """The same with some of its options."""
        return replace(
            self,
            options=[self.options[k] for k in options],
            motion=[self.motion[k] for k in options],
            heading=[self.heading[k] for k in options],
        )


def find_breaks(tracks: Tracks, usual: Usual) -> list[Array]:
    """For each animal its breaks as last frame before and first after, dims (break, 2)."""
    found = []
    for animal, seen in enumerate(tracks.seen):
        frames = np.flatnonzero(seen)
        if frames.size < 2:
            found.append(np.zeros((0, 2), np.int64))
            continue
        own = np.full(frames.size - 1, animal)
        links = np.stack([own, frames[:-1], own, frames[1:]], axis=1)
        is_gap = links[:, 3] - links[:, 1] > 1
        unlike = find_costs(tracks, usual, links).sum(axis=1) > UNLIKE
        blind = np.isnan(measure_links(tracks, links)[:, 0])
        breaks = links[is_gap | unlike | blind][:, [1, 3]]
        is_blind = blind[is_gap | unlike | blind]
        found.append(_widen(breaks, is_blind, tracks.position[animal], frames))
    return found


def _widen(breaks: Array, blind: Array, position: Array, frames: Array) -> Array:
    """Breaks of which both sides share no point, as far as to where most are seen; none overlap."""
    if not blind.any():
        return breaks
    count = np.isfinite(position[frames, :, 0]).sum(axis=1)
    full = frames[count >= np.median(count) * MOST]
    before = np.searchsorted(full, breaks[:, 0], side="right") - 1
    after = np.searchsorted(full, breaks[:, 1])
    inside = blind & (before >= 0) & (after < full.size)
    wide = breaks.copy()
    wide[inside] = np.stack([full[before[inside]], full[after[inside]]], axis=1)
    joined: list[list[int]] = []
    for start, stop in wide[np.argsort(wide[:, 0], kind="stable")].tolist():
        if joined and start < joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], stop)
        else:
            joined.append([start, stop])
    return np.array(joined)


def find_moments(tracks: Tracks, usual: Usual, fps: float) -> list[Moment]:
    """Every moment of a recording at which an exchange is not out of the question, in order."""
    breaks = find_breaks(tracks, usual)
    n = len(breaks)
    pairs = [
        _pair(tracks, usual, breaks, i, j, fps) for i, j in itertools.combinations(range(n), 2)
    ]
    if not any(map(len, pairs)):
        return []
    rows = np.concatenate(pairs)
    moments = [_moment(tracks, usual, group, fps) for group in _together(rows)]
    found = (_trusted(m, breaks) for m in moments if len(m.options) > 1)
    return sorted(found, key=lambda m: (m.after, m.before))


def _trusted(moment: Moment, breaks: list[Array]) -> Moment:
    """A moment whose evidence counts for less where the tracks of its animals break all the time.

    A few within a second either way are those of a swap, of its end, and of what hid the animals.
    """
    first, last = moment.before - moment.fps * AROUND, moment.after + moment.fps * AROUND
    count = [
        np.searchsorted(breaks[a][:, 0], last) - np.searchsorted(breaks[a][:, 1], first)
        for a in moment.animals
    ]
    watched = last - first - min(moment.unseen)  # while nobody is seen no track breaks
    usual = USUAL_BREAKS * watched / (2 * moment.fps * AROUND)
    share = min(1.0, usual / max(float(np.mean(count)), 1.0))
    return replace(
        moment,
        motion=[share * value for value in moment.motion],
        heading=[share * value for value in moment.heading],
    )


def _pair(tracks: Tracks, usual: Usual, breaks: list[Array], i: int, j: int, fps: float) -> Array:
    """Breaks of two animals at one time: rows i, u, v, j, u, v, and how well an exchange fits."""
    mine, theirs = breaks[i], breaks[j]
    if not len(mine) or not len(theirs):
        return np.zeros((0, 7))
    # Breaks are in order and do not overlap within an animal.
    first = np.searchsorted(theirs[:, 1], mine[:, 0] - NEAR + 1)
    last = np.searchsorted(theirs[:, 0], mine[:, 1] + NEAR)
    one = np.repeat(np.arange(len(mine)), np.maximum(last - first, 0))
    other = np.concatenate(
        [np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    ).astype(int)
    (u, v), (w, x) = mine[one].T, theirs[other].T
    # A link cannot lead back.
    good = (x > u) & (v > w)
    u, v, w, x = u[good], v[good], w[good], x[good]
    a, b = np.full(u.size, i), np.full(u.size, j)
    costs = [
        _weigh(tracks, usual, np.stack(link, axis=1)).sum(axis=1)
        for link in ((a, u, a, v), (b, w, b, x), (a, u, b, x), (b, w, a, v))
    ]
    better = costs[0] + costs[1] - costs[2] - costs[3]
    rows = np.stack([a, u, v, b, w, x, better], axis=1)
    longer, shorter = np.maximum(v - u, x - w), np.minimum(v - u, x - w)
    away = (longer > AWAY * fps) & (longer > UNEQUAL * shorter)
    return np.asarray(rows[better > np.where(away, 0.0, -DOUBT)])


def _together(rows: Array) -> list[Array]:
    """Pairs of breaks in groups that share animals and overlap in time."""
    order = np.argsort(np.minimum(rows[:, 1], rows[:, 4]), kind="stable")
    open_groups: list[tuple[float, set[float], list[Array]]] = []
    done: list[Array] = []
    for row in rows[order]:
        start, stop = min(row[1], row[4]), max(row[2], row[5])
        who, members = {row[0], row[3]}, [row]
        still = []
        for end, animals, group in open_groups:
            if end <= start:
                done.append(np.array(group))
            elif animals & who:
                who |= animals
                members = [*group, *members]
                stop = max(stop, end)
            else:
                still.append((end, animals, group))
        open_groups = [*still, (stop, who, members)]
    return done + [np.array(group) for _, _, group in open_groups]


def _moment(tracks: Tracks, usual: Usual, group: Array, fps: float) -> Moment:
    """What may have happened in one group of breaks."""
    best = group[np.argmax(group[:, 6])]
    animals = sorted({int(a) for a in (*group[:, 0], *group[:, 3])})
    if len(animals) > MOST_TOGETHER:
        ranked = group[np.argsort(-group[:, 6])][:, [0, 3]].ravel().tolist()
        animals = sorted(int(a) for a in list(dict.fromkeys(ranked))[:MOST_TOGETHER])
    ends = {}
    for animal in animals:
        mine = np.concatenate(
            [group[group[:, 0] == animal][:, [1, 2]], group[group[:, 3] == animal][:, [4, 5]]]
        )
        ends[animal] = int(mine[:, 0].min()), int(mine[:, 1].max())
    costs = _cross(tracks, usual, animals, ends)
    n = len(tracks.seen)
    moment = Moment(
        before=min(u for u, _ in ends.values()),
        after=max(v for _, v in ends.values()),
        frame=int(min(best[2], best[5])),
        animals=tuple(animals),
        unseen=tuple(ends[animal][1] - ends[animal][0] - 1 for animal in animals),
        fps=fps,
    )
    found = []
    for order in itertools.permutations(range(len(animals))):
        gain = sum(costs[k, k] - costs[k, order[k]] for k in range(len(animals)))
        whole = list(range(n))
        for k, to in enumerate(order):
            whole[animals[k]] = animals[to]
        found.append((tuple(whole), gain[0], gain[1]))
    none = found[0]
    others = sorted(found[1:], key=lambda option: -(option[1] + option[2]))[:MOST_OPTIONS]
    for option, motion, heading in [none, *others]:
        if motion + heading > -2 * DOUBT:
            moment.options.append(option)
            moment.motion.append(float(motion))
            moment.heading.append(float(heading))
    return moment


def _cross(
    tracks: Tracks, usual: Usual, animals: list[int], ends: dict[int, tuple[int, int]]
) -> Array:
    """Costs of the way from each animal to each slot, dims (animal, slot, motion and heading)."""
    links = [(i, ends[i][0], j, max(ends[j][1], ends[i][0] + 1)) for i in animals for j in animals]
    found = _weigh(tracks, usual, np.array(links))
    return found.reshape(len(animals), len(animals), 2)


def _weigh(tracks: Tracks, usual: Usual, links: Array) -> Array:
    """Costs of motion, with that of the time it took, and of heading, dims (link, 2)."""
    costs: Array = find_costs(tracks, usual, links)
    costs[:, 0] += find_spreads(tracks, usual, links)
    return costs
