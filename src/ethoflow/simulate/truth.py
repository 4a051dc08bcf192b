"""What the animals were told to do, frame by frame: 1 present, 0 absent, NaN unknown.

The value comes from the script alone. The noise-free geometry may only withdraw it: a frame whose
geometry is not well clear of a behaviour's threshold, on the side the script says, is unknown.
Those are the frames in which animals pass from one act to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.simulate.arena import Array, Ground, outside
from ethoflow.simulate.body import CENTRE, NOSE, TAIL_BASE
from ethoflow.simulate.script import Line

Flags: TypeAlias = npt.NDArray[np.bool_]
Labels: TypeAlias = npt.NDArray[np.float32]

INDIVIDUAL = ("moving", "immobile", "climbing")
"""Behaviours of one animal."""

PAIR = ("nose_to_nose", "nose_to_tail", "side_by_side", "following")
"""Behaviours of an animal towards another."""

TRAIL = 0.5
"""How long a trail counts, in s."""

EDGE = 0.07
"""A frame is known only if the frames this near, in s, are clear as well: filters look around."""

MIN_KNOWN = 0.5
"""A shorter stretch of one value, in s, is unknown: minimal durations and gap filling decide it."""


class Clear(NamedTuple):
    """Frames whose geometry is well clear of a threshold: behaviour present, or absent."""

    present: Flags
    absent: Flags


def make_truth(
    clean: Array, lines: Iterable[Line], ground: Ground, fps: float
) -> dict[str, Labels]:
    """Labels of every behaviour.

    Parameters
    ----------
    clean
        Noise-free positions in mm, dims (individual, bodypart, space, time).
    lines
        The script.
    ground
        The arena.
    fps
        Frames per second.

    Returns
    -------
    dict
        Dims (individual, time), or (individual, partner, time) with a diagonal of NaN.
    """
    count, frames = clean.shape[0], clean.shape[-1]
    labels = {name: np.full((count, frames), np.nan, np.float32) for name in INDIVIDUAL}
    labels |= {name: np.full((count, count, frames), np.nan, np.float32) for name in PAIR}
    lines = list(lines)
    for i in range(count):
        for name, clear in _clear_alone(clean[i], ground, fps).items():
            labels[name][i] = _label(_told(lines, name, i, -1, frames), clear, fps)
    for i, j in permutations(range(count), 2):
        for name, clear in _clear_pair(clean[i], clean[j], fps).items():
            labels[name][i, j] = _label(_told(lines, name, i, j, frames), clear, fps)
    return labels


def _told(lines: list[Line], name: str, individual: int, partner: int, frames: int) -> Flags:
    """Frames in which the script says that an animal shows a behaviour."""
    told = np.zeros(frames, bool)
    for line in lines:
        if (line.behaviour, line.individual, line.partner) == (name, individual, partner):
            told[line.start : line.stop] = True
    return told


def _label(told: Flags, clear: Clear, fps: float) -> Labels:
    known = _erode(np.where(told, clear.present, clear.absent), max(1, round(EDGE * fps)))
    labels = np.where(known, told, np.nan).astype(np.float32)
    return _drop_short(labels, round(MIN_KNOWN * fps))


def _erode(flags: Flags, reach: int) -> Flags:
    """Frames all of whose neighbours within `reach` are flagged."""
    kept = flags.copy()
    for lag in range(1, reach + 1):
        kept[lag:] &= flags[:-lag]
        kept[:-lag] &= flags[lag:]
    return kept


def _drop_short(labels: Labels, frames: int) -> Labels:
    """Stretches of one value shorter than `frames` made unknown; not at the recording's ends."""
    value = np.nan_to_num(labels, nan=-1)
    start = np.concatenate([[0], np.flatnonzero(np.diff(value)) + 1, [value.size]])
    length = np.diff(start)
    short = length < frames
    if short.size:
        short[[0, -1]] = False
    labels[np.repeat(short, length)] = np.nan
    return labels


def _speed(point: Array, fps: float) -> Array:
    """Speed of a point (space, time): central differences."""
    if point.shape[-1] < 2:
        return np.zeros(point.shape[-1])
    return np.hypot(*np.gradient(point, 1 / fps, axis=-1))


def _distance(one: Array, other: Array) -> Array:
    return np.asarray(np.hypot(one[0] - other[0], one[1] - other[1]))


def _clear_alone(points: Array, ground: Ground, fps: float) -> dict[str, Clear]:
    """Clearness of what one animal does, from its points (bodypart, space, time)."""
    nose, centre, tail = points[NOSE], points[CENTRE], points[TAIL_BASE]
    speeds = np.stack([_speed(point, fps) for point in (nose, centre, tail)])
    fastest = speeds.max(axis=0)
    beyond = outside(ground, nose.T) / np.median(_distance(nose, tail))
    return {
        "moving": Clear(speeds[1] > 60, speeds[1] < 30),
        "immobile": Clear(fastest < 4, fastest > 15),
        "climbing": Clear(beyond > 0.25, beyond < 0.05),
    }


def _clear_pair(one: Array, other: Array, fps: float) -> dict[str, Clear]:
    """Clearness of what `one` does towards `other`, from points (bodypart, space, time)."""
    nose, tail = one[NOSE], one[TAIL_BASE]
    their_nose, their_tail = other[NOSE], other[TAIL_BASE]
    noses, tails = _distance(nose, their_nose), _distance(tail, their_tail)
    sniffs = _distance(nose, their_tail)
    apart = np.maximum(noses, tails)
    trail = _trail(nose, their_tail, round(TRAIL * fps))
    # Three comparisons and a speed make following: all clearly true, or one clearly false.
    nearer = np.minimum(tails, noses) - sniffs
    speed = _speed(nose, fps)
    return {
        "nose_to_nose": Clear(noses < 18, noses > 32),
        "nose_to_tail": Clear(sniffs < 18, sniffs > 32),
        "side_by_side": Clear(apart < 43, apart > 58),
        "following": Clear(
            (trail < 17) & (nearer > 12) & (speed > 55),
            (trail > 32) | (nearer < -12) | (speed < 32),
        ),
    }


def _trail(nose: Array, tail: Array, frames: int) -> Array:
    """Distance of a nose from where a tail base was within the last `frames`."""
    nearest = _distance(nose, tail)
    for lag in range(1, min(frames, nose.shape[-1] - 1) + 1):
        gap = _distance(nose[:, lag:], tail[:, :-lag])
        nearest[lag:] = np.minimum(nearest[lag:], gap)
    return nearest
