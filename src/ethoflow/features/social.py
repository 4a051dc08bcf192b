"""Where animals are with respect to each other, for every ordered pair.

The first of a pair is the one of the dim `individual`: its nose, its heading, its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Members, feature
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
