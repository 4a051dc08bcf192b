"""Stops: where an animal on its way pauses."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.bouts import filter_bouts
from ethoflow.engine.declare import Array, missing_like
from ethoflow.features.travel import IN_WINDOW, half_of, sum_steps

REFERENCE = "Drai, Benjamini & Golani 2000, J. Neurosci. Methods 96:119"


def _reach(min_stop: int) -> int:
    return max(int(min_stop) - 1, 0)


@feature(
    dims=("time",),
    gives="flag",
    roles=("centre",),
    halo=_reach,
    parameter_units={"max_speed": "mm/s", "min_stop": "s"},
    reference=REFERENCE,
    on_request=True,
)
def stopped(speed: Array, *, max_speed: float = 20.0, min_stop: float = 0.2) -> Array:
    """Whether the centre stands: at most as fast as `max_speed`, for `min_stop` at least.

    A stop that an end of the recording or a gap cuts short is one: how long it was is not known.
    The speed that parts stops from progression depends on species and tracker; the reference finds
    it from the distribution of speeds.

    Parameters
    ----------
    speed
        Of the centre, dims (bodypart, time).
    max_speed
        mm/s, default 20 mm/s.
    min_stop
        s, default 0.2 s.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> stopped(simulate.still_then_running())[0, [0, -1]].values
    array([1., 0.], dtype=float32)
    """
    slow = np.where(np.isnan(speed[0]), -1, speed[0] <= max_speed).astype(np.int8)
    found: Array = filter_bouts(slow, 0, int(min_stop)) == 1
    return found


@feature(dims=("time",), optional=("stopped",), reference=REFERENCE, **IN_WINDOW)
def stops(stopped: Array, *, window: float = 10.0) -> Array:
    """How many stops begin in a window around each frame.

    Missing where some of the window is, or lies beyond the recording.

    Parameters
    ----------
    stopped
        Dims (time,).
    window
        s, default 10 s.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> stops(simulate.still_then_running(), window="0.4 s")[0, 20].item()
    0.0
    """
    if stopped.shape[-1] < 2:
        return missing_like(stopped.shape)
    change = np.diff(stopped)
    return sum_steps(np.where(np.isnan(change), np.nan, change == 1), half_of(int(window)))
