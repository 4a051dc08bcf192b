"""A smoother that sees all of a recording: Kalman filter and Rauch-Tung-Striebel smoother."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Output

POINT = ("bodypart", "space", "time")


def smooth_walk(values: Any, noise: float, drift: float) -> tuple[Any, Any]:
    """A random walk seen with noise: mean and spread at every frame; unknown if never seen."""
    n = values.size
    mean, spread = np.full(n, np.nan), np.full(n, np.nan)
    seen = np.flatnonzero(~np.isnan(values))
    if not seen.size:
        return mean, spread
    forward, ahead = np.empty((n, 2)), np.empty((n, 2))
    m, p = float(values[seen[0]]), 1e6 * noise**2
    for t in range(n):
        p = p + drift**2 if t else p
        ahead[t] = m, p
        if not np.isnan(values[t]):
            gain = p / (p + noise**2)
            m, p = m + gain * (float(values[t]) - m), (1 - gain) * p
        forward[t] = m, p
    mean[-1], spread[-1] = forward[-1]
    for t in range(n - 2, -1, -1):
        gain = forward[t, 1] / ahead[t + 1, 1]
        mean[t] = forward[t, 0] + gain * (mean[t + 1] - ahead[t + 1, 0])
        spread[t] = forward[t, 1] + gain**2 * (spread[t + 1] - ahead[t + 1, 1])
    return mean, np.sqrt(spread)


@ef.step(
    gives=(
        Output("position", POINT, "position"),
        Output("position_sd", POINT, "position"),
        Output("smoothed_over", ("bodypart", "time"), gives="flag"),
    ),
    halo="whole",
    parameter_units={"noise": "mm", "drift": "mm"},
)
def kalman(position: Any, *, noise: float = 1.0, drift: float = 2.0) -> Any:
    """Positions smoothed over the recording, with their spread, and where none was seen."""
    mean, spread = np.empty_like(position), np.empty_like(position)
    for index in np.ndindex(*position.shape[:2]):
        mean[index], spread[index] = smooth_walk(position[index], noise, drift)
    return mean, spread, np.isnan(position).any(axis=1) & ~np.isnan(mean).any(axis=1)


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives: speeds of what was smoothed too."""
    smooth = kalman(ds)
    names = ["position", "position_sd", "smoothed_over"]
    return smooth[names].assign(speed=ef.features.speed(smooth))
