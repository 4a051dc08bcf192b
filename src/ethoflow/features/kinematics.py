"""How body parts move: velocity, speed, acceleration, jerk."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import feature
from ethoflow.engine.declare import Array, missing_like
from ethoflow.engine.jit import jit


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
    return lengths_of(velocity)


@jit
def _lengths(x: Array, y: Array, found: Array) -> None:
    for t in range(found.size):
        found[t] = np.sqrt(x[t] * x[t] + y[t] * y[t])


def lengths_of(vectors: Array) -> Array:
    """Lengths of vectors, dims (bodypart, space, time).

    Examples
    --------
    >>> lengths_of(np.array([[[3.0], [4.0]]])).tolist()
    [[5.0]]
    """
    if vectors.shape[-2] != 2:
        length: Array = np.sqrt(np.square(vectors).sum(axis=-2))
        return length
    found: Array = np.empty((len(vectors), vectors.shape[-1]), vectors.dtype)
    for (x, y), row in zip(vectors, found, strict=True):
        _lengths(x, y, row)
    return found


@feature(
    dims=("bodypart", "time"), units="position/s", pointwise=("bodypart",), halo=4, on_request=True
)
def trailing_speed(position: Array, *, fps: float) -> Array:
    """Speed as DeepOF has it: mean of the last three frames' change over two frames.

    About two frames later than `speed`; missing in the first four frames.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> trailing_speed(ds).sel(bodypart="Center")[0, [3, 50, -1]].values.round().tolist()
    [nan, 0.0, 200.0]
    """
    n = position.shape[-1]
    found = missing_like((position.shape[0], n))
    if n > 4:
        change = position[..., 2:] - position[..., :-2]
        length = np.sqrt(np.square(change).sum(axis=-2)) * np.float32(fps / 2)
        found[:, 4:] = (length[:, 2:] + length[:, 1:-1] + length[:, :-2]) / np.float32(3)
    return found


def half_window(window: int) -> int:
    """Frames to either side of a window, at least one."""
    return max(int(window) // 2, 1)


CHANGE_TILE = 1024
"""Frames at a time whose changes are found together."""


@jit
def _add_seen(row: Array, at: int, total: Array, count: Array, distances: Array) -> None:
    for t in range(row.size):
        seen = row[t] == row[t]
        total[t] += row[t] if seen else 0.0
        count[t] += 1.0 if seen else 0.0
        distances[t] += at if seen else 0.0


@jit
def _changes_of_seen(row: Array, half: int, change: Array) -> None:
    """The same as `_changes` of frames that all are there, with `half` more at either side."""
    n = change.size
    past, future = np.zeros(n), np.zeros(n)
    for k in range(1, half + 1):
        before, after = row[half - k : half - k + n], row[half + k : half + k + n]
        for t in range(n):
            past[t] += before[t]
            future[t] += after[t]
    apart = half * (half + 1) / 2 / half
    for t in range(n):
        change[t] = (future[t] / half - past[t] / half) / (apart + apart)


@jit
def _changes(row: Array, half: int, change: Array) -> None:
    """Change per frame from the mean of the frames before to that of the frames after."""
    n = row.size
    # Frame after frame in one order: a sum does not depend on where a block begins.
    past, future = np.zeros((3, n)), np.zeros((3, n))
    for k in range(1, min(half, n - 1) + 1):
        _add_seen(row[: n - k], k, past[0, k:], past[1, k:], past[2, k:])
        _add_seen(row[k:], k, future[0, : n - k], future[1, : n - k], future[2, : n - k])
    for t in range(n):
        moved = future[0, t] / future[1, t] - past[0, t] / past[1, t]
        change[t] = moved / (future[2, t] / future[1, t] + past[2, t] / past[1, t])


@jit
def _changes_by_tile(row: Array, half: int, change: Array) -> None:
    """`_changes`, in the quicker way wherever no frame is missing."""
    n = row.size
    for first in range(0, n, CHANGE_TILE):
        last = min(first + CHANGE_TILE, n)
        start, stop = max(first - half, 0), min(last + half, n)
        missing = 0
        for t in range(start, stop):
            missing += row[t] != row[t]
        if not missing and start == first - half and stop == last + half:
            _changes_of_seen(row[start:stop], half, change[first:last])
        else:
            found = np.empty(stop - start, np.float32)
            _changes(row[start:stop], half, found)
            change[first:last] = found[first - start : last - start]


@feature(
    dims=("bodypart", "time"),
    units="position/s",
    pointwise=("bodypart",),
    halo=half_window,
    parameter_units={"window": "s"},
    on_request=True,
)
def smoothed_speed(position: Array, *, window: float = 0.3, fps: float) -> Array:
    """Speed between the mean places before and after a frame: jitter of the tracker evens out.

    Half of the window lies before the frame and half behind it; of each the frames are taken that
    are there. Missing where there are none, as at the two ends of the recording.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    window
        s, default 0.3 s.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> smoothed_speed(ds).sel(bodypart="Center")[0, [50, 150]].values.round().tolist()
    [0.0, 200.0]
    """
    half = half_window(int(window))
    rows = np.ascontiguousarray(position).reshape(-1, position.shape[-1])
    change = np.empty(rows.shape, np.float32)
    for row, result in zip(rows, change, strict=True):
        _changes_by_tile(row, half, result)
    rate = (change * np.float32(fps)).reshape(position.shape)
    return lengths_of(rate)


@feature(dims=("bodypart", "time"), units="position/s2", pointwise=("bodypart",), halo=2, version=2)
def acceleration(speed: Array, *, fps: float) -> Array:
    """Change of speed per second: positive when speeding up, negative when slowing down.

    Two frames show no change of speed: it is missing in a recording that has no third.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(acceleration(simulate.still_then_running())[0, 0, 0])
    0.0
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
