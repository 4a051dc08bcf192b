"""A list of corrections at work: points change hands, what belongs to the animal stays."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array, Declaration, Gives, Input, Kernel
from ethoflow.engine.registry import maker_of
from ethoflow.errors import DataError, listed
from ethoflow.identities.exchanges import Exchange, Timeline, compose, exchanges_of, invert
from ethoflow.identities.rows import exchanges_in
from ethoflow.identities.table import (
    APPLIED,
    BY_HAND,
    Edits,
    read_edits,
    tabulate,
)
from ethoflow.schema import VARIABLES, Data, as_dataset, count_frames, first_frame

CHANGE, HOLDER = "exchange_frame", "exchange_holder"
"""Variables that say what was exchanged: from which frame on, and whose points each animal got."""


def swap_identities(data: Data, edits: Edits | Sequence[Edits]) -> xr.Dataset:
    """Tracks with the identities corrected that a list of corrections exchanges, lazily.

    All that was tracked of an animal (positions, confidence, ...) changes hands together; names and
    metadata of the animals stay. What was exchanged is kept in ``exchange_frame`` and
    ``exchange_holder``, on which everything computed later depends; `restore_identities` takes it
    back. Rows that are not accepted change nothing, and a list without any gives the same dataset.

    Parameters
    ----------
    data
        Tracks, before anything is computed from them.
    edits
        A table of `find_swaps`, or a file or table as `read_edits` takes; or several.

    Raises
    ------
    DataError
        A row does not fit the data, contradicts another, is of other tracks or of some body parts
        only; identities were corrected before; or something was computed from the tracks already.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from ethoflow import from_arrays
    >>> ds = from_arrays(np.arange(2.0).repeat(8).reshape(2, 1, 2, 4), fps=1, bodyparts=["nose"])
    >>> edits = pd.DataFrame({"start": [1], "stop": [3], "a": ["individual_0"],
    ...                       "b": ["individual_1"]})
    >>> swap_identities(ds, edits).position.sel(space="x").values[:, 0]
    array([[0., 1., 1., 0.],
           [1., 0., 0., 1.]], dtype=float32)
    """
    ds = as_dataset(data)
    found = check_edits(ds, edits)
    if not found:
        return ds
    if CHANGE in ds or HOLDER in ds:
        raise DataError(
            "the identities of these data were corrected already: put all rows into one list and "
            "apply it to the tracks, or take the corrections back with restore_identities first."
        )
    names = _names_of_tracked(ds)
    timelines = {row: compose(rows, ds.sizes["individual"]) for row, rows in found.items()}
    return _exchange(_describe(ds, timelines), names)


def check_edits(ds: xr.Dataset, edits: Edits | Sequence[Edits]) -> dict[int, list[Exchange]]:
    """The exchanges that lists of corrections make of tracks, by the place of their recording.

    Raises
    ------
    DataError
        As `swap_identities` does.
    """
    is_one = isinstance(edits, pd.DataFrame | str | os.PathLike)
    several: Sequence[Edits] = [edits] if is_one else edits  # type: ignore[list-item, assignment]
    return exchanges_in([(_name_of(one), read_edits(one)) for one in several], ds)


def _name_of(edits: Edits) -> str:
    return "the corrections" if isinstance(edits, pd.DataFrame) else Path(edits).name


def restore_identities(data: Data) -> xr.Dataset:
    """The tracks as they were before `swap_identities`.

    Raises
    ------
    DataError
        Nothing was corrected, or something was computed since.
    """
    ds = _corrected(data)
    names = _names_of_tracked(ds.drop_vars([CHANGE, HOLDER]))
    undone = {row: invert(timeline) for row, timeline in _timelines(ds).items()}
    plain = ds.drop_vars([CHANGE, HOLDER])
    restored = _exchange(_describe(plain, undone), names)
    return restored.drop_vars([CHANGE, HOLDER])


def exchange_alike(data: Data, like: Data) -> xr.Dataset:
    """Tracks with the identities corrected as they were in `like`, which was made of them.

    Raises
    ------
    DataError
        They were corrected already, otherwise than in `like`.
    """
    ds, other = as_dataset(data), as_dataset(like)
    own, wanted = ([n for n in (CHANGE, HOLDER) if n in one] for one in (ds, other))
    if own:
        if own != wanted or any(not ds[n].variable.equals(other[n].variable) for n in own):  # type: ignore[no-untyped-call]
            raise DataError(
                "the identities of these tracks were corrected otherwise than in what was made of "
                "them: take the corrections back with restore_identities, or correct both alike."
            )
        return ds
    if not wanted:
        return ds
    marked = ds.assign({name: other[name].variable for name in wanted})
    return _exchange(marked, _names_of_tracked(ds)).drop_vars(wanted)


def applied_edits(data: Data) -> pd.DataFrame:
    """The corrections that were applied to `data`, as a list.

    Of rows that overlapped it has what came of them: no two rows of one animal overlap.
    """
    ds = _corrected(data)
    last = first_frame(ds) + count_frames(ds)
    known = {"status": APPLIED, "source": BY_HAND}
    found = {
        row: [(one, known) for one in exchanges_of(timeline, int(last[row]))]
        for row, timeline in _timelines(ds).items()
    }
    return tabulate(found, ds)


def count_applied(data: Data) -> str:
    """How much of the data was corrected, in words."""
    ds = as_dataset(data)
    if CHANGE not in ds:
        return "nothing is accepted in it"
    edits = applied_edits(ds)
    seconds = float((edits["stop_frame"] - edits["start_frame"]).sum()) / float(ds.fps)
    n = edits["recording"].nunique()
    return f"{seconds:.4g} s of {n} recording{'' if n == 1 else 's'}"


def _corrected(data: Data) -> xr.Dataset:
    ds = as_dataset(data)
    if CHANGE not in ds or HOLDER not in ds:
        raise DataError("the identities of these data were not corrected by swap_identities.")
    return ds


def _names_of_tracked(ds: xr.Dataset) -> list[str]:
    """Variables that change hands.

    Raises
    ------
    DataError
        There are some that were computed from them, or that are of pairs.
    """
    timed = [
        str(name)
        for name, array in ds.data_vars.items()
        if {"individual", "partner"} & set(array.dims)
    ]
    stuck = [
        name
        for name in timed
        if "partner" in ds[name].dims or (name not in VARIABLES and _is_computed(ds[name]))
    ]
    if stuck:
        raise DataError(
            f"{listed(stuck)} were computed with the identities as they are: correct these first, "
            f"on the tracks, and compute then (or drop them, ds.drop_vars({stuck}))."
        )
    return [name for name in timed if "time" in ds[name].dims]


def _is_computed(array: xr.DataArray) -> bool:
    """Whether a variable follows from the identities; marks of cleaning are the points' own."""
    return maker_of(str(array.name)) is not None or array.attrs.get("kind") in ("label", "category")


def _describe(ds: xr.Dataset, timelines: Mapping[int, Timeline]) -> xr.Dataset:
    """`ds` with what is exchanged, padded with NaN to the most changes of a recording."""
    n, n_rows = ds.sizes["individual"], ds.sizes.get("recording", 1)
    most = max(len(timeline.frames) for timeline in timelines.values())
    change = np.full((n_rows, most), np.nan)
    holder = np.full((n_rows, n, most), np.nan)
    for row, timeline in timelines.items():
        change[row, : len(timeline.frames)] = timeline.frames
        holder[row, :, : len(timeline.frames)] = timeline.holders.T
    lead = ("recording",) if "recording" in ds.dims else ()
    return ds.assign(
        {
            CHANGE: (
                (*lead, "exchange"),
                change if lead else change[0],
                {"units": "1", "long_name": "frame from which on identities are exchanged"},
            ),
            HOLDER: (
                (*lead, "individual", "exchange"),
                holder if lead else holder[0],
                {"units": "1", "long_name": "number of the slot whose points the animal gets"},
            ),
        }
    )


def _timelines(ds: xr.Dataset) -> dict[int, Timeline]:
    n = ds.sizes["individual"]
    frames = ds[CHANGE].values.reshape(-1, ds.sizes["exchange"])
    holders = ds[HOLDER].values.reshape(-1, n, ds.sizes["exchange"])
    found = {}
    for row, starts in enumerate(frames):
        known = ~np.isnan(starts)
        if not known.any():
            continue
        held = holders[row][:, known].T
        if not (np.sort(held, axis=1) == np.arange(n)).all():
            raise DataError(
                "some of the animals whose identities were exchanged are not in these data any "
                "more: take the corrections back before choosing among them."
            )
        found[row] = Timeline(starts[known].astype(np.int64), held.astype(np.int64))
    return found


def exchanged(
    values: Array, time: Array, exchange_frame: Array, exchange_holder: Array, *, fps: float = 1.0
) -> Array:
    """Values of all animals, each with those that it holds at every frame."""
    out = np.array(values)
    known = ~np.isnan(exchange_frame)
    if not known.any():
        return out
    starts, holders = exchange_frame[known], exchange_holder[:, known].T.astype(np.int64)
    # Of the animals that a recording has only these are here: their numbers become places.
    seats = np.sort(holders[0])
    frame = np.rint(time.astype(np.float64) * fps)
    which = np.searchsorted(starts, frame, side="right") - 1
    for change in np.unique(which):
        here = which == change
        for place, held in enumerate(np.searchsorted(seats, holders[change])):
            if held != place:
                out[place][..., here] = values[held][..., here]
    return out


def exchanged_flags(
    values: Array, time: Array, exchange_frame: Array, exchange_holder: Array, *, fps: float = 1.0
) -> Array:
    """The same of flags."""
    flags: Array = exchanged(values, time, exchange_frame, exchange_holder, fps=fps) == 1
    return flags


def exchanged_categories(
    values: Array, time: Array, exchange_frame: Array, exchange_holder: Array, *, fps: float = 1.0
) -> Array:
    """The same of numbers that stand for names."""
    found = exchanged(values, time, exchange_frame, exchange_holder, fps=fps)
    codes: Array = np.nan_to_num(found, nan=-1).astype(np.int16)
    return codes


_EXCHANGE: Mapping[Gives, Kernel] = {
    "number": exchanged,
    "flag": exchanged_flags,
    "category": exchanged_categories,
}


def _exchange(ds: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The variables `names` of a described dataset, exchanged."""
    from ethoflow.engine.lazy import compute_calls
    from ethoflow.engine.resolve import resolve_call  # Dask is heavy

    calls = {name: resolve_call(ds, _declare(ds, name), {}) for name in names}
    arrays = compute_calls(ds, calls)
    new = {
        name: xr.Variable(array.dims, array.variable._data, ds[name].attrs)
        for name, array in arrays.items()
    }
    return ds.assign({name: variable.transpose(*ds[name].dims) for name, variable in new.items()})


def _declare(ds: xr.Dataset, name: str) -> Declaration:
    """The step that exchanges one variable."""
    attrs = ds[name].attrs
    gives: Gives = attrs.get("kind", "number")
    return Declaration(
        _EXCHANGE[gives],
        kind="step",
        dims=tuple(str(dim) for dim in ds[name].dims if dim != "recording"),
        units="position" if name == "position" else "1",
        scope="group",
        gives=gives,
        categories=tuple(str(attrs.get("flag_meanings", "")).split()),
        defaults={},
        inputs=(Input(name, called="values"), Input("time"), Input(CHANGE), Input(HOLDER)),
        replaces=name,
    )
