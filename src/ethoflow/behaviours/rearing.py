"""Rearing, by proxy: seen from above, an animal on its hind legs is short and straight."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.features.social import distance


@behaviour(
    roles={"position": ("nose", "centre", "tail_base"), "speed": ("tail_base",)},
    units={"max_span": "body_length", "max_speed": "mm/s"},
    on_request=True,
)
def rearing(
    position: Array,
    body_length: Array,
    speed: Array,
    *,
    max_span: float = 0.65,
    min_straightness: float = 0.9,
    max_speed: float = 60.0,
) -> Array:
    """From nose to tail base it is shorter than `max_span` body lengths, without being bent.

    A proxy for pictures from above: height itself is not seen. It cannot tell a reared animal from
    a crouched one, or from one whose nose is tracked too far back, and it misses one that leans on
    the wall at full length, which `climbing` may find. Hold it against scored frames before it is
    used.

    Parameters
    ----------
    position
        Nose, centre and tail base, dims (bodypart, space, time).
    body_length
        Of the animal.
    speed
        Of the tail base, dims (bodypart, time).
    max_span
        In body lengths, default 0.65.
    min_straightness
        Nose to tail base as a share of the way over the centre, default 0.9.
    max_speed
        mm/s, default 60 mm/s.
    """
    nose, centre, tail_base = position
    span, way = distance(nose, tail_base), distance(nose, centre) + distance(centre, tail_base)
    short: Array = span < max_span * body_length
    straight: Array = span >= np.float32(min_straightness) * way
    still: Array = speed[0] < max_speed
    return short & straight & still
