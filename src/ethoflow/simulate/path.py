"""Paths over the ground: many candidates at once, and the choice of one that hits nobody.

A path is a cubic B-spline through control points, so it starts and ends straight, bends smoothly,
and stays within the hull of its control points.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ethoflow.simulate.arena import Array, Ground, Mask, depth, extent

RAMP = 0.3
"""Time to get up to speed and to come to rest, in s."""

CLEARANCE = 60.0
"""Distance kept between points of animals that are not scripted to meet, in mm."""

WALL_MARGIN = 46.0
"""Distance of control points from the wall, in mm: more than half a body, for turns on the spot."""

MAX_BEND = 1 / 24
"""Tightest bend that a walking mouse takes, in 1/mm."""

CANDIDATES = 48
"""Paths tried at a time."""


@dataclass(frozen=True)
class Path:
    """A path: distance from its start (mm), points, heading (rad) and bend of a body on it."""

    way: Array
    points: Array
    heading: Array
    bend: Array

    @property
    def length(self) -> float:
        """Length in mm."""
        return float(self.way[-1])


@dataclass(frozen=True)
class Others:
    """Where the other animals are: for each, nose, centre and tail base (frame, 3, space).

    After its last frame an animal stays where it is.
    """

    spines: tuple[Array, ...] = ()


@functools.cache
def _basis(samples: int) -> tuple[Array, Array]:
    """Weights of four control points along one piece of the spline, and their slopes."""
    t = np.arange(samples) / samples
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1])
    weights = np.stack([*weights, t**3], axis=1) / 6
    slopes = np.stack([-((1 - t) ** 2), 3 * t**2 - 4 * t, -3 * t**2 + 2 * t + 1, t**2], axis=1) / 2
    return weights, slopes


def draw(controls: Array, samples: int = 8) -> tuple[Array, Array]:
    """Points and unit tangents (path, sample, space) of splines through `controls`."""
    weights, slopes = _basis(samples)
    pieces = np.lib.stride_tricks.sliding_window_view(controls, 4, axis=1)
    shape = (controls.shape[0], -1, 2)
    points = np.einsum("kpdc,nc->kpnd", pieces, weights).reshape(shape)
    tangents = np.einsum("kpdc,nc->kpnd", pieces, slopes).reshape(shape)
    a, b, c = controls[:, -3], controls[:, -2], controls[:, -1]
    points = np.concatenate([points, ((a + 4 * b + c) / 6)[:, None]], axis=1)
    tangents = np.concatenate([tangents, ((c - a) / 2)[:, None]], axis=1)
    return points, tangents / np.maximum(np.linalg.norm(tangents, axis=-1), 1e-9)[..., None]


def measure(points: Array) -> Array:
    """Distance from the start along each path, dims (path, sample)."""
    steps = np.linalg.norm(np.diff(points, axis=1), axis=-1)
    return np.concatenate([np.zeros((len(points), 1)), np.cumsum(steps, axis=1)], axis=1)


def make_path(controls: Array, length: float | None = None) -> Path:
    """The path through `controls` (point, space), cut after `length` mm."""
    points, tangents = draw(controls[None], 32)
    way, points = measure(points)[0], points[0]
    heading = np.unwrap(np.arctan2(tangents[0, :, 1], tangents[0, :, 0]))
    end = way[-1] if length is None else min(length, way[-1])
    grid = np.linspace(0, end, max(3, int(end / 2)))
    heading = _smooth(np.interp(grid, way, heading), 6)
    bend = np.clip(np.gradient(heading, grid), -1 / 60, 1 / 60)
    # A body stands straight where a path starts and ends, and bends within a third of its length.
    bend *= np.clip(np.minimum(grid, end - grid) / 25, 0, 1)
    points = np.stack([np.interp(grid, way, points[:, i]) for i in (0, 1)], axis=1)
    return Path(grid, points, heading, bend)


def _smooth(values: Array, reach: int) -> Array:
    """Mean over `reach` neighbours on both sides, fewer near the ends, which stay as they are."""
    place = np.arange(values.size)
    reach_here = np.minimum(reach, np.minimum(place, place[::-1]))
    total = np.concatenate([[0.0], np.cumsum(values)])
    width = 2 * reach_here + 1
    return np.asarray((total[place + reach_here + 1] - total[place - reach_here]) / width)


def aim_controls(
    rng: np.random.Generator, pose: tuple[Array, Array], goal: Array, end: Array
) -> tuple[Array, Array]:
    """Controls of paths to `goal` (path, space), and the headings they start with.

    `pose` is place and heading at the start. Every third path leaves without a turn on the spot.
    Half of them arrive with heading `end`, the others straight. The first are the straightest.
    """
    count = len(goal)
    start = np.broadcast_to(pose[0], goal.shape)
    aside = np.linspace(0, 70, count)[:, None] * rng.standard_normal((count, 2))
    arrive = rng.uniform(24, 38, (count, 1)) * np.stack([np.cos(end), np.sin(end)], axis=1)
    behind = goal - rng.uniform(1.7, 2.7, (count, 1)) * arrive
    middle = start + rng.uniform(0.35, 0.65, (count, 1)) * (behind - start) + aside
    odd = slice(1, None, 2)
    middle[odd] = ((start + goal) / 2 + aside / 2)[odd]
    last = (goal - middle)[odd]
    arrive[odd] = 24 * last / np.maximum(np.linalg.norm(last, axis=1), 1e-9)[:, None]
    behind[odd] = ((middle + goal - arrive) / 2)[odd]
    first = middle - start
    heading = np.arctan2(first[:, 1], first[:, 0])
    heading[::3] = pose[1]
    leave = 28 * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    controls = [start - leave, start, start + leave, middle, behind]
    return np.stack([*controls, goal - arrive, goal, goal + arrive], axis=1), heading


def roam_controls(
    rng: np.random.Generator, ground: Ground, start: Array, heading: Array, length: float
) -> Array:
    """Controls of paths that leave `start` (path, space) and circle about the ground.

    A path goes round in the sense that its heading begins with, now near the wall, now inside.
    """
    count = len(start)
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=1)
    offset = start - ground.centre
    side = offset[:, 0] * ahead[:, 1] - offset[:, 1] * ahead[:, 0]
    sense = np.where(side >= 0, 1.0, -1.0)
    points = int(np.ceil(length / 60)) + 4
    around = np.cumsum(rng.uniform(0.7, 1.5, (count, points)), axis=1)
    angle = np.arctan2(offset[:, 1], offset[:, 0])[:, None] + sense[:, None] * around
    far = extent(ground, angle, WALL_MARGIN) * rng.uniform(0.4, 1.0, (count, points))
    turns = ground.centre + far[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    leave = 30 * ahead
    first = np.stack([start - leave, start, start + leave], axis=1)
    return np.concatenate([first, turns], axis=1)


def rate(
    controls: Array,
    *,
    ground: Ground,
    half: float,
    others: Others,
    speed: float,
    fps: float,
    delay: Array | float = 0.0,
    length: float = np.inf,
    free: float = 0.0,
    meet: float = 0.0,
) -> Array:
    """How good each path is: its distance from others in mm (at most `CLEARANCE`), less faults.

    A path with a fault (nose near the wall, a bend too tight) is below zero. `delay` is the frame
    it starts at; `meet` makes it wait until it ends at that frame. The first `free` mm are
    not compared with others.
    """
    points, tangents = draw(controls)
    way = measure(points)
    total = np.minimum(way[:, -1:], length)
    used = way <= total
    ahead = half * tangents
    room = np.where(used, depth(ground, points + ahead), np.inf).min(axis=1)
    chord = np.linalg.norm(np.diff(tangents, axis=1), axis=-1)
    bend = np.where(used[:, 1:], chord / np.maximum(np.diff(way, axis=1), 1e-3), 0).max(axis=1)
    score = (
        -500.0 * (room < 10) - 5000.0 * np.clip(bend - MAX_BEND, 0, 0.1) - 80.0 * (total[:, 0] < 70)
    )
    duration = (total / speed + RAMP) * fps
    start = np.broadcast_to(np.asarray(delay, np.float64), (len(way),))[:, None]
    start = np.maximum(start, meet - duration)
    frame = start + np.minimum(way, total) / speed * fps + RAMP / 2 * fps
    spine = np.stack([points + ahead, points, points - ahead], axis=2)
    compared = used & (way >= free)
    nearest = _clearance(spine, frame, compared, others, fps)
    last = np.maximum(used.sum(axis=1) - 1, 0)
    stop = frame[np.arange(len(frame)), last]
    rest = spine[np.arange(len(spine)), last]
    total_score: Array = score + np.minimum(nearest, _rest_clearance(rest, stop, others, fps))
    return total_score


def _rest_clearance(rest: Array, stop: Array, others: Others, fps: float) -> Array:
    """Smallest distance from others that move on after a path has ended at its last pose."""
    nearest = np.full(len(rest), np.inf)
    stride = max(1, int(fps / 5))
    for other in others.spines:
        frames = np.arange(0, len(other), stride)
        square = _nearest_square(rest[:, None], other[None, frames])
        square = np.where(frames >= stop[:, None], square, np.inf).min(axis=1)
        nearest = np.minimum(nearest, np.sqrt(square))
    return nearest


def _clearance(spine: Array, frame: Array, compared: Mask, others: Others, fps: float) -> Array:
    """Smallest distance of each path's bodies from the other animals, at most `CLEARANCE`."""
    nearest = np.full(len(spine), CLEARANCE)
    # Looking a little back as well keeps a path off the others' fresh trails: that is following.
    lags = (0.0, 0.25 * fps, 0.5 * fps)
    for other in others.spines:
        for lag in lags if len(other) > 1 else lags[:1]:
            there = other[np.clip(frame - lag, 0, len(other) - 1).astype(np.intp)]
            square = np.where(compared, _nearest_square(spine, there), np.inf).min(axis=1)
            nearest = np.minimum(nearest, np.sqrt(square))
    return nearest


def _nearest_square(one: Array, other: Array) -> Array:
    """Squared distance of the nearest points of two bodies (..., 3, space)."""
    nearest: Array | None = None
    for i in range(3):
        for j in range(3):
            x = one[..., i, 0] - other[..., j, 0]
            y = one[..., i, 1] - other[..., j, 1]
            square = x * x + y * y
            nearest = square if nearest is None else np.minimum(nearest, square, out=nearest)
    assert nearest is not None
    return nearest
