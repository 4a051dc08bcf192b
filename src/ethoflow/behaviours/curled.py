"""Curled: an animal rests rolled up, its nose by its tail base."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.features.social import distance


@behaviour(
    roles={"position": ("nose", "centre", "tail_base"), "speed": ("centre",)},
    units={"max_span": "body_length", "max_speed": "mm/s"},
    min_bout=1.0,
    on_request=True,
)
def curled(
    position: Array,
    body_length: Array,
    speed: Array,
    *,
    max_span: float = 0.6,
    max_straightness: float = 0.85,
    max_speed: float = 20.0,
) -> Array:
    """Still, shorter than `max_span` body lengths from nose to tail base, and bent.

    Animals that rest so, alone or in a heap, are often called huddled.

    Parameters
    ----------
    position
        Nose, centre and tail base, dims (bodypart, space, time).
    body_length
        Of the animal.
    speed
        Of the body centre, dims (bodypart, time).
    max_span
        In body lengths, default 0.6.
    max_straightness
        Nose to tail base as a share of the way over the centre, default 0.85.
    max_speed
        mm/s, default 20 mm/s.
    """
    nose, centre, tail_base = position
    span, way = distance(nose, tail_base), distance(nose, centre) + distance(centre, tail_base)
    short: Array = span < max_span * body_length
    bent: Array = span < np.float32(max_straightness) * way
    still: Array = speed[0] < max_speed
    return short & bent & still
