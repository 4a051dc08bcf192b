"""Where an animal faces, where it goes, and how it turns.

Video coordinates have y pointing down: there a positive angle turns clockwise on the screen.
"""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array
from ethoflow.features.angles import direction_of, turning_rate, wrap


@feature(dims=("time",), units="rad", roles=("tail_base", "nose"))
def heading(position: Array) -> Array:
    """Direction from tail base to nose: 0 along +x, positive towards +y, -pi to pi.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(heading(simulate.still_then_running())[0, 0].round(3))
    0.0
    """
    tail_base, nose = position
    forward = nose - tail_base
    return direction_of(forward[0], forward[1])


@feature(dims=("time",), units="rad", roles=("left_ear", "right_ear", "nose"))
def head_direction(position: Array) -> Array:
    """Direction from between the ears to the nose, -pi to pi as `heading`.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(head_direction(simulate.still_then_running())[0, 0].round(3))
    0.0
    """
    left, right, nose = position
    forward = nose - (left + right) / 2
    return direction_of(forward[0], forward[1])


@feature(dims=("bodypart", "time"), units="rad", pointwise=("bodypart",), on_request=True)
def movement_direction(velocity: Array) -> Array:
    """Direction in which a body part moves, -pi to pi as `heading`; missing where it stands still.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> movement_direction(ds).sel(bodypart="Center")[0, [0, -1]].values.round(3).tolist()
    [nan, -0.0]
    """
    x, y = velocity[:, 0], velocity[:, 1]
    still = (x == 0) & (y == 0)
    return np.where(still, np.float32(np.nan), direction_of(x, y))


@feature(dims=("time",), units="rad/s", halo=2)
def angular_velocity(heading: Array, *, fps: float) -> Array:
    """Change of the heading per second, by the shorter way round: positive from +x towards +y.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(angular_velocity(simulate.still_then_running())[0, 5].round(3))
    0.0
    """
    return turning_rate(heading, fps)


@feature(dims=("time",), units="rad", on_request=True)
def head_body_angle(heading: Array, head_direction: Array) -> Array:
    """How far the head is turned from the body's axis: 0 straight ahead, signed, -pi to pi.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(head_body_angle(simulate.still_then_running())[0, 5].round(3))
    0.0
    """
    return wrap(head_direction - heading)
