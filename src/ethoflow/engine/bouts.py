"""Bouts of a label: short gaps filled, short bouts dropped, and where bouts start and stop."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit


@jit
def _fill_and_drop(state: Array, max_gap: int, min_bout: int) -> Array:
    n = state.size
    filled = state.copy()
    start = 0
    while start < n:
        stop = start
        while stop < n and state[stop] == state[start]:
            stop += 1
        inside = start > 0 and stop < n and state[start - 1] == 1 and state[stop] == 1
        if state[start] == 0 and inside and stop - start <= max_gap:
            filled[start:stop] = 1
        start = stop
    out = filled.copy()
    start = 0
    while start < n:
        stop = start
        while stop < n and filled[stop] == filled[start]:
            stop += 1
        bounded = start > 0 and stop < n and filled[start - 1] == 0 and filled[stop] == 0
        if filled[start] == 1 and bounded and stop - start < min_bout:
            out[start:stop] = 0
        start = stop
    return out


def filter_bouts(state: Array, max_gap: int, min_bout: int) -> Array:
    """Labels with gaps up to `max_gap` filled, then bouts shorter than `min_bout` dropped.

    A gap is filled where both its neighbours are 1; a bout is dropped where both its neighbours are
    0. Unknown frames are never bridged, and a bout cut by them or by an end of the recording stays:
    how long it was is not known.

    Parameters
    ----------
    state
        Dims (time,), int8: 1, 0, -1 for unknown.
    max_gap, min_bout
        Frames.

    Examples
    --------
    >>> filter_bouts(np.array([0, 1, 1, 0, 1, 0, 0, 0, 1, 0], np.int8), 1, 3).tolist()
    [0, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    """
    return _fill_and_drop(np.ascontiguousarray(state), max_gap, min_bout)


def find_runs(state: Array) -> Array:
    """Start and stop (exclusive) of every run of ones, dims (run, 2).

    Examples
    --------
    >>> find_runs(np.array([1, 1, 0, -1, 1], np.int8)).tolist()
    [[0, 2], [4, 5]]
    """
    edges = np.diff((state == 1).astype(np.int8), prepend=0, append=0)
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=-1)
