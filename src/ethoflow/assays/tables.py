"""The table of an assay: a row per animal and bin, a column for each measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.assays.places import entries_in, visits
from ethoflow.engine.declare import Array
from ethoflow.labels.counting import Counts, count_in_windows
from ethoflow.labels.rows import make_table
from ethoflow.labels.runs import Track, follow_tracks
from ethoflow.labels.windows import Windows, bins_of, whole_recordings
from ethoflow.units import Quantity, to_frames

Measure: TypeAlias = Callable[["Animal"], Mapping[str, Array]]
"""Gives the columns of a table for one animal, a number for each window."""

MIN_VISIT: Quantity = "200 ms"
"""Shortest visit, by default."""


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
    labels: xr.Dataset, measure: Measure, windows: Windows, min_visit: Quantity = MIN_VISIT
) -> pd.DataFrame:
    """A row per animal and window: recording, individual, animal, the window, measures, metadata.

    Seats in which nobody sits have no rows.
    """
    fps = float(labels.fps)
    shortest = to_frames(min_visit, fps, name="min_visit")
    tracks = follow_tracks(labels)
    by_animal: dict[tuple[int, int | None], dict[str, Track]] = {}
    for track in tracks:
        by_animal.setdefault((track.recording, track.individual), {})[track.behaviour] = track
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
