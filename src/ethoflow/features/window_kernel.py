"""Windows of a feature as a kernel computes them: rows of numbers in, their statistics out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

import ethoflow.features.window_loops as loops
from ethoflow.engine.declare import Array
from ethoflow.features.window_statistics import Statistic, bins_of, half_window, read_statistic
from ethoflow.units import Quantity, to_frames


def reach(window: Sequence[Quantity], fps: float) -> int:
    """Frames the longest window looks to either side."""
    return max(half_window(one, fps) for one in window)


def windowed(
    values: Array,
    *,
    window: Sequence[Quantity] = ("1 s",),
    statistic: Sequence[str] = ("mean", "sd"),
    min_seen: float = 0.5,
    circular: bool = False,
    fps: float,
) -> Array:
    """Statistics of what is seen in windows around each frame."""
    wanted = [read_statistic(name) for name in statistic]
    rows = np.ascontiguousarray(values, np.float64).reshape(-1, values.shape[-1])
    out = np.empty((len(rows), len(window), len(wanted), values.shape[-1]), np.float32)
    describe = _of_angles if circular else _of_numbers
    for place, length in enumerate(window):
        half = half_window(length, fps)
        least = max(math.ceil(round(min_seen * (2 * half + 1), 9)), 1)
        for row, result in zip(rows, out[:, place], strict=True):
            seen = np.empty(row.size, np.int64)
            loops.count_seen(row, half, seen)
            describe(row, half, seen, wanted, least, fps, result)
            result[:, seen < least] = np.nan
    return out.reshape(*values.shape[:-1], *out.shape[1:])


def _of_numbers(
    row: Array,
    half: int,
    seen: Array,
    wanted: Sequence[Statistic],
    least: int,
    fps: float,
    out: Array,
) -> None:
    middle, found = np.empty(row.size), np.empty(row.size)
    if any(one.kind in ("mean", "sd", "slope", "power") for one in wanted):
        loops.mean(row, half, seen, middle)
    shares = [place for place, one in enumerate(wanted) if one.kind in ("median", "quantile")]
    if shares:
        ordered = np.empty((len(shares), row.size))
        loops.quantiles(row, half, np.array([wanted[p].numbers[0] for p in shares]), ordered)
        out[shares] = ordered
    for one, result in zip(wanted, out, strict=True):
        if one.kind == "mean":
            result[:] = middle
        elif one.kind == "sd":
            loops.spread(row, half, seen, middle, found)
            result[:] = found
        elif one.kind in ("min", "max"):
            loops.extreme(row, half, 1.0 if one.kind == "max" else -1.0, found)
            result[:] = found
        elif one.kind == "slope":
            loops.slope(row, half, seen, middle, found)
            result[:] = found * fps
        elif one.kind == "power":
            loops.power(row, half, seen, middle, _waves(one, half, fps), found)
            result[:] = found
        elif one.kind == "autocorrelation":
            lag = to_frames(one.lag, fps, name="windowed(statistic)")
            pairs = max(math.ceil(least * (2 * half + 1 - lag) / (2 * half + 1)), 2)
            loops.autocorrelation(row, half, lag, pairs, found)
            result[:] = found


def _of_angles(
    row: Array,
    half: int,
    seen: Array,
    wanted: Sequence[Statistic],
    least: int,
    fps: float,
    out: Array,
) -> None:
    x, y, mean_x, mean_y, found, length = (np.empty(row.size) for _ in range(6))
    loops.directions(row, x, y)
    loops.mean(x, half, seen, mean_x)
    loops.mean(y, half, seen, mean_y)
    middle = np.empty(row.size)
    loops.mean_direction(mean_x, mean_y, middle, length)
    for one, result in zip(wanted, out, strict=True):
        if one.kind == "mean":
            result[:] = middle
        elif one.kind == "concentration":
            result[:] = length
        elif one.kind == "sd":
            loops.spread_of_angles(length, seen, found)
            result[:] = found
        elif one.kind == "slope":
            loops.slope_of_angles(row, half, seen, found)
            result[:] = found * fps


@lru_cache(maxsize=64)
def _waves(one: Statistic, half: int, fps: float) -> Array:
    """Cosines and sines of the frequencies in a band, dims (frequency, 2, frame)."""
    turns = np.outer(bins_of(one, half, fps), np.arange(2 * half + 1)) / (2 * half + 1)
    return np.stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1)
