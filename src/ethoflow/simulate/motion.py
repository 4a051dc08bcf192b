"""Elementary movements: poses frame by frame, and what they show.

Every movement starts one frame after the pose it is given, so movements chain without a jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ethoflow.simulate.arena import Array
from ethoflow.simulate.body import BEND, HEADING, REACH, SWAY, X, Y
from ethoflow.simulate.path import RAMP, Path

SCAN_SPEED = 30.0
"""Speed of a nose that looks around, in mm/s: not immobile (< 10), too slow to follow (> 40)."""

SLOW_SPEED = 24.0
"""Speed of slow steps, in mm/s: neither immobile (< 10) nor moving (>= 40)."""

MOVING = 40.0
"""Speed from which an animal that walks is scripted to be moving, in mm/s."""

TURN_RATE = 3.5
"""Mean rate of a turn on the spot, in rad/s."""


class Shown(NamedTuple):
    """A scripted bout: frames `start` to `stop` (excluded); `partner` is -1 where there is none."""

    behaviour: str
    partner: int
    start: int
    stop: int


@dataclass(frozen=True)
class Act:
    """Poses of one animal, dims (frame, 6), and the bouts they are scripted to show."""

    poses: Array
    shows: tuple[Shown, ...] = ()

    @property
    def last(self) -> Array:
        """The pose it ends with."""
        return np.asarray(self.poses[-1])


def chain(*acts: Act) -> Act:
    """One act after the other."""
    shows: list[Shown] = []
    start = 0
    for act in acts:
        shows += [s._replace(start=s.start + start, stop=s.stop + start) for s in act.shows]
        start += len(act.poses)
    return Act(np.concatenate([act.poses for act in acts]), tuple(shows))


def show(act: Act, behaviour: str, partner: int = -1) -> Act:
    """`act`, scripted to show `behaviour` from its first frame to its last."""
    return Act(act.poses, (*act.shows, Shown(behaviour, partner, 0, len(act.poses))))


def show_walk(act: Act, fps: float) -> Act:
    """`act`, scripted to show moving from where it gets faster than `MOVING` to where it slows."""
    step = np.diff(act.poses[:, [X, Y]], axis=0)
    under_way = np.flatnonzero(np.hypot(*step.T) * fps >= MOVING)
    if not under_way.size:
        return act
    shown = Shown("moving", -1, int(under_way[0]), int(under_way[-1]) + 2)
    return Act(act.poses, (*act.shows, shown))


def hold(pose: Array, frames: int) -> Act:
    """Stand still."""
    return Act(np.repeat(pose[None], frames, axis=0))


def scan(pose: Array, frames: int, fps: float, *, sign: float = 1.0) -> Act:
    """Look around: the nose goes round small circles at constant speed and ends where it began.

    With `sign` -1 the circles are mirrored through the nose, so two animals that face each other
    keep their noses at one distance.
    """
    poses = np.repeat(pose[None], frames, axis=0)
    seconds = frames / fps
    if seconds >= 0.4:
        rounds = max(1, round(0.9 * seconds))
        angle = 2 * np.pi * rounds * np.arange(1, frames + 1) / frames
        radius = SCAN_SPEED * seconds / (2 * np.pi * rounds)
        poses[:, REACH] += sign * radius * np.sin(angle)
        poses[:, SWAY] += sign * radius * (1 - np.cos(angle))
    return Act(poses)


def turn_frames(angle: Array, fps: float) -> Array:
    """Frames a turn on the spot takes; none for a few degrees."""
    size = np.abs(angle)
    seconds = np.maximum(0.25, size / TURN_RATE)
    return np.where(size < 0.02, 0, np.ceil(seconds * fps))


def wrap(angle: Array) -> Array:
    """Angles between -pi and pi."""
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)


def turn(pose: Array, heading: float, fps: float) -> Act:
    """Turn on the spot, the short way."""
    angle = wrap(np.asarray(heading - pose[HEADING]))
    frames = int(turn_frames(angle, fps))
    share = np.arange(1, frames + 1) / max(frames, 1)
    poses = np.repeat(pose[None], frames, axis=0)
    poses[:, HEADING] += angle * share**2 * (3 - 2 * share)
    return Act(poses)


def step(pose: Array, distance: float, fps: float) -> Act:
    """Step slowly forward (or, where `distance` is negative, backward) with a straight body."""
    frames = int(np.ceil(abs(distance) / SLOW_SPEED * fps))
    way = distance * np.arange(1, frames + 1) / frames
    poses = np.repeat(pose[None], frames, axis=0)
    poses[:, X] += way * np.cos(pose[HEADING])
    poses[:, Y] += way * np.sin(pose[HEADING])
    return Act(poses)


def follow_path(path: Path, way: Array) -> Act:
    """Walk along `path`: `way` is the distance from its start in every frame, in mm."""
    poses = np.zeros((way.size, 6))
    poses[:, X] = np.interp(way, path.way, path.points[:, 0])
    poses[:, Y] = np.interp(way, path.way, path.points[:, 1])
    poses[:, HEADING] = np.interp(way, path.way, path.heading)
    poses[:, BEND] = np.interp(way, path.way, path.bend)
    return Act(poses)


def pace(length: float, speed: float, fps: float, *, swing: float = 0.0) -> Array:
    """Distance gone in every frame: get up to `speed`, keep it, come to rest after `length` mm.

    With `swing` the speed rises and falls by that share, three times over the whole way.
    """
    ramp = min(RAMP, length / speed)
    frames = max(2, int(np.ceil((length / speed + ramp) * fps)))
    time = (np.arange(frames) + 0.5) / frames
    rise = ramp / (length / speed + ramp)
    shape = np.clip(np.minimum(time, 1 - time) / rise, 0, 1)
    shape = shape * (1 + swing * np.sin(6 * np.pi * time))
    return np.asarray(np.cumsum(shape) * (length / shape.sum()))
