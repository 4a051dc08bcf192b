"""Bouts of a label: short gaps filled, short bouts dropped, and where bouts start and stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.engine.relative import BodyLengths


@jit
def _fill_and_drop(state: Array, bounds: Array, max_gap: int, min_bout: int) -> None:
    """Fill gaps and drop bouts in place; `bounds` are where states change, and both ends."""
    n, runs = state.size, bounds.size - 1
    for run in range(1, runs - 1):
        start, stop = bounds[run], bounds[run + 1]
        inside = state[start - 1] == 1 and state[stop] == 1
        if state[start] == 0 and inside and stop - start <= max_gap:
            state[start:stop] = 1
    run = 0
    while run < runs:
        start, after = bounds[run], run + 1
        while after < runs and state[bounds[after]] == state[start]:
            after += 1
        stop = bounds[after]
        bounded = start > 0 and stop < n and state[start - 1] == 0 and state[stop] == 0
        if state[start] == 1 and bounded and stop - start < min_bout:
            state[start:stop] = 0
        run = after


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
    filtered = np.array(state)
    changes = np.flatnonzero(filtered[1:] != filtered[:-1]) + 1
    if len(changes) > 1:
        bounds = np.concatenate([[0], changes, [filtered.size]])
        _fill_and_drop(filtered, bounds, max_gap, min_bout)
    return filtered


@jit
def _vote(state: Array, half: int, out: Array) -> None:
    """Whole numbers are added up: the sum does not depend on where a block begins."""
    n = state.size
    present, known = 0, 0
    for t in range(min(half, n)):
        present += state[t] == 1
        known += state[t] >= 0
    for t in range(n):
        if t + half < n:
            present += state[t + half] == 1
            known += state[t + half] >= 0
        if t > half:
            present -= state[t - half - 1] == 1
            known -= state[t - half - 1] >= 0
        out[t] = state[t] if state[t] < 0 else 2 * present > known


def take_majority(state: Array, window: int) -> Array:
    """Labels as most of the known frames in a centred window have it.

    The window is smaller at the ends of a recording. Unknown frames stay so and have no vote.

    Parameters
    ----------
    state
        Dims (time,), int8: 1, 0, -1 for unknown.
    window
        Frames; an even number is taken as the next smaller odd one.

    Examples
    --------
    >>> take_majority(np.array([0, 1, 0, 1, 1, -1, 1], np.int8), 3).tolist()
    [0, 0, 1, 1, 1, -1, 1]
    """
    half = half_of(window)
    if not half:
        return state
    out = np.empty_like(state)
    _vote(np.ascontiguousarray(state), half, out)
    return out


def half_of(window: int) -> int:
    """Frames to either side of a centred window of `window` frames."""
    return max(int(window) - 1, 0) // 2


@jit
def _hold(strict: Array, loose: Array, max_hold: int) -> Array:
    out = strict.copy()
    never = -max_hold - 1
    begun, perhaps = never, never
    for t in range(strict.size):
        if strict[t] == 1:
            begun = perhaps = t
            continue
        if strict[t] == -1 and loose[t] != 0:
            perhaps = t
        if loose[t] == 0:
            begun = perhaps = never
        elif loose[t] == -1:
            begun = never
        if t - begun <= max_hold:
            out[t] = 1
        elif t - perhaps <= max_hold:
            out[t] = -1
    return out


def hold_bouts(strict: Array, loose: Array, max_hold: int) -> Array:
    """Labels by one threshold for the begin of a bout, and a wider one for its end.

    A bout begins where `strict` is 1 and goes on while `loose` is, `max_hold` frames after the last
    strict one at most. Where it is not known whether a bout had begun, it is not known whether it
    goes on.

    Parameters
    ----------
    strict, loose
        Dims (time,), int8: 1, 0, -1 for unknown.
    max_hold
        Frames.

    Examples
    --------
    >>> strict = np.array([0, 1, 0, 0, 0, 0], np.int8)
    >>> hold_bouts(strict, np.array([1, 1, 1, 1, 0, 1], np.int8), 9).tolist()
    [0, 1, 1, 1, 0, 0]
    """
    return _hold(np.ascontiguousarray(strict), np.ascontiguousarray(loose), max_hold)


def reach_of(parameters: Mapping[str, Any]) -> int:
    """Frames to either side that decide on the label of a frame, by the parameters of bouts."""
    held = parameters["max_hold"] if parameters["hysteresis"] else 0
    short = parameters["max_gap"] + max(parameters["min_bout"] - 1, 0)
    return int(held + half_of(parameters["majority"]) + short)


def loosen(parameters: Mapping[str, Any], units: Mapping[str, str], share: float) -> dict[str, Any]:
    """Parameters with thresholds that are wider by a share of them: those of hysteresis.

    Those in body lengths too; of a threshold below 0 the wider one is further up, or down.

    Examples
    --------
    >>> loosen({"max_speed": 10.0, "min_angle": 2.0, "window": 5}, {"window": "s"}, 0.5)
    {'max_speed': 15.0, 'min_angle': 1.0, 'window': 5}
    """
    wider = dict(parameters)
    for name, value in parameters.items():
        if units.get(name) == "s" or not isinstance(value, float | BodyLengths):
            continue  # frames and counts are no thresholds
        if name.startswith("max_"):
            wider[name] = _moved(value, share)
        elif name.startswith("min_"):
            wider[name] = _moved(value, -share)
    return wider


def _moved(value: float | BodyLengths, share: float) -> float | BodyLengths:
    """A threshold, higher by a share of its size."""
    if isinstance(value, BodyLengths):
        return BodyLengths(value.number + abs(value.number) * share)
    return value + abs(value) * share


def find_runs(state: Array) -> Array:
    """Start and stop (exclusive) of every run of ones, dims (run, 2).

    Examples
    --------
    >>> find_runs(np.array([1, 1, 0, -1, 1], np.int8)).tolist()
    [[0, 2], [4, 5]]
    """
    edges = np.diff((state == 1).astype(np.int8), prepend=0, append=0)
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=-1)
