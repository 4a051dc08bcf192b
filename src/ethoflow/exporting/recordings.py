"""One recording as it goes out: its own frames and animals, and what is unknown of its labels."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr

from ethoflow.exporting.declare import ExportNote
from ethoflow.labels.runs import is_behaviour
from ethoflow.origin import clock_frame
from ethoflow.schema import own_frames, text


def cut_recording(ds: xr.Dataset, row: int = 0) -> xr.Dataset:
    """One recording without the padding of shorter ones, with the names of partners in pairs."""
    ds = ds.isel(recording=row) if "recording" in ds.dims else ds
    ds = own_frames(ds) if "time" in ds.dims else ds
    if "individual" not in ds.dims:
        # Labels of all animals together: their one place has no name.
        nobody = ("individual", text([""]))
        ds = ds.drop_vars("animal", errors="ignore").assign_coords(individual=nobody, animal=nobody)
    if "partner" in ds.dims and "animal" in ds.coords:
        known = dict(zip(map(str, ds.individual.values), map(str, ds.animal.values), strict=True))
        partners = [known.get(str(slot), str(slot)) for slot in ds.partner.values]
        ds = ds.assign_coords(partner_animal=("partner", text(partners)))
    return ds


def find_seats(ds: xr.Dataset) -> list[int]:
    """Slots of one recording that an animal sits in; all where nobody is named."""
    animals = ds.animal.values if "animal" in ds.coords else ds.individual.values
    return np.flatnonzero(animals != "").tolist() or list(range(ds.sizes["individual"]))


def note_unknown(ds: xr.Dataset, name: str, program: str, level: int) -> None:
    """Say how much of the labels a program that knows bouts alone will take for absent."""
    labels = [array for array in ds.data_vars.values() if is_behaviour(array)]
    if not labels:
        return
    known = [_without_self(array, ds) for array in labels]
    first = clock_frame(ds)
    unknown = sum(int(np.isnan(values).sum()) for values in known)
    n_frames = sum(values.size for values in known)
    lost = []
    if first:
        lost.append(f"the {first} frames before these data were not scored")
    if unknown:
        lost.append(f"{unknown / n_frames:.1%} of the labels are unknown")
    if lost:
        warnings.warn(
            f"{name}: {', and '.join(lost)}; {program} has no such state and reads them as absent.",
            ExportNote,
            stacklevel=level + 1,
        )


def _without_self(
    label: xr.DataArray, ds: xr.Dataset
) -> np.ndarray[tuple[int, ...], np.dtype[np.floating]]:
    """Values of a label; of pairs those of two animals, as nobody does anything with itself."""
    if "partner" not in label.dims:
        return np.asarray(label.values)
    pairs = label.transpose("individual", "partner", ...).values
    return np.asarray(pairs[ds.individual.values[:, None] != ds.partner.values[None, :]])
