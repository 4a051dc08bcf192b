"""Which condition a stretch is of, and as many stretches of each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, UnknownName, listed, no_such

T = TypeVar("T")
OF = ("recording", "individual")


def conditions_of(ds: xr.Dataset, name: str) -> Array:
    """The condition of every animal of every recording as text, dims (recording, individual).

    Raises
    ------
    UnknownName
        Nothing of that name is noted about recordings or animals.
    DataError
        A recording has none.
    """
    known = [str(n) for n, c in ds.coords.items() if {*c.dims} <= {*OF} and n not in OF]
    if name not in known:
        raise UnknownName(no_such("metadata of recordings or animals", name, sorted(known)))
    sizes = {dim: ds.sizes.get(dim, 1) for dim in OF}
    of = ds[name].reset_coords(drop=True)
    found = of.expand_dims({d: n for d, n in sizes.items() if d not in of.dims}).transpose(*OF)
    there = animals_of(ds, sizes)
    values = np.where(found.isnull().values, "", found.values.astype(str).astype(object))
    lacks = np.flatnonzero(((values == "") & there).any(axis=1))
    if lacks.size:
        names = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else lacks
        raise DataError(
            f"balance={name!r}: {listed([str(names[row]) for row in lacks], 3)} has no {name}. "
            "Fill it in, or leave out what has none."
        )
    return values


def animals_of(ds: xr.Dataset, sizes: dict[str, int]) -> Array:
    """Where there is an animal, bool (recording, individual)."""
    from ethoflow.engine.windows import seats_of

    there = np.ones(tuple(sizes.values()), bool)
    for row, seats in enumerate(seats_of(ds)):
        there[row] = np.isin(np.arange(there.shape[1]), seats)
    return there


def take_turns(queues: Sequence[Sequence[T]], most: int) -> list[T]:
    """Items of the queues in turn, `most` at most.

    Examples
    --------
    >>> take_turns([[1, 2, 3], [10]], 3)
    [1, 10, 2]
    """
    longest = max(map(len, queues), default=0)
    turns = (queue[turn] for turn in range(longest) for queue in queues if turn < len(queue))
    return list(islice(turns, most))


def take_alike(groups: Sequence[Sequence[Sequence[T]]], most: int) -> list[T]:
    """As many items of every group of queues as the smallest has, `most` at most.

    Examples
    --------
    >>> take_alike([[[1, 2], [3]], [[10, 20]]], 10)
    [1, 3, 10, 20]
    """
    smallest = min((sum(map(len, queues)) for queues in groups), default=0)
    each = min(smallest, max(most // max(len(groups), 1), 1))
    return [item for queues in groups for item in take_turns(queues, each)]
