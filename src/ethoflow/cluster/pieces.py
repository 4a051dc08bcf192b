"""Stretches sampled from a cohort by index: what a model is fitted on.

They lie on a grid of each recording's own frames and are drawn by its name, so that neither chunks
nor the order of the recordings show. Chunks that hold no stretch are not read.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.engine.windows import seats_of
from ethoflow.errors import DataError
from ethoflow.schema import count_frames

MOST_RECORDINGS = 64
"""Recordings that are sampled from: usual poses need all of a recording to be read."""
LEAST_KNOWN = 0.1
"""Share of the frames of a stretch that have to be seen for it to be kept."""


@dataclass(frozen=True)
class Place:
    """Where a stretch lies."""

    row: int
    seat: int
    first: int
    frames: int


def choose_places(ds: xr.Dataset, *, length: int, max_frames: int, seed: int) -> list[Place]:
    """Stretches of `length` frames, all there are or as many as `max_frames` are.

    Recordings take turns, so that a long one counts no more than a short one while both last. Of a
    recording that is shorter, all is one stretch.
    """
    counts, seats = count_frames(ds), seats_of(ds)
    everybody = range(ds.sizes.get("individual", 1))
    names = list(map(str, np.atleast_1d(ds.recording.values))) if "recording" in ds.coords else []
    names = names if len(names) == len(counts) else [str(row) for row in range(len(counts))]
    queues: list[list[Place]] = []
    rows = sorted(range(len(counts)), key=lambda row: names[row])
    if len(rows) > MOST_RECORDINGS:
        drawn = np.random.default_rng(seed).permutation(len(rows))[:MOST_RECORDINGS]
        rows = [rows[place] for place in sorted(drawn)]
    for row in rows:
        own = seats[row] if seats else everybody
        n = int(counts[row])
        starts = range(0, n - length + 1, length) if n >= length else range(n > 0)
        found = [Place(row, seat, first, min(length, n)) for seat in own for first in starts]
        order = np.random.default_rng([seed, zlib.crc32(names[row].encode())])
        queues.append([found[place] for place in order.permutation(len(found))])
    return _take_turns(queues, max(max_frames // length, 1))


def _take_turns(queues: Sequence[list[Place]], most: int) -> list[Place]:
    taken: list[Place] = []
    for turn in range(max(map(len, queues), default=0)):
        for queue in queues:
            if turn < len(queue) and len(taken) < most:
                taken.append(queue[turn])
    return sorted(taken, key=lambda place: (place.row, place.seat, place.first))


def gather(columns: xr.DataArray, places: Sequence[Place], length: int) -> tuple[Array, Array]:
    """Columns of stretches, (stretch, column, frame), and the recording of each; missing past ends.

    Stretches of one recording are computed together. Those in which next to nothing is seen are
    left out.

    Raises
    ------
    DataError
        Nothing is seen in any.
    """
    rows: list[Array] = []
    recording: list[int] = []
    for row in dict.fromkeys(place.row for place in places):
        own = columns.isel(recording=row) if "recording" in columns.dims else columns
        own = own.drop_vars(list(own.coords))
        mine = [place for place in places if place.row == row]
        held = xr.Dataset({str(k): _cut(own, place).rename(time=f"time_{k}")
                           for k, place in enumerate(mine)}).compute()  # fmt: skip
        for k, place in enumerate(mine):
            values = held[str(k)].values
            known = ~np.isnan(values).all(axis=0)
            if known.sum() < max(LEAST_KNOWN * length, 1):
                continue
            padded = np.full((len(values), length), np.nan, np.float32)
            padded[:, : place.frames] = values
            rows.append(padded)
            recording.append(row)
    if not rows:
        raise DataError(
            "nothing is seen of any animal in the frames that were sampled: a body needs most of "
            "its points, and tail base and nose at least once. Look at ef.report_cleaning, or "
            "clean with a lower min_confidence."
        )
    return np.stack(rows), np.array(recording)


def _cut(array: xr.DataArray, place: Place) -> xr.DataArray:
    if "individual" in array.dims:
        array = array.isel(individual=place.seat)
    column, time = (dim for dim in (array.dims[-2], array.dims[-1]))
    return array.transpose(column, time).isel(time=slice(place.first, place.first + place.frames))
