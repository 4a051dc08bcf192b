"""The dataset behind what a function is given: checked, with its dims in canonical order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import xarray as xr

from ethoflow.errors import DataError
from ethoflow.real import check_real
from ethoflow.schema.coordinates import text
from ethoflow.schema.dims import ordered
from ethoflow.schema.frames import check_time
from ethoflow.schema.marks import OF_ALL
from ethoflow.schema.variables import VARIABLES

Data: TypeAlias = xr.Dataset | xr.DataTree


def as_dataset(data: Data, *, needs: Sequence[str] = ()) -> xr.Dataset:
    """The checked dataset behind `data`, its dims and coordinates x, y, z in canonical order.

    Parameters
    ----------
    data
        A Dataset, or the DataTree node that holds one.
    needs
        Names of variables that must be there.

    Raises
    ------
    DataError
        No dataset, a variable is missing, or time and fps contradict each other.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow.schema import make_tracks
    >>> ds = make_tracks(np.zeros((1, 1, 2, 9)), fps=30, bodyparts=["nose"])
    >>> as_dataset(ds.transpose("time", ...)).position.dims
    ('individual', 'bodypart', 'space', 'time')
    """
    if isinstance(data, xr.DataTree):
        data = data.to_dataset()
    if not isinstance(data, xr.Dataset):
        raise TypeError(f"needed an xarray Dataset or a DataTree node, found {type(data).__name__}")
    missing = [name for name in needs if name not in data.variables]
    if missing:
        raise DataError(
            f"needed the variable {', '.join(missing)}; this dataset has: "
            f"{', '.join(map(str, data.data_vars)) or 'none'}."
        )
    check_time(data)
    data = _load_names(_mark_shared(_restore_individual(data)))
    _check_position(data)
    _check_names(data)
    data = _in_order(data)
    dims = ordered(data.dims)
    turned = any(v.dims != tuple(d for d in dims if d in v.dims) for v in data.variables.values())
    return data.transpose(*dims) if turned else data


def _restore_individual(ds: xr.Dataset) -> xr.Dataset:
    """One animal picked by its name is still a dataset of individuals, of one.

    Once it is picked, a variable that had the dim `individual` and one that never had it look
    alike. What is marked as of all animals (`OF_ALL`) stays theirs: results of functions of a
    group, and what any function of ours was given without the dim, so also all that is stored.
    Anything else is taken as the animal's: labels by hand, straight from where they were made,
    mostly are, and a list, ``ds.sel(individual=["a"])``, leaves no doubt.
    """
    if "individual" not in ds.coords or "individual" in ds.dims or ds["individual"].ndim:
        return ds
    shared = {name for name, variable in VARIABLES.items() if "individual" not in variable.dims}
    shared |= {str(n) for n, v in ds.data_vars.items() if OF_ALL.items() <= v.attrs.items()}
    own = [name for name in (*ds.data_vars, "animal") if name in ds and name not in shared]
    expanded = {name: ds[name].variable.expand_dims("individual") for name in own}
    slots = xr.Variable("individual", text([ds.individual.item()]))
    return ds.drop_vars("individual").assign(expanded).assign_coords(individual=slots)


def _mark_shared(ds: xr.Dataset) -> xr.Dataset:
    """What all animals share is marked while it can be told: beside a dim that it lacks."""
    if "individual" not in ds.dims:
        return ds
    shared = [n for n in ds.data_vars if "individual" not in ds.variables[n].dims]
    marked = {n: ds[n].assign_attrs(OF_ALL) for n in shared if n not in VARIABLES}
    return ds.assign(marked) if marked else ds


def _load_names(ds: xr.Dataset) -> xr.Dataset:
    """`Dataset.chunk` makes Dask arrays of names too; what rules look up has to be here."""
    coords = {name: ds.variables[name] for name in ds.coords}
    lazy = {
        name: coord
        for name, coord in coords.items()
        if hasattr(coord._data, "dask") and "time" not in coord.dims
    }
    if not lazy:
        return ds
    here, copied = xr.Dataset(lazy).load(scheduler="synchronous"), ds.copy()
    for name in lazy:
        copied.variables[name].data = here.variables[name].data
    return copied


AXES = ("x", "y", "z")


def _in_order(ds: xr.Dataset) -> xr.Dataset:
    """Coordinates as x, y, z: kernels know them by their places, which a selection may change."""
    if "space" not in ds.indexes or ds.sizes["space"] < 2:
        return ds
    named = [str(name) for name in ds.indexes["space"]]
    wanted = [name for name in AXES if name in named]
    if named == wanted or sorted(named) != wanted:
        return ds
    return ds.isel(space=[named.index(name) for name in wanted])


def _check_names(ds: xr.Dataset) -> None:
    for dim in ("recording", "individual", "bodypart"):
        if dim in ds.indexes and not ds.indexes[dim].is_unique:
            names = ds.indexes[dim]
            twice = ", ".join(sorted({str(name) for name in names[names.duplicated()]}))
            raise DataError(f"two {dim}s have one name: {twice}. Give each its own.")


def _check_position(ds: xr.Dataset) -> None:
    if "position" not in ds.variables:
        return
    position = ds.variables["position"]
    lost = [dim for dim in ("bodypart", "space", "time") if dim not in position.dims]
    if lost:
        raise DataError(
            f"position needs the dimension {' and '.join(lost)}: select with a list or a slice, as "
            "in ds.sel(bodypart=['nose'])."
        )
    check_real(position.dtype, "positions")
