"""How body parts move: velocity, speed, acceleration."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array, missing_like


def differentiate(values: Array, fps: float) -> Array:
    """Central difference along time; one-sided at the two ends; NaN on a single frame.

    Examples
    --------
    >>> differentiate(np.array([0.0, 1.0, 4.0], np.float32), fps=1.0).tolist()
    [1.0, 2.0, 3.0]
    """
    if values.shape[-1] < 2:
        return missing_like(values.shape)
    slope = np.empty_like(values)
    np.subtract(values[..., 2:], values[..., :-2], out=slope[..., 1:-1])
    slope[..., 1:-1] *= values.dtype.type(fps / 2)
    slope[..., 0] = (values[..., 1] - values[..., 0]) * values.dtype.type(fps)
    slope[..., -1] = (values[..., -1] - values[..., -2]) * values.dtype.type(fps)
    return slope


@feature(dims=("bodypart", "space", "time"), units="position/s", halo=1)
def velocity(position: Array, *, fps: float) -> Array:
    """Change of position per second: central difference, one-sided at the ends.

    Missing where a point or one of its two neighbours is missing.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(velocity(simulate.still_then_running()).max().round())
    200.0
    """
    return differentiate(position, fps)


@feature(dims=("bodypart", "time"), units="position/s")
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


@feature(dims=("bodypart", "time"), units="position/s2", halo=1)
def acceleration(speed: Array, *, fps: float) -> Array:
    """Change of speed per second: positive when speeding up, negative when slowing down."""
    return differentiate(speed, fps)
