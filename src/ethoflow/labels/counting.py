"""How much of windows of time a behaviour takes, how often it begins in them, and after how long.

A window is a stretch of frames, its stop exclusive; it may reach beyond the recording, where
nothing is known. Time is divided between windows frame by frame. A bout counts once, in the window
in which it begins, with its whole length; so does the interval before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.labels.runs import Track


class Counts(NamedTuple):
    """What is counted in each window, dims (window,); lengths are in frames.

    Attributes
    ----------
    observed
        In which the behaviour is known.
    shown
        In which it is shown.
    bouts, cut_bouts
        How many begin in the window; how many of these have a length that is not known.
    bout_length
        Of all these bouts together.
    latency
        From the beginning of the window to the first frame in which it is shown; NaN where it never
        is.
    latency_cut
        Whether a frame before that one (any of the window, where it is never shown) is unknown: the
        first may have been earlier.
    intervals, interval_length
        Times between bouts that end where a bout of the window begins and are known all through:
        how many, and all of them together.
    """

    observed: Array
    shown: Array
    bouts: Array
    cut_bouts: Array
    bout_length: Array
    latency: Array
    latency_cut: Array
    intervals: Array
    interval_length: Array


def count_in_windows(track: Track, windows: Array) -> Counts:
    """What a track has in each of some windows, dims (window, 2), in frames.

    Examples
    --------
    >>> none = np.zeros(2, bool)
    >>> runs, seen = np.array([[2, 5], [7, 12]]), np.array([[0, 20]])
    >>> track = Track(0, "moving", {}, runs, seen, ~none, ~none)
    >>> found = count_in_windows(track, np.array([[0, 10], [10, 20]]))
    >>> found.shown.tolist(), found.bouts.tolist(), found.latency.tolist()
    ([6, 2], [2, 0], [2.0, 0.0])
    """
    start, stop = windows[:, 0], windows[:, 1]
    runs, seen = track.runs, track.seen
    observed = covered(seen, stop) - covered(seen, start)
    first = _first_shown(runs, start, stop)
    until = np.where(first < stop, first, stop)
    unseen = (until - start) - (covered(seen, until) - covered(seen, start))
    gaps, known = _intervals(runs, seen)
    begins = runs[:, 0]
    return Counts(
        observed=observed,
        shown=covered(runs, stop) - covered(runs, start),
        bouts=_sum_of(np.ones(len(runs), np.int64), begins, start, stop),
        cut_bouts=_sum_of(track.cut.astype(np.int64), begins, start, stop),
        bout_length=_sum_of(runs[:, 1] - begins, begins, start, stop),
        latency=np.where(first < stop, first - start, np.nan),
        latency_cut=unseen > 0,
        intervals=_sum_of(known.astype(np.int64), begins[1:], start, stop),
        interval_length=_sum_of(np.where(known, gaps, 0), begins[1:], start, stop),
    )


def covered(stretches: Array, frame: Array) -> Array:
    """How many frames before each of some frames lie in stretches, which are in order and apart.

    Examples
    --------
    >>> covered(np.array([[2, 5], [7, 12]]), np.array([0, 3, 6, 99])).tolist()
    [0, 1, 3, 8]
    """
    lengths = stretches[:, 1] - stretches[:, 0]
    before = np.concatenate([[0], np.cumsum(lengths)])
    place = np.searchsorted(stretches[:, 0], frame, side="left")
    beyond = np.concatenate([[0], stretches[:, 1]])[place] - frame
    found: Array = before[place] - np.maximum(np.where(place > 0, beyond, 0), 0)
    return found


def _first_shown(runs: Array, start: Array, stop: Array) -> Array:
    """The first frame of each window that is in a run; that after its last where there is none."""
    place = np.searchsorted(runs[:, 1], start, side="right")
    begins = np.concatenate([runs[:, 0], [np.iinfo(np.int64).max]])[place]
    found: Array = np.minimum(np.maximum(begins, start), stop)
    return found


def _intervals(runs: Array, seen: Array) -> tuple[Array, Array]:
    """Frames between each run and the next, and whether all of them are known."""
    left, right = runs[:-1, 1], runs[1:, 0]
    gaps = right - left
    return gaps, covered(seen, right) - covered(seen, left) == gaps


def _sum_of(values: Array, at: Array, start: Array, stop: Array) -> Array:
    """Sum of the values that lie in each window; `at` is in order."""
    sums = np.concatenate([[0], np.cumsum(values)])
    found: Array = sums[np.searchsorted(at, stop)] - sums[np.searchsorted(at, start)]
    return found
