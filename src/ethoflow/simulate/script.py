"""The script of a recording: scene after scene, in shuffled decks so that nothing is missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ethoflow.simulate.arena import Array, Mask, extent
from ethoflow.simulate.body import HEADING, X, Y, make_spine
from ethoflow.simulate.motion import Act, chain, scan
from ethoflow.simulate.path import WALL_MARGIN, Others
from ethoflow.simulate.social import SOCIALS, play_pair
from ethoflow.simulate.solo import SOLOS, Stage, act_alone, stand, walk_to

TRANSITION = 1.5
"""Before and after an act of two the animals come and go: what they show is not scripted, in s."""

APART = 45.0
"""Animals that have nothing to do with each other stay farther apart than this, in mm."""

ATTEMPTS = 12
"""Scenes tried until one keeps them apart."""

SOLO_SCENES = 2
"""Scenes in which all are alone, for every four social ones."""


class Line(NamedTuple):
    """One scripted bout of a recording, in frames; `partner` is -1 where there is none."""

    individual: int
    partner: int
    behaviour: str
    start: int
    stop: int


class Play(NamedTuple):
    """Poses (individual, frame, 6) and the script they follow."""

    poses: Array
    lines: list[Line]


def _cycle(rng: np.random.Generator, cards: list[str]) -> Iterator[str]:
    """Cards of a deck, shuffled anew each time it is used up."""
    while True:
        for i in rng.permutation(len(cards)):
            yield cards[i]


def _pairs(rng: np.random.Generator, count: int) -> Iterator[tuple[int, int]]:
    """Ordered pairs, all of them before one comes again."""
    every = [(a, b) for a in range(count) for b in range(count) if a != b]
    while True:
        for i in rng.permutation(len(every)):
            yield every[i]


def place_animals(stage: Stage, rng: np.random.Generator) -> Array:
    """Poses to start with, (individual, 6): around the centre, each along its circle."""
    count = len(stage.mice)
    angle = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(count) / count
    far = 0.8 * extent(stage.ground, angle, WALL_MARGIN)
    poses = np.zeros((count, 6))
    poses[:, X] = stage.ground.centre[0] + far * np.cos(angle)
    poses[:, Y] = stage.ground.centre[1] + far * np.sin(angle)
    poses[:, HEADING] = angle + np.pi / 2
    return poses


def play(
    stage: Stage,
    rng: np.random.Generator,
    frames: int,
    *,
    sociability: float = 1.0,
    circular: bool = False,
) -> Play:
    """Play scenes for `frames` frames.

    Parameters
    ----------
    stage
        Ground, animals and frame rate.
    rng
        Source of chance.
    frames
        Length; a scene that is longer is cut.
    sociability
        Share of social scenes: with 1 four for every two solo scenes, with 0.5 four for every
        four, with 0 none.
    circular
        All go back to where they began after the last scene, which is not cut: the end joins on
        to the start.
    """
    count = len(stage.mice)
    cards = ["alone"]
    if count > 1 and sociability > 0:
        cards = [*SOCIALS, *["alone"] * max(1, round(SOLO_SCENES / sociability))]
    scenes, pairs = _cycle(rng, cards), _pairs(rng, count)
    solos = _cycle(rng, list(SOLOS))
    homes = place_animals(stage, rng)
    acts = [chain(Act(pose[None])) for pose in homes]
    parts: list[list[Act]] = [[act] for act in acts]
    done = 1
    while done < frames:
        poses = np.stack([act.last for act in acts])
        kind = next(scenes)
        pair = next(pairs) if kind != "alone" else None
        acts = _play_clear(stage, rng, kind, pair, poses, solos)
        for part, act in zip(parts, acts, strict=True):
            part.append(act)
        done += len(acts[0].poses)
    if circular:
        for part, act in zip(parts, _go_home(stage, rng, acts, homes), strict=True):
            part.append(act)
    whole = [chain(*part) for part in parts]
    return _cut(whole, len(whole[0].poses) if circular else frames)


def _play_clear(
    stage: Stage,
    rng: np.random.Generator,
    kind: str,
    pair: tuple[int, int] | None,
    poses: Array,
    solos: Iterator[str],
) -> list[Act]:
    """A scene in which nobody comes near anybody but for the act itself; the best of a few."""
    best, widest = [], -1.0
    for _ in range(ATTEMPTS):
        acts = play_scene(stage, rng, kind, pair, poses, solos)
        room = measure_room(stage, acts)
        if room > widest:
            best, widest = acts, room
        if room > APART:
            break
    return best


def measure_room(stage: Stage, acts: list[Act]) -> float:
    """Nearest that two animals come outside their acts and the transitions, in mm.

    Noses are also held against where others' tail bases were during the last half second.
    """
    spines = [make_spine(act.poses, mouse) for act, mouse in zip(acts, stage.mice, strict=True)]
    nearest = np.inf
    for i, one in enumerate(spines):
        for j, other in enumerate(spines):
            if i == j:
                continue
            apart = np.linalg.norm(one[:, :1] - other, axis=-1).min(axis=1)
            for lag in range(1, min(stage.frames(0.5) + 1, len(one)), 2):
                behind = np.linalg.norm(one[lag:, 0] - other[:-lag, 2], axis=-1)
                apart[lag:] = np.minimum(apart[lag:], behind)
            free = ~near_acts(acts, (i, j), len(one), stage.frames(TRANSITION))
            nearest = min(nearest, float(apart[free].min(initial=np.inf)))
    return nearest


def near_acts(acts: list[Act], pair: tuple[int, int], frames: int, margin: int) -> Mask:
    """Frames in an act of two animals, or within `margin` frames of one."""
    near = np.zeros(frames, bool)
    for i, j in (pair, pair[::-1]):
        for shown in acts[i].shows:
            if shown.partner == j:
                near[max(shown.start - margin, 0) : shown.stop + margin] = True
    return near


def play_scene(
    stage: Stage,
    rng: np.random.Generator,
    kind: str,
    pair: tuple[int, int] | None,
    poses: Array,
    solos: Iterator[str],
) -> list[Act]:
    """One scene of all animals: a pair's act or none, and solos of the rest, equally long."""
    acts: dict[int, Act] = {}
    if pair is not None:
        acts[pair[0]], acts[pair[1]] = play_pair(stage, rng, kind, pair, poses)
    order = [int(i) for i in rng.permutation(len(poses)) if int(i) not in acts]
    for i in order:
        spines = [
            make_spine(acts[j].poses, mouse) if j in acts else stand(poses[j], mouse)
            for j, mouse in enumerate(stage.mice)
            if j != i
        ]
        acts[i] = act_alone(stage, rng, next(solos), stage.mice[i], poses[i], Others(tuple(spines)))
    return _pad(stage, [acts[i] for i in range(len(poses))])


def _pad(stage: Stage, acts: list[Act]) -> list[Act]:
    """Acts of one length: who has finished looks around."""
    frames = max(len(act.poses) for act in acts)
    return [chain(act, scan(act.last, frames - len(act.poses), stage.fps)) for act in acts]


def _go_home(stage: Stage, rng: np.random.Generator, acts: list[Act], homes: Array) -> list[Act]:
    """One after the other, walk back to the poses of the start."""
    where = [act.last for act in acts]
    parts: list[list[Act]] = [[] for _ in acts]
    for i, mouse in enumerate(stage.mice):
        spines = [stand(where[j], stage.mice[j]) for j in range(len(acts)) if j != i]
        goal, end = homes[i][[X, Y]], homes[i][[HEADING]]
        act, _ = walk_to(stage, rng, mouse, where[i], goal, end, Others(tuple(spines)))
        for j in range(len(acts)):
            walk = act if j == i else scan(where[j], len(act.poses), stage.fps)
            parts[j].append(walk)
        where[i] = act.last
    return [chain(*part) for part in parts]


def _cut(acts: list[Act], frames: int) -> Play:
    lines = [
        Line(i, shown.partner, shown.behaviour, shown.start, min(shown.stop, frames))
        for i, act in enumerate(acts)
        for shown in act.shows
        if shown.start < frames
    ]
    lines.sort(key=lambda line: (line.start, line.individual, line.partner))
    return Play(np.stack([act.poses[:frames] for act in acts]), lines)
