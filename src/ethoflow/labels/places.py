"""Places along the further dims of labels and numbers (regions, raters), and their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array


def further_dims(ds: xr.Dataset, names: Sequence[str]) -> list[str]:
    """Dims of labels beside recordings, animals, pairs and time, in order."""
    usual = {"recording", "individual", "partner", "time"}
    used = {str(dim) for name in names for dim in ds[name].dims} - usual
    return [str(dim) for dim in ds.dims if dim in used]


def names_along(data: xr.Dataset | xr.DataArray, dim: str) -> Array:
    """Names of the places along a dim; their numbers where it has none."""
    names = data[dim]
    return names.values if names.ndim == 1 else np.arange(data.sizes[dim])


def each_place(
    array: xr.DataArray, dims: Sequence[str]
) -> Iterator[tuple[list[str], xr.DataArray]]:
    """Names of every place along some dims of an array, and the array at that place.

    Examples
    --------
    >>> share = xr.DataArray([0.25, 0.75], {"region": ["centre", "wall"]}, name="share")
    >>> [(names, one.item()) for names, one in each_place(share, ["region"])]
    [(['centre'], 0.25), (['wall'], 0.75)]
    """
    names = [names_along(array, dim) for dim in dims]
    for place in np.ndindex(*map(len, names)):
        at = dict(zip(dims, place, strict=True))
        told = [str(along[i]) for along, i in zip(names, place, strict=True)]
        yield told, array.isel(at, drop=True)
