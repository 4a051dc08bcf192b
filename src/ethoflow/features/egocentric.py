"""The partner as an animal has it around itself."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array
from ethoflow.features.angles import direction_of
from ethoflow.geometry.alignment import turned


@feature(
    scope="pair",
    dims=("bodypart", "space", "time"),
    units="position",
    roles={"position": ("centre", "tail_base", "nose")},
    optional=("partner_position",),
    on_request=True,
)
def pose_of_other(position: Array, partner_position: Array) -> Array:
    """The partner's body parts in the animal's own frame: its centre at 0, its nose ahead along +x.

    The direction is from tail base to nose, as in `heading`. In the plane: a third coordinate is
    relative to the centre's.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.simulate_recording(n_individuals=2, duration="2 s", seed=1).tracks
    >>> pose_of_other(ds).dims
    ('recording', 'individual', 'partner', 'bodypart', 'space', 'time')
    """
    centre, tail_base, nose = position
    forward = nose - tail_base
    away: Array = partner_position - centre
    angle = direction_of(forward[0], forward[1])
    still = (forward[0] == 0) & (forward[1] == 0)
    away[:, :2] = turned(away[:, :2], -np.where(still, np.float32(np.nan), angle))
    return away
