"""The one recording that a picture or a video shows: who is in it, and what is drawn of them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import listed
from ethoflow.schema import Data, DataError, as_dataset, count_frames
from ethoflow.short_names import short_names
from ethoflow.skeleton import SEGMENTS


def one_recording(data: Data) -> xr.Dataset:
    """The dataset of a single recording, without padding and without the dim `recording`.

    Raises
    ------
    DataError
        There are several.
    """
    ds = as_dataset(data)
    if ds.sizes.get("recording", 1) != 1:
        names = [str(name) for name in ds.recording.values[:3]]
        raise DataError(
            f"a picture shows one recording, found {ds.sizes['recording']}: choose one with "
            f".sel(recording={names[0]!r})."
        )
    if "recording" in ds.dims:
        ds = ds.isel(recording=0)
    if "n_frames" in ds.coords and "time" in ds.dims:
        # Taken out of a cohort a recording keeps its padding; n_frames says where it ends.
        one = ds.expand_dims("recording") if "recording" in ds.coords else ds
        one = one.assign_coords(n_frames=("recording", np.atleast_1d(ds.n_frames.values)))
        ds = ds.isel(time=slice(0, int(count_frames(one)[0])))
    return ds


def labels_of(labels: Data, ds: xr.Dataset) -> xr.Dataset:
    """Labels of the recording and animals that `ds` is of: tracks, or features.

    Raises
    ------
    DataError
        They are of another recording, or of other animals.
    """
    found = as_dataset(labels)
    mine = str(ds.recording.values) if "recording" in ds.coords else ""
    if "recording" in found.dims and mine:
        names = [str(name) for name in found.recording.values]
        if mine not in names:
            raise DataError(
                f"the labels have no recording {mine!r}: they are of {listed(names, 5)}."
            )
        found = found.isel(recording=names.index(mine))
    found = one_recording(found)
    theirs = str(found.recording.values) if "recording" in found.coords else ""
    if mine and theirs and mine != theirs:
        raise DataError(f"the labels are of the recording {theirs!r}, the tracks of {mine!r}.")
    if "individual" in found.dims and "individual" in ds.coords:
        slots = [str(slot) for slot in np.atleast_1d(ds.individual.values)]
        others = [str(slot) for slot in found.individual.values]
        if not set(others) & set(slots):
            raise DataError(
                f"the labels are of {listed(others)} and the tracks of {listed(slots)}: rename one "
                "of them, as in labels.assign_coords(individual=...)."
            )
        _check_animals(found, ds)
    return found


def _check_animals(labels: xr.Dataset, ds: xr.Dataset) -> None:
    """Refuse labels in whose slots others sit than in those of the tracks."""
    if "animal" not in labels.coords or "animal" not in ds.coords:
        return
    theirs = dict(zip(labels.individual.values, labels.animal.values, strict=True))
    seats = (np.atleast_1d(ds[name].values) for name in ("individual", "animal"))
    for slot, animal in zip(*seats, strict=True):
        other = str(theirs.get(slot, ""))
        if other and str(animal) and other != str(animal):
            raise DataError(
                f"{slot} is {str(animal)!r} in the tracks and {other!r} in the labels: they are of "
                "other animals, or their slots were exchanged."
            )


def recording_title(ds: xr.Dataset) -> str:
    """Name of the recording, short enough for a title."""
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    name = short_names([name])[name]
    return name if len(name) <= 70 else f"{name[:40]}…{name[-28:]}"


def animal_names(ds: xr.Dataset) -> dict[int, str]:
    """Who sits in each slot of one recording, without slots that only other recordings fill."""
    found = {}
    for i, slot in enumerate(ds.individual.values):
        name = str(ds.animal.values[i]) if "animal" in ds.coords else str(slot)
        if name == "" and bool(ds.position.isel(individual=i).isnull().all()):
            continue
        found[i] = name or str(slot)
    return found


def arena_outline(ds: xr.Dataset) -> Array | None:
    """Corners of the arena, closed; None where it is not known."""
    if "arena" not in ds:
        return None
    corners = np.asarray(ds.arena.values)
    corners = corners[~np.isnan(corners[:, 0])]
    return np.concatenate([corners, corners[:1]]) if len(corners) else None


def links_of(ds: xr.Dataset) -> list[tuple[int, int]]:
    """Places of body parts that a line is drawn between."""
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    return [(roles.index(a), roles.index(b)) for a, b in SEGMENTS if a in roles and b in roles]


def nose_of(ds: xr.Dataset) -> int | None:
    """Place of the nose among the body parts."""
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    return roles.index("nose") if "nose" in roles else None
