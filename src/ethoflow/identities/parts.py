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
from ethoflow.identities.moments import Moment
from ethoflow.identities.tracks import Tracks

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
    """Events in pairs, from one to that which takes it back; those near each other are one.

    Which points are told may differ a little: half of those of the one with fewer are enough.
    """
    found: list[Episode] = []
    for animals in sorted({event.animals for event in events}):
        left = [one for one in events if one.animals == animals]
        spans: list[Episode] = []
        while left:
            first = left.pop(0)
            last = next((one for one in left if _is_same(first, one)), None)
            if last is not None:
                left.remove(last)
            parts = {*first.parts, *(last.parts if last else ())}
            stop = last.frame if last else n_frames
            spans.append(Episode(first.frame, stop, animals, tuple(sorted(parts))))
        found += _join(spans, TOGETHER * fps, n_frames)
    return sorted(found)


def _is_same(one: Event, other: Event) -> bool:
    shared = set(one.parts) & set(other.parts)
    return 2 * len(shared) >= min(len(one.parts), len(other.parts))


def _join(spans: Sequence[Episode], near: float, n_frames: int) -> list[Episode]:
    joined: list[Episode] = []
    for span in spans:
        before = joined[-1] if joined else None
        is_open = before is not None and before.stop == n_frames
        if before is not None and not is_open and span.start <= before.stop + near:
            parts = tuple(sorted({*before.parts, *span.parts}))
            joined[-1] = Episode(before.start, max(before.stop, span.stop), span.animals, parts)
        else:
            joined.append(span)
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
