"""Points that jump away from where they were just before and just after."""

from __future__ import annotations

import numpy as np

from ethoflow.cleaning.smoothing import running_median
from ethoflow.engine import step
from ethoflow.engine.declare import Array


def _half_window(window: int) -> int:
    return window // 2


@step(
    halo=_half_window,
    parameter_units={"max_jump": "mm", "window": "s"},
    reference="Hampel 1974, doi:10.1080/01621459.1974.10482962 (fixed threshold)",
)
def remove_jumps(position: Array, *, max_jump: float = 30.0, window: float = 0.5) -> Array:
    """Positions within `max_jump` of their own running median; the others become missing.

    The median spares an animal that runs: along a steady run a point is its own median, while a
    point that leaves and comes back within half the window is not.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    max_jump
        Largest distance from the median, mm, default 30 mm.
    window
        Length of the centred window of the median, s, default 0.5 s.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> x = np.zeros((1, 1, 2, 9)); x[..., 4] = 300
    >>> ds = ef.from_arrays(x, fps=25, bodyparts=["nose"], units="mm")
    >>> np.flatnonzero(np.isnan(remove_jumps(ds).position.values[0, 0, 0]))
    array([4])
    """
    away = position - running_median(position, window)
    far = np.square(away).sum(axis=1) > np.float32(max_jump) ** 2
    return np.where(far[:, np.newaxis], np.float32(np.nan), position)
