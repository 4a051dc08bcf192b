"""What cleaning did to tracks: a table, from one pass over what was before and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.engine.gather import fold_blocks
from ethoflow.errors import DataError
from ethoflow.schema import Data, as_dataset, count_frames

COUNTS = ("n_frames", "seen_before", "low_confidence", "removed", "filled", "missing_after")
"""What is counted of each body part, in frames."""


def report_cleaning(before: Data, after: Data) -> pd.DataFrame:
    """What cleaning did, one row per recording, animal and body part; in frames.

    Parameters
    ----------
    before
        Tracks as they were.
    after
        What `clean` made of them, lazy or not; it is computed block by block.

    Returns
    -------
    DataFrame
        recording, individual, bodypart; n_frames; seen_before; of these low_confidence, below the
        threshold that was used, and removed, by other steps (jumps, outliers); filled, which were
        missing or had been taken away; missing_after. n_frames is seen_before - low_confidence -
        removed + filled + missing_after. Points made of others are not counted.

    Raises
    ------
    DataError
        They are not of the same recordings, animals, body parts and frames.
    """
    return tabulate(*count_cleaning(before, after))


def count_cleaning(before: Data, after: Data, n_bins: int = 1) -> tuple[xr.Dataset, Array]:
    """Counts by recording, individual, body part, what is counted, and equal part of the time.

    Beside them the tracks as they were.
    """
    old = as_dataset(before, needs=["position"])
    new = as_dataset(after, needs=["position"])
    both = _join(old, new)
    threshold = new.attrs.get("min_confidence")
    names = [n for n in ("position", "confidence", "after", "filled") if n in both]
    reduce = partial(_count, threshold=threshold, n_bins=n_bins)
    found = fold_blocks(both, names, reduce, _add, lambda _, joined: joined["counts"])
    n_rows = len(count_frames(old))
    shape = (old.sizes["individual"], old.sizes["bodypart"], len(COUNTS), n_bins)
    counts = np.stack([found.get(row, np.zeros(shape, np.int64)) for row in range(n_rows)])
    return old, counts


def _join(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Tracks with the positions and marks that came of them."""
    kept = new.sel(bodypart=[part for part in new.bodypart.values if part in old.bodypart.values])
    for dim in ("recording", "individual", "bodypart", "time"):
        here, there = (
            np.atleast_1d(ds[dim].values) if dim in ds.coords else np.empty(0) for ds in (old, kept)
        )
        if not np.array_equal(here, there):
            raise DataError(
                f"what was cleaned is not of the same tracks: they differ in {dim} "
                f"({here.size} before, {there.size} after). Give the tracks that it was made of."
            )
    joined = old.assign(after=kept.position.variable)
    if "filled" in kept:
        joined = joined.assign(filled=kept.filled.variable)
    return joined


def _count(
    values: Mapping[str, Array],
    start: int,
    n_frames: int,
    *,
    threshold: float | None,
    n_bins: int,
) -> dict[str, Any]:
    """Counts of one block, dims (individual, bodypart, count, bin)."""
    seen = ~np.isnan(values["position"]).any(axis=2)
    there = ~np.isnan(values["after"]).any(axis=2)
    filled = values["filled"] == 1 if "filled" in values else np.zeros_like(seen)
    low = np.zeros_like(seen)
    if threshold is not None and "confidence" in values:
        with np.errstate(invalid="ignore"):
            low = seen & (values["confidence"] < np.float32(threshold))
    removed = seen & ~low & (filled | ~there)
    every = np.ones_like(seen)
    masks = np.stack([every, seen, low, removed, filled, ~there], axis=2)
    bins = (start + np.arange(seen.shape[-1])) * n_bins // max(n_frames, 1)
    counts = np.zeros((*masks.shape[:-1], n_bins), np.int64)
    for place in np.unique(bins):
        counts[..., place] = masks[..., bins == place].sum(axis=-1)
    return {"counts": counts}


def _add(whole: dict[str, Any], part: dict[str, Any]) -> None:
    whole["counts"] = whole["counts"] + part["counts"]


def tabulate(ds: xr.Dataset, counts: Array) -> pd.DataFrame:
    """The table of `report_cleaning` from counts made before."""
    names = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else [""]
    rows = [
        (str(name), str(slot), str(part), *map(int, counts[r, i, b].sum(axis=-1)))
        for r, name in enumerate(names)
        for i, slot in enumerate(ds.individual.values)
        for b, part in enumerate(ds.bodypart.values)
    ]
    return pd.DataFrame(rows, columns=["recording", "individual", "bodypart", *COUNTS])
