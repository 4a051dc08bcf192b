"""The proportions of each animal: how long it is between its points, second by second."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.identities.tracks import Tracks

SECOND = 1.0
"""Time over which lengths are taken together, s."""

MOST_LENGTHS = 20
"""Lengths that are looked at: the steadiest."""

ENOUGH = 0.3
"""Share of the frames of a second in which a length is seen."""

CLIP = 6.0
"""Most that one second says for one animal against another."""

LAGS = 40
"""Seconds over which what is said repeats itself."""

CHANCE = 2.0
"""Differences between animals, in squares of those that chance makes, that are none."""

SHRINK = 0.2
"""How far the covariance of lengths is drawn to its diagonal."""


class Lengths(NamedTuple):
    """Logarithms of lengths, dims (individual, length, second), and frames of a second."""

    values: Array
    frames: int


def take_lengths(tracks: Tracks, fps: float) -> Lengths:
    """The steadiest lengths between points of each animal."""
    position = tracks.position
    n, n_frames, n_points, _ = position.shape
    frames = max(round(SECOND * fps), 1)
    n_seconds = n_frames // frames
    pairs = list(itertools.combinations(range(n_points), 2))
    if not pairs or not n_seconds:
        return Lengths(np.zeros((n, 0, n_seconds)), frames)
    few = position[:, :: max(n_frames // 2000, 1)]
    spread = [_spread(_log_length(few, pair)) for pair in pairs]
    best = np.argsort(spread, kind="stable")[:MOST_LENGTHS]
    values = np.stack(
        [
            _medians(_log_length(position, pairs[k]), frames)
            for k in sorted(best.tolist())
            if np.isfinite(spread[k])
        ]
        or [np.full((n, n_seconds), np.nan)],
        axis=1,
    )
    return Lengths(values, frames)


def _log_length(position: Array, pair: tuple[int, int]) -> Array:
    square = np.square(position[:, :, pair[0]] - position[:, :, pair[1]]).sum(axis=-1)
    with np.errstate(divide="ignore"):
        length: Array = np.log(square.astype(np.float64)) / 2
    length[~np.isfinite(length)] = np.nan
    return length


def _spread(values: Array) -> float:
    """Mean robust spread of a length within the animals."""
    found = []
    for row in values:
        known = row[~np.isnan(row)]
        if known.size > 20:
            found.append(np.subtract(*np.quantile(known, [0.75, 0.25])))
    return float(np.mean(found)) if found else np.inf


def _medians(values: Array, frames: int) -> Array:
    """Medians of whole seconds; NaN of those in which too little is seen."""
    n_seconds = values.shape[-1] // frames
    cut = np.sort(values[:, : n_seconds * frames].reshape(len(values), n_seconds, frames), axis=-1)
    count = (~np.isnan(cut)).sum(axis=-1)  # what is missing is sorted last
    middle = np.take_along_axis(cut, np.maximum(count - 1, 0)[..., np.newaxis] // 2, axis=-1)
    return np.where(count >= max(ENOUGH * frames, 1), middle[..., 0], np.nan)


def compare(lengths: Lengths, holders: Array, usable: Array, learnt: Array) -> Array:
    """How much the lengths in each slot speak for each animal, dims (animal, slot, second).

    In logarithms of likelihood, up to a number of the slot and second; 0 where nothing is known.
    As what an animal does lasts longer than a second, seconds count for less than one each.

    Parameters
    ----------
    lengths
        As measured in each slot.
    holders
        The slot in which each animal is taken to be, dims (animal, second).
    usable
        Which slots can be used, dims (slot, second).
    learnt
        The seconds from which the animals' proportions are taken.
    """
    n, n_lengths, n_seconds = lengths.values.shape
    said = np.zeros((n, n, n_seconds))
    if not n_lengths or n < 2:
        return said
    values = np.where(usable[:, np.newaxis], lengths.values, np.nan)
    own = np.take_along_axis(values, holders[:, np.newaxis], axis=0)
    complete = ~np.isnan(own).any(axis=1) & learnt
    if (complete.sum(axis=1) < 10).any():
        return said
    means = np.stack([np.median(own[i][:, complete[i]], axis=1) for i in range(n)])
    rest = [own[i][:, complete[i]] - means[i][:, np.newaxis] for i in range(n)]
    white = _whiten(np.concatenate(rest, axis=1))
    repeats = _repeats([white @ one for one in rest])
    counted = min(one.shape[1] for one in rest) / repeats
    places = _reliable(means @ white.T, counted)
    fit = np.full((n, n, n_seconds), np.nan)
    for slot in range(n):
        seen = white @ values[slot]
        fit[:, slot] = -0.5 * np.square(seen[np.newaxis] - places[:, :, np.newaxis]).sum(axis=1)
    fit -= fit.max(axis=0, keepdims=True)
    return np.asarray(np.nan_to_num(np.maximum(fit, -CLIP)) / repeats)


def _whiten(rest: Array) -> Array:
    """What makes lengths, dims (length, second), of unit spread and unrelated."""
    limit = 5 * np.median(np.abs(rest), axis=1, keepdims=True) + 1e-12
    covariance = np.atleast_2d(np.cov(np.clip(rest, -limit, limit)))
    covariance = (1 - SHRINK) * covariance + SHRINK * np.diag(np.diag(covariance))
    covariance += 1e-9 * np.eye(len(covariance))
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))


def _repeats(rest: Sequence[Array]) -> float:
    """How many seconds say the same: from how lengths go on from second to second."""
    found = []
    for series in rest:
        power = np.square(series).sum(axis=1)
        total = np.ones(len(series))
        for lag in range(1, min(LAGS, series.shape[1] - 1)):
            shared = (series[:, lag:] * series[:, :-lag]).sum(axis=1) / np.maximum(power, 1e-12)
            total += 2 * np.maximum(shared, 0)
        found.append(float(np.mean(total)))
    return max(1.0, float(np.mean(found)))


def _reliable(places: Array, counted: float) -> Array:
    """Animals' places, dims (animal, direction), without the differences that chance would make.

    Animals of one size differ a little in what is measured of them, and their postures did not
    last the same: differences no larger than these are none.
    """
    middle = places.mean(axis=0)
    left, sizes, right = np.linalg.svd(places - middle, full_matrices=False)
    by_chance = (np.sqrt(len(places)) + np.sqrt(places.shape[1])) ** 2 / max(counted, 1.0)
    share = np.maximum(0, 1 - CHANCE * by_chance / np.maximum(np.square(sizes), 1e-12))
    return np.asarray(middle + (left * (sizes * share)) @ right)
