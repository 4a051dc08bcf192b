"""Cleaning: from what the tracker says to positions one can measure on.

Each step is a declared function in a file of its own; `clean` is their usual order.
"""

from __future__ import annotations

import xarray as xr

from ethoflow.cleaning.confidence import mask_low_confidence
from ethoflow.cleaning.gaps import fill_gaps, fillable
from ethoflow.cleaning.outliers import remove_jumps
from ethoflow.cleaning.smoothing import smooth
from ethoflow.schema import Data, as_dataset, position_units
from ethoflow.units import Quantity, same_dimension

__all__ = ["clean", "fill_gaps", "fillable", "mask_low_confidence", "remove_jumps", "smooth"]


def clean(
    data: Data,
    *,
    min_confidence: float | None = 0.6,
    max_jump: Quantity | None = "auto",
    max_gap: Quantity | None = 0.2,
    window: Quantity | None = 0.2,
) -> xr.Dataset:
    """Cleaned tracks: low confidence masked, jumps removed, short gaps filled, median smoothed.

    A point that was filled is marked in `filled`, and stays so when it is cleaned again. Any part
    is left out with None. On lazy data nothing is computed, and what follows is fused with it.

    Parameters
    ----------
    data
        Tracks: `position` and `confidence`.
    min_confidence
        Points below it become missing, default 0.6.
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

    Examples
    --------
    >>> from ethoflow import simulate
    >>> tracks = simulate.still_then_running()
    >>> sorted(clean(tracks).data_vars)
    ['confidence', 'filled', 'position']
    """
    ds = as_dataset(data, needs=["position"])
    if min_confidence is not None and "confidence" in ds:
        ds = mask_low_confidence(ds, min_confidence=min_confidence)
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
    return ds if window is None else smooth(ds, window=window)


def choose_max_jump(ds: xr.Dataset, max_jump: Quantity | None) -> Quantity | None:
    """What ``"auto"`` means for positions in the unit of `ds`; other values as they are."""
    if max_jump != "auto":
        return max_jump
    return "20 mm" if same_dimension(position_units(ds), "mm") else None
