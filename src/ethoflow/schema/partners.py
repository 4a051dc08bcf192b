"""Partners of pairs: which animal each place along the dim `partner` is."""

from __future__ import annotations

import xarray as xr

from ethoflow.errors import DataError


def align_partners(ds: xr.Dataset) -> xr.Dataset:
    """`ds` with the partners of its pairs in the order of its individuals, joined by name.

    Pairs whose partner is no longer among the partners are unknown; partners that are no longer
    among the individuals make no pair with them.

    Raises
    ------
    DataError
        Partners have no names, and are not as many as the individuals.

    Examples
    --------
    >>> import numpy as np
    >>> near = ("individual", "partner"), np.array([[np.nan, 1], [2, np.nan]])
    >>> ds = xr.Dataset({"near": near}, {"individual": ["a", "b"], "partner": ["b", "a"]})
    >>> align_partners(ds).near.values.tolist()
    [[1.0, nan], [nan, 2.0]]
    """
    if "partner" not in ds.dims or "individual" not in ds.dims:
        return ds
    if "partner" not in ds.coords or "individual" not in ds.coords:
        if ds.sizes["partner"] != ds.sizes["individual"]:
            raise DataError(
                f"{ds.sizes['individual']} individuals and {ds.sizes['partner']} partners that "
                "have no names: give the coordinates individual and partner."
            )
        return ds
    names = [str(name) for name in ds.individual.values]
    partners = [str(name) for name in ds.partner.values]
    if partners == names:
        return ds
    if sorted(partners) == sorted(names):
        return ds.isel(partner=[partners.index(name) for name in names])
    return ds.assign_coords(partner=partners).reindex(partner=names)
