"""Statistics of windows, one row of numbers at a time.

Every window is gone through by itself, in one order, so that its numbers do not depend on where a
block begins; what is only counted or ordered (seen frames, extremes, quantiles) is exact anyway.
Rows are float64 with NaN for what is missing; a window is `half` frames to either side of its own.
"""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

TILE = 1024
"""Windows whose sums are made side by side: they stay in the cache."""


@jit
def count_seen(row: Array, half: int, out: Array) -> None:
    """How many frames of each window are seen."""
    n, seen = row.size, 0
    for t in range(min(half, n)):
        seen += not np.isnan(row[t])
    for t in range(n):
        if t + half < n:
            seen += not np.isnan(row[t + half])
        if t - half - 1 >= 0:
            seen -= not np.isnan(row[t - half - 1])
        out[t] = seen


@jit
def mean(row: Array, half: int, seen: Array, out: Array) -> None:
    """Means of what is seen; NaN where nothing is."""
    n = row.size
    padded = np.zeros(n + 2 * half)
    for t in range(n):
        padded[half + t] = 0.0 if np.isnan(row[t]) else row[t]
    for start in range(0, n, TILE):
        stop = min(start + TILE, n)
        total = out[start:stop]
        total[:] = 0.0
        for k in range(2 * half + 1):
            shifted = padded[start + k : stop + k]
            for i in range(stop - start):
                total[i] += shifted[i]
    for t in range(n):
        out[t] = out[t] / seen[t] if seen[t] else np.nan


@jit
def spread(row: Array, half: int, seen: Array, middle: Array, out: Array) -> None:
    """Standard deviations (of all that is seen, not of a sample); NaN of fewer than two frames."""
    n = row.size
    padded, there = np.zeros(n + 2 * half), np.zeros(n + 2 * half)
    for t in range(n):
        if not np.isnan(row[t]):
            padded[half + t], there[half + t] = row[t], 1.0
    for start in range(0, n, TILE):
        stop = min(start + TILE, n)
        total, own = out[start:stop], middle[start:stop]
        total[:] = 0.0
        for k in range(2 * half + 1):
            shifted, known = padded[start + k : stop + k], there[start + k : stop + k]
            for i in range(stop - start):
                away = (shifted[i] - own[i]) * known[i]
                total[i] += away * away
    for t in range(n):
        out[t] = np.sqrt(out[t] / seen[t]) if seen[t] > 1 else np.nan


@jit
def slope(row: Array, half: int, seen: Array, middle: Array, out: Array) -> None:
    """Slopes of the straight lines fitted to what is seen, per frame."""
    n = row.size
    for t in range(n):
        if seen[t] < 2:
            out[t] = np.nan
            continue
        first, last = max(t - half, 0), min(t + half, n - 1)
        along, squares, products = 0.0, 0.0, 0.0
        for k in range(first, last + 1):
            if not np.isnan(row[k]):
                along += k - t
                squares += float(k - t) * (k - t)
                products += (k - t) * (row[k] - middle[t])
        out[t] = products / (squares - along * along / seen[t])


@jit
def extreme(row: Array, half: int, sign: float, out: Array) -> None:
    """Greatest values (`sign` 1) or least ones (-1) of what is seen, by a monotone queue."""
    n = row.size
    queue = np.empty(n, np.int64)
    first, last, ahead = 0, 0, 0
    for t in range(n):
        while ahead < min(t + half + 1, n):
            if not np.isnan(row[ahead]):
                while last > first and sign * row[queue[last - 1]] <= sign * row[ahead]:
                    last -= 1
                queue[last] = ahead
                last += 1
            ahead += 1
        while first < last and queue[first] < t - half:
            first += 1
        out[t] = row[queue[first]] if first < last else np.nan


@jit
def quantiles(row: Array, half: int, shares: Array, out: Array) -> None:
    """Quantiles of what is seen, dims of `out` (quantile, time), linear between its values."""
    n = row.size
    ordered = np.empty(2 * half + 2)
    size, ahead = 0, 0
    for t in range(n):
        while ahead < min(t + half + 1, n):
            if not np.isnan(row[ahead]):
                place = np.searchsorted(ordered[:size], row[ahead])
                for k in range(size, place, -1):
                    ordered[k] = ordered[k - 1]
                ordered[place] = row[ahead]
                size += 1
            ahead += 1
            gone = ahead - 2 * half - 2
            if gone >= 0 and not np.isnan(row[gone]):
                place = np.searchsorted(ordered[:size], row[gone])
                size -= 1
                for k in range(place, size):
                    ordered[k] = ordered[k + 1]
        if ahead == n:  # nothing enters any more: what lies behind the window leaves
            gone = t - half - 1
            if gone >= 0 and gone >= n - 2 * half - 1 and not np.isnan(row[gone]):
                place = np.searchsorted(ordered[:size], row[gone])
                size -= 1
                for k in range(place, size):
                    ordered[k] = ordered[k + 1]
        for q in range(shares.size):
            at = shares[q] * (size - 1)
            low = int(at)
            high = min(low + 1, size - 1)
            if size == 0:
                out[q, t] = np.nan
            else:
                out[q, t] = ordered[low] + (ordered[high] - ordered[low]) * (at - low)


@jit
def autocorrelation(row: Array, half: int, lag: int, least: int, out: Array) -> None:
    """Correlation of what is seen with what is seen `lag` frames later, within each window."""
    n = row.size
    for t in range(n):
        first, last = max(t - half, 0), min(t + half, n - 1) - lag
        count, one, other = 0, 0.0, 0.0
        for k in range(first, last + 1):
            if not np.isnan(row[k]) and not np.isnan(row[k + lag]):
                count += 1
                one += row[k]
                other += row[k + lag]
        out[t] = np.nan
        if count < max(least, 2):
            continue
        one, other = one / count, other / count
        product, own, later = 0.0, 0.0, 0.0
        for k in range(first, last + 1):
            if not np.isnan(row[k]) and not np.isnan(row[k + lag]):
                a, b = row[k] - one, row[k + lag] - other
                product += a * b
                own += a * a
                later += b * b
        if own > 0 and later > 0:
            out[t] = min(max(product / np.sqrt(own * later), -1.0), 1.0)


@jit
def _add_wave(row: Array, middle: Array, wave: Array, even: Array, odd: Array) -> None:
    """Sums over windows of what they hold times a cosine and a sine, dims of `wave` (2, frame)."""
    # Frames side by side: each sum has its own order, and a processor makes several at once.
    for k in range(wave.shape[1]):
        cosine, sine, later = wave[0, k], wave[1, k], row[k:]
        for t in range(even.size):
            away = later[t] - middle[t]
            even[t] += cosine * away
            odd[t] += sine * away


@jit
def power(row: Array, half: int, seen: Array, middle: Array, waves: Array, out: Array) -> None:
    """Variance in the frequencies of `waves`, dims (frequency, 2, frame), of complete windows."""
    length = 2 * half + 1
    out[:] = np.nan
    for first in range(half, row.size - half, TILE):
        stop = min(first + TILE, row.size - half)
        total = np.zeros(stop - first)
        for f in range(waves.shape[0]):
            even, odd = np.zeros(stop - first), np.zeros(stop - first)
            _add_wave(row[first - half :], middle[first:stop], waves[f], even, odd)
            total += even * even + odd * odd
        for t in range(first, stop):
            if seen[t] == length:
                out[t] = 2 * total[t - first] / (float(length) * length)


@jit
def directions(row: Array, x: Array, y: Array) -> None:
    """Unit vectors of angles."""
    # A plain loop: NumPy's vectorised cosine rounds differently for different lengths.
    for t in range(row.size):
        x[t] = np.cos(row[t])
        y[t] = np.sin(row[t])


@jit
def mean_direction(x: Array, y: Array, angle: Array, length: Array) -> None:
    """Direction and length of mean vectors; no direction where they cancel."""
    for t in range(x.size):
        length[t] = min(np.sqrt(x[t] * x[t] + y[t] * y[t]), 1.0)
        angle[t] = np.arctan2(y[t], x[t]) if length[t] > 1e-6 else np.nan
        if np.isnan(x[t]):
            length[t] = np.nan


@jit
def spread_of_angles(length: Array, seen: Array, out: Array) -> None:
    """Circular standard deviations from the lengths of mean vectors; NaN of one frame."""
    for t in range(length.size):
        out[t] = np.sqrt(-2 * np.log(length[t])) if seen[t] > 1 else np.nan


@jit
def slope_of_angles(row: Array, half: int, seen: Array, out: Array) -> None:
    """Slopes of angles followed by the shorter way from frame to frame; NaN across a gap."""
    n = row.size
    path = np.empty(2 * half + 1)
    for t in range(n):
        first, last = max(t - half, 0), min(t + half, n - 1)
        while first <= last and np.isnan(row[first]):
            first += 1
        while last >= first and np.isnan(row[last]):
            last -= 1
        count = last - first + 1
        out[t] = np.nan
        if count < 2 or count > seen[t]:
            continue
        path[0], middle = 0.0, 0.0
        for k in range(1, count):
            step = row[first + k] - row[first + k - 1]
            path[k] = path[k - 1] + step - 2 * np.pi * np.floor((step + np.pi) / (2 * np.pi))
            middle += path[k]
        middle /= count
        squares, products = 0.0, 0.0
        for k in range(count):
            along = k - (count - 1) / 2
            squares += along * along
            products += along * (path[k] - middle)
        out[t] = products / squares
