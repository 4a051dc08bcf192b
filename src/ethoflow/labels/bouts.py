"""Bouts: from labels per frame to a table of when each behaviour started and stopped.

Edges are found block by block and joined once, so a bout across blocks is one bout.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.bouts import find_runs
from ethoflow.engine.declare import Array
from ethoflow.names import name_aside
from ethoflow.origin import number_at, on_clock, origins
from ethoflow.schema import (
    Data,
    DataError,
    as_dataset,
    first_frame,
    is_label,
    is_symmetric,
)

COLUMNS = (
    "recording", "individual", "partner", "animal", "partner_animal", "behaviour",
    "start", "stop", "duration", "start_frame", "stop_frame", "cut",
)  # fmt: skip


@dataclass(frozen=True)
class Track:
    """Runs of one behaviour of one animal (or pair) in one recording, and the frames observed.

    `symmetric`: the behaviour is the same seen from both animals, and this is the pair's only one.
    """

    recording: int
    individual: int
    partner: int | None
    behaviour: str
    runs: Array
    n_observed: int
    cut: Array
    symmetric: bool = False


def find_bouts(data: Data) -> pd.DataFrame:
    """Every bout of every behaviour, one row each.

    A behaviour that is the same seen from both animals of a pair (nose to nose) has one row for the
    pair, under the animal that comes first.

    Parameters
    ----------
    data
        Labels, as `annotate` gives them.

    Returns
    -------
    DataFrame
        recording, individual, partner (empty for behaviours of one animal), animal,
        partner_animal, behaviour; start and stop (the end of the last frame) in s of the
        recording's own clock (``start - origin`` is the time in `data`), and duration; start_frame
        and stop_frame (exclusive), counted on that clock; cut: the bout touches an unknown frame or
        an end of the recording, so its true length is not known. Metadata of the recording and
        the animal follow; those of the partner begin with ``partner_``.

    Raises
    ------
    DataError
        There are no labels in `data`.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> bouts = find_bouts(annotate(simulate.still_then_running(), ["moving"]))
    >>> bouts[["behaviour", "start", "stop", "cut"]].values.tolist()
    [['moving', 3.96, 8.0, True]]
    """
    ds = as_dataset(data)
    fps, first, begins = float(ds.fps), first_frame(ds), origins(ds).tolist()
    records = []
    for track in follow_tracks(ds):
        origin = begins[track.recording]
        number = number_at(origin, fps) + first
        times = on_clock(origin, first + np.asarray(track.runs), fps).tolist()
        for (start, stop), (begins_at, ends_at), cut in zip(
            track.runs.tolist(), times, track.cut.tolist(), strict=True
        ):
            records.append({
                **name_track(ds, track),
                "start": begins_at,
                "stop": ends_at,
                "duration": (stop - start) / fps,
                "start_frame": number + start,
                "stop_frame": number + stop,
                "cut": cut,
            })  # fmt: skip
    return join_metadata(pd.DataFrame(records, columns=list(COLUMNS)), ds)


def label_names(ds: xr.Dataset) -> list[str]:
    """Names of the label variables of a dataset.

    Raises
    ------
    DataError
        There are none.
    """
    names = [str(name) for name, array in ds.data_vars.items() if is_behaviour(array)]
    if not names:
        raise DataError(
            "needed labels (variables with the attribute kind='label'), as ef.annotate gives them; "
            f"this dataset has: {', '.join(map(str, ds.data_vars)) or 'no variables'}."
        )
    return names


def is_behaviour(array: xr.DataArray) -> bool:
    """Whether `array` labels what animals or pairs do along time (not, say, filled points)."""
    dims = {"recording", "individual", "partner", "time"}
    return is_label(array) and "time" in array.dims and set(array.dims) <= dims


def follow_tracks(ds: xr.Dataset) -> list[Track]:
    """Runs of every label along the whole of each recording, joined across blocks."""
    from ethoflow.engine.gather import gather_blocks  # Dask is heavy, and rules are read without it

    names = label_names(ds)
    pieces: dict[tuple[int, str, tuple[int, ...]], list[tuple[int, Any]]] = {
        (row, name, place): []
        for row in range(ds.sizes.get("recording", 1))
        for name in names
        for place in np.ndindex(
            *(n for d, n in ds[name].sizes.items() if d not in ("recording", "time"))
        )
    }
    for row, start, part in gather_blocks(ds, names, _summarise_block):
        for (name, place), found in part.items():
            pieces[row, name, place].append((start, found))
    once = {name: is_symmetric(ds[name]) for name in names}
    tracks = []
    for (row, name, place), parts in sorted(pieces.items(), key=lambda item: item[0]):
        individual, partner = (*place, None, None)[:2]
        if partner is not None and _is_told(ds, place, symmetric=once[name]):
            continue
        runs, cut, observed = _join(parts)
        tracks.append(Track(row, individual or 0, partner, name, runs, observed, cut, once[name]))
    return tracks


def _is_told(ds: xr.Dataset, pair: tuple[int, ...], *, symmetric: bool) -> bool:
    """Whether a pair says nothing of its own: an animal and itself, or what its twin says.

    The twin of a pair may have been left out by a selection; then the pair speaks for itself.
    """
    individuals = [str(name) for name in ds.individual.values]
    partners = [str(name) for name in ds.partner.values]
    actor, partner = individuals[pair[0]], partners[pair[1]]
    if actor == partner:
        return True
    has_twin = symmetric and partner in individuals and actor in partners
    return has_twin and individuals.index(partner) < pair[0]


def _summarise_block(values: Mapping[str, Array]) -> dict[tuple[str, tuple[int, ...]], Any]:
    """Runs, states at both ends, neighbours of each run, and observed frames of one block."""
    return {
        (name, place): _summarise(array[place])
        for name, array in values.items()
        for place in np.ndindex(array.shape[:-1])
    }


def _summarise(state: Array) -> tuple[Array, Array, int, int]:
    state = np.where(np.isnan(state), -1, state).astype(np.int8)
    runs = find_runs(state)
    before = np.array([state[a - 1] if a > 0 else -2 for a, _ in runs.tolist()], np.int8)
    after = np.array([state[b] if b < state.size else -2 for _, b in runs.tolist()], np.int8)
    neighbours = np.stack([before, after], axis=-1) if len(runs) else np.zeros((0, 2), np.int8)
    ends = (int(state[0]), int(state[-1])) if state.size else (-1, -1)
    return runs, neighbours, int((state >= 0).sum()), ends  # type: ignore[return-value]


def _join(parts: Sequence[tuple[int, Any]]) -> tuple[Array, Array, int]:
    """Runs of a whole recording: those that meet at a border of blocks become one."""
    joined: list[list[int]] = []
    observed = 0
    for place, (start, (runs, neighbours, seen, _)) in enumerate(parts):
        observed += seen
        last = parts[place - 1][1][3][1] if place else -1
        following = parts[place + 1][1][3][0] if place + 1 < len(parts) else -1
        for (a, b), (before, after) in zip(runs.tolist(), neighbours.tolist(), strict=True):
            before = last if before == -2 else before
            after = following if after == -2 else after
            if joined and before == 1:
                joined[-1][1], joined[-1][3] = start + b, after
            else:
                joined.append([start + a, start + b, before, after])
    table = np.array(joined, np.int64).reshape(-1, 4)
    return table[:, :2], (table[:, 2] < 0) | (table[:, 3] < 0), observed


def name_track(ds: xr.Dataset, track: Track) -> dict[str, str]:
    """Names of the recording, the animals and the behaviour of a track."""
    recordings = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ["recording"]
    slots = [str(slot) for slot in ds.individual.values]
    partner = "" if track.partner is None else str(ds.partner.values[track.partner])
    return {
        "recording": str(recordings[track.recording]),
        "individual": slots[track.individual],
        "partner": partner,
        "animal": _animal(ds, track.recording, track.individual),
        "partner_animal": (
            _animal(ds, track.recording, slots.index(partner)) if partner in slots else ""
        ),
        "behaviour": track.behaviour,
    }


def _animal(ds: xr.Dataset, row: int, slot: int) -> str:
    if "animal" not in ds.coords:
        return ""
    values = ds.animal.values
    return str(values[row, slot] if values.ndim == 2 else values[slot])


_OWN = {"n_frames", "origin", "digest", "source_file", "recording", "animal"}


def join_metadata(table: pd.DataFrame, ds: xr.Dataset) -> pd.DataFrame:
    """`table` with the metadata of each row's recording and animal as further columns.

    Metadata that are called like a column of the table get ``metadata_`` before their name.

    Warns
    -----
    MetadataAside
        Which these are.
    """
    for name, values in _metadata(ds, table):
        column = name_aside(name, table.columns)
        if column != name:
            warnings.warn(
                f"the table has a column {name!r} of its own: the metadata {name!r} are its column "
                f"{column!r}.",
                MetadataAside,
                stacklevel=3,
            )
        table[column] = values
    return table


class MetadataAside(UserWarning):
    """Metadata that are called like a column of a table, and the column they are in instead."""


def _metadata(ds: xr.Dataset, table: pd.DataFrame) -> Iterator[tuple[str, list[Any]]]:
    recordings = (
        [str(name) for name in np.atleast_1d(ds.recording.values)]
        if "recording" in ds.coords
        else []
    )
    rows = {name: place for place, name in enumerate(recordings)}
    slots = {str(name): place for place, name in enumerate(ds.individual.values)}
    places = [(rows[r], slots[i]) for r, i in zip(table.recording, table.individual, strict=True)]
    for name, coord in ds.coords.items():
        if name in _OWN or name in ds.dims:
            continue
        if coord.dims == ("recording",):
            yield str(name), [coord.values[row] for row, _ in places]
        elif coord.dims == ("recording", "individual"):
            yield str(name), [coord.values[row, slot] for row, slot in places]
            if (table.partner != "").any():
                others = [slots.get(partner) for partner in table.partner]
                yield (
                    f"partner_{name}",
                    [
                        None if slot is None else coord.values[row, slot]
                        for (row, _), slot in zip(places, others, strict=True)
                    ],
                )
