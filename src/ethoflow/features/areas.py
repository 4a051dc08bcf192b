"""Areas that body parts enclose."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Members, feature
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.features.members import places_of
from ethoflow.skeleton import place_roles

AREAS: Mapping[str, tuple[str, ...]] = {
    "head": ("nose", "left_ear", "neck", "right_ear"),
    "torso": ("neck", "left_side", "lower_back", "right_side"),
    "back": ("neck", "left_hip", "lower_back", "right_hip"),
    "body": (
        "nose",
        "left_ear",
        "left_side",
        "left_hip",
        "tail_base",
        "right_hip",
        "right_side",
        "right_ear",
    ),
}
"""Roles of the corners of each area, one after the other along its outline."""

MOST_CORNERS = 12
CORNERS = tuple(f"corner_{number}" for number in range(MOST_CORNERS))


def find_areas(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The areas that are named, or those of `AREAS` whose corners a dataset has.

    An area with fewer corners than the most repeats its last one, which encloses nothing more.
    """
    given = parameters["areas"]
    if given is None:
        roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
        placed = {name: place_roles(roles, corners) for name, corners in AREAS.items()}
        found = {n: [p for p in places if p is not None] for n, places in placed.items()}
        found = {n: places for n, places in found.items() if len(places) == len(AREAS[n])}
    else:
        found = {n: list(places_of(ds, c, f"area(areas.{n})")) for n, c in given.items()}
    for name, places in found.items():
        if not 3 <= len(places) <= MOST_CORNERS:
            raise DataError(
                f"area(areas.{name}) needs 3 to {MOST_CORNERS} corners, found {len(places)}."
            )
    corners = zip(*(p + p[-1:] * (MOST_CORNERS - len(p)) for p in found.values()), strict=True)
    return Members(tuple(found), dict(zip(CORNERS, corners, strict=True)) if found else {})


@feature(
    dims=("area", "time"),
    units="position2",
    reads=dict.fromkeys(CORNERS, "position"),
    over={"area": find_areas},
)
def area(
    corner_0: Array,
    corner_1: Array,
    corner_2: Array,
    corner_3: Array,
    corner_4: Array,
    corner_5: Array,
    corner_6: Array,
    corner_7: Array,
    corner_8: Array,
    corner_9: Array,
    corner_10: Array,
    corner_11: Array,
    *,
    areas: Mapping[str, Sequence[str]] | None = None,
) -> Array:
    """Area inside the outline that body parts make, in the plane of x and y.

    Where the outline crosses itself, its loops count against each other.

    Parameters
    ----------
    corner_0, corner_1, corner_2, corner_3, corner_4, corner_5
    corner_6, corner_7, corner_8, corner_9, corner_10, corner_11
        Dims (area, space, time), one after the other along the outline.
    areas
        Names or roles of the corners, by the name of the area. By default those that the animal
        has of: head (nose, left_ear, neck, right_ear), torso (neck, left_side, lower_back,
        right_side), back (neck, left_hip, lower_back, right_hip), and body (nose, left_ear,
        left_side, left_hip, tail_base, right_hip, right_side, right_ear).

    References
    ----------
    The shoelace formula, on corners taken from the first one so that large coordinates do not
    cancel.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> area(ds, areas={"front": ["nose", "left_ear", "right_ear"]}).dims
    ('individual', 'area', 'time')
    """
    outline = (
        *(corner_1, corner_2, corner_3, corner_4, corner_5, corner_6),
        *(corner_7, corner_8, corner_9, corner_10, corner_11),
    )
    twice = np.zeros(corner_0.shape[:-2] + corner_0.shape[-1:], np.float32)
    for one, other in itertools.pairwise(outline):
        a, b = one - corner_0, other - corner_0
        twice += a[..., 0, :] * b[..., 1, :] - a[..., 1, :] * b[..., 0, :]
    enclosed: Array = np.abs(twice) / 2
    return enclosed
