"""Turning right: the body's axis turns to the animal's own right."""

from __future__ import annotations

from ethoflow.behaviours.turning_left import left_rate
from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(units={"min_rate": "rad/s"}, on_request=True)
def turning_right(angular_velocity: Array, *, min_rate: float = 1.5, y_axis: str = "down") -> Array:
    """The body's axis turns to the right at `min_rate` or faster, seen from above.

    Parameters
    ----------
    angular_velocity
        Of the axis from tail base to nose, dims (time,).
    min_rate
        rad/s, default 1.5 rad/s (86 degrees per second).
    y_axis
        Where y points: ``"down"`` as in videos, or ``"up"``.

    Raises
    ------
    DataError
        `y_axis` is neither.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> turning_right(simulate.running_in_circle(radius=50, speed=200))[0, 500].item()
    1.0
    """
    turns: Array = left_rate(angular_velocity, y_axis) <= -min_rate
    return turns
