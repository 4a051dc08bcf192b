"""Associations of behaviours in time: whether one follows another more often than by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.labels.plain import plain_labels
from ethoflow.labels.runs import Track, follow_tracks
from ethoflow.schema import Data, as_dataset, count_frames
from ethoflow.stats.feature_means import with_people
from ethoflow.stats.people import as_cohort, list_people
from ethoflow.stats.transitions import ARROW
from ethoflow.units import Quantity, to_frames


def associations(data: Data, window: Quantity) -> pd.DataFrame:
    """How often one behaviour begins within a time after another, beyond chance, per animal.

    The spike-time tiling coefficient (Cutts & Eglen 2014, J. Neurosci. 34:14288), forward alone:
    the mean of (P - T) / (1 - P T) seen from both, where P is the share of beginnings of the first
    that a beginning of the second follows within the window (and of the second that the first
    precedes), and T the share of time at which one does. 1 where every one is followed, 0 by
    chance, below 0 where they avoid each other; how often either is shown does not matter.

    Beginnings of bouts count that have a known frame before them, and time of which the whole
    window is known.

    Parameters
    ----------
    data
        Labels of single animals.
    window
        How long after, such as ``"2 s"``.

    Returns
    -------
    DataFrame
        recording, individual, animal, behaviour (``sniffing → rearing``), origin, target; fsttc,
        missing where either never begins; n_origin, n_target: beginnings that count. Metadata
        follow.

    Raises
    ------
    DataError
        There are no labels of single animals; the window is shorter than a frame.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving", "immobile"])
    >>> associations(labels, "1 s")[["behaviour", "n_origin", "n_target"]].values.tolist()
    [['immobile → moving', 0, 1], ['moving → immobile', 1, 0]]
    """

    def one(first: Onsets, second: Onsets, width: int) -> Iterator[tuple[object, ...]]:
        value, n_origin, n_target = tiling(first, second, width)
        yield value, n_origin, n_target

    return _of_pairs(data, window, one, ["fsttc", "n_origin", "n_target"])


def correlograms(data: Data, window: Quantity, bin: Quantity) -> pd.DataFrame:
    """How often one behaviour begins at each lag from another, beside how often it does at all.

    Parameters
    ----------
    data
        Labels of single animals.
    window
        Lags from minus to plus this.
    bin
        Length of a bin of lags; one begins at 0.

    Returns
    -------
    DataFrame
        recording, individual, animal, behaviour, origin, target; lag (where the bin begins, s);
        count; rate, per s of known time at that lag; ratio to the rate of the target at any time: 1
        by chance, missing where it never begins. Metadata follow.

    Raises
    ------
    DataError
        As `associations`.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving", "immobile"])
    >>> correlograms(labels, "2 s", "1 s").lag.unique().tolist()
    [-2.0, -1.0, 0.0, 1.0]
    """
    fps = float(as_dataset(data).fps)
    step = max(round(to_frames(bin, fps, name="bin")), 1)

    def one(first: Onsets, second: Onsets, width: int) -> Iterator[tuple[object, ...]]:
        n = max(width // step, 1)
        at = np.flatnonzero(first.begins)
        usual = second.begins[second.known].sum() / second.known.sum() if second.known.any() else 0
        for place in range(-n, n):
            lags = (at[:, np.newaxis] + np.arange(place * step, (place + 1) * step)).ravel()
            lags = lags[(lags >= 0) & (lags < len(second.known))]
            known = int(second.known[lags].sum())
            count = int((second.begins & second.known)[lags].sum())
            rate = count / known if known else float("nan")
            ratio = rate / usual if usual else float("nan")
            yield place * step / fps, count, rate * fps, ratio

    return _of_pairs(data, window, one, ["lag", "count", "rate", "ratio"])


class Onsets:
    """Frames at which bouts of a behaviour begin, and those at which it is known."""

    def __init__(self, track: Track, n_frames: int) -> None:
        self.known = np.zeros(n_frames, bool)
        for start, stop in track.seen.tolist():
            self.known[start:stop] = True
        self.begins = np.zeros(n_frames, bool)
        self.begins[track.runs[track.begun, 0]] = True


def tiling(first: Onsets, second: Onsets, width: int) -> tuple[float, int, int]:
    """The forward coefficient, and how many beginnings of both it is of."""
    whole = len(first.known)
    followed, of_time = _within(second, width, ahead=True)
    preceded, of_time_back = _within(first, width, ahead=False)
    origins, targets = first.begins & of_time, second.begins & of_time_back
    n_origin, n_target = int(origins.sum()), int(targets.sum())
    if not (whole and n_origin and n_target):
        return float("nan"), n_origin, n_target
    parts = []
    for hit, own, time in ((followed, origins, of_time), (preceded, targets, of_time_back)):
        p, t = hit[own].mean(), hit[time].mean()
        parts.append((p - t) / (1 - p * t) if p * t < 1 else float("nan"))
    return float(np.mean(parts)), n_origin, n_target


def _within(one: Onsets, width: int, *, ahead: bool) -> tuple[Array, Array]:
    """Whether a bout begins within `width` frames after (or before) each, and where it is known."""
    n = len(one.known)
    begun = np.concatenate([[0], np.cumsum(one.begins)])
    known = np.concatenate([[0], np.cumsum(one.known)])
    frames = np.arange(n)
    low = frames + 1 if ahead else frames - width
    high = low + width
    inside = (low >= 0) & (high <= n)
    low, high = np.clip(low, 0, n), np.clip(high, 0, n)
    hit = begun[high] - begun[low] > 0
    return hit, inside & (known[high] - known[low] == width)


def _of_pairs(
    data: Data,
    window: Quantity,
    measure: Callable[[Onsets, Onsets, int], Iterator[tuple[object, ...]]],
    columns: list[str],
) -> pd.DataFrame:
    """Rows of what `measure` gives for every ordered pair of behaviours of every animal."""
    ds = as_cohort(plain_labels(as_dataset(data)))
    width = round(to_frames(window, float(ds.fps), name="window"))
    if width < 1:
        raise DataError(f"window must be a frame or longer, found {window!r}.")
    counts = count_frames(ds)
    own: dict[tuple[int, int], dict[str, Onsets]] = {}
    for track in follow_tracks(ds):
        if track.individual is not None and track.partner is None:
            onsets = Onsets(track, int(counts[track.recording]))
            own.setdefault((track.recording, track.individual), {})[track.behaviour] = onsets
    if not own:
        raise DataError("there are no labels of single animals here.")
    rows = [
        (
            str(ds.recording.values[row]),
            str(ds.individual.values[slot]),
            "",
            f"{a}{ARROW}{b}",
            a,
            b,
            *found,
        )
        for (row, slot), behaviours in own.items()
        for a, first in behaviours.items()
        for b, second in behaviours.items()
        if a != b
        for found in measure(first, second, width)
    ]
    head = ["recording", "individual", "partner", "behaviour", "origin", "target"]
    table = with_people(pd.DataFrame(rows, columns=[*head, *columns]), list_people(ds))
    return table.drop(columns=["partner", "partner_animal"])
