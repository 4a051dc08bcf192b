"""Freezing: the animal does not move at all but for breathing."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import behaviour, some_of
from ethoflow.engine.claims import UNKNOWN
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

AXIS = some_of("nose", "left_ear", "right_ear", "head", "centre", "tail_base")
"""Head and body alike: on the flanks of a dense skeleton a head that turns would not count."""


@behaviour(
    roles=AXIS,
    optional=("smoothed_speed", "body_length"),
    units={"max_speed": "body_length/s"},
    min_bout=0.75,
    hysteresis=0.5,
    reference="Blanchard & Blanchard 1969, doi:10.1037/h0027654",
    on_request=True,
)
def freezing(
    smoothed_speed: Array,
    body_length: Array,
    *,
    max_speed: float = 0.08,
) -> Array:
    """Head and body move by less than `max_speed` body lengths a second, for 0.75 s.

    The mean of nose, ears, head, centre and tail base, of those that are tracked and seen; unknown
    where fewer than half of them are. A bout begins below `max_speed` and goes on below one and a
    half of it (`hysteresis`). The speed is that between mean places, over a window that is a
    parameter of `smoothed_speed`.

    Parameters
    ----------
    smoothed_speed
        Of head and body, the points that are tracked, dims (bodypart, time).
    body_length
        Of the animal.
    max_speed
        Body lengths per second, default 0.08: 6 mm/s of a mouse of 80 mm.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> freezing(simulate.still_then_running())[0, [50, 150]].values
    array([1., 0.], dtype=float32)
    """
    found = np.full(smoothed_speed.shape[-1], UNKNOWN)
    if not np.isnan(body_length):
        _mean_below(smoothed_speed, float(np.float32(max_speed) * body_length), found)
    return found


@jit
def _mean_below(speed: Array, limit: float, found: Array) -> None:
    """Whether the mean of the points that are seen is below `limit`; of half of them at least."""
    total, count = np.zeros(found.size, np.float32), np.zeros(found.size, np.int32)
    for point in range(len(speed)):
        for t in range(found.size):
            seen = speed[point, t] == speed[point, t]
            total[t] += speed[point, t] if seen else np.float32(0)
            count[t] += seen
    for t in range(found.size):
        if 2 * count[t] >= len(speed):
            found[t] = total[t] < limit * count[t]
