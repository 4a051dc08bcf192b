"""A Kalman filter and Rauch-Tung-Striebel smoother: points that keep their velocity.

Each coordinate moves with a velocity that changes at random, and is seen with noise. How strong
either is, is found for every body part of every animal from its own track, by likelihood.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.engine import Output, step
from ethoflow.engine.declare import WHOLE, Array
from ethoflow.engine.jit import jit

RATIOS = 4.0 ** np.arange(-9, 5)
"""Strengths of the change of velocity that are tried, in variances of the noise per frame."""

SAMPLE, STRETCH = 8, 512
"""Stretches of a recording, and frames of each, from which the strengths are found."""

ENOUGH = 10
"""Seen frames that it takes to find them."""

LEAST_CONFIDENCE = 0.01
"""Share of the usual confidence below which points do not get any noisier."""

UNKNOWN = 1e6
"""Variance of a velocity of which nothing is known, in variances of the noise."""

RESOLUTION = 1e-7
"""Of a float32, as a share of its value."""

POINT = ("bodypart", "space", "time")


@jit
def _filter(
    values: Array, noise: Array, ratio: Any, start: int, stop: int, states: Array, total: Array
) -> None:
    """Filter frames `start` to `stop` of one body part, dims (space, time), with unit noise.

    `states` gets, for each frame, position and velocity of each coordinate and the covariance,
    ahead of the frame and after it: dims (time, 2, 2 * space + 3). `total` is added to: the
    squares of what was not foretold, the logarithms of its variance, and how many there were.
    """
    n_space = values.shape[0]
    mean = np.zeros(2 * n_space)
    pp, pv, vv = 0.0, 0.0, 0.0
    fresh = True
    for t in range(start, stop):
        if not fresh:
            for s in range(n_space):
                mean[2 * s] += mean[2 * s + 1]
            pp, pv, vv = pp + 2 * pv + vv + ratio / 3, pv + vv + ratio / 2, vv + ratio
        states[t, 0, : 2 * n_space] = mean
        states[t, 0, 2 * n_space :] = pp, pv, vv
        if not np.isnan(values[0, t]):
            if fresh:
                for s in range(n_space):
                    mean[2 * s], mean[2 * s + 1] = values[s, t], 0.0
                pp, pv, vv = noise[t], 0.0, UNKNOWN
                fresh = False
            else:
                spread = pp + noise[t]
                gain, turn = pp / spread, pv / spread
                known = spread < UNKNOWN / 4
                for s in range(n_space):
                    away = values[s, t] - mean[2 * s]
                    mean[2 * s] += gain * away
                    mean[2 * s + 1] += turn * away
                    if known:
                        total[0] += away * away / spread
                        total[1] += np.log(spread)
                        total[2] += 1
                pp, pv, vv = (1 - gain) * pp, (1 - gain) * pv, vv - turn * pv
        states[t, 1, : 2 * n_space] = mean
        states[t, 1, 2 * n_space :] = pp, pv, vv


@jit
def _go_back(states: Array, start: int, stop: int, n_space: int) -> None:
    """Smooth the filtered states of frames `start` to `stop`, in place."""
    k = 2 * n_space
    for t in range(stop - 2, start - 1, -1):
        pp, pv, vv = states[t, 1, k], states[t, 1, k + 1], states[t, 1, k + 2]
        app, apv, avv = states[t + 1, 0, k], states[t + 1, 0, k + 1], states[t + 1, 0, k + 2]
        det = app * avv - apv * apv
        # The gain: covariance after t, moved on one frame, over the covariance ahead of t + 1.
        a, b = pp + pv, pv
        c, d = pv + vv, vv
        g00, g01 = (a * avv - b * apv) / det, (b * app - a * apv) / det
        g10, g11 = (c * avv - d * apv) / det, (d * app - c * apv) / det
        for s in range(n_space):
            away = states[t + 1, 1, 2 * s] - states[t + 1, 0, 2 * s]
            turn = states[t + 1, 1, 2 * s + 1] - states[t + 1, 0, 2 * s + 1]
            states[t, 1, 2 * s] += g00 * away + g01 * turn
            states[t, 1, 2 * s + 1] += g10 * away + g11 * turn
        x = states[t + 1, 1, k] - app
        y = states[t + 1, 1, k + 1] - apv
        z = states[t + 1, 1, k + 2] - avv
        states[t, 1, k] = pp + g00 * (g00 * x + g01 * y) + g01 * (g00 * y + g01 * z)
        states[t, 1, k + 1] = pv + g00 * (g10 * x + g11 * y) + g01 * (g10 * y + g11 * z)
        states[t, 1, k + 2] = vv + g10 * (g10 * x + g11 * y) + g11 * (g10 * y + g11 * z)


def _choose(values: Array, noise: Array, states: Array) -> tuple[float, float]:
    """The strength of the change of velocity, and the variance of the noise, by likelihood."""
    n = values.shape[-1]
    firsts = np.unique(np.linspace(0, max(n - STRETCH, 0), SAMPLE).astype(int))
    if n <= SAMPLE * STRETCH:
        firsts, length = np.array([0]), n
    else:
        length = STRETCH
    least = (RESOLUTION * np.nanmax(np.abs(values), initial=0)) ** 2 or np.finfo(float).tiny
    best = (-np.inf, 1.0, np.nan)
    for ratio in RATIOS:
        total = np.zeros(3)
        for first in firsts:
            _filter(values, noise, ratio, first, min(first + length, n), states, total)
        squares, logs, count = total
        if count < ENOUGH:
            return 1.0, np.nan
        variance = max(squares / count, least)
        likelihood = -count * np.log(variance) - logs - squares / variance
        if likelihood > best[0]:
            best = likelihood, float(ratio), float(variance)
    return best[1], best[2]


def _weigh(seen: Array, confidence: Array) -> Array:
    """Variance of the noise of each frame, in that of a point of the usual confidence."""
    known = confidence[seen & ~np.isnan(confidence)]
    usual = float(np.median(known)) if known.size else np.nan
    if not usual > 0:
        return np.ones(seen.size)
    share = np.clip(np.nan_to_num(confidence / usual, nan=1.0), LEAST_CONFIDENCE, 1.0)
    weight: Array = 1 / share.astype(np.float64) ** 2
    return weight


def _pieces(seen: Array, max_gap: int) -> list[tuple[int, int]]:
    """First and last (exclusive) frames of stretches whose gaps are no longer than `max_gap`."""
    frames = np.flatnonzero(seen)
    if not frames.size:
        return []
    cuts = np.flatnonzero(np.diff(frames) > max_gap + 1)
    firsts = frames[np.concatenate([[0], cuts + 1])]
    lasts = frames[np.concatenate([cuts, [frames.size - 1]])]
    return list(zip(firsts.tolist(), (lasts + 1).tolist(), strict=True))


def _smooth(point: Array, seen: Array, confidence: Array, max_gap: int) -> tuple[Array, Array]:
    """Mean, dims (space, time), and spread, dims (time,), of one body part between its ends."""
    n_space, n = point.shape
    mean, spread = np.full((n_space, n), np.nan), np.full(n, np.nan)
    values = np.where(seen, point.astype(np.float64), np.nan)
    middle = np.nanmedian(values, axis=1, keepdims=True) if seen.any() else np.zeros((n_space, 1))
    values -= middle
    noise = _weigh(seen, confidence)
    states = np.empty((n, 2, 2 * n_space + 3))
    ratio, variance = _choose(values, noise, states)
    if np.isnan(variance):
        return mean, spread
    for start, stop in _pieces(seen, max_gap):
        _filter(values, noise, ratio, start, stop, states, np.zeros(3))
        _go_back(states, start, stop, n_space)
        mean[:, start:stop] = states[start:stop, 1, : 2 * n_space : 2].T
        spread[start:stop] = np.sqrt(np.maximum(states[start:stop, 1, 2 * n_space], 0) * variance)
    return mean + middle, spread


@step(
    gives=(
        Output("position", POINT, "position"),
        Output("filled", ("bodypart", "time"), gives="flag"),
        Output("position_sd", POINT, "position"),
    ),
    halo=WHOLE,
    parameter_units={"max_gap": "s"},
    reference="Rauch, Tung & Striebel 1965, AIAA J. 3:1445",
)
def fill_kalman(
    position: Array, confidence: Array, *, max_gap: float = 0.2
) -> tuple[Array, Array, Array]:
    """Positions with gaps of up to `max_gap` filled by a smoother that keeps the velocity.

    A point counts the less the lower its confidence is against what the body part usually has.
    Seen points stay as they are. Longer gaps, gaps at the beginning or end, and body parts of which
    too little was seen to know how they move, stay missing. `filled` says which points were filled,
    `position_sd` how far off each of them may be (one standard deviation); it is unknown of others.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    confidence
        Dims (bodypart, time); where it is unknown a point counts as usual.
    max_gap
        Longest gap that is filled, s, default 0.2 s.
    """
    filled = np.array(position, dtype=np.float32)
    spread = np.full(position.shape, np.nan, np.float32)
    marks = np.zeros((position.shape[0], position.shape[-1]), np.bool_)
    for place, point in enumerate(position):
        seen = ~np.isnan(point).any(axis=0)
        mean, sd = _smooth(point, seen, confidence[place], int(max_gap))
        marks[place] = ~seen & ~np.isnan(sd)
        filled[place][:, marks[place]] = mean[:, marks[place]]
        spread[place][:, marks[place]] = sd[marks[place]]
    return filled, marks, spread


@step(
    gives=(
        Output("position", POINT, "position"),
        Output("position_sd", POINT, "position"),
    ),
    halo=WHOLE,
    parameter_units={"max_gap": "s"},
    reference="Rauch, Tung & Striebel 1965, AIAA J. 3:1445",
)
def smooth_kalman(
    position: Array, confidence: Array, filled: Array, *, max_gap: float = 0.5
) -> tuple[Array, Array]:
    """Positions as a smoother that keeps the velocity has them, with their spread.

    What was filled is no measurement: it becomes what the seen points say. Missing points stay
    missing, and so do body parts as they are of which too little was seen to know how they move.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    confidence
        Dims (bodypart, time); where it is unknown a point counts as usual.
    filled
        1 where a point was filled, dims (bodypart, time).
    max_gap
        Gap from which on the frames before and after it know nothing of each other, s,
        default 0.5 s.
    """
    smooth = np.array(position, dtype=np.float32)
    spread = np.full(position.shape, np.nan, np.float32)
    for place, point in enumerate(position):
        there = ~np.isnan(point).any(axis=0)
        seen = there & (filled[place] != 1)
        mean, sd = _smooth(point, seen, confidence[place], int(max_gap))
        known = there & ~np.isnan(sd)
        smooth[place][:, known] = mean[:, known]
        spread[place][:, known] = sd[known]
    return smooth, spread
