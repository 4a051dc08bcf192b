"""Huddling: animals rest together in a heap."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import all_of, behaviour, claim
from ethoflow.engine.claims import UNKNOWN
from ethoflow.engine.declare import Array
from ethoflow.features.groups import distances_between


@behaviour(
    dims=("individual", "time"),
    scope="group",
    roles=("centre",),
    optional=("position", "speed", "body_length"),
    units={"max_distance": "body_length", "max_speed": "mm/s"},
    min_bout=1.0,
    on_request=True,
)
def huddling(
    position: Array,
    speed: Array,
    body_length: Array,
    *,
    max_distance: float = 1.0,
    max_speed: float = 20.0,
    min_others: int = 1,
) -> Array:
    """An animal that keeps still has others that keep still within reach of its centre.

    At least `min_others` have their centres within `max_distance` body lengths, and both it and
    they are slower than `max_speed`. Animals that are not seen count neither way: present where
    those that are seen suffice, absent where those that are not could not make up for it.

    Parameters
    ----------
    position, speed
        Of the centres, dims (individual, bodypart, space, time) and (individual, bodypart, time).
    body_length
        Of each animal; the mean of the group is taken.
    max_distance
        In body lengths, default 1.
    max_speed
        mm/s, default 20 mm/s.
    min_others
        Animals that a huddle has beside one, default 1.
    """
    n, frames = len(position), position.shape[-1]
    if n < 2:
        return np.full((n, frames), UNKNOWN)
    apart = distances_between(position[:, 0])
    limit = max_distance * np.nanmean(body_length) if np.isfinite(body_length).any() else np.nan
    near = claim(apart < limit, apart + limit)
    still = claim(speed[:, 0] < max_speed, speed[:, 0])
    found = np.empty((n, frames), np.int8)
    for animal in range(n):
        others = np.arange(n) != animal
        resting = np.stack([all_of([near[animal, k], still[k]]) for k in np.flatnonzero(others)])
        sure, perhaps = (resting == 1).sum(axis=0), (resting != 0).sum(axis=0)
        enough = np.where(sure >= min_others, 1, np.where(perhaps >= min_others, -1, 0))
        found[animal] = all_of([enough, still[animal]])
    return found
