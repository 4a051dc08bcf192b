"""Isolated: an animal keeps away from all others."""

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
    optional=("position",),
    units={"min_distance": "mm"},
    min_bout=1.0,
    on_request=True,
)
def isolated(position: Array, *, min_distance: float = 150.0) -> Array:
    """No other animal's centre is within `min_distance` of the animal's.

    One that is seen within it is enough to be not isolated; isolated needs all animals of the
    recording seen. Unknown for an animal that is the only one of its recording.

    Parameters
    ----------
    position
        Of the centres, dims (individual, bodypart, space, time).
    min_distance
        mm, default 150 mm.
    """
    n, frames = len(position), position.shape[-1]
    if n < 2:
        return np.full((n, frames), UNKNOWN)
    apart = distances_between(position[:, 0])
    away = claim(apart >= min_distance, apart)
    return np.stack([all_of(np.delete(row, animal, 0)) for animal, row in enumerate(away)])
