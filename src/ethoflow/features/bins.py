"""What an animal does in bins of time: how far it goes, and how it uses regions.

Bins follow each other from the first frame of the recording on, as those of time budgets do;
without bins there is one, all of it. What was not seen is counted nowhere, so the time for which an
animal was seen belongs to every number here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.bins import bin_edges, bin_width
from ethoflow.engine import Members, Output, feature
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.schema import count_frames


def count_bins(ds: xr.Dataset, width: float | None) -> int:
    """Bins of `width` seconds that the longest recording has."""
    longest = int(count_frames(ds).max(initial=0))
    if width is None:
        return 1
    fps = float(ds.fps)
    return len(bin_edges(bin_width(width, fps, longest), fps, longest)) - 1


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


def _bins(n_frames: int, width: float | None, fps: float) -> Iterator[tuple[int, slice]]:
    """Number and frames of every bin of a recording."""
    edges = np.array([0, n_frames]) if width is None else bin_edges(width, fps, n_frames)
    for place, (start, stop) in enumerate(itertools.pairwise(edges.tolist())):
        yield place, slice(start, stop)


def _steps(position: Array) -> Array:
    """Way from each frame to the next, dims (time,); NaN where one of them is not seen."""
    way = np.full(position.shape[-1], np.nan)
    way[:-1] = np.sqrt(np.square(np.diff(position.astype(np.float64))).sum(axis=0))
    return way


IN_BINS: Mapping[str, Any] = {
    "halo": "whole",
    # Spelled out: what is declared in s comes in whole frames, and bins would leave the clock.
    "parameter_units": {"bin": "second"},
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
    position: Array, speed: Array, *, fps: float, bin: float | None = None, n_bins: int = 1
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
    for place, frames in _bins(known.size, bin, fps):
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
        Output("cut_latency", ("region", "bin")),
        Output("distance_inside", ("region", "bin"), "position"),
    ),
    over={"bin": find_bins},
    roles={"position": ("centre",), "in_region": ("centre",)},
    optional=("position", "in_region"),
    **IN_BINS,
)
def time_inside(
    position: Array, in_region: Array, *, fps: float, bin: float | None = None, n_bins: int = 1
) -> tuple[Array, Array, Array, Array, Array]:
    """Time that the centre is in each region, its entries, the latency of the first, the way there.

    An entry is a frame inside after one outside; what lies between across a gap is not known, and
    is no entry. The latency is from the beginning of the bin to the first frame inside, 0 for an
    animal that is there; missing where it never is. `cut_latency` is 1 where frames before that
    one are unknown, so that the true latency may be shorter (never there: where frames are unknown,
    so that it may have been), else 0. A way is inside where both its frames are.

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
    time, entries, latency, cut, way = (np.full(shape, np.nan) for _ in range(5))
    for place, frames in _bins(inside.shape[-1], bin, fps):
        here, seen = inside[:, frames] == 1, np.isfinite(inside[:, frames])
        known, ever = seen.any(axis=-1), here.any(axis=-1)
        time[:, place] = np.where(known, here.sum(axis=-1) / fps, np.nan)
        entries[:, place] = np.where(known, entered[:, frames].sum(axis=-1), np.nan)
        latency[:, place] = np.where(ever, here.argmax(axis=-1) / fps, np.nan)
        before_it = ~np.logical_or.accumulate(here, axis=-1)
        cut[:, place] = (before_it & ~seen).any(axis=-1)
        way[:, place] = np.where(known, np.nansum(within[:, frames], axis=-1), np.nan)
    return time, entries, latency, cut, way
