"""How a group is arranged: its order, its spread, who is near whom.

Animals that are not seen at a frame are left out of it; what needs more animals than are seen is
missing there.
"""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array, missing_like
from ethoflow.engine.jit import jit
from ethoflow.features.ratios import ratio
from ethoflow.features.social import distance


def _mean_length(x: Array, y: Array) -> Array:
    """Length of the mean of vectors, dims (individual, time), of the known ones, two at least."""
    known = np.isfinite(x) & np.isfinite(y)
    count = known.sum(axis=0)
    total_x, total_y = (np.where(known, v, 0).astype(np.float64).sum(axis=0) for v in (x, y))
    length = np.sqrt(total_x**2 + total_y**2)
    return ratio(length, count, least=1)


@jit
def _unit_vectors(angle: Array, x: Array, y: Array) -> None:
    # A plain loop: NumPy's vectorised cosine rounds differently for different lengths.
    for t in range(angle.size):
        x[t] = np.cos(angle[t])
        y[t] = np.sin(angle[t])


@feature(scope="group", dims=("time",), optional=("heading",), on_request=True)
def polarisation(heading: Array) -> Array:
    """How far all head the same way: 1 where they do, near 0 where headings cancel.

    Length of the mean unit vector of the headings of at least two animals (Couzin et al. 2002,
    doi:10.1006/jtbi.2002.3065).

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> polarisation(ds).dims
    ('recording', 'time')
    """
    angle = np.ascontiguousarray(heading, np.float64).ravel()
    x, y = np.empty(angle.size), np.empty(angle.size)
    _unit_vectors(angle, x, y)
    return _mean_length(x.reshape(heading.shape), y.reshape(heading.shape))


def _from_middle(position: Array) -> Array:
    """Centres, dims (individual, space, time), from the mean of those that are seen."""
    known = np.isfinite(position).all(axis=1, keepdims=True)
    count = known.sum(axis=0)
    total = np.where(known, position, 0).astype(np.float64).sum(axis=0)
    middle = ratio(total, np.broadcast_to(count, total.shape))
    found: Array = position - middle
    return found


CENTRES = {"position": ("centre",), "velocity": ("centre",)}


@feature(
    scope="group", dims=("time",), optional=("position", "velocity"), roles=CENTRES, on_request=True
)
def milling(position: Array, velocity: Array) -> Array:
    """How far all circle around their middle in one sense: 1 where they do, near 0 elsewhere.

    Mean cross product of the unit vectors from the middle to each animal and of its way, without
    sign, of at least two animals (Couzin et al. 2002, doi:10.1006/jtbi.2002.3065).

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> milling(ds).dims
    ('recording', 'time')
    """
    out, way = _from_middle(position[:, 0]), velocity[:, 0]
    lengths = np.sqrt(np.square(out[:, :2]).sum(axis=1) * np.square(way[:, :2]).sum(axis=1))
    cross = out[:, 0] * way[:, 1] - out[:, 1] * way[:, 0]
    turn = ratio(cross, lengths)
    return _mean_length(turn, np.zeros_like(turn))


@feature(
    scope="group",
    dims=("time",),
    units="position",
    optional=("position",),
    roles=("centre",),
    on_request=True,
)
def group_spread(position: Array) -> Array:
    """Mean distance of the animals' centres from their middle, of at least two.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> group_spread(ds).attrs["units"]
    'px'
    """
    away = np.sqrt(np.square(_from_middle(position[:, 0])).sum(axis=1))
    known = np.isfinite(away)
    count = known.sum(axis=0)
    total = np.where(known, away, 0).sum(axis=0)
    return ratio(total, count, least=1)


def distances_between(position: Array) -> Array:
    """Distances between all animals, dims (individual, partner, time); of one to itself NaN."""
    n, frames = len(position), position.shape[-1]
    apart = np.full((n, n, frames), np.nan, position.dtype)
    for one in range(n):
        for other in range(one):
            apart[one, other] = apart[other, one] = distance(position[one], position[other])
    return apart


@feature(
    scope="group",
    dims=("individual", "time"),
    units="position",
    optional=("position",),
    roles=("centre",),
    on_request=True,
)
def nearest_neighbour_distance(position: Array) -> Array:
    """Distance from each animal's centre to the nearest centre of another that is seen.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> nearest_neighbour_distance(ds).dims
    ('recording', 'individual', 'time')
    """
    nearest: Array = np.fmin.reduce(distances_between(position[:, 0]), axis=1)
    return nearest


@feature(
    scope="group",
    dims=("individual", "partner", "time"),
    gives="flag",
    roles=("centre",),
    on_request=True,
)
def is_nearest_neighbour(position: Array) -> Array:
    """Whether the partner is the nearest to an animal of all that are seen.

    Of two that are equally near both are; unknown where the animal itself is not seen.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> is_nearest_neighbour(ds).sum("partner").max().item()
    1.0
    """
    apart = distances_between(position[:, 0])
    found: Array = apart == np.fmin.reduce(apart, axis=1)[:, np.newaxis]
    return found


@feature(
    scope="group",
    dims=("individual", "time"),
    optional=("position",),
    roles=("centre",),
    parameter_units={"max_distance": "mm"},
    on_request=True,
)
def neighbours(position: Array, *, max_distance: float = 100.0) -> Array:
    """How many others are within reach of an animal: its degree in the graph of proximity.

    Missing where one of the group is not seen, since it may be the one within reach.

    Parameters
    ----------
    position
        Dims (individual, bodypart, space, time).
    max_distance
        Reach, from centre to centre.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> neighbours(ds, max_distance="2000 px").max().item()
    2.0
    """
    count = (distances_between(position[:, 0]) <= max_distance).sum(axis=1)
    seen = np.isfinite(position[:, 0]).all(axis=(0, 1))
    return np.where(seen, count, np.float32(np.nan))


@jit
def _count_components(near: Array, out: Array) -> None:
    """Parts of a graph that nothing joins; dims of `near` (individual, partner, time)."""
    n = near.shape[0]
    part = np.empty(n, np.int64)
    for t in range(near.shape[2]):
        for i in range(n):
            part[i] = i
        for i in range(n):
            for j in range(i):
                if near[i, j, t] and part[i] != part[j]:
                    old, new = part[i], part[j]
                    for k in range(n):
                        if part[k] == old:
                            part[k] = new
        count = 0
        for i in range(n):
            first = True
            for j in range(i):
                if part[j] == part[i]:
                    first = False
            if first:
                count += 1
        out[t] = count


@feature(
    scope="group",
    dims=("time",),
    roles=("centre",),
    parameter_units={"max_distance": "mm"},
    on_request=True,
)
def clusters_by_proximity(position: Array, *, max_distance: float = 100.0) -> Array:
    """Into how many clusters a group falls: animals within reach of one another are of one.

    Missing where one of them is not seen.

    Parameters
    ----------
    position
        Dims (individual, bodypart, space, time).
    max_distance
        Reach, from centre to centre.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> clusters_by_proximity(ds, max_distance="2000 px").max().item()
    1.0
    """
    near = distances_between(position[:, 0]) <= max_distance
    out = missing_like((position.shape[-1],))
    _count_components(near, out)
    return out


@jit
def _hull_areas(x: Array, y: Array, out: Array) -> None:
    """Areas of convex hulls (Andrew's monotone chain); dims (individual, time)."""
    n = x.shape[0]
    hull_x, hull_y = np.empty(2 * n + 1), np.empty(2 * n + 1)
    for t in range(x.shape[1]):
        order = np.argsort(x[:, t] + 0.0)
        for i in range(1, n):  # ties in x by y
            k = i
            while (
                k > 0
                and x[order[k - 1], t] == x[order[k], t]
                and y[order[k - 1], t] > y[order[k], t]
            ):
                order[k - 1], order[k] = order[k], order[k - 1]
                k -= 1
        size = 0
        for turn in range(2):
            floor = size + 1
            for i in range(n):
                p = order[i] if turn == 0 else order[n - 1 - i]
                px, py = x[p, t], y[p, t]
                while size > floor and (
                    (hull_x[size - 1] - hull_x[size - 2]) * (py - hull_y[size - 2])
                    - (hull_y[size - 1] - hull_y[size - 2]) * (px - hull_x[size - 2])
                    <= 0
                ):
                    size -= 1
                hull_x[size], hull_y[size] = px, py
                size += 1
            size -= 1
        twice = 0.0
        for i in range(size):
            j = (i + 1) % size
            twice += hull_x[i] * hull_y[j] - hull_x[j] * hull_y[i]
        out[t] = abs(twice) / 2


@feature(scope="group", dims=("time",), units="position2", roles=("centre",), on_request=True)
def area_per_animal(position: Array) -> Array:
    """Area of the convex hull of all centres, divided by their number.

    Missing where one of them is not seen; 0 for fewer than three animals.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=3, duration="2 s", seed=1).tracks
    >>> area_per_animal(ds).attrs["units"]
    'px2'
    """
    centres = position[:, 0].astype(np.float64)
    out = np.zeros(position.shape[-1])
    if len(centres) > 2:
        _hull_areas(np.ascontiguousarray(centres[:, 0]), np.ascontiguousarray(centres[:, 1]), out)
    return out / max(len(centres), 1)
