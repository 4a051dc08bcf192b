"""Marks in attributes: what holds labels, and what is the same from either animal of a pair."""

from __future__ import annotations

import xarray as xr

UNORDERED = {"pairs": "unordered"}
"""Attribute of quantities of pairs that are the same seen from either animal."""


def is_label(array: xr.DataArray) -> bool:
    """Whether `array` holds labels (1, 0, unknown)."""
    return array.attrs.get("kind") == "label"


def is_symmetric(array: xr.DataArray) -> bool:
    """Whether `array` is the same seen from both animals of a pair, so that a pair counts once."""
    return "partner" in array.dims and UNORDERED.items() <= array.attrs.items()
