"""One recording as animals are followed on it: where each is seen, and how fast it moves there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

PACE = 0.1
"""Time over which speeds are taken, s."""

FADING = 0.3
"""How long an animal goes on as it moves, s."""

SEEN = 0.25
"""Share of its points of which an animal that is seen has at least one."""

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
        return Tracks(
            self.position[animals],
            self.seen[animals],
            self.before[animals],
            self.after[animals],
            self.fading,
        )


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
