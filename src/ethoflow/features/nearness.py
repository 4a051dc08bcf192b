"""How near animals come with any of their points, for every pair, and what is known of it."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature, some_of
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

TILE = 2048
"""Frames at a time that points are held against each other in: they stay in the cache."""


@jit
def keep_nearer(x: Array, y: Array, other_x: Array, other_y: Array, nearest: Array) -> None:
    """Square of the distance from one point to another, where it is below what there is."""
    for t in range(nearest.size):
        across, along = other_x[t] - x[t], other_y[t] - y[t]
        apart = across * across + along * along
        nearest[t] = apart if apart < nearest[t] else nearest[t]


@jit
def _nearest_squares(one: Array, other: Array, nearest: Array) -> None:
    for first in range(0, nearest.size, TILE):
        last = min(first + TILE, nearest.size)
        for i in range(len(one)):
            for j in range(len(other)):
                keep_nearer(
                    one[i, 0, first:last],
                    one[i, 1, first:last],
                    other[j, 0, first:last],
                    other[j, 1, first:last],
                    nearest[first:last],
                )


def _nearest_in_space(one: Array, other: Array, nearest: Array) -> None:
    for mine in one:
        for theirs in other:
            np.fmin(nearest, np.square(theirs - mine).sum(axis=0), out=nearest)


def nearest_seen(one: Array, other: Array) -> Array:
    """Distance between the nearest of two sets of points, of those that are seen; NaN without any.

    Parameters
    ----------
    one, other
        Dims (bodypart, space, time).

    Examples
    --------
    >>> one = np.array([[[0.0], [0.0]], [[np.nan], [np.nan]]], np.float32)
    >>> nearest_seen(one, np.array([[[3.0], [4.0]]], np.float32)).tolist()
    [5.0]
    """
    # A point that is not seen is no nearest one: NaN is not below anything.
    nearest = np.full(one.shape[-1], np.inf, np.float32)
    find = _nearest_squares if one.shape[1] == 2 else _nearest_in_space
    find(np.ascontiguousarray(one), np.ascontiguousarray(other), nearest)
    return np.where(np.isinf(nearest), np.float32(np.nan), np.sqrt(nearest))


@jit
def _add(row: Array, total: Array) -> None:
    for t in range(total.size):
        total[t] += row[t]


def any_hidden(points: Array) -> Array:
    """Whether any of some points, dims (bodypart, space, time), is not seen.

    Examples
    --------
    >>> any_hidden(np.array([[[0.0, np.nan]], [[1.0, 1.0]]], np.float32)).tolist()
    [False, True]
    """
    total = np.zeros(points.shape[-1], np.float32)
    for point in points:
        for row in point:
            _add(row, total)
    hidden: Array = np.isnan(total)
    return hidden


def any_nearer(one: Array, other: Array, max_distance: Array | float) -> Array:
    """Claim that a point of the one is nearer to a point of the other than `max_distance`.

    True as soon as two that are seen are, false where all are seen and none is.

    Examples
    --------
    >>> one = np.array([[[0.0], [0.0]], [[np.nan], [np.nan]]], np.float32)
    >>> other = np.array([[[3.0], [4.0]]], np.float32)
    >>> any_nearer(one, other, 6).tolist(), any_nearer(one, other, 4).tolist()
    ([1], [-1])
    """
    return nearer(nearest_seen(one, other), any_hidden(one) | any_hidden(other), max_distance)


def nearer(nearest: Array, hidden: Array, max_distance: Array | float) -> Array:
    """Claim that the nearest of some points are nearer than `max_distance`.

    Parameters
    ----------
    nearest
        Distance of those that are seen, NaN without any.
    hidden
        Whether any is not seen: it may be nearer.
    max_distance
        The threshold.

    Examples
    --------
    >>> nearer(np.array([1.0, 9.0, 9.0]), np.array([True, True, False]), 5).tolist()
    [1, -1, 0]
    """
    near = nearest < max_distance
    unknown = ~near & (hidden | np.isnan(nearest) | np.isnan(max_distance))
    found: Array = near.view(np.int8) - unknown.view(np.int8)
    return found


BODY = some_of(
    "nose", "left_ear", "right_ear", "head", "neck", "centre", "lower_back", "left_side",
    "right_side", "left_hip", "right_hip", "tail_base",
)  # fmt: skip
"""Head and trunk, in the order in which trackers mostly have them, which need not be copied then.

Tails lie where the animal is not.
"""


@feature(dims=("time",), gives="flag", roles=BODY, optional=("position",), on_request=True)
def body_seen(position: Array) -> Array:
    """Whether all points of head and trunk that are tracked are seen.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(body_seen(simulate.still_then_running()).min())
    1.0
    """
    return ~any_hidden(position)


@feature(
    scope="pair",
    symmetric=True,
    dims=("time",),
    units="position",
    roles={"position": BODY, "partner_position": BODY},
    optional=("position", "partner_position"),
    on_request=True,
)
def body_distance(position: Array, partner_position: Array) -> Array:
    """Distance between the two nearest points of head and trunk of two animals that are seen.

    Missing where nothing is seen of one of them.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> float(body_distance(ds)[0, 0, 1].min()) > 0
    True
    """
    return nearest_seen(position, partner_position)


@feature(
    scope="pair",
    symmetric=True,
    dims=("time",),
    units="position",
    optional=("position", "partner_position"),
)
def minimum_distance(position: Array, partner_position: Array) -> Array:
    """Distance between the two nearest body parts of two animals, of those that are seen.

    Missing where nothing is seen of one of them.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> from ethoflow.features.social import centre_distance
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> bool((minimum_distance(ds)[0, 0, 1] <= centre_distance(ds)[0, 0, 1]).all())
    True
    """
    return nearest_seen(position, partner_position)


@feature(
    scope="pair",
    symmetric=True,
    dims=("time",),
    units="s",
    halo="whole",
    optional=("minimum_distance",),
    parameter_units={"max_distance": "mm"},
    on_request=True,
)
def time_since_contact(minimum_distance: Array, *, max_distance: float = 25.0, fps: float) -> Array:
    """Seconds since two animals were within reach of each other; 0 while they are.

    Missing before the first contact, and from a frame on at which it is not known whether they
    met, to the next contact.

    Parameters
    ----------
    minimum_distance
        Dims (time,).
    max_distance
        Reach.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> time_since_contact(ds, max_distance="1000 px")[0, 0, 1, :2].values.tolist()
    [0.0, 0.0]
    """
    frames = np.arange(minimum_distance.shape[-1])
    met = minimum_distance <= max_distance
    unknown = np.isnan(minimum_distance)
    last_met = np.maximum.accumulate(np.where(met, frames, -1))
    last_unknown = np.maximum.accumulate(np.where(unknown, frames, -1))
    known = (last_met >= 0) & (last_met > last_unknown)
    return np.where(known, (frames - last_met) / fps, np.nan)
