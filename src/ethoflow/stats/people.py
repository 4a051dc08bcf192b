"""Who is in a dataset: a row per recording and animal, with what is known of both."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.names import name_aside
from ethoflow.schema import COORDINATES


def seats_of(ds: xr.Dataset) -> tuple[dict[str, int], dict[str, Array]]:
    """Sizes of recordings and slots, and the names of both and of who sits there, one per seat."""
    names = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ["recording"]
    slots = ds.individual.values.astype(str)
    lead = {"recording": len(names), "individual": len(slots)}
    places = np.tile(slots, len(names))
    seats = spread_over(ds.animal, lead).ravel() if "animal" in ds.coords else places
    recordings = np.repeat(np.asarray(names).astype(str), len(slots))
    return lead, {"recording": recordings, "individual": places, "animal": seats}


def as_cohort(ds: xr.Dataset) -> xr.Dataset:
    """`ds` with the dim recording; one that has no name is called so, as in tables of labels."""
    if "recording" in ds.dims:
        return ds
    named = ds if "recording" in ds.coords else ds.assign_coords(recording="recording")
    return named.expand_dims("recording")


def add_metadata(table: dict[str, Array], ds: xr.Dataset, lead: Mapping[str, int]) -> None:
    """Columns of what was said of recordings and animals, behind those that are there."""
    for key, coord in ds.coords.items():
        if key not in COORDINATES and key not in ds.dims and set(coord.dims) <= set(lead):
            table[name_aside(key, table)] = spread_over(coord, lead).ravel()


def spread_over(array: xr.DataArray, lead: Mapping[str, int]) -> Array:
    """Values with the dims recording and individual, the same where the array lacks one."""
    ordered = array.transpose(*(dim for dim in lead if dim in array.dims))
    shape = [size if dim in array.dims else 1 for dim, size in lead.items()]
    return np.broadcast_to(ordered.values.reshape(shape), tuple(lead.values()))


def list_people(ds: xr.Dataset) -> pd.DataFrame:
    """A row per recording and animal, with the metadata of both; empty slots are left out.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> list_people(simulate.still_then_running()).columns.tolist()[:3]
    ['recording', 'individual', 'animal']
    """
    lead, table = seats_of(ds)
    add_metadata(table, ds, lead)
    people = pd.DataFrame({name: values[table["animal"] != ""] for name, values in table.items()})
    return people
