"""What cleaning did to tracks: a table, from one pass over what was before and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.engine.gather import fold_blocks
from ethoflow.errors import DataError
from ethoflow.identities.swapping import CHANGE, HOLDER, exchange_alike
from ethoflow.points import set_aside
from ethoflow.schema import REMOVAL_STEPS, Data, as_dataset, count_frames
from ethoflow.stats.people import add_metadata, seats_of

STEPS = REMOVAL_STEPS[1:]
"""Those that take points, as columns of the table."""

COUNTS = (
    "n_frames",
    "seen_before",
    *STEPS,
    "other",
    "filled",
    "filled_with_sd",
    "missing_after",
    "present_before",
    "present_after",
)
"""What is counted of each body part, in frames; presence is the animal's."""


def report_cleaning(before: Data, after: Data) -> pd.DataFrame:
    """What cleaning did, one row per recording, animal and body part; in frames.

    Parameters
    ----------
    before
        Tracks as they were; where identities were corrected in `after` since, they are here too.
    after
        What `clean` made of them, lazy or not; it is computed block by block.

    Returns
    -------
    DataFrame
        recording, individual, bodypart; n_frames; seen_before; of these the points that each step
        took: low_confidence, fast, outlier, jump, stretched, absent, and other, taken by none of
        these; filled, which were missing or had been taken away, and of them filled_with_sd, of
        which is known how far off they may be; missing_after. n_frames is seen_before - what the
        steps took + filled + missing_after. present_before and present_after are the frames in
        which any body part of the animal was there. Points made of others are not counted.

    Raises
    ------
    DataError
        They are not of the same recordings, animals, body parts and frames; or their identities
        were corrected otherwise.
    """
    return tabulate(count_cleaning(after, before), after)


@dataclass(frozen=True)
class Counts:
    """Counts of what cleaning did.

    `values` has dims (recording, individual, bodypart, what is counted, equal part of the time).
    """

    recordings: tuple[str, ...]
    individuals: tuple[str, ...]
    bodyparts: tuple[str, ...]
    values: Array

    def of(self, *names: str) -> Array:
        """The sum of some counts, dims (recording, individual, bodypart, part of the time)."""
        found: Array = self.values[..., [COUNTS.index(name) for name in names], :].sum(axis=-2)
        return found


def count_cleaning(after: Data, before: Data | None = None, n_bins: int = 1) -> Counts:
    """What cleaning did, counted in one pass.

    Without the tracks `before`, what was seen in them follows from the marks of `clean`.
    """
    ds, _ = set_aside(as_dataset(after, needs=["position"]))
    if before is not None:
        ds = _join(set_aside(as_dataset(before, needs=["position"]))[0], ds)
    names = [n for n in ("position", "before", "filled", "removed", "position_sd") if n in ds]
    found = fold_blocks(ds, names, partial(_count, n_bins=n_bins), _add, _give)
    shape = (ds.sizes["individual"], ds.sizes["bodypart"], len(COUNTS), n_bins)
    rows = range(len(count_frames(ds)))
    return Counts(
        tuple(map(str, np.atleast_1d(ds.recording.values))) if "recording" in ds.coords else ("",),
        tuple(map(str, ds.individual.values)),
        tuple(map(str, ds.bodypart.values)),
        np.stack([found.get(row, np.zeros(shape, np.int64)) for row in rows]),
    )


def _join(before: xr.Dataset, after: xr.Dataset) -> xr.Dataset:
    """What was cleaned with the positions that it was made of."""
    if "removed" in before and "removed" not in after:
        raise DataError(
            "the tracks and what was cleaned are the wrong way round: only what is given as tracks "
            "has marks of cleaning."
        )
    for dim in ("recording", "individual", "bodypart", "time"):
        here, there = (
            np.atleast_1d(ds[dim].values) if dim in ds.coords else np.empty(0)
            for ds in (before, after)
        )
        if not np.array_equal(here, there):
            raise DataError(
                f"what was cleaned is not of the same tracks: they differ in {dim} "
                f"({here.size} before, {there.size} after). Give the tracks that it was made of."
            )
    tracked = before[[name for name in ("position", CHANGE, HOLDER) if name in before]]
    return after.assign(before=exchange_alike(tracked, after).position.variable)


def _count(
    values: Mapping[str, Array], start: int, n_frames: int, *, n_bins: int
) -> dict[str, Array]:
    """Counts of one block, dims (individual, bodypart, count, bin)."""
    there = ~np.isnan(values["position"]).any(axis=2)
    none = np.zeros_like(there)
    filled = there & (values["filled"] == 1) if "filled" in values else none
    step = values.get("removed", none)
    marked = np.isin(step, np.arange(1, len(REMOVAL_STEPS)))
    seen = (there & ~filled) | marked
    if "before" in values:
        seen = ~np.isnan(values["before"]).any(axis=2)
    taken = [seen & (step == number) for number in range(1, len(REMOVAL_STEPS))]
    other = seen & ~marked & (filled | ~there)
    sure = ~np.isnan(values["position_sd"]).any(axis=2) if "position_sd" in values else none
    present: list[Array] = [
        np.broadcast_to(np.any(one, axis=1, keepdims=True), one.shape) for one in (seen, there)
    ]
    masks = np.stack(
        [np.ones_like(seen), seen, *taken, other, filled, filled & sure, ~there, *present], axis=2
    )
    bins = (start + np.arange(seen.shape[-1])) * n_bins // max(n_frames, 1)
    counts = np.zeros((*masks.shape[:-1], n_bins), np.int64)
    for place in np.unique(bins):
        counts[..., place] = masks[..., bins == place].sum(axis=-1)
    return {"counts": counts}


def _add(whole: dict[str, Any], part: dict[str, Any]) -> None:
    whole["counts"] = whole["counts"] + part["counts"]


def _give(_: int, joined: dict[str, Any]) -> Array:
    found: Array = joined["counts"]
    return found


def tabulate(counts: Counts, data: Data) -> pd.DataFrame:
    """The table of `report_cleaning`, with who is in the data that were counted."""
    sums = counts.values.sum(axis=-1)
    rows = [
        (name, slot, part, *map(int, sums[r, i, b]))
        for r, name in enumerate(counts.recordings)
        for i, slot in enumerate(counts.individuals)
        for b, part in enumerate(counts.bodyparts)
    ]
    table = pd.DataFrame(rows, columns=["recording", "individual", "bodypart", *COUNTS])
    ds = as_dataset(data)
    lead, seats = seats_of(ds)
    beside: dict[str, Array] = {
        **dict.fromkeys(map(str, table), np.empty(0)),
        "animal": seats["animal"],
    }
    add_metadata(beside, ds, lead)
    each = len(counts.bodyparts)
    return table.assign(**{n: np.repeat(v, each) for n, v in beside.items() if n not in table})


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """What cleaning did to each body part, over all recordings and animals, in per cent of frames.

    Steps that took nothing are left out.
    """
    sums = table.groupby("bodypart", sort=False)[list(COUNTS)].sum()
    took = [name for name in (*STEPS, "other") if sums[name].any()]
    share = sums.div(sums.n_frames.where(sums.n_frames > 0), axis=0) * 100
    shown = pd.DataFrame({"missing_before": 100 - share.seen_before})
    for name in (*took, "filled", "missing_after"):
        shown[name] = share[name]
    return shown.round(2).reset_index()
