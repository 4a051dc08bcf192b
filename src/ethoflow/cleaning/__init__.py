"""Cleaning: from what the tracker says to positions one can measure on.

Each step is a declared function in a file of its own; `clean` is their usual order.
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import xarray as xr

from ethoflow.cleaning.confidence import mask_low_confidence
from ethoflow.cleaning.gaps import fill_gaps, fillable
from ethoflow.cleaning.outliers import remove_jumps
from ethoflow.cleaning.scores import MOST_LOST, choose_min_confidence, describe_loss
from ethoflow.cleaning.smoothing import smooth
from ethoflow.points import add_points, set_aside
from ethoflow.schema import Data, as_dataset, position_units
from ethoflow.units import Quantity, same_dimension

__all__ = ["clean", "fill_gaps", "fillable", "mask_low_confidence", "remove_jumps", "smooth"]


def clean(
    data: Data,
    *,
    min_confidence: float | Literal["auto"] | None = "auto",
    max_jump: Quantity | None = "auto",
    max_gap: Quantity | None = 0.2,
    window: Quantity | None = 0.2,
) -> xr.Dataset:
    """Cleaned tracks: low confidence masked, jumps removed, short gaps filled, median smoothed.

    A point that was filled is marked in `filled`, and stays so when it is cleaned again. Any part
    is left out with None. Points made of others are made anew of what was cleaned. On lazy data
    nothing is computed, and what follows is fused with it. The threshold of confidence that was
    used is in ``attrs["min_confidence"]``.

    Parameters
    ----------
    data
        Tracks: `position` and `confidence`.
    min_confidence
        Points below it become missing. ``"auto"`` (the default) depends on what the confidence of
        the tracker is, by ``attrs["source_software"]``: 0.6 for likelihoods, such as DeepLabCut's,
        and 0.2 for heights of peaks, such as SLEAP's.
    max_jump
        Points farther than this from the path before and after them become missing, mm.
        ``"auto"`` (the default) is 20 mm, and nothing on positions in pixels, which have no scale.
    max_gap
        Longest gap that is filled by a straight line, s, default 0.2 s.
    window
        Length of the running median, s, default 0.2 s.

    Raises
    ------
    DataError
        `data` has no positions.
    UnitError
        A parameter in the wrong unit.

    Warns
    -----
    CostlyThreshold
        The data are in memory, and more than 5 % of the points that were seen are below
        `min_confidence`. Of lazy data ``ethoflow info`` and ``run`` say so.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> tracks = simulate.still_then_running()
    >>> sorted(clean(tracks).data_vars)
    ['confidence', 'filled', 'position']
    """
    ds, points = set_aside(as_dataset(data, needs=["position"]))
    threshold = choose_min_confidence(ds, min_confidence)
    if threshold is not None and "confidence" in ds:
        _warn_of_loss(ds, threshold)
        ds = mask_low_confidence(ds, min_confidence=threshold)
        ds.attrs = {**ds.attrs, "min_confidence": threshold}
    max_jump = choose_max_jump(ds, max_jump)
    if max_jump is not None:
        ds = remove_jumps(ds, max_jump=max_jump)
    if max_gap is not None:
        filled = fillable(ds, max_gap=max_gap).rename("filled")
        if "filled" in ds:
            filled_before = (ds.filled == 1) & ds.position.notnull().all("space")
            filled = filled.where(~filled_before, 1)
        filled.attrs["long_name"] = "filled by interpolation"
        ds = fill_gaps(ds, max_gap=max_gap).assign(filled=filled)
    return add_points(ds if window is None else smooth(ds, window=window), points)


class CostlyThreshold(UserWarning):
    """A threshold of confidence that takes many of the points that were seen."""


def _warn_of_loss(ds: xr.Dataset, threshold: float) -> None:
    """Say what the threshold costs, of data that are here."""
    if hasattr(ds.confidence.variable._data, "dask"):
        return
    seen = ds.position.notnull().all("space") & ds.confidence.notnull()
    lost = float((ds.confidence < np.float32(threshold)).where(seen).mean())
    if lost > MOST_LOST:
        warnings.warn(describe_loss(ds, threshold, lost), CostlyThreshold, stacklevel=3)


def choose_max_jump(ds: xr.Dataset, max_jump: Quantity | None) -> Quantity | None:
    """What ``"auto"`` means for positions in the unit of `ds`; other values as they are."""
    if max_jump != "auto":
        return max_jump
    return "20 mm" if same_dimension(position_units(ds), "mm") else None
