"""Where animals are with respect to each other, for every ordered pair.

The first of a pair is the one of the dim `individual`: its nose, its heading, its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Members, feature, some_of
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.errors import DataError
from ethoflow.features.angles import direction_of, wrap
from ethoflow.features.members import given_groups, known_groups, name_groups
from ethoflow.features.ratios import ratio


@jit
def _apart(x: Array, y: Array, other_x: Array, other_y: Array, found: Array) -> None:
    for t in range(found.size):
        across, along = x[t] - other_x[t], y[t] - other_y[t]
        found[t] = np.sqrt(across * across + along * along)


def distance(one: Array, other: Array) -> Array:
    """Distance between two points, each with dims (space, time).

    Examples
    --------
    >>> distance(np.array([[0.0], [0.0]]), np.array([[3.0], [4.0]])).tolist()
    [5.0]
    """
    if len(one) == 2 and one.ndim == 2 and one.shape == other.shape and one.dtype == other.dtype:
        found: Array = np.empty_like(one[0])
        _apart(one[0], one[1], other[0], other[1], found)
        return found
    apart: Array = np.sqrt(np.square(one - other).sum(axis=0))
    return apart


@feature(scope="pair", symmetric=True, dims=("time",), units="position", roles=("centre",))
def centre_distance(position: Array, partner_position: Array) -> Array:
    """Distance between the body centres of two animals.

    Examples
    --------
    >>> import ethoflow as ef
    >>> position = np.array([[0.0, 0.0], [3.0, 4.0]]).reshape(2, 1, 2, 1)
    >>> centre_distance(ef.from_arrays(position, fps=25, bodyparts=["centre"]))[0, 1].values
    array([5.], dtype=float32)
    """
    return distance(position[0], partner_position[0])


BETWEEN: tuple[tuple[str, str], ...] = (
    ("nose", "nose"),
    ("nose", "tail_base"),
    ("nose", "centre"),
    ("centre", "centre"),
)
"""Roles of a point of the one and a point of the other whose distance tells of their contact."""


def find_between(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """A point of the one and a point of the other: those that are named, or the usual ones."""
    given = parameters["pairs"]
    if given is None:
        pairs = known_groups(ds, BETWEEN)
    else:
        pairs = given_groups(ds, given, 2, "distance_to_partner(pairs)")
    mine, theirs = (tuple(pair[i] for pair in pairs) for i in range(2))
    return Members(name_groups(ds, pairs), {"position": mine, "partner_position": theirs})


@feature(
    scope="pair",
    dims=("between", "time"),
    units="position",
    over={"between": find_between},
    on_request=True,
)
def distance_to_partner(
    position: Array,
    partner_position: Array,
    *,
    pairs: Sequence[Sequence[str]] | None = None,
) -> Array:
    """Distance from a body part of one animal to a body part of the other.

    Parameters
    ----------
    position, partner_position
        Dims (between, space, time).
    pairs
        Names or roles of a body part of the one and a body part of the other each; those of
        `BETWEEN` by default.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> distance_to_partner(ds, pairs=[("nose", "tail_base")]).sizes["between"]
    1
    """
    apart: Array = np.sqrt(np.square(position - partner_position).sum(axis=-2))
    return apart


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


def _towards(position: Array, partner_position: Array) -> tuple[Array, Array]:
    """The vector to the partner's point, dims (space, time), and its length."""
    line = partner_position - position
    return line, np.sqrt(np.square(line).sum(axis=0))


@feature(
    scope="pair",
    dims=("time",),
    units="rad",
    roles={"position": ("centre",), "partner_position": ("centre",)},
)
def bearing(heading: Array, position: Array, partner_position: Array) -> Array:
    """Direction of the partner as the animal sees it: 0 ahead, pi behind, signed, -pi to pi.

    From centre to centre, against the body's axis; positive from +x towards +y.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> bearing(ds).dims
    ('recording', 'individual', 'partner', 'time')
    """
    line, length = _towards(position[0], partner_position[0])
    seen = wrap(direction_of(line[0], line[1]) - heading)
    return np.where(length > 0, seen, np.float32(np.nan))


@feature(
    scope="pair",
    dims=("time",),
    units="rad",
    roles={"position": ("nose",), "partner_position": ("centre",)},
    on_request=True,
)
def facing_angle(head_direction: Array, position: Array, partner_position: Array) -> Array:
    """Angle between where the head points and the partner's centre: 0 facing it, pi away.

    Seen from the nose.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> bool((facing_angle(ds)[0, 0, 1].dropna("time") >= 0).all())
    True
    """
    line, length = _towards(position[0], partner_position[0])
    seen = np.abs(wrap(direction_of(line[0], line[1]) - head_direction))
    return np.where(length > 0, seen, np.float32(np.nan))


@feature(scope="pair", dims=("time",), gives="flag", on_request=True)
def in_view(facing_angle: Array, *, field_of_view: float = 240.0) -> Array:
    """Whether the partner's centre is in the animal's field of view.

    Parameters
    ----------
    facing_angle
        Dims (time,).
    field_of_view
        Both eyes together, degrees: a choice to be made for the species, not a measurement.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> float(in_view(ds, field_of_view=360)[0, 0, 1].min())
    1.0
    """
    seen: Array = facing_angle <= np.deg2rad(field_of_view / 2)
    return seen


@feature(scope="pair", symmetric=True, dims=("time",), units="rad", on_request=True)
def relative_heading(heading: Array, partner_heading: Array) -> Array:
    """Angle between the body axes of two animals: 0 the same way, pi opposite ways.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> bool((relative_heading(ds)[0, 0, 1].dropna("time") <= np.float32(np.pi)).all())
    True
    """
    return np.abs(wrap(partner_heading - heading))


@feature(
    scope="pair",
    symmetric=True,
    dims=("time",),
    roles={"velocity": ("centre",), "partner_velocity": ("centre",)},
    on_request=True,
)
def motion_alignment(velocity: Array, partner_velocity: Array) -> Array:
    """Cosine of the angle between the ways of two centres: 1 side by side, -1 opposite.

    Missing where one of them stands still.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> bool((np.abs(motion_alignment(ds)[0, 0, 1].dropna("time")) < 1.0001).all())
    True
    """
    one, other = velocity[0], partner_velocity[0]
    lengths = np.sqrt(np.square(one).sum(axis=0) * np.square(other).sum(axis=0))
    product = (one * other).sum(axis=0)
    return ratio(product, lengths)


@feature(
    scope="pair",
    dims=("time",),
    units="position/s",
    roles=dict.fromkeys(("velocity", "position", "partner_position"), ("centre",)),
    on_request=True,
)
def approach_speed(velocity: Array, position: Array, partner_position: Array) -> Array:
    """Part of an animal's own speed that leads to the partner: negative while it retreats.

    Of the centres; what the partner does itself is in the same quantity seen from it.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> approach_speed(ds).attrs["units"]
    'px/s'
    """
    line, length = _towards(position[0], partner_position[0])
    along = (velocity[0] * line).sum(axis=0)
    return ratio(along, length)


@feature(
    scope="pair",
    dims=("time",),
    gives="category",
    categories=("left", "right"),
    units="1",
    on_request=True,
)
def side(bearing: Array, *, y_axis: str = "down") -> Array:
    """On which side of the animal the partner is, seen from above.

    Parameters
    ----------
    bearing
        Dims (time,).
    y_axis
        Where y points: ``"down"`` as in videos, or ``"up"``.

    Raises
    ------
    DataError
        `y_axis` is neither.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> side(ds).attrs["flag_meanings"]
    'left right'
    """
    if y_axis not in ("down", "up"):
        raise DataError(f"side(y_axis) must be 'down' or 'up', found {y_axis!r}")
    right = bearing >= 0 if y_axis == "down" else bearing < 0
    return np.where(np.isnan(bearing), -1, right).astype(np.int64)
