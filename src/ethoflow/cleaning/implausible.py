"""Points that cannot be where they are: too fast, too far from the body, or nearly alone."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import step
from ethoflow.engine.declare import WHOLE, Array


def _hidden(position: Array, mask: Array) -> Array:
    """Positions without the points of a mask, dims (bodypart, time)."""
    found: Array = np.where(mask[:, np.newaxis], np.float32(np.nan), position)
    return found


@step(pointwise=("bodypart",), halo=1, parameter_units={"max_speed": "mm/s"})
def remove_fast(position: Array, *, max_speed: float = 2000.0, fps: float) -> Array:
    """Positions not reached and left faster than `max_speed`; others become missing.

    A point is removed that is too fast both from the frame before and to the frame after, or on the
    side that was seen where only one was. An animal that is put elsewhere loses nothing where it
    was seen in the frames on either side.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_speed
        Fastest that a body part may be, mm/s, default 2000 mm/s.
    """
    fast = np.linalg.norm(np.diff(position, axis=-1), axis=1) * np.float32(fps)
    out = fast > np.float32(max_speed)
    known = ~np.isnan(fast)
    one = np.zeros((len(position), 1), bool)
    before, after = np.concatenate([one, out], axis=1), np.concatenate([out, one], axis=1)
    told = np.concatenate([one, known], axis=1), np.concatenate([known, one], axis=1)
    return _hidden(position, (before | after) & (before | ~told[0]) & (after | ~told[1]))


@step(halo=WHOLE)
def remove_stretched(position: Array, *, max_stretch: float = 2.5) -> Array:
    """Positions as far from the other body parts as this animal's ever are; others become missing.

    A distance between two body parts is too long if it is more than `max_stretch` times its median
    over the recording. A point is removed of whose distances to the others that were seen more than
    half are too long, given three others or more.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_stretch
        How many times its usual length a distance may be, default 2.5.
    """
    n, _, n_frames = position.shape
    long, known = np.zeros((n, n_frames), np.int64), np.zeros((n, n_frames), np.int64)
    for i in range(n):
        for j in range(i + 1, n):
            apart = np.linalg.norm(position[i] - position[j], axis=0)
            there = ~np.isnan(apart)
            if not there.any():
                continue
            off = apart > np.float32(max_stretch) * np.median(apart[there])
            for place in (i, j):
                long[place] += off
                known[place] += there
    return _hidden(position, (known >= 3) & (2 * long > known))


@step()
def remove_absent(position: Array, *, min_points: int = 2) -> Array:
    """Positions in frames in which enough of the animal was seen; in others all become missing.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    min_points
        Fewest body parts of an animal that is there, default 2.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.zeros((1, 3, 2, 3)); x[0, 1:, :, 1] = np.nan
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose", "centre", "tail_base"])
    >>> remove_absent(ds).position.sel(bodypart="nose", space="x").values.ravel()
    array([ 0., nan,  0.], dtype=float32)
    """
    seen = ~np.isnan(position).any(axis=1)
    few = seen.sum(axis=0) < min_points
    return _hidden(position, np.broadcast_to(few, seen.shape))
