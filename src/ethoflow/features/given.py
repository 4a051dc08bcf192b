"""Arrays that a user gives beside the names of features: brought into a dataset, or refused."""

from __future__ import annotations

from collections.abc import Container

import xarray as xr

from ethoflow.engine import declarations
from ethoflow.errors import DataError, WrongUse, listed
from ethoflow.schema import COORDINATES, VARIABLES

SHARED = ("recording", "individual", "time")
"""Dims along which an array must have what the dataset has."""


def add_array(ds: xr.Dataset, array: xr.DataArray) -> tuple[xr.Dataset, str]:
    """`ds` with an array in it, and the name it has there.

    Raises
    ------
    WrongUse
        It is no array along time.
    DataError
        It is of other recordings, animals or frames: nothing is dropped, or filled with missing.
    """
    if not isinstance(array, xr.DataArray):
        raise WrongUse(
            f"needed names of features or xarray DataArrays, found {type(array).__name__}."
        )
    name = str(array.name or "values")
    if "time" not in array.dims:
        raise WrongUse(f"{name} has no dim time; it has: {', '.join(map(str, array.dims))}.")
    for dim in SHARED:
        _check_same(ds, array, dim, name)
    taken = {*map(str, ds.variables), *declarations(), *VARIABLES, *COORDINATES}
    _check_partners(ds, array, name)
    if "partner" in array.coords and not _same(_partners_of(ds), array, "partner"):
        array = array.sel(partner=ds.individual.values)
    name = _free(name, taken)
    array, renamed = array.rename(name), {}
    for dim in map(str, array.dims):
        other = dim in ds.dims and dim not in SHARED and not _same(ds, array, dim)
        if other and dim != "partner":
            renamed[dim] = _free(dim, {*taken, *map(str, array.dims)})
    array = array.rename(renamed) if renamed else array
    units = str(array.attrs.get("units", ""))
    if not units:
        raise DataError(f"{name} has no units: set {name}.attrs['units'], '1' for plain numbers.")
    return ds.assign({name: array.reset_coords(drop=True)}), name


def _free(name: str, taken: Container[str]) -> str:
    """`name`, with a number behind it where it is taken."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _check_same(ds: xr.Dataset, array: xr.DataArray, dim: str, name: str) -> None:
    if dim not in array.dims:
        if dim == "recording" and dim in ds.dims:
            raise DataError(f"{name} is of one recording; the dataset has {ds.sizes[dim]}.")
        return
    if dim not in ds.dims:
        raise DataError(f"{name} has the dim {dim}, which the dataset does not have.")
    if array.sizes[dim] != ds.sizes[dim]:
        raise DataError(
            f"{name} has {array.sizes[dim]:,} along {dim}, the dataset {ds.sizes[dim]:,}: give it "
            "for all of them, and no others."
        )
    if dim in array.coords and dim in ds.coords:
        here, there = list(map(str, ds[dim].values)), list(map(str, array[dim].values))
        if sorted(here) != sorted(there) or (dim == "time" and here != there):
            raise DataError(
                f"{name} is of another {dim}: {listed(there, 3)}; the dataset has "
                f"{listed(here, 3)}."
            )


def _check_partners(ds: xr.Dataset, array: xr.DataArray, name: str) -> None:
    if "partner" not in array.dims or "partner" not in array.coords or "individual" not in ds:
        return
    partners, there = ({str(n) for n in one.values} for one in (array.partner, ds.individual))
    if partners != there:
        raise DataError(
            f"{name} has the partners {listed(sorted(partners))}, the dataset the individuals "
            f"{listed(sorted(there))}: give pairs of the same animals."
        )


def _partners_of(ds: xr.Dataset) -> xr.Dataset:
    """The individuals as partners of each other."""
    return xr.Dataset(coords={"partner": [str(name) for name in ds.individual.values]})


def _same(ds: xr.Dataset, array: xr.DataArray, dim: str) -> bool:
    if ds.sizes[dim] != array.sizes[dim]:
        return False
    if dim not in ds.coords or dim not in array.coords:
        return dim not in array.coords
    return list(map(str, ds[dim].values)) == list(map(str, array[dim].values))
