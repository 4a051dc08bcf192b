"""What an animal does alone: run about, step slowly, rest, climb the wall.

Every plan keeps clear of the other animals' plans, and of where those without a plan stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ethoflow.simulate.arena import Array, Ground, extent, find_walls
from ethoflow.simulate.body import HEADING, Mouse, X, Y, make_spine
from ethoflow.simulate.motion import (
    SLOW_SPEED,
    Act,
    chain,
    follow_path,
    hold,
    pace,
    scan,
    show,
    show_walk,
    step,
    turn,
    turn_frames,
    wrap,
)
from ethoflow.simulate.path import (
    CANDIDATES,
    WALL_MARGIN,
    Others,
    aim_controls,
    make_path,
    rate,
    roam_controls,
)

PAUSE = 1.3
"""Rest after a run, in s, so that two runs are two bouts."""

MIN_SCORE = 35.0
"""A plan that comes nearer to another animal than this, in mm, is given up."""

LEAN = 0.38
"""How far a climbing nose is beyond the wall, in body lengths."""


@dataclass(frozen=True)
class Stage:
    """What all plans share: the ground, the animals, the frame rate."""

    ground: Ground
    mice: tuple[Mouse, ...]
    fps: float

    def frames(self, seconds: float) -> int:
        """Whole frames of a duration."""
        return round(seconds * self.fps)


Plan: TypeAlias = tuple[Act, float]
"""An act and how far it keeps from others, in mm."""


def pick_places(rng: np.random.Generator, ground: Ground, count: int) -> tuple[Array, Array]:
    """Places well inside the ground (count, space) and headings there."""
    angle, heading = rng.uniform(0, 2 * np.pi, (2, count))
    far = extent(ground, angle, WALL_MARGIN) * np.sqrt(rng.uniform(0, 1, count))
    way = far[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return ground.centre + way, heading


def walk_to(
    stage: Stage,
    rng: np.random.Generator,
    mouse: Mouse,
    pose: Array,
    goal: Array,
    end: Array,
    others: Others,
    *,
    free: float = 0.0,
    meet: float = 0.0,
) -> Plan:
    """Turn where needed, walk to one of the places `goal`, turn there to its heading `end`."""
    speed = rng.uniform(110, 160)
    goal = np.broadcast_to(goal, (CANDIDATES, 2))
    end = np.broadcast_to(end, (CANDIDATES,))
    controls, heading = aim_controls(rng, (pose[[X, Y]], pose[HEADING]), goal, end)
    angle = wrap(heading - pose[HEADING])
    turning = turn_frames(angle, stage.fps)
    score = rate(
        controls,
        ground=stage.ground,
        half=mouse.half,
        others=others,
        speed=speed,
        fps=stage.fps,
        delay=turning,
        free=free,
        meet=meet,
    )
    best = int(np.argmax(score))
    path = make_path(controls[best])
    walk = follow_path(path, pace(path.length, speed, stage.fps))
    leave = turn(pose, heading[best], stage.fps)
    arrive = turn(walk.last, float(end[best]), stage.fps)
    return chain(leave, show_walk(walk, stage.fps), arrive), float(score[best])


def roam(
    stage: Stage,
    rng: np.random.Generator,
    mouse: Mouse,
    pose: Array,
    others: Others,
    *,
    seconds: float,
    speed: float,
    swing: float = 0.0,
) -> Plan:
    """Turn where needed and go about for `seconds` at `speed`, without a goal."""
    length = speed * seconds
    start = np.broadcast_to(pose[[X, Y]], (CANDIDATES, 2))
    heading = pose[HEADING] + rng.uniform(-np.pi, np.pi, CANDIDATES)
    heading[::2] = pose[HEADING]
    controls = roam_controls(rng, stage.ground, start, heading, length)
    score = rate(
        controls,
        ground=stage.ground,
        half=mouse.half,
        others=others,
        speed=speed,
        fps=stage.fps,
        delay=turn_frames(wrap(heading - pose[HEADING]), stage.fps),
        length=length,
    )
    best = int(np.argmax(score))
    path = make_path(controls[best], length)
    walk = follow_path(path, pace(path.length, speed, stage.fps, swing=swing))
    walk = show_walk(walk, stage.fps) if speed > SLOW_SPEED else walk
    return chain(turn(pose, heading[best], stage.fps), walk), float(score[best])


def run(stage: Stage, rng: np.random.Generator, mouse: Mouse, pose: Array, others: Others) -> Plan:
    """Run about, then stop and look around."""
    seconds, speed = rng.uniform(5, 7.5), rng.uniform(105, 150)
    act, score = roam(stage, rng, mouse, pose, others, seconds=seconds, speed=speed, swing=0.2)
    return chain(act, scan(act.last, stage.frames(PAUSE), stage.fps)), score


def slow(stage: Stage, rng: np.random.Generator, mouse: Mouse, pose: Array, others: Others) -> Plan:
    """Step about slowly: neither moving nor immobile."""
    return roam(stage, rng, mouse, pose, others, seconds=rng.uniform(5, 7), speed=SLOW_SPEED)


def rest(stage: Stage, rng: np.random.Generator, mouse: Mouse, pose: Array, others: Others) -> Plan:
    """Walk somewhere and be still."""
    goal, end = pick_places(rng, stage.ground, CANDIDATES)
    act, score = walk_to(stage, rng, mouse, pose, goal, end, others)
    still = show(hold(act.last, stage.frames(rng.uniform(3.4, 5))), "immobile")
    return chain(act, still), score


def climb(
    stage: Stage, rng: np.random.Generator, mouse: Mouse, pose: Array, others: Others
) -> Plan:
    """Walk to the wall, lean over it and look around there, and step back."""
    before, beyond = mouse.half + 12, LEAN * mouse.length
    wall, out = find_walls(stage.ground, rng, CANDIDATES, before=before, beyond=beyond)
    goal, end = wall - before * out, np.arctan2(out[:, 1], out[:, 0])
    act, score = walk_to(stage, rng, mouse, pose, goal, end, others)
    way = 12 + beyond
    up = step(act.last, way, stage.fps)
    lean = scan(up.last, stage.frames(rng.uniform(2.2, 3.5)), stage.fps)
    down = step(lean.last, -way, stage.fps)
    return chain(act, up, show(lean, "climbing"), down), score


Solo: TypeAlias = Callable[[Stage, np.random.Generator, Mouse, Array, Others], Plan]

SOLOS: dict[str, Solo] = {"run": run, "rest": rest, "climb": climb, "slow": slow}
"""What an animal may do alone."""


def act_alone(
    stage: Stage, rng: np.random.Generator, name: str, mouse: Mouse, pose: Array, others: Others
) -> Act:
    """The solo `name`; slow steps or looking around where the others leave no room for it."""
    for solo in (SOLOS[name], slow):
        act, score = solo(stage, rng, mouse, pose, others)
        if score >= MIN_SCORE:
            return act
    return scan(pose, stage.frames(3), stage.fps)


def stand(pose: Array, mouse: Mouse) -> Array:
    """Nose, centre and tail base of an animal that stays where it is, for `Others`."""
    return make_spine(pose[None], mouse)
