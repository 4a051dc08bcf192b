"""Long recordings in few points: the least and the most of every stretch are kept."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array


def stand_alone(values: Array) -> Array:
    """Which known values have an unknown one, or none, at either side: no line goes to them.

    Examples
    --------
    >>> nan = np.nan
    >>> stand_alone(np.array([1.0, nan, 2.0, 3.0, nan, 4.0])).tolist()
    [True, False, False, False, False, True]
    """
    known = ~np.isnan(values)
    beside = np.zeros(len(values) + 2, bool)
    beside[1:-1] = known
    return np.asarray(known & ~beside[:-2] & ~beside[2:])


def keep_extremes(times: Array, values: Array, most: int) -> tuple[Array, Array]:
    """Up to `most` points of a line: of every stretch the least and the greatest, in their order.

    A stretch in which nothing is known stays missing, so that no line crosses it; so does every gap
    that is as long as a stretch.

    Examples
    --------
    >>> x = np.array([0, 5, 1, 2, 3, -4, 0, 0])
    >>> keep_extremes(np.arange(8.0), x, 4)[1].tolist()
    [0.0, 5.0, 3.0, -4.0]
    >>> [a.tolist() for a in keep_extremes(np.arange(4.0), x[:4], 2)]
    [[0.0, 1.0], [0.0, 5.0]]
    """
    n = len(values)
    if n <= most:
        return times, values
    size = -(-n // max(most // 2, 1))
    padded = np.full(-(-n // size) * size, np.nan)
    padded[:n] = values
    rows = padded.reshape(-1, size)
    known = ~np.isnan(rows)
    none = ~known.any(axis=1)
    least = np.where(known, rows, np.inf).argmin(axis=1)
    greatest = np.where(known, rows, -np.inf).argmax(axis=1)
    within = np.sort(np.stack([least, greatest], axis=1), axis=1)
    places = within + size * np.arange(len(rows))[:, np.newaxis]
    kept = np.where(none[:, np.newaxis], np.nan, padded[places])
    return times[np.minimum(places, n - 1).reshape(-1)], kept.reshape(-1)
