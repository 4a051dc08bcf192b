"""Turning left: the body's axis turns to the animal's own left."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError


def left_rate(angular_velocity: Array, y_axis: str) -> Array:
    """Turning to the left per second, negative to the right.

    Raises
    ------
    DataError
        `y_axis` is neither ``"down"``, as in videos, nor ``"up"``.
    """
    if y_axis not in ("down", "up"):
        raise DataError(f"turning(y_axis) must be 'down' or 'up', found {y_axis!r}")
    # From +x towards +y is to the right where y points down.
    return -angular_velocity if y_axis == "down" else angular_velocity


@behaviour(units={"min_rate": "rad/s"}, on_request=True)
def turning_left(angular_velocity: Array, *, min_rate: float = 1.5, y_axis: str = "down") -> Array:
    """The body's axis turns to the left at `min_rate` or faster, seen from above.

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
    """
    turns: Array = left_rate(angular_velocity, y_axis) >= min_rate
    return turns
