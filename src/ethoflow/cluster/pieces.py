"""Stretches sampled from a cohort by index: what a model is fitted on.

They lie on a grid of each recording's own frames and are drawn by its name, so that neither chunks
nor the order of the recordings show. Chunks that hold no stretch are not read.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

import numpy as np
import xarray as xr

from ethoflow.cluster.balancing import conditions_of, take_alike, take_turns
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
    """Where a stretch lies; of a pair, the partner has a seat too."""

    row: int
    seat: int
    first: int
    frames: int
    partner: int | None = None


def choose_places(
    ds: xr.Dataset,
    *,
    length: int,
    max_frames: int,
    seed: int,
    pairs: bool = False,
    balance: str | None = None,
    whole: bool = False,
) -> list[Place]:
    """Stretches of `length` frames, all there are or as many as `max_frames` are.

    With `whole` recordings are cut so that no frame is left over, into stretches of `length` frames
    at most and of much the same length, and none of the recordings is left out. With `pairs` they
    are those of ordered pairs of animals. With `balance` there are as many of every condition,
    which a coordinate of that name says.

    Recordings take turns, so that a long one counts no more than a short one while both last. Of a
    recording that is shorter, all is one stretch.
    """
    counts, seats = count_frames(ds), seats_of(ds)
    everybody = range(ds.sizes.get("individual", 1))
    names = list(map(str, np.atleast_1d(ds.recording.values))) if "recording" in ds.coords else []
    names = names if len(names) == len(counts) else [str(row) for row in range(len(counts))]
    condition = conditions_of(ds, balance) if balance else np.full((len(counts), 1), "")
    groups: dict[str, list[list[Place]]] = {}
    rows = sorted(range(len(counts)), key=lambda row: names[row])
    if len(rows) > MOST_RECORDINGS and not whole:
        drawn = np.random.default_rng(seed).permutation(len(rows))
        of: dict[str, list[int]] = {}
        for place in drawn:
            of.setdefault(condition[rows[place], 0], []).append(int(place))
        rows = [rows[place] for place in sorted(take_turns(list(of.values()), MOST_RECORDINGS))]
    for row in rows:
        own = seats[row] if seats else everybody
        who = list(permutations(own, 2)) if pairs else [(seat, None) for seat in own]
        n = int(counts[row])
        starts = range(0, n - length + 1, length) if n >= length else range(n > 0)
        cut = cut_evenly(n, length) if whole else [(first, min(length, n)) for first in starts]
        found = [Place(row, a, first, long, b) for a, b in who for first, long in cut]
        order = np.random.default_rng([seed, zlib.crc32(names[row].encode())])
        own_queue: dict[str, list[Place]] = {}
        for place in order.permutation(len(found)):
            seat = found[place].seat if balance else 0
            own_queue.setdefault(condition[row, seat], []).append(found[place])
        for name, queue in own_queue.items():
            groups.setdefault(name, []).append(queue)
    each = float(length)
    if whole:
        every = [p.frames for queues in groups.values() for queue in queues for p in queue]
        each = float(np.mean(every)) if every else each
    taken = take_alike(list(groups.values()), max(int(max_frames // each), 1))
    return sorted(taken, key=lambda p: (p.row, p.seat, p.partner or 0, p.first))


def cut_evenly(n: int, longest: int) -> list[tuple[int, int]]:
    """First frame and length of pieces of `n` frames, as few as go, that have them all.

    Examples
    --------
    >>> cut_evenly(10, 4)
    [(0, 3), (3, 3), (6, 4)]
    """
    count = -(-n // longest)
    edges = [n * k // count for k in range(count + 1)] if count else []
    return [(first, last - first) for first, last in pairwise(edges)]


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
        mine = [place for place in places if place.row == row]
        for values in read_places(columns, mine):
            known = ~np.isnan(values).all(axis=0)
            if known.sum() < max(LEAST_KNOWN * length, 1):
                continue
            rows.append(padded(values, length))
            recording.append(row)
    if not rows:
        raise DataError(
            "nothing is seen of any animal in the frames that were sampled: a body needs most of "
            "its points, and tail base and nose at least once. Look at ef.report_cleaning, or "
            "clean with a lower min_confidence."
        )
    return np.stack(rows), np.array(recording)


def read_places(columns: xr.DataArray, places: Sequence[Place]) -> list[Array]:
    """Columns of stretches of one recording, (column, frame) each, computed together."""
    own = columns.isel(recording=places[0].row) if "recording" in columns.dims else columns
    own = own.drop_vars(list(own.coords))
    held = xr.Dataset({str(k): _cut(own, place).rename(time=f"time_{k}")
                       for k, place in enumerate(places)}).compute()  # fmt: skip
    return [held[str(k)].values for k in range(len(places))]


def padded(values: Array, length: int) -> Array:
    """Numbers (row, frame) with missing frames behind them, `length` in all."""
    found = np.full((len(values), length), np.nan, np.float32)
    found[:, : values.shape[1]] = values
    return found


def _cut(array: xr.DataArray, place: Place) -> xr.DataArray:
    if "individual" in array.dims:
        array = array.isel(individual=place.seat)
    if place.partner is not None:
        array = array.isel(partner=place.partner)
    column, time = (dim for dim in (array.dims[-2], array.dims[-1]))
    return array.transpose(column, time).isel(time=slice(place.first, place.first + place.frames))
