"""Polar coordinates: how far body parts are from the origin, and in which direction."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import Output, feature
from ethoflow.engine.declare import Array
from ethoflow.features.angles import direction_of


@feature(
    dims=("bodypart", "time"),
    units="position",
    further=(Output("polar_angle", ("bodypart", "time"), "rad"),),
    pointwise=("bodypart",),
    on_request=True,
)
def polar_distance(position: Array) -> tuple[Array, Array]:
    """Distance from the origin, and the direction from there, of positions in the plane.

    The origin is the corner of the video, or what `align` has made the centre. In the direction 0
    is along +x, positive towards +y; at the origin itself there is none.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.align(ef.simulate.still_then_running(), "centre", along="nose", axis="y")
    >>> round(float(polar_distance(ds).polar_angle.sel(bodypart="Nose")[0, 0]), 3)
    1.571
    """
    x, y = position[:, 0], position[:, 1]
    apart = np.sqrt(np.square(x) + np.square(y))
    return apart, np.where(apart > 0, direction_of(x, y), np.float32(np.nan))
