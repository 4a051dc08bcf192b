"""What an animal does in bins of time: how far it goes, and how it uses regions.

A bin is a stretch of the recording from its first frame on; without bins there is one, all of it.
What was not seen is counted nowhere, so the time for which an animal was seen belongs to every
number here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine import Members, Output, feature
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.schema import count_frames


def count_bins(ds: xr.Dataset, width: int | None) -> int:
    """Bins of `width` frames that the longest recording has."""
    longest = int(count_frames(ds).max(initial=0))
    return 1 if width is None else max(-(-longest // max(int(width), 1)), 1)


def find_bins(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The bins by number.

    Raises
    ------
    DataError
        A recording has more of them than were asked for.
    """
    n_bins, needed = int(parameters["n_bins"]), count_bins(ds, parameters["bin"])
    if n_bins < needed:
        raise DataError(
            f"the longest recording has {needed} bins, and n_bins is {n_bins}: the rest would be "
            "left out. ef.summarise counts them by itself."
        )
    return Members(tuple(map(str, range(n_bins))))


def _bins(n_frames: int, width: int | None, n_bins: int) -> Iterator[tuple[int, slice]]:
    """Number and frames of every bin that a recording has frames in."""
    step = n_frames if width is None else max(int(width), 1)
    for place, start in zip(range(n_bins), range(0, n_frames, max(step, 1)), strict=False):
        yield place, slice(start, min(start + step, n_frames))


def _steps(position: Array) -> Array:
    """Way from each frame to the next, dims (time,); NaN where one of them is not seen."""
    way = np.full(position.shape[-1], np.nan)
    way[:-1] = np.sqrt(np.square(np.diff(position.astype(np.float64))).sum(axis=0))
    return way


IN_BINS: Mapping[str, Any] = {
    "halo": "whole",
    "parameter_units": {"bin": "s"},
    "on_request": True,
}


@feature(
    dims=("bin",),
    units="position",
    further=(
        Output("time_seen", ("bin",), "s"),
        Output("mean_speed", ("bin",), "position/s"),
        Output("max_speed", ("bin",), "position/s"),
    ),
    over={"bin": find_bins},
    roles={"position": ("centre",), "speed": ("centre",)},
    optional=("position", "speed"),
    **IN_BINS,
)
def distance_moved(
    position: Array, speed: Array, *, fps: float, bin: int | None = None, n_bins: int = 1
) -> tuple[Array, Array, Array, Array]:
    """How far the centre goes, for how long it was seen, its mean and its greatest speed.

    The way between two frames is of the bin of the first; over gaps nothing is added. The mean
    speed is the way by the time in which it was gone.

    Parameters
    ----------
    position, speed
        Dims (1, space, time) and (1, time).
    bin
        Length of a bin; all of the recording by default.
    n_bins
        How many there are.

    Raises
    ------
    DataError
        A recording has more bins.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> found = distance_moved(simulate.still_then_running())
    >>> found.time_seen.attrs["units"], found.mean_speed.attrs["units"]
    ('s', 'mm/s')
    """
    steps, known = _steps(position[0]), np.isfinite(position[0]).all(axis=0)
    way, seen, mean, most = (np.full(n_bins, np.nan) for _ in range(4))
    for place, frames in _bins(known.size, bin, n_bins):
        gone, paces = steps[frames], speed[0, frames]
        gone, paces = gone[np.isfinite(gone)], paces[np.isfinite(paces)]
        seen[place] = known[frames].sum() / fps
        way[place] = gone.sum() if gone.size else np.nan
        mean[place] = gone.mean() * fps if gone.size else np.nan
        most[place] = paces.max(initial=-np.inf) if paces.size else np.nan
    return way, seen, mean, most


@feature(
    dims=("region", "bin"),
    units="s",
    further=(
        Output("entries", ("region", "bin")),
        Output("latency", ("region", "bin"), "s"),
        Output("distance_inside", ("region", "bin"), "position"),
    ),
    over={"bin": find_bins},
    roles={"position": ("centre",), "in_region": ("centre",)},
    optional=("position", "in_region"),
    **IN_BINS,
)
def time_inside(
    position: Array, in_region: Array, *, fps: float, bin: int | None = None, n_bins: int = 1
) -> tuple[Array, Array, Array, Array]:
    """Time that the centre is in each region, its entries, the latency of the first, the way there.

    An entry is a frame inside after one outside; what lies between across a gap is not known, and
    is no entry. The latency is from the beginning of the bin to the first frame inside, 0 for an
    animal that is there; missing where it never is. An animal that was not seen before may have
    been there earlier: the latency is then the longest it can be. A way is inside where both its
    frames are.

    Parameters
    ----------
    position, in_region
        Dims (1, space, time) and (1, region, time).
    bin
        Length of a bin; all of the recording by default.
    n_bins
        How many there are.

    Raises
    ------
    DataError
        A recording has more bins.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.mark_regions(ef.simulate.still_then_running(), {"here": ef.circle(0, 0, 9e5)},
    ...     units="mm")
    >>> time_inside(ds).entries[0, 0, 0].item()
    0.0
    """
    inside, steps = in_region[0], _steps(position[0])
    later = np.full(inside.shape, np.nan)
    later[:, :-1] = inside[:, 1:]
    before = np.full(inside.shape, np.nan)
    before[:, 1:] = inside[:, :-1]
    entered = (inside == 1) & (before == 0)
    within = np.where((inside == 1) & (later == 1), steps, np.nan)
    shape = (len(inside), n_bins)
    time, entries, latency, way = (np.full(shape, np.nan) for _ in range(4))
    for place, frames in _bins(inside.shape[-1], bin, n_bins):
        here, known = inside[:, frames] == 1, np.isfinite(inside[:, frames]).any(axis=-1)
        time[:, place] = np.where(known, here.sum(axis=-1) / fps, np.nan)
        entries[:, place] = np.where(known, entered[:, frames].sum(axis=-1), np.nan)
        latency[:, place] = np.where(here.any(axis=-1), here.argmax(axis=-1) / fps, np.nan)
        way[:, place] = np.where(known, np.nansum(within[:, frames], axis=-1), np.nan)
    return time, entries, latency, way
