"""What the animals of a recording do in each frame: present, absent or unknown, by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.labels.categories import (
    UNKNOWN,
    Categories,
    encode_label,
    is_category,
    short_categories,
)
from ethoflow.labels.places import further_dims, names_along
from ethoflow.labels.runs import label_names
from ethoflow.one_recording import labels_of
from ethoflow.origin import origins
from ethoflow.schema import Data, DataError, first_frame

GONE = UNKNOWN + 2
"""Stands for frames that the labels do not have at all."""


@dataclass(frozen=True)
class Slot:
    """What one animal may do: a label, or a variable whose categories exclude each other.

    Attributes
    ----------
    variable
        Name of the variable.
    at
        Places along its further dims, by dim.
    name
        What stands on it.
    members
        Names of the categories by number; of a label that of 1.
    """

    variable: str
    at: tuple[tuple[str, int], ...]
    name: str
    members: dict[int, str]
    is_category: bool

    @property
    def short(self) -> dict[str, str]:
        """The categories as they stand behind the name."""
        return short_categories(self.variable, self.members.values())


def labels_beside(labels: Data, ds: xr.Dataset) -> xr.Dataset:
    """Labels of the frames and animals of one recording of tracks, in their order.

    Frames that the labels lack are unknown.

    Raises
    ------
    DataError
        They are of another recording, other animals, another rate or another clock.
    """
    found = labels_of(labels, ds)
    _check_clock(found, ds)
    return found


def _check_clock(labels: xr.Dataset, ds: xr.Dataset) -> None:
    """Refuse labels whose frames are not those of the tracks."""
    if abs(float(labels.fps) / float(ds.fps) - 1) > 1e-6:
        raise DataError(
            f"the labels have {float(labels.fps):g} frames per second and the tracks "
            f"{float(ds.fps):g}: read them on the frames of the tracks, as in "
            "ef.read_labels(file, like=tracks)."
        )
    one, other = float(origins(labels)[0]), float(origins(ds)[0])
    if abs(one - other) * float(ds.fps) > 0.5:
        raise DataError(
            f"time 0 of the labels is second {one:g} of the recording's clock, that of the tracks "
            f"second {other:g}: read the labels on the frames of the tracks, as in "
            "ef.read_labels(file, like=tracks)."
        )


def slots_of(labels: xr.Dataset) -> list[Slot]:
    """Everything that one animal may do, in the order of the variables."""
    names = label_names(labels)
    found = []
    for name in names:
        array = labels[name]
        if is_category(array):
            kinds = Categories.of(array)
            codes = () if kinds.codes is not None else np.unique(
                kinds.encode(np.asarray(array.values))).tolist()  # fmt: skip
            members = kinds.members([code for code in codes if code != UNKNOWN])
        else:
            members = {1: name}
        dims = further_dims(labels, [name])
        along = [names_along(labels, dim) for dim in dims]
        for place in np.ndindex(*(labels.sizes[dim] for dim in dims)):
            said = [name, *(str(every[i]) for every, i in zip(along, place, strict=True))]
            at = tuple(zip(dims, place, strict=True))
            found.append(Slot(name, at, " ".join(said), members, is_category(array)))
    return found


def states_of(
    labels: xr.Dataset, slots: list[Slot], ds: xr.Dataset, start: int, stop: int
) -> Array:
    """Number of the category of each animal of the tracks, dims (individual, slot, time).

    1 and 0 of labels; `UNKNOWN` where nobody knows, `GONE` where the animal has no such label. What
    an animal does with any other counts.

    Parameters
    ----------
    labels
        As `labels_beside` gives them.
    slots
        What they may do.
    ds
        The tracks.
    start, stop
        From which frame of `ds` on, and to which.
    """
    animals = [str(slot) for slot in ds.individual.values]
    shift = first_frame(ds) - first_frame(labels)
    found = np.full((len(animals), len(slots), stop - start), UNKNOWN, np.int64)
    low, high = max(start + shift, 0), min(stop + shift, labels.sizes["time"])
    others = [str(slot) for slot in labels.individual.values] if "individual" in labels.dims else []
    part = labels.isel(time=slice(low, max(high, low)))
    for number, slot in enumerate(slots):
        array = part[slot.variable].isel(dict(slot.at))
        for row, animal in enumerate(animals):
            if "individual" not in array.dims:
                own = array
            elif animal in others:
                own = array.isel(individual=others.index(animal))
            else:
                found[row, number] = GONE
                continue
            state = _encode(slot, own, animal)
            found[row, number, low - shift - start : low - shift - start + len(state)] = state
    return found


def _encode(slot: Slot, array: xr.DataArray, animal: str) -> Array:
    """States along time; of a pair's label those of all partners together."""
    if "partner" in array.dims:
        partners = [i for i, name in enumerate(array.partner.values) if str(name) != animal]
        array = array.isel(partner=partners).transpose("partner", "time")
        states = [_numbers(slot, one) for one in array.values]
        return _any(np.stack(states)) if states else np.full(array.sizes["time"], UNKNOWN)
    return _numbers(slot, array.values)


def _numbers(slot: Slot, values: Array) -> Array:
    if slot.is_category:
        kinds = Categories(slot.variable, tuple(slot.members), tuple(slot.members.values()))
        return kinds.encode(values)
    return np.asarray(encode_label(slot.variable, values), np.int64)


def _any(states: Array) -> Array:
    """1 where any is, else unknown where any is unknown."""
    unknown = (states == UNKNOWN).any(axis=0)
    return np.where((states == 1).any(axis=0), 1, np.where(unknown, UNKNOWN, 0))
