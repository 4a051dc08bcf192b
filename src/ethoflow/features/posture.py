"""How an animal holds itself: heading, lengths of segments, body length."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature, summary
from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

MAX_FRAMES = 5000
"""Frames a body length is measured on, evenly spaced over the complete ones."""


@jit
def _angle(x: Array, y: Array, out: Array) -> None:
    # A plain loop: NumPy's vectorised arctangent rounds differently for different lengths.
    for t in range(x.size):
        out[t] = np.arctan2(y[t], x[t])


@feature(dims=("time",), units="rad", roles=("tail_base", "nose"))
def heading(position: Array) -> Array:
    """Direction from tail base to nose: 0 along +x, positive towards +y, -pi to pi.

    Video coordinates have y pointing down: there a positive angle turns clockwise on the screen.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(heading(simulate.still_then_running())[0, 0].round(3))
    0.0
    """
    tail_base, nose = position
    forward = nose - tail_base
    out = np.empty(forward.shape[-1], np.float32)
    _angle(np.ascontiguousarray(forward[0]), np.ascontiguousarray(forward[1]), out)
    return out


@feature(dims=("segment", "time"), units="position")
def segment_length(start_position: Array, end_position: Array) -> Array:
    """Distance between the two body parts of each named segment (nose-tail_base, ...)."""
    length: Array = np.sqrt(np.square(end_position - start_position).sum(axis=-2))
    return length


@feature(dims=("time",), units="position", roles=("nose", "tail_base"))
def body_span(position: Array) -> Array:
    """Distance from nose to tail base at each moment."""
    nose, tail_base = position
    span: Array = np.sqrt(np.square(nose - tail_base).sum(axis=0))
    return span


@summary(units="position")
def body_length(body_span: Array) -> Array:
    """Median distance from nose to tail base: how long the animal is.

    Over at most 5,000 frames, evenly spaced among those in which both points are there; missing
    when there are none.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(body_length(simulate.still_then_running())[0]) > 50
    True
    """
    complete = body_span[~np.isnan(body_span)]
    if complete.size == 0:
        return np.asarray(np.nan)
    count = min(complete.size, MAX_FRAMES)
    spaced = np.arange(count) * complete.size // count
    return np.asarray(np.median(complete[spaced]))
