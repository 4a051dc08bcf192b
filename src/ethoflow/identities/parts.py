"""Exchanges of some body parts only: a tracker that puts animals together from points makes them.

The points of two animals change places in one step while others stay. Who is who is not exchanged
then, and putting back whole animals would do harm.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.identities.links import Tracks
from ethoflow.identities.moments import Moment

FAST, FAR = 0.95, 2.0
"""Share of steps that are shorter than a fast one, and how many of these are no step any more."""

CLEARLY = 3.0
"""How much nearer the one place is than the other."""

LATEST = 1.0
"""Time in s since a point was seen after which it says nothing."""

TOGETHER = 0.5
"""Time in s between exchanges that are taken together."""


class Event(NamedTuple):
    """Points of two animals that change places at a frame, while others stay."""

    frame: int
    animals: tuple[int, int]
    parts: tuple[int, ...]


class Episode(NamedTuple):
    """From when to when (exclusive) which body parts of two animals were exchanged, some time."""

    start: int
    stop: int
    animals: tuple[int, int]
    parts: tuple[int, ...]


def find_events(tracks: Tracks, fps: float) -> list[Event]:
    """Every step in which some points of two animals change places and others do not."""
    position = tracks.position
    last = _last_seen(position)
    step = _distance(position, position, last)
    gaps = np.arange(position.shape[1])[:, np.newaxis] - last
    step[(gaps > LATEST * fps) | (last < 0)] = np.nan
    each = step / np.maximum(gaps, 1)
    known = each[~np.isnan(each)]
    far = FAR * float(np.quantile(known, FAST)) if known.size else np.inf
    found = []
    for i, j in itertools.combinations(range(len(position)), 2):
        gap = np.maximum(gaps[i], gaps[j])
        limit = far * gap
        # Nearly all frames have no point that comes from far: these are not looked at.
        frames = np.flatnonzero(((step[i] > limit) & (step[j] > limit)).any(axis=1))
        for frame in frames.tolist():
            parts = _changed(position, last, i, j, frame, gap[frame], limit[frame])
            if parts:
                found.append(Event(frame, (i, j), parts))
    return found


def _last_seen(position: Array) -> Array:
    """The last frame before each at which a point was seen; -1 of none."""
    seen = ~np.isnan(position[..., 0])
    frames = np.where(seen, np.arange(position.shape[1])[:, np.newaxis], -1)
    last = np.maximum.accumulate(frames, axis=1)
    return np.concatenate([np.full_like(last[:, :1], -1), last[:, :-1]], axis=1)


def _distance(now: Array, before: Array, last: Array) -> Array:
    """From where each point was last to where it is, dims (individual, time, bodypart)."""
    there = np.take_along_axis(before, np.maximum(last, 0)[..., np.newaxis], axis=1)
    distance: Array = np.sqrt(np.square(now - there).sum(axis=-1))
    return distance


def _changed(
    position: Array, last: Array, i: int, j: int, frame: int, gap: Array, limit: Array
) -> tuple[int, ...]:
    """Points that change places between two animals, if others certainly stay meanwhile."""
    parts = np.arange(position.shape[2])
    now = position[[i, j], frame]
    before = np.stack([position[k, np.maximum(last[k, frame], 0), parts] for k in (i, j)])
    ways = np.sqrt(np.square(now[:, np.newaxis] - before[np.newaxis]).sum(axis=-1))
    own = ways[[0, 1], [0, 1]]
    crossed = ways[[0, 1], [1, 0]]
    with np.errstate(invalid="ignore"):
        changed = _nearer(crossed, own, limit)
        stayed = _nearer(own, crossed, limit)
    if not changed.any() or not stayed.any():
        return ()
    # Points that stay since an animal was seen again do not say that it was not exchanged before.
    stayed &= gap >= gap[changed].max()
    return tuple(parts[changed].tolist()) if stayed.any() else ()


def _nearer(one: Array, other: Array, limit: Array) -> Array:
    nearer: Array = (other.min(axis=0) > limit) & (one.max(axis=0) * CLEARLY < other.min(axis=0))
    return nearer


def find_episodes(events: Sequence[Event], fps: float, n_frames: int) -> list[Episode]:
    """Events in pairs, from one to that which takes it back; those near each other are one."""
    found = []
    for animals in sorted({event.animals for event in events}):
        running: dict[int, int] = {}
        spans = []
        for event in (one for one in events if one.animals == animals):
            for part in event.parts:
                if part in running:
                    spans.append((running.pop(part), event.frame, part))
                else:
                    running[part] = event.frame
        spans += [(start, n_frames, part) for part, start in running.items()]
        found += [Episode(*ends, animals, parts) for *ends, parts in _join(spans, TOGETHER * fps)]
    return sorted(found)


def _join(
    spans: Sequence[tuple[int, int, int]], near: float
) -> list[tuple[int, int, tuple[int, ...]]]:
    joined: list[tuple[int, int, tuple[int, ...]]] = []
    for start, stop, part in sorted(spans):
        if joined and start <= joined[-1][1] + near:
            first, last, parts = joined[-1]
            joined[-1] = (first, max(last, stop), tuple(sorted({*parts, part})))
        else:
            joined.append((start, stop, (part,)))
    return joined


def without_parts(moments: Sequence[Moment], events: Sequence[Event]) -> list[Moment]:
    """Moments without the options that exchange animals of which only some points changed."""
    kept = []
    for moment in moments:
        there = [one.animals for one in events if moment.before < one.frame <= moment.after]
        options = [
            k
            for k, option in enumerate(moment.options)
            if not any(option[i] == j or option[j] == i for i, j in there)
        ]
        if len(options) > 1:
            kept.append(moment.only(options))
    return kept
