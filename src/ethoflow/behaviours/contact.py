"""Contact: two animals touch, or all but touch, with whatever part of the body."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.features.nearness import nearer


@behaviour(
    scope="pair",
    symmetric=True,
    optional=("body_distance", "body_seen", "partner_body_seen"),
    units={"max_distance": "body_length"},
    max_gap=0.5,
    hysteresis=0.5,
    version=2,
    on_request=True,
)
def contact(
    body_distance: Array,
    body_seen: Array,
    partner_body_seen: Array,
    body_length: Array,
    partner_body_length: Array,
    *,
    max_distance: float = 0.2,
) -> Array:
    """Any point of one body is closer than `max_distance` body lengths to any of the other.

    Of those that are tracked, tails left out. Two that are seen and near are enough; absent needs
    all of them seen. The body length is the mean of the two. A bout begins below `max_distance`,
    goes on below one and a half of it (`hysteresis`), and over gaps of half a second (`max_gap`),
    as people score it: from the touch until the animals are apart.

    A mouse is about 0.35 body lengths wide: where flanks touch, points on the midline are as far
    apart as that, and points on the flanks next to each other; a nose at a flank is half of it from
    the midline. The default is that half and a little more, so a nose, an ear or a hip that touches
    is found by what few points there are.

    Parameters
    ----------
    body_distance
        Between the nearest points of the two bodies, of those that are seen, dims (time,).
    body_seen, partner_body_seen
        Whether all points of each are seen.
    body_length, partner_body_length
        Of the two animals.
    max_distance
        In body lengths, default 0.2: 16 mm of mice of 80 mm.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> contact(simulate.approach()).isel(individual=0, partner=1)[[0, -1]].values
    array([0., 1.], dtype=float32)
    """
    length = (body_length + partner_body_length) / 2
    hidden = (body_seen != 1) | (partner_body_seen != 1)
    return nearer(body_distance, hidden, max_distance * length)
