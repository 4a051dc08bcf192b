"""Following: one animal runs along the path that another has just taken."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.features.nearness import TILE, keep_nearer
from ethoflow.features.social import distance


@jit
def _trail_squares(nose: Array, trail: Array, window: int, nearest: Array) -> None:
    for first in range(0, nearest.size, TILE):
        last = min(first + TILE, nearest.size)
        for back in range(min(window, last - 1) + 1):
            start = max(first, back)
            keep_nearer(
                nose[0, start:last],
                nose[1, start:last],
                trail[0, start - back : last - back],
                trail[1, start - back : last - back],
                nearest[start:last],
            )


def _near_trail(nose: Array, trail: Array, window: int, max_distance: float) -> Array:
    """Whether a point is near any of the last `window` points of a trail, dims (space, time)."""
    n = nose.shape[-1]
    nearest = np.full(n, np.inf, np.float32)
    if len(nose) == 2:
        _trail_squares(np.ascontiguousarray(nose), np.ascontiguousarray(trail), window, nearest)
    else:
        for back in range(min(window, n - 1) + 1):
            apart = np.square(nose[:, back:] - trail[:, : n - back]).sum(axis=0)
            np.fmin(nearest[back:], apart, out=nearest[back:])
    near: Array = nearest < np.float32(max_distance) * np.float32(max_distance)
    return near


def on_trail(position: Array, partner_position: Array, max_distance: float, window: float) -> Array:
    """Whether a nose is on the trail of another's tail base, behind it.

    Parameters
    ----------
    position, partner_position
        Nose and tail base of each, dims (bodypart, space, time).
    max_distance
        From the nose to where the tail base was during the last `window` frames.
    window
        Frames.
    """
    nose, tail_base = position
    partner_nose, partner_tail_base = partner_position
    ahead = distance(nose, partner_tail_base)
    behind = ahead < distance(tail_base, partner_tail_base)
    rear = ahead < distance(nose, partner_nose)
    near: Array = _near_trail(nose, partner_tail_base, int(window), max_distance)
    return near & behind & rear


def trail_window(window: int) -> int:
    """Frames that the trail counts for."""
    return window


@behaviour(
    scope="pair",
    roles={
        "position": ("nose", "tail_base"),
        "partner_position": ("nose", "tail_base"),
        "speed": ("nose",),
    },
    units={"max_distance": "mm", "min_speed": "mm/s", "window": "s"},
    halo=trail_window,
)
def following(
    position: Array,
    partner_position: Array,
    speed: Array,
    *,
    max_distance: float = 25.0,
    min_speed: float = 40.0,
    window: float = 0.5,
) -> Array:
    """The nose runs along the trail of the partner's tail base, behind it.

    The nose is within `max_distance` of where the partner's tail base was during the last `window`;
    it is nearer to the partner's tail base than the actor's own tail base is, and nearer to it than
    to the partner's nose; and it is faster than `min_speed`.

    Parameters
    ----------
    position, partner_position
        Nose and tail base of actor and partner, dims (bodypart, space, time).
    speed
        Of the actor's nose, dims (bodypart, time).
    max_distance
        mm, default 25 mm.
    min_speed
        mm/s, default 40 mm/s.
    window
        How far back the trail counts, s, default 0.5 s.
    """
    runs: Array = speed[0] > min_speed
    return on_trail(position, partner_position, max_distance, window) & runs
