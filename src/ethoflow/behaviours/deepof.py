"""Rules that stand for ours with ``preset="deepof"``: definitions that are DeepOF's own."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(min_bout=0.0, max_gap=0.0, on_request=True)
def deepof_moving(deepof_activity: Array) -> Array:
    """Neither stationary and active nor stationary and passive.

    Parameters
    ----------
    deepof_activity
        Dims (time,).
    """
    moves: Array = deepof_activity == 0
    return moves


@behaviour(min_bout=0.0, max_gap=0.0, on_request=True)
def deepof_stationary_active(deepof_activity: Array) -> Array:
    """The centre keeps its place, nose or hips do not.

    Parameters
    ----------
    deepof_activity
        Dims (time,).
    """
    active: Array = deepof_activity == 1
    return active


@behaviour(min_bout=0.0, max_gap=0.0, on_request=True)
def deepof_stationary_passive(deepof_activity: Array) -> Array:
    """Centre, nose and hips keep their place.

    Parameters
    ----------
    deepof_activity
        Dims (time,).
    """
    passive: Array = deepof_activity == 2
    return passive


@behaviour(min_bout=0.0, max_gap=0.0, on_request=True)
def deepof_look_around(deepof_looking: Array) -> Array:
    """The head turns about, level and away from others, while the body keeps its place.

    Parameters
    ----------
    deepof_looking
        Dims (time,).
    """
    looks: Array = deepof_looking == 1
    return looks
