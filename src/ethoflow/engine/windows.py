"""Which frames of which recordings a block owns, and which it has to read."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from ethoflow.schema import count_frames


@dataclass(frozen=True)
class Window:
    """The frames of one recording that a block reads (`start` to `stop`) and owns (`trim`).

    `seats` are the places of the animals that the recording has; None for all of them.
    """

    row: int
    start: int
    stop: int
    trim: slice
    n_frames: int
    recording: str = ""
    seats: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Grid:
    """Blocks of a request: bounds along recordings and time; lengths and names of recordings.

    `seats` are the places of the animals that each recording has; empty where all have all.
    """

    recordings: tuple[int, ...]
    times: tuple[int, ...]
    n_frames: tuple[int, ...]
    names: tuple[str, ...] = ()
    seats: tuple[tuple[int, ...], ...] = ()

    def window(self, row: int, start: int, stop: int, halo: int) -> Window | None:
        """What to read of a recording, as `make_window` says; it knows the recording."""
        name = self.names[row] if self.names else ""
        seats = self.seats[row] if self.seats else None
        return make_window(row, start, stop, halo, self.n_frames[row], name, seats)

    @cached_property
    def _row_stops(self) -> list[int]:
        return list(itertools.accumulate(self.recordings))

    def row_bounds(self, block: int) -> tuple[int, int]:
        """First and last (exclusive) row of a block."""
        return self._row_stops[block] - self.recordings[block], self._row_stops[block]

    @cached_property
    def time_bounds(self) -> list[tuple[int, int]]:
        """First and last (exclusive) frame of every block along time."""
        stops = np.cumsum(self.times).tolist()
        return list(zip([0, *stops[:-1]], stops, strict=True))

    def windows(self, rows: tuple[int, int], start: int, stop: int, halo: int) -> list[Window]:
        """Windows of the recordings `rows` that have frames between `start` and `stop`."""
        found = (self.window(row, start, stop, halo) for row in range(*rows))
        return [window for window in found if window is not None]


def make_grid(ds: xr.Dataset, chunks: tuple[tuple[int, ...], tuple[int, ...]] | None) -> Grid:
    """Grid of a dataset along the chunks of its data; one block where nothing is chunked."""
    counts = tuple(int(n) for n in count_frames(ds)) if "time" in ds.dims else (0,)
    whole = ((len(counts),), (ds.sizes.get("time", 0),))
    recordings, times = chunks or whole
    named = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ()
    names = tuple(map(str, named)) if len(named) == len(counts) else ()
    return Grid(recordings, times, counts, names, seats_of(ds))


def seats_of(ds: xr.Dataset) -> tuple[tuple[int, ...], ...]:
    """For each recording the places of the animals it has; empty where nobody says so."""
    if "animal" not in ds.coords or "individual" not in ds.animal.dims:
        return ()
    animals = np.atleast_2d(ds.animal.values.astype(object))
    if (animals != "").all():
        return ()
    return tuple(tuple(np.flatnonzero(row != "").tolist()) for row in animals)


def make_window(
    row: int,
    start: int,
    stop: int,
    halo: int,
    n_frames: int,
    recording: str = "",
    seats: tuple[int, ...] | None = None,
) -> Window | None:
    """What to read for the frames `start` to `stop` of a recording; None where all is padding."""
    stop = min(stop, n_frames)
    if stop <= start:
        return None
    first, last = max(start - halo, 0), min(stop + halo, n_frames)
    trim = slice(start - first, stop - first)
    return Window(row, first, last, trim, n_frames, recording, seats)
