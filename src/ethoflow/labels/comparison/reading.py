"""What a source says: its labels and categories by name, as states of one recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.errors import DataError
from ethoflow.labels.categories import UNKNOWN, Categories, encode, is_category
from ethoflow.labels.comparison.sources import Source
from ethoflow.labels.places import further_dims, names_along
from ethoflow.labels.runs import label_names
from ethoflow.schema import is_symmetric

Place = tuple[str, tuple[tuple[str, str], ...]]
"""A variable, and the names of its place along its further dims."""


@dataclass(frozen=True)
class Reading:
    """The labels of a source and its variables of categories, by the names they are compared by.

    Attributes
    ----------
    source
        Where they are from.
    flags
        What each label is made of: it is there where any of these is.
    kinds
        Every variable of categories, and the names of its numbers.
    """

    source: Source
    flags: Mapping[str, Sequence[Place]]
    kinds: Mapping[str, tuple[Place, Mapping[int, str]]]

    def flag(self, ds: xr.Dataset, name: str) -> xr.DataArray | None:
        """A label of a recording as 1, 0, -1; None where the source says nothing of it."""
        found = (_at(ds, place) for place in self.flags[name])
        states = [state for state in found if state is not None]
        if len(states) < 2:
            return states[0] if states else None
        together = xr.concat(states, "one_of", join="exact", coords="minimal", compat="override")
        marks = states[0].attrs if all(map(is_symmetric, states)) else {}
        return any_of(together, ("one_of",)).assign_attrs(marks)

    def category(self, ds: xr.Dataset, kind: str, name: str) -> xr.DataArray | None:
        """One category of a variable as a label."""
        codes = self.codes(ds, kind, [name])
        return None if codes is None else (codes + 1).astype(np.int8).assign_attrs(codes.attrs)

    def codes(self, ds: xr.Dataset, kind: str, names: Sequence[str]) -> xr.DataArray | None:
        """Places of the categories in `names`, -1 for others and -2 for unknown."""
        place, members = self.kinds[kind]
        state = _at(ds, place)
        if state is None:
            return None
        found = xr.full_like(state, -1, dtype=np.int64)
        for code, name in members.items():
            if name in names:
                found = found.where(state != code, names.index(name))
        return found.where(state != UNKNOWN, -2)

    def names(self) -> list[str]:
        """Labels and variables of categories."""
        return [*self.flags, *self.kinds]

    def all_names(self) -> list[str]:
        """The same, and the categories themselves."""
        return [
            *self.names(),
            *(name for _, members in self.kinds.values() for name in members.values()),
        ]


def read(source: Source, rename: Mapping[str, str]) -> Reading:
    """What a source says, from its metadata; numbers without names are looked for in the data."""
    flags: dict[str, list[Place]] = {}
    kinds: dict[str, tuple[Place, Mapping[int, str]]] = {}
    for part in source.parts:
        for variable in label_names(part):
            array = part[variable]
            for name, place in _places(part, variable):
                called = rename.get(name, name)
                if is_category(array):
                    known = kinds.get(called, (place, {}))[1]
                    members = _members(source, part, variable)
                    named = {code: rename.get(one, one) for code, one in members.items()}
                    if any(known.get(code, one) != one for code, one in named.items()):
                        raise DataError(
                            f"{source.name}: the numbers of {variable} stand for other categories "
                            "in another recording: give all the same flag_meanings."
                        )
                    kinds[called] = place, {**known, **named}
                elif place not in flags.setdefault(called, []):
                    flags[called].append(place)
    return Reading(source, flags, kinds)


def _places(ds: xr.Dataset, variable: str) -> list[tuple[str, Place]]:
    """Names of the labels that a variable is, one for each place along its further dims."""
    dims = further_dims(ds, [variable])
    found = []
    for place in np.ndindex(*(ds.sizes[dim] for dim in dims)):
        cells = [str(names_along(ds, dim)[i]) for dim, i in zip(dims, place, strict=True)]
        found.append(
            ("_".join([variable, *cells]), (variable, tuple(zip(dims, cells, strict=True))))
        )
    return found


def _members(source: Source, part: xr.Dataset, variable: str) -> Mapping[int, str]:
    kind = Categories.of(part[variable])
    if kind.codes is not None:
        return kind.members(())
    found: set[int] = set()
    rows = part.sizes.get("recording", 1)
    for row in range(rows):
        one = part[variable].isel(recording=row) if "recording" in part.dims else part[variable]
        state = kind.encode(one.values)
        found |= set(np.unique(state[state != UNKNOWN]).tolist())
    return kind.members(found)


def _at(ds: xr.Dataset, place: Place) -> xr.DataArray | None:
    """States of a variable at a place, `UNKNOWN` of categories, -1 of labels; None: not there."""
    variable, further = place
    if variable not in ds:
        return None
    array = ds[variable]
    index = {}
    for dim, name in further:
        along = [str(one) for one in names_along(ds, dim)] if dim in array.dims else []
        if name not in along:
            return None
        index[dim] = along.index(name)
    state = encode(array)
    if not is_category(array):
        state = np.where(state == UNKNOWN, -1, state).astype(np.int8)
    return array.copy(data=state).isel(index, drop=True)


def any_of(state: xr.DataArray, dims: Sequence[str]) -> xr.DataArray:
    """1 where any place has it, 0 where all are known not to, -1 otherwise."""
    has, unknown = (state == 1).any(dims), (state == -1).any(dims)
    return has.astype(np.int8).where(has | ~unknown, -1)
