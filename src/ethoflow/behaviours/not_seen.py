"""Not seen: the tracker does not see the animal."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(optional=("position",), min_bout=0.0, max_gap=0.0, on_request=True)
def not_seen(position: Array, *, min_share: float = 0.5) -> Array:
    """At least `min_share` of the body parts are not there. It is always known.

    Parameters
    ----------
    position
        All body parts, dims (bodypart, space, time).
    min_share
        Default 0.5: half of them.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(not_seen(simulate.still_then_running()).max())
    0.0
    """
    gone = np.isnan(position).any(axis=1)
    share: Array = gone.sum(axis=0, dtype=np.int32) / max(len(position), 1)
    return share >= min_share
