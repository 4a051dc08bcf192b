"""Short gaps: how long they are, and straight lines across them."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature, step
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit


def _whole_gap(max_gap: int) -> int:
    # A frame in a gap that is filled sees both its ends within `max_gap` frames.
    return max_gap


@jit
def _fill(point: Array, max_gap: int, marks: Array) -> None:
    """Fill the gaps of one body part, dims (space, time), in place; mark what was filled."""
    n_space, n = point.shape
    last = -1
    for t in range(n):
        seen = True
        for s in range(n_space):
            if np.isnan(point[s, t]):
                seen = False
        if not seen:
            continue
        gap = t - last - 1
        if last >= 0 and 0 < gap <= max_gap:
            for s in range(n_space):
                step_size = (point[s, t] - point[s, last]) / np.float32(gap + 1)
                for k in range(1, gap + 1):
                    point[s, last + k] = point[s, last] + step_size * np.float32(k)
            marks[last + 1 : t] = True
        last = t


def _fill_all(position: Array, max_gap: int) -> tuple[Array, Array]:
    filled = np.array(position, dtype=np.float32)
    marks = np.zeros((position.shape[0], position.shape[-1]), np.bool_)
    for part in range(position.shape[0]):
        _fill(filled[part], max_gap, marks[part])
    return filled, marks


@step(pointwise=("bodypart",), halo=_whole_gap, parameter_units={"max_gap": "s"})
def fill_gaps(position: Array, *, max_gap: float = 0.2) -> Array:
    """Positions with gaps of up to `max_gap` filled by a straight line.

    Longer gaps, and gaps at the beginning or end of the recording, stay missing. `filled` says
    which points were filled.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_gap
        Longest gap that is filled, s, default 0.2 s.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> ds = ef.from_arrays(
    ...     np.array([0, np.nan, 2, np.nan, np.nan, np.nan, 6.0]).repeat(2).reshape(1, 1, 7, 2)
    ...     .swapaxes(2, 3), fps=10, bodyparts=["nose"])
    >>> fill_gaps(ds, max_gap="200 ms").position.sel(space="x").values.ravel()
    array([ 0.,  1.,  2., nan, nan, nan,  6.], dtype=float32)
    """
    return _fill_all(position, max_gap=int(max_gap))[0]


@feature(
    dims=("bodypart", "time"),
    gives="flag",
    optional=("position",),
    pointwise=("bodypart",),
    halo=_whole_gap,
    parameter_units={"max_gap": "s"},
)
def fillable(position: Array, *, max_gap: float = 0.2) -> Array:
    """Whether a point is missing in a gap of up to `max_gap`: what `fill_gaps` fills.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_gap
        Longest gap that is filled, s, default 0.2 s.
    """
    return _fill_all(position, max_gap=int(max_gap))[1]
