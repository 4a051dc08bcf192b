"""How far off a way of filling is: gaps made where points were seen, of the kinds the data have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.schema import Data, as_dataset, count_frames, position_units

BINS = ((1, 5), (6, 15), (16, 30), (31, 60))
"""Lengths of gaps, in frames, that are told apart."""

COVERED = 1.645
"""Standard deviations within which 90 % of what is normal lies."""

MARGIN = 2
"""Frames with all points on either side of a gap that is made."""

SHARE = 0.2
"""Of the frames of a recording, at most so many get a gap."""

COLUMNS = ("gap", "n_gaps", "n_points", "rmse", "rmse_linear", "coverage")


def _events(missing: Array) -> list[Array]:
    """Masks, dims (bodypart, frame), of the stretches in which some points are missing."""
    edges = np.flatnonzero(np.diff(np.pad(missing.any(axis=0).astype(np.int8), 1)))
    longest = BINS[-1][1]
    return [
        missing[:, a:b]
        for a, b in edges.reshape(-1, 2)
        if a > 0 and b < missing.shape[1] and b - a <= longest and not missing[:, a:b].all(0).any()
    ]


def _runs(mask: Array) -> Iterator[tuple[int, int, int]]:
    """Body part, first and last (exclusive) frame of each gap."""
    for part, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.pad(row.astype(np.int8), 1)))
        for a, b in edges.reshape(-1, 2):
            yield part, int(a), int(b)


def _bin_of(length: int) -> int | None:
    return next((i for i, (low, high) in enumerate(BINS) if low <= length <= high), None)


def _by_length(events: Sequence[Array]) -> list[list[Array]]:
    """Events by the lengths of gaps they have."""
    found: list[list[Array]] = [[] for _ in BINS]
    for event in events:
        bins = {_bin_of(b - a) for _, a, b in _runs(event)}
        for i in bins - {None}:
            found[i].append(event)  # type: ignore[index]
    return found


def _make_gaps(whole: Array, events: list[list[Array]], n: int, rng: Any) -> Array:
    """A mask of gaps in one animal's track, dims (bodypart, time): events moved elsewhere."""
    n_frames = whole.size
    n_parts = next(event.shape[0] for of in events for event in of)
    mask, taken = np.zeros((n_parts, n_frames), bool), ~whole
    for turn, of_length in enumerate(reversed(events), 1):
        for _ in range(n * 20 if of_length else 0):
            event = of_length[rng.integers(len(of_length))]
            length = event.shape[1]
            if length + 2 * MARGIN >= n_frames or mask.any(axis=0).mean() > SHARE * turn / len(
                BINS
            ):
                break
            start = int(rng.integers(MARGIN, n_frames - length - MARGIN))
            around = slice(start - MARGIN, start + length + MARGIN)
            if not taken[around].any():
                mask[:, start : start + length] = event
                taken[around] = True
    return mask


def score_filling(
    data: Data, *, fill: str = "pose", repeats: int = 1, seed: int = 0
) -> pd.DataFrame:
    """How far off filled points are, by the length of the gap, and how often they are as sure.

    Gaps are made where all body parts were seen: which ones are missing, and for how long, is drawn
    from the stretches in which some but not all of them are missing in `data` itself. What is
    filled there is held against what was seen.

    Parameters
    ----------
    data
        Tracks or poses as they are before gaps are filled: ``ef.clean(ds, max_gap=None,
        window=None)``.
    fill
        The way of filling, as for `clean`.
    repeats
        How often gaps are drawn anew.
    seed
        The same seed draws the same gaps.

    Returns
    -------
    DataFrame
        For each length of gaps, in frames: gap; n_gaps and n_points that were filled; rmse, the
        root of the mean squared distance from where the points were seen, and rmse_linear, that of
        a straight line over the same points, in the units of the positions; coverage: the share of
        coordinates that are within 1.645 standard deviations of what was seen, which should be
        0.9; NaN where the way of filling does not say how far off it may be.

    Raises
    ------
    DataError
        There is no gap of some of the points to learn from.
    """
    from ethoflow.cleaning import clean  # it is made of these steps

    ds = as_dataset(data, needs=["position"]).compute()
    ds = ds.expand_dims("recording") if "recording" not in ds.dims else ds
    ds = ds.drop_vars([name for name in ("filled", "position_sd") if name in ds])
    missing = ds.position.isnull().any("space").transpose("recording", "individual", ...).values
    frames = count_frames(ds)
    tracks = [(i, j) for i in range(len(missing)) for j in range(missing.shape[1])]
    events = _by_length(
        [event for i, j in tracks for event in _events(missing[i, j][:, : frames[i]])]
    )
    if not any(events):
        raise DataError("there is no gap of some of the body parts: none can be made like it.")
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(repeats):
        mask = np.zeros_like(missing)
        for i, j in tracks:
            whole = ~missing[i, j].any(axis=0)
            whole[frames[i] :] = False
            mask[i, j] = _make_gaps(whole, events, 40, rng)
        given = ds.assign(
            position=ds.position.where(~_like(ds, mask)).assign_attrs(ds.position.attrs)
        )
        longest = f"{BINS[-1][1]} frames"
        off = {"min_confidence": None, "max_jump": None, "window": None}
        found = clean(given, **off, fill=fill, max_gap=longest, max_pose_gap=longest)  # type: ignore[arg-type]
        line = clean(given, **off, max_gap=longest)  # type: ignore[arg-type]
        rows += list(_compare(ds, found, line, mask))
    return _tabulate(rows, position_units(ds))


def _like(ds: xr.Dataset, mask: Array) -> xr.DataArray:
    return xr.DataArray(mask, dims=("recording", "individual", "bodypart", "time"))


def _compare(
    ds: xr.Dataset, found: xr.Dataset, line: xr.Dataset, mask: Array
) -> Iterator[tuple[int, Array, Array, Array]]:
    """Bin, squared distances of what was filled and of straight lines, and deviations, by gap."""
    truth, filled, straight = (one.position.values for one in (ds, found, line))
    spread = found.position_sd.values if "position_sd" in found else np.full_like(truth, np.nan)
    for i, j in np.ndindex(*mask.shape[:2]):
        for part, a, b in _runs(mask[i, j]):
            place = _bin_of(b - a)
            if place is None:
                continue
            at = (i, j, part, slice(None), slice(a, b))
            away, off_line = filled[at] - truth[at], straight[at] - truth[at]
            yield (
                place,
                np.square(away).sum(axis=0),
                np.square(off_line).sum(axis=0),
                (np.abs(away) / spread[at]).ravel(),
            )


def _tabulate(rows: Sequence[tuple[int, Array, Array, Array]], units: str) -> pd.DataFrame:
    table = []
    for place, (low, high) in enumerate(BINS):
        mine = [row[1:] for row in rows if row[0] == place]
        off, line, sure = (
            np.concatenate([row[k] for row in mine]) if mine else np.empty(0) for k in range(3)
        )
        known = ~np.isnan(off)
        sure = sure[~np.isnan(sure)]
        table.append(
            (
                f"{low}-{high}",
                len(mine),
                int(known.sum()),
                float(np.sqrt(off[known].mean())) if known.any() else np.nan,
                float(np.sqrt(line[known].mean())) if known.any() else np.nan,
                float((sure < COVERED).mean()) if sure.size else np.nan,
            )
        )
    found = pd.DataFrame(table, columns=COLUMNS)
    found.attrs["units"] = units
    return found
