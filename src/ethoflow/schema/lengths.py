"""The unit that the lengths of a dataset are in."""

from __future__ import annotations

import xarray as xr

from ethoflow.errors import DataError
from ethoflow.schema.variables import VARIABLES
from ethoflow.units import length_in


def position_units(ds: xr.Dataset) -> str:
    """Units of `position`: ``"px"`` or a length. Without positions, what features are made of.

    Raises
    ------
    DataError
        There are no positions, and the features are in several lengths.
    """
    if "position" in ds.variables:
        return str(ds.variables["position"].attrs.get("units", "px"))
    lengths: dict[str, list[str]] = {}
    for name in ds.data_vars:
        array = ds.variables[name]
        length, _ = length_in(str(array.attrs.get("units", "")))
        # What is noted of a whole recording, such as the height of a camera, may be in any unit.
        if length and (name in VARIABLES or set(array.dims) - {"recording"}):
            lengths.setdefault(length, []).append(str(name))
    if len(lengths) > 1:
        found = "; ".join(f"{', '.join(names)} in {length}" for length, names in lengths.items())
        raise DataError(
            f"the lengths of these data are of several kinds: {found}. Choose those of one kind, "
            "or convert them and their attribute units."
        )
    return next(iter(lengths), "px")
