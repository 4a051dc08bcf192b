"""How body parts move: velocity, speed, acceleration, jerk."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array, missing_like


def differentiate(values: Array, fps: float) -> Array:
    """Central difference along time, at the two ends the one-sided one of the same order.

    Exact where `values` change linearly or quadratically. Two frames have one slope, a single
    frame has none.

    Examples
    --------
    >>> differentiate(np.array([0.0, 1.0, 4.0], np.float32), fps=1.0).tolist()
    [0.0, 2.0, 4.0]
    """
    n = values.shape[-1]
    if n < 2:
        return missing_like(values.shape)
    slope = np.empty_like(values)
    if n == 2:
        slope[...] = (values[..., 1:] - values[..., :1]) * values.dtype.type(fps)
        return slope
    np.subtract(values[..., 2:], values[..., :-2], out=slope[..., 1:-1])
    slope[..., 0] = _end_slope(values[..., 0], values[..., 1], values[..., 2])
    slope[..., -1] = -_end_slope(values[..., -1], values[..., -2], values[..., -3])
    slope *= values.dtype.type(fps / 2)
    return slope


def _end_slope(end: Array, second: Array, third: Array) -> Array:
    """Change over two frames at an end, from the three frames nearest to it."""
    slope: Array = 4 * (second - end) - (third - end)
    return slope


@feature(
    dims=("bodypart", "space", "time"),
    units="position/s",
    pointwise=("bodypart",),
    halo=2,
    version=2,
)
def velocity(position: Array, *, fps: float) -> Array:
    """Change of position per second: central difference, one-sided at the ends.

    Right for steady and for constantly accelerated motion. Missing where a point or one of its two
    neighbours is missing; at the ends of the recording, one of the three nearest.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(velocity(simulate.still_then_running()).max().round())
    200.0
    """
    return differentiate(position, fps)


@feature(dims=("bodypart", "time"), units="position/s", pointwise=("bodypart",))
def speed(velocity: Array) -> Array:
    """Length of the velocity vector.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> speed(ds).sel(bodypart="Center")[0, [0, -1]].values.round().tolist()
    [0.0, 200.0]
    """
    length: Array = np.sqrt(np.square(velocity).sum(axis=-2))
    return length


@feature(dims=("bodypart", "time"), units="position/s2", pointwise=("bodypart",), halo=2, version=2)
def acceleration(speed: Array, *, fps: float) -> Array:
    """Change of speed per second: positive when speeding up, negative when slowing down.

    Two frames show no change of speed: it is missing in a recording that has no third.
    """
    return missing_like(speed.shape) if speed.shape[-1] < 3 else differentiate(speed, fps)


@feature(
    dims=("bodypart", "time"), units="position/s3", pointwise=("bodypart",), halo=2, on_request=True
)
def jerk(acceleration: Array, *, fps: float) -> Array:
    """Change of acceleration per second: how abruptly a body part speeds up or slows down.

    The third derivative of a path magnifies noise: smooth positions first.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(jerk(simulate.still_then_running())[0, 0, 0])
    0.0
    """
    few = acceleration.shape[-1] < 3
    return missing_like(acceleration.shape) if few else differentiate(acceleration, fps)
