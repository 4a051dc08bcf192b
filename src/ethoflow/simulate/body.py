"""The body of a simulated mouse: from a pose to the points a tracker follows.

A pose is six numbers: centre x and y (mm), heading (rad), bend (curvature of the midline, 1/mm),
and how far the nose is stretched forward and sideways (mm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ethoflow.schema import DataError
from ethoflow.simulate.arena import Array

X, Y, HEADING, BEND, REACH, SWAY = range(6)
"""Places of a pose's numbers."""

PARTS: dict[str, tuple[float, float]] = {
    "Nose": (1.0, 0.0),
    "Left_ear": (0.68, 0.22),
    "Right_ear": (0.68, -0.22),
    "Spine_1": (0.45, 0.0),
    "Center": (0.0, 0.0),
    "Spine_2": (-0.5, 0.0),
    "Left_fhip": (0.2, 0.28),
    "Right_fhip": (0.2, -0.28),
    "Left_bhip": (-0.6, 0.3),
    "Right_bhip": (-0.6, -0.3),
    "Tail_base": (-1.0, 0.0),
    "Tail_1": (-1.4, 0.0),
    "Tail_2": (-1.8, 0.0),
    "Tail_tip": (-2.2, 0.0),
}
"""Place of each part: along the midline and to its left, in half body lengths from the centre."""

NOSE, CENTRE, TAIL_BASE = (list(PARTS).index(name) for name in ("Nose", "Center", "Tail_base"))
"""Places of the parts that rules look at."""


@dataclass(frozen=True)
class Mouse:
    """One animal: half its length from nose to tail base, in mm."""

    half: float = 40.0

    @property
    def length(self) -> float:
        """Nose to tail base, in mm."""
        return 2 * self.half


def bodyparts(skeleton: int) -> list[str]:
    """Names of the points of the 11-point or the 14-point skeleton.

    Raises
    ------
    DataError
        Another number of points.

    Examples
    --------
    >>> bodyparts(14)[-3:]
    ['Tail_1', 'Tail_2', 'Tail_tip']
    """
    if skeleton not in (11, 14):
        raise DataError(f"skeleton must be 11 or 14 points, found {skeleton!r}.")
    return list(PARTS)[:skeleton]


def make_points(poses: Array, mouse: Mouse, skeleton: int = 11) -> Array:
    """Points of one animal in mm, dims (bodypart, space, time), from poses (time, 6).

    Examples
    --------
    >>> make_points(np.zeros((1, 6)), Mouse(40))[:1, :, 0].tolist()
    [[40.0, 0.0]]
    """
    place = np.array([PARTS[name] for name in bodyparts(skeleton)]) * mouse.half
    u, left = place[:, :1], place[:, 1:]
    heading = poses[:, HEADING]
    turned = poses[:, BEND] * u
    along = u * np.sinc(turned / np.pi)
    across = u * (turned / 2) * np.sinc(turned / (2 * np.pi)) ** 2
    head = np.clip(u / mouse.half, 0, 1) ** 1.5
    along += head * poses[:, REACH]
    across += head * poses[:, SWAY]
    cos, sin = np.cos(heading), np.sin(heading)
    # In pictures y points down, so the left of an animal heading along x is at negative y.
    x = poses[:, X] + along * cos - across * sin + left * np.sin(heading + turned)
    y = poses[:, Y] + along * sin + across * cos - left * np.cos(heading + turned)
    return np.stack([x, y], axis=1)


def make_spine(poses: Array, mouse: Mouse) -> Array:
    """Nose, centre and tail base in mm, dims (time, 3, space), from poses (time, 6)."""
    heading, centre = poses[:, HEADING], poses[:, [X, Y]]
    ahead = mouse.half * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return np.stack([centre + ahead, centre, centre - ahead], axis=1)
