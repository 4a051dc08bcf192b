"""Several groups of a store, or several datasets, as one: aligned by name, or refused."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ethoflow.labels.alignment import Part, Recordings, align
from ethoflow.labels.runs import is_behaviour
from ethoflow.names import name_aside
from ethoflow.schema import Data, DataError, as_dataset

BOOKKEEPING = ("digest", "source_file")
"""Coordinates that say where something was read from, and nothing of the recording."""

COMPARED = ("fps", "origin")
"""Coordinates whose values were compared before, as numbers."""

MAKERS = ("label_source", "rater")
"""Attributes that say who made labels."""


def join(*data: Data, recordings: Recordings = "same") -> xr.Dataset:
    """One dataset of several groups of a store, or of several datasets of the same recordings.

    ``ef.join(tree["poses"], tree["features"], tree["labels/human"])`` has the variables of all
    three. Recordings, animals, body parts and other places are aligned by their names. Nothing is
    computed. Bookkeeping (name and digest of the files) is that of the first; labels keep who made
    them in their own attributes.

    Parameters
    ----------
    data
        Datasets, or nodes of a store.
    recordings
        ``"same"``: all have the same recordings, or it is an error. ``"all"``: where one lacks a
        recording its variables are missing (labels unknown) there.

    Raises
    ------
    DataError
        A variable is in two of them; or their recordings, animals, body parts, frames, frame rates,
        clocks or metadata differ.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> poses = simulate.still_then_running()
    >>> sorted(join(poses, annotate(poses, ["moving"])))
    ['confidence', 'moving', 'position']
    """
    if not data:
        raise DataError("nothing was given to join.")
    parts = [Part(as_dataset(item), _called(item, i)) for i, item in enumerate(data, 1)]
    parts = align(parts, recordings)
    variables = _variables(parts)
    coords = {
        name if name in coord.dims else name_aside(name, variables): coord
        for name, coord in _coordinates(parts).items()
    }
    return as_dataset(xr.Dataset(variables, coords=coords, attrs=_attributes(parts)))


def _called(item: Data, place: int) -> str:
    path = item.path.strip("/") if isinstance(item, xr.DataTree) else ""
    return path or f"dataset {place}"


def _variables(parts: Sequence[Part]) -> dict[Hashable, xr.Variable]:
    """The variables of all, each of one."""
    found: dict[Hashable, xr.Variable] = {}
    owners: dict[Hashable, str] = {}
    for part in parts:
        makers = {key: part.ds.attrs[key] for key in MAKERS if key in part.ds.attrs}
        for name, array in part.ds.data_vars.items():
            variable = array.variable
            if name in found and not _is_one(found[name], variable):
                raise DataError(
                    f"{name} is in {owners[name]} and in {part.name}: leave it out of one with "
                    f".drop_vars({name!r}), or give it another name there with "
                    f".rename({name}='...'); .to_dataset() makes a dataset of a node."
                )
            if is_behaviour(array):
                variable = variable.copy(deep=False)
                variable.attrs = {**makers, **variable.attrs}
            found.setdefault(name, variable)
            owners.setdefault(name, part.name)
    return found


def _is_one(one: xr.Variable, other: xr.Variable) -> bool:
    """Whether two variables are one: the same array, or small ones with the same values."""
    if one.dims != other.dims or one.attrs.get("units") != other.attrs.get("units"):
        return False
    names = [getattr(variable._data, "name", None) for variable in (one, other)]
    if None not in names:
        return bool(names[0] == names[1])
    if names != [None, None]:
        return False
    return one._data is other._data or ("time" not in one.dims and _same(one.values, other.values))


def _coordinates(parts: Sequence[Part]) -> dict[Hashable, xr.Variable]:
    """The coordinates of all, of each recording from the first that has it."""
    found: dict[Hashable, xr.Variable] = {}
    for name in dict.fromkeys(name for part in parts for name in part.ds.coords):
        own = [part for part in parts if name in part.ds.coords]
        first = own[0].ds[name].variable
        if name in own[0].ds.indexes or len(own) == 1:
            found[name] = first
        elif "recording" in first.dims:
            found[name] = _by_recording(str(name), own)
        elif name in (*BOOKKEEPING, *COMPARED):
            found[name] = first
        else:
            for part in own[1:]:
                _check_same(str(name), own[0], part, first, part.ds[name].variable)
            found[name] = first
    return found


def _by_recording(name: str, parts: Sequence[Part]) -> xr.Variable:
    """A coordinate of every recording, the same in all that have the recording."""
    variable = parts[0].ds[name].transpose("recording", ...).variable
    values = np.array(variable.values, object if variable.dtype.kind in "OUT" else None)
    owners = {name: parts[0] for _, name in parts[0].rows()}
    is_free = name in (*BOOKKEEPING, *COMPARED)
    for part in parts[1:]:
        given = part.ds[name].variable
        for row, recording in part.rows():
            if is_free and (given.dims != variable.dims or recording in owners):
                continue
            if given.dims != variable.dims or recording in owners:
                here = xr.Variable(variable.dims[1:], values[row])
                there = given[row] if given.dims == variable.dims else given
                _check_same(name, owners.get(recording, parts[0]), part, here, there, recording)
            else:
                values[row] = given.values[row]
                owners[recording] = part
    return xr.Variable(variable.dims, values, variable.attrs)


def _check_same(
    name: str, first: Part, part: Part, one: xr.Variable, other: xr.Variable, recording: str = ""
) -> None:
    if one.dims == other.dims and _same(one.values, other.values):
        return
    of = f" of {recording}" if recording else ""
    raise DataError(
        f"{name}{of} differs between {first.name} and {part.name}: {_shown(one)} and "
        f"{_shown(other)}. Make one of them anew, or leave it out there with "
        f".drop_vars({name!r}); .to_dataset() makes a dataset of a node."
    )


def _shown(variable: xr.Variable) -> str:
    values = np.ravel(variable.values)
    return ", ".join(str(v) or "nobody" for v in values[:4]) + (", ..." if len(values) > 4 else "")


def _same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether values are the same, whatever holds them; missing is the same as missing."""
    if np.shape(one) != np.shape(other):
        return False
    if one.dtype.kind in "iufb" and other.dtype.kind in "iufb":
        return bool(np.array_equal(one.astype(float), other.astype(float), equal_nan=True))
    return all(
        (pd.isna(a) and pd.isna(b)) or str(a) == str(b)
        for a, b in zip(np.ravel(one), np.ravel(other), strict=True)
    )


def _attributes(parts: Sequence[Part]) -> dict[Any, Any]:
    """Attributes on which all that have them agree."""
    found: dict[Any, Any] = {}
    differing = set()
    for part in parts:
        for name, value in part.ds.attrs.items():
            if name in found and not np.array_equal(np.asarray(found[name]), np.asarray(value)):
                differing.add(name)
            found.setdefault(name, value)
    return {name: value for name, value in found.items() if name not in differing}
