"""The way that body parts go within a window of time.

A window is centred on its frame. Where it holds a missing point, or reaches beyond the recording,
its numbers are missing: a part of the way would pass for all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array, missing_like
from ethoflow.engine.jit import jit
from ethoflow.features.angles import wrap
from ethoflow.features.ratios import ratio


def half_of(window: int) -> int:
    """Frames to either side of the middle one, at least one."""
    return max(int(window) // 2, 1)


IN_WINDOW: Mapping[str, Any] = {
    "halo": half_of,
    "parameter_units": {"window": "s"},
    "on_request": True,
}


@jit
def _sum_around(row: Array, half: int, out: Array) -> None:
    # Each window is added up by itself, so that its sum does not depend on where a block begins.
    for t in range(out.size):
        if t < half or t + half > row.size:
            out[t] = np.nan
            continue
        total = 0.0
        for k in range(t - half, t + half):
            total += row[k]
        out[t] = total


def sum_steps(steps: Array, half: int) -> Array:
    """Sums of the steps between frames, dims (..., time - 1), within `half` frames of each frame.

    Examples
    --------
    >>> sum_steps(np.array([1.0, 2.0, 4.0]), 1).tolist()
    [nan, 3.0, 6.0, nan]
    """
    rows = np.ascontiguousarray(steps).reshape(-1, steps.shape[-1])
    out = np.empty((len(rows), steps.shape[-1] + 1), np.float32)
    for row, result in zip(rows, out, strict=True):
        _sum_around(row, half, result)
    return out.reshape(*steps.shape[:-1], -1)


@feature(
    dims=("bodypart", "time"),
    units="position",
    pointwise=("bodypart",),
    **IN_WINDOW,
)
def path_length(position: Array, *, window: float = 1.0) -> Array:
    """Length of the way a body part goes in a window around each frame.

    Jitter of the tracker adds to it: smooth positions first.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> path_length(ds, window="0.4 s").sel(bodypart="Center")[0, [20, -20]].values.round().tolist()
    [0.0, 80.0]
    """
    if position.shape[-1] < 2:
        return missing_like((position.shape[0], position.shape[-1]))
    steps = np.sqrt(np.square(np.diff(position)).sum(axis=-2))
    return sum_steps(steps, half_of(int(window)))


@feature(
    dims=("bodypart", "time"),
    units="position",
    pointwise=("bodypart",),
    **IN_WINDOW,
)
def displacement(position: Array, *, window: float = 1.0) -> Array:
    """Distance between where a body part is at the beginning and at the end of a window.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> displacement(ds, window="0.4 s").sel(bodypart="Center")[0, -20].round().item()
    80.0
    """
    half, n = half_of(int(window)), position.shape[-1]
    out = missing_like((position.shape[0], n))
    if n > 2 * half:
        apart = position[..., 2 * half :] - position[..., : n - 2 * half]
        out[:, half : n - half] = np.sqrt(np.square(apart).sum(axis=-2))
    return out


@feature(
    dims=("bodypart", "time"),
    pointwise=("bodypart",),
    **IN_WINDOW,
)
def straightness(position: Array, *, window: float = 1.0) -> Array:
    """Displacement as a share of the path's length in a window: 1 straight, towards 0 winding.

    Missing where a body part does not move. Batschelet (1981), Circular Statistics in Biology.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> straightness(ds, window="0.4 s").sel(bodypart="Center")[0, -20].round(3).item()
    1.0
    """
    way = path_length.function(position, window=window)
    apart = displacement.function(position, window=window)
    return ratio(apart, way)


@feature(dims=("time",), units="rad", **IN_WINDOW)
def turning(heading: Array, *, window: float = 1.0) -> Array:
    """Change of the heading over a window, whole turns counted: a circle run once is 2 pi.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> turning(simulate.still_then_running(), window="0.4 s")[0, 20].round(3).item()
    0.0
    """
    if heading.shape[-1] < 2:
        return missing_like(heading.shape)
    return sum_steps(wrap(np.diff(heading.astype(np.float64))), half_of(int(window)))
