"""Marks in attributes: what holds labels, and whose a quantity is that several animals share."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.errors import DataError

UNORDERED = {"pairs": "unordered"}
"""Attribute of quantities of pairs that are the same seen from either animal."""

OF_ALL = {"individuals": "all"}
"""Attribute of quantities of all animals together: selecting one animal does not make them its.

Whatever has no dim `individual` in a dataset that has it gets the mark from the functions it is
given to (`as_dataset`), and keeps it in a store. Labels made by hand for all animals need it where
one animal is picked by name before any function has seen them.
"""


def is_label(array: xr.DataArray) -> bool:
    """Whether `array` holds labels (1, 0, unknown)."""
    return array.attrs.get("kind") == "label"


def is_symmetric(array: xr.DataArray) -> bool:
    """Whether `array` is the same seen from both animals of a pair, so that a pair counts once."""
    return "partner" in array.dims and UNORDERED.items() <= array.attrs.items()


def check_categories(array: xr.DataArray) -> None:
    """Refuse a category below 0, which would be unknown in a store.

    Raises
    ------
    DataError
        There is one among the `flag_values`.
    """
    below = [int(n) for n in np.atleast_1d(array.attrs.get("flag_values", ())) if n < 0]
    if below:
        raise DataError(
            f"{array.name} has a category {below[0]}; numbers below 0 stand for unknown: give it "
            "one of its own, from 0 on, in the values and in flag_values."
        )
