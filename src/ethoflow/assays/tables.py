"""The table of an assay: a row per animal and bin, a column for each measure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.assays.places import entries_in, visits
from ethoflow.engine.declare import Array
from ethoflow.labels.counting import Counts, count_in_windows, covered
from ethoflow.labels.rows import make_table
from ethoflow.labels.runs import Track, follow_tracks
from ethoflow.labels.windows import Windows, bins_of, whole_recordings
from ethoflow.units import Quantity, to_frames

Measure: TypeAlias = Callable[["Animal"], Mapping[str, Array]]
"""Gives the columns of a table for one animal, a number for each window."""

MIN_VISIT: Quantity = "200 ms"
"""Shortest visit, by default."""


class AssayNote(UserWarning):
    """What makes the numbers of an assay doubtful."""


class Animal:
    """What one animal does in the windows of its recording, by the names of labels.

    Times are in s. What was never observed in a window is missing there.
    """

    def __init__(
        self, tracks: Mapping[str, Track], windows: Array, fps: float, shortest: int
    ) -> None:
        self.windows, self.fps = windows, fps
        self.tracks = {name: visits(track, shortest) for name, track in tracks.items()}
        self._counts = {name: count_in_windows(track, windows) for name, track in tracks.items()}
        self._visits = {n: count_in_windows(track, windows) for n, track in self.tracks.items()}

    def counts(self, name: str) -> Counts:
        """All that is counted of a label, in frames."""
        return self._counts[name]

    def observed(self, name: str) -> Array:
        """Time in which a label is known."""
        return self._counts[name].observed / self.fps

    def known(self, name: str, values: Array) -> Array:
        """Values, missing in windows in which a label is not known at all."""
        return np.where(self._counts[name].observed > 0, values, np.nan)

    def time(self, name: str) -> Array:
        """Time with a label."""
        return self.known(name, self._counts[name].shown / self.fps)

    def entries(self, name: str) -> Array:
        """Visits that begin in a window, whose frame before was seen."""
        return self.known(name, entries_in(self.tracks[name], self.windows))

    def latency(self, name: str) -> Array:
        """Time from the beginning of a window to the first visit, 0 where it goes on there."""
        return self._visits[name].latency / self.fps

    def latency_cut(self, name: str) -> Array:
        """Whether frames before that are unknown, so that the latency may be shorter."""
        return self._visits[name].latency_cut


def share(part: Array, whole: Array) -> Array:
    """A part of a whole, missing where that is 0 or missing."""
    found: Array = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return found


def index_of(one: Array, other: Array) -> Array:
    """From -1 (the other alone) to 1 (the one alone); missing where there is neither."""
    return share(one - other, one + other)


def windows_of(ds: xr.Dataset, bin: Quantity | None) -> Windows:
    """Bins, or all of each recording."""
    return whole_recordings(ds) if bin is None else bins_of(ds, bin)


def assay_table(
    labels: xr.Dataset,
    measure: Measure,
    windows: Windows,
    min_visit: Quantity = MIN_VISIT,
    apart: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A row per animal and window: recording, individual, animal, the window, measures, metadata.

    Seats in which nobody sits have no rows. `apart` are labels of which an animal has one at a
    time, and what they are called: time with two of them counts twice, which is said.

    Warns
    -----
    AssayNote
        An animal has two of `apart` at once.
    """
    fps = float(labels.fps)
    shortest = to_frames(min_visit, fps, name="min_visit")
    tracks = follow_tracks(labels)
    by_animal: dict[tuple[int, int | None], dict[str, Track]] = {}
    for track in tracks:
        by_animal.setdefault((track.recording, track.individual), {})[track.behaviour] = track
    twice = [found for own in by_animal.values() if (found := _at_once(own, apart or {}))]
    if twice:
        _warn_of(twice, fps)
    records: list[tuple[Track, tuple[object, ...]]] = []
    names: list[str] = []
    for (row, _), own in by_animal.items():
        window = windows.by_row[row]
        columns = measure(Animal(own, window.frames, fps, shortest))
        names = list(columns)
        values = zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True)
        one = next(iter(own.values()))
        records += [(one, (*c, *v)) for c, v in zip(window.cells, values, strict=True)]
    table = make_table(labels, tracks, records, (*windows.columns, *names))
    drop = ["partner", "partner_animal", "behaviour"]
    table = table.drop(columns=[column for column in drop if column in table])
    if "animal" in labels.coords:
        table = table[table.animal != ""].reset_index(drop=True)
    return table


class _Twice(NamedTuple):
    frames: int
    one: str
    other: str


def _at_once(own: Mapping[str, Track], apart: Mapping[str, str]) -> _Twice | None:
    """The two of `apart` that one animal has at once for longest."""
    found = [
        _Twice(_shared(own[one], own[other]), apart[one], apart[other])
        for one, other in combinations(apart, 2)
    ]
    longest = max(found, default=None)
    return longest if longest is not None and longest.frames else None


def _shared(one: Track, other: Track) -> int:
    """Frames that both have."""
    start, stop = one.runs.T
    return int(np.sum(covered(other.runs, stop) - covered(other.runs, start)))


def _warn_of(twice: Sequence[_Twice], fps: float) -> None:
    most = max(twice)
    warnings.warn(
        f"the regions of {most.one} and {most.other} overlap, and {len(twice)} of the animals "
        f"{'was' if len(twice) == 1 else 'were'} in both at once, one for {most.frames / fps:.3g} "
        "s: this time and these entries count for both. Draw the regions apart.",
        AssayNote,
        stacklevel=4,
    )
