"""What two animals do together: meet nose to nose, sniff, lie side by side, follow.

The receiver walks to a place, the actor joins it there, both play the act, the actor leaves. So
animals are apart where a scene starts and where it ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ethoflow.simulate.arena import Array, depth
from ethoflow.simulate.body import BEND, HEADING, Mouse, X, Y, make_spine
from ethoflow.simulate.motion import (
    Act,
    Shown,
    chain,
    follow_path,
    hold,
    pace,
    scan,
    show,
    show_walk,
)
from ethoflow.simulate.path import CANDIDATES, Others, Path, make_path, rate, roam_controls
from ethoflow.simulate.solo import PAUSE, Stage, pick_places, stand, walk_to

SOCIALS = ("nose_to_nose", "nose_to_tail", "side_by_side", "following")
MUTUAL = ("nose_to_nose", "side_by_side")
"""Those that are the same seen from both animals."""
"""What two animals may do together."""

NOSE_GAP = 8.0
"""Distance of a nose from the nose or tail base it sniffs, in mm: clear of 25."""

SIDE_GAP = 36.0
"""Distance of two animals side by side, in mm: clear of 25 and of 50."""

FOLLOW_GAP = 42.0
"""Distance of a follower's nose from the tail base, in mm: clear of 25, passed within 0.5 s."""

STAGING = {"nose_to_nose": 35.0, "nose_to_tail": 35.0, "side_by_side": 105.0, "following": 0.0}
"""How far behind its place in the formation an actor can still turn on the spot, in mm."""

LAG = 25.0
"""Way after which a follower is on the trail, in mm."""


class Formation(NamedTuple):
    """Where an act of two starts: poses of both and, where they walk in line, their path."""

    receiver: Array
    actor: Array
    controls: Array | None = None


def _direction(heading: Array) -> Array:
    return np.stack([np.cos(heading), np.sin(heading)], axis=-1)


def _pose(place: Array, heading: float) -> Array:
    return np.array([place[0], place[1], heading, 0.0, 0.0, 0.0])


def _separation(kind: str, receiver: Mouse, actor: Mouse) -> float:
    """Distance of the two centres where one walks behind the other."""
    gap = FOLLOW_GAP if kind == "following" else NOSE_GAP
    return receiver.half + gap + actor.half


def form(
    stage: Stage,
    rng: np.random.Generator,
    kind: str,
    pair: tuple[int, int],
    poses: Array,
    others: Others,
) -> Formation:
    """A formation with room around it, some way from where the two are now."""
    actor, receiver = (stage.mice[i] for i in pair)
    place, heading = pick_places(rng, stage.ground, 2 * CANDIDATES)
    ahead = _direction(heading)
    partner_heading = heading
    if kind == "nose_to_nose":
        partner = place + (receiver.half + NOSE_GAP + actor.half) * ahead
        partner_heading = heading + np.pi
    elif kind == "side_by_side":
        side = np.where(rng.random(len(place)) < 0.5, SIDE_GAP, -SIDE_GAP)
        partner = place + side[:, None] * _direction(heading + np.pi / 2)
    else:
        partner = place - _separation(kind, receiver, actor) * ahead
    staging = partner - STAGING[kind] * _direction(partner_heading)
    two = np.stack(
        [
            _spines(place, heading, receiver.half),
            _spines(partner, partner_heading, actor.half),
            _spines(staging, partner_heading, actor.half),
        ],
        axis=1,
    )
    score = _room(stage, two, poses[list(pair)], others)
    controls = None
    if kind in ("nose_to_tail", "following"):
        controls, rated = _line(stage, rng, kind, pair, partner, heading, others)
        score = score + rated
    best = int(np.argmax(score))
    return Formation(
        _pose(place[best], heading[best]),
        _pose(partner[best], partner_heading[best]),
        None if controls is None else controls[best],
    )


def _spines(place: Array, heading: Array, half: float) -> Array:
    ahead = half * _direction(heading)
    return np.stack([place + ahead, place, place - ahead], axis=1)


def _room(stage: Stage, two: Array, poses: Array, others: Others) -> Array:
    """Score of formations (formation, body, 3, space): room to the wall, to others, to walk."""
    room = depth(stage.ground, two).min(axis=(1, 2))
    score = -20 * np.clip(15 - room, 0, None)
    for other in others.spines:
        gap = np.linalg.norm(two[:, :, :, None] - other[0], axis=-1).min(axis=(1, 2, 3))
        score -= 5 * np.clip(75 - gap, 0, None)
    actor, receiver = poses[0, :2], poses[1, :2]
    walk_receiver = np.linalg.norm(two[:, 0, 1] - receiver, axis=-1)
    walk_actor = np.linalg.norm(two[:, 2, 1] - actor, axis=-1)
    blocked = np.linalg.norm(two[:, 0] - actor, axis=-1).min(axis=1)
    score -= 5 * (np.clip(80 - walk_receiver, 0, None) + np.clip(100 - walk_actor, 0, None))
    return np.asarray(score - 2 * np.clip(110 - blocked, 0, None))


def _line(
    stage: Stage,
    rng: np.random.Generator,
    kind: str,
    pair: tuple[int, int],
    start: Array,
    heading: Array,
    others: Others,
) -> tuple[Array, Array]:
    """Paths for two in line, straight where both stand at the start, and how good they are."""
    actor, receiver = (stage.mice[i] for i in pair)
    apart = _separation(kind, receiver, actor)
    speed, seconds = (130.0, 4.5) if kind == "following" else (22.0, 4.5)
    pieces = round(apart / 30) + 1
    ahead = _direction(heading)
    straight = start[:, None] + 30 * np.arange(-1, pieces - 1)[:, None] * ahead[:, None]
    length = apart + speed * seconds
    rest = roam_controls(
        rng, stage.ground, start + 30 * pieces * ahead, heading, length - 30 * pieces
    )
    controls = np.concatenate([straight, rest], axis=1)
    rated = rate(
        controls,
        ground=stage.ground,
        half=actor.half,
        others=others,
        speed=speed,
        fps=stage.fps,
        length=length,
    )
    return controls, rated


def play_pair(
    stage: Stage, rng: np.random.Generator, kind: str, pair: tuple[int, int], poses: Array
) -> tuple[Act, Act]:
    """The scene `kind` of two: acts of the actor and of the receiver, equally long."""
    actor, receiver = pair
    a, r = stage.mice[actor], stage.mice[receiver]
    away = [i for i in range(len(stage.mice)) if i not in pair]
    rest = tuple(stand(poses[i], stage.mice[i]) for i in away)
    formation = form(stage, rng, kind, pair, poses, Others(rest))
    goal, end = formation.receiver[[X, Y]], formation.receiver[[HEADING]]
    waiting = Others((*rest, stand(poses[actor], a)))
    first, _ = walk_to(stage, rng, r, poses[receiver], goal, end, waiting)
    meet = len(first.poses) + stage.frames(0.5)
    there = Others((*rest, make_spine(first.poses, r)))
    second = _join(stage, rng, a, poses[actor], formation.actor, there, kind, meet)
    meet = max(meet, len(second.poses))
    wait = scan(poses[actor], meet - len(second.poses), stage.fps)
    ready = scan(first.last, meet - len(first.poses), stage.fps)
    ours, theirs = _act(stage, rng, kind, pair, formation)
    ours = chain(wait, second, ours)
    theirs = chain(ready, theirs) if not len(first.poses) else chain(first, ready, theirs)
    leave = _leave(stage, rng, a, ours.last, Others((*rest, stand(theirs.last, r))))
    return chain(ours, leave), chain(theirs, scan(theirs.last, len(leave.poses), stage.fps))


def _join(
    stage: Stage,
    rng: np.random.Generator,
    mouse: Mouse,
    pose: Array,
    place: Array,
    others: Others,
    kind: str,
    meet: float,
) -> Act:
    """Walk to a spot behind `place` with room to turn, and from there straight on."""
    way, end = STAGING[kind], place[[HEADING]]
    goal = place[[X, Y]] - way * _direction(end[0])
    act, _ = walk_to(stage, rng, mouse, pose, goal, end, others, meet=meet)
    if not way:
        return act
    straight = Path(
        np.array([0.0, way]), np.stack([goal, place[[X, Y]]]), np.repeat(end, 2), np.zeros(2)
    )
    return chain(act, show_walk(follow_path(straight, pace(way, 80, stage.fps)), stage.fps))


def _leave(
    stage: Stage, rng: np.random.Generator, mouse: Mouse, pose: Array, others: Others
) -> Act:
    """Walk away, then stop and look around."""
    goal, end = pick_places(rng, stage.ground, CANDIDATES)
    act, _ = walk_to(stage, rng, mouse, pose, goal, end, others, free=110.0)
    return chain(act, scan(act.last, stage.frames(PAUSE), stage.fps))


def _act(
    stage: Stage,
    rng: np.random.Generator,
    kind: str,
    pair: tuple[int, int],
    formation: Formation,
) -> tuple[Act, Act]:
    """What actor and receiver do once they are together."""
    actor, receiver = pair
    fps, frames = stage.fps, stage.frames(rng.uniform(2.4, 3.6))
    if formation.controls is not None:
        return _walk_in_line(stage, rng, kind, pair, formation)
    if kind == "nose_to_nose":
        ours = scan(formation.actor, frames, fps, sign=-1)
        theirs = scan(formation.receiver, frames, fps)
    elif rng.random() < 0.5:
        frames += stage.frames(1)
        ours = show(hold(formation.actor, frames), "immobile")
        theirs = show(hold(formation.receiver, frames), "immobile")
    else:
        ours = scan(formation.actor, frames, fps)
        theirs = scan(formation.receiver, frames, fps)
    return show(ours, kind, receiver), show(theirs, kind, actor)


def _walk_in_line(
    stage: Stage,
    rng: np.random.Generator,
    kind: str,
    pair: tuple[int, int],
    formation: Formation,
) -> tuple[Act, Act]:
    """The actor behind the receiver on one path: slowly while it sniffs, fast to follow."""
    actor, receiver = (stage.mice[i] for i in pair)
    apart = _separation(kind, receiver, actor)
    follows = kind == "following"
    speed = rng.uniform(110, 140) if follows else 22.0
    assert formation.controls is not None
    seconds = rng.uniform(2.8, 4.0) if follows else rng.uniform(2.4, 3.6)
    path = make_path(formation.controls, apart + speed * seconds)
    way = pace(path.length - apart, speed, stage.fps)
    ours, theirs = follow_path(path, way), follow_path(path, way + apart)
    start = int(np.searchsorted(way, LAG)) if follows else 0
    ours = Act(ours.poses, (Shown(kind, pair[1], start, len(way)),))
    if follows:
        ours, theirs = show_walk(ours, stage.fps), show_walk(theirs, stage.fps)
        pause = stage.frames(PAUSE)
        ours = chain(scan(formation.actor, pause, stage.fps), ours)
        theirs = chain(scan(formation.receiver, pause, stage.fps), theirs)
    frames = stage.frames(0.4)
    return chain(ours, _straighten(ours.last, frames)), chain(theirs, hold(theirs.last, frames))


def _straighten(pose: Array, frames: int) -> Act:
    """Straighten a bent body on the spot."""
    share = np.arange(1, frames + 1) / frames
    poses = np.repeat(pose[None], frames, axis=0)
    poses[:, BEND] *= 1 - share**2 * (3 - 2 * share)
    return Act(poses)
