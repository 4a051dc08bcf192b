"""Real frames that are explained: some of every label of every recording, each with its weight."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, listed
from ethoflow.labels.categories import is_category
from ethoflow.labels.runs import is_behaviour
from ethoflow.learn.folds import Seat
from ethoflow.learn.samples import Met, meet
from ethoflow.origin import clock_times
from ethoflow.schema import Data, as_dataset, count_frames

MATRIX = "explained_columns"
FEW = 25
"""Frames with a label, and without it, below which nothing is learnt of it."""
SEEN = 0.5
"""Share of the labelled frames in which a feature has to be known; others are left out."""


class ExplainNote(UserWarning):
    """What is not explained, and why."""


@dataclass(frozen=True)
class Track:
    """Frames of one animal of one recording, in their order.

    Attributes
    ----------
    usable
        All its labelled frames, dims (time,).
    frames
        Those that were taken.
    """

    seat: Seat
    place: tuple[int, int]
    individual: str
    usable: Array
    frames: Array


@dataclass(frozen=True)
class Rows:
    """Frames that were taken, with their features and labels.

    Attributes
    ----------
    x
        Dims (column, row).
    names, units, circular
        Of the columns.
    states
        By behaviour 1, 0 and -1 for unknown, dims (row,).
    weight
        How many frames each stands for.
    track, time
        Of each row: place among `tracks`, and s of the recording's own clock.
    lost
        By behaviour the share of its frames in which a feature is missing: these are not explained.
    frames
        Recordings, animals and the clock of all frames, without numbers.
    rater
        Whose labels they are, where that is known.
    """

    x: Array
    names: tuple[str, ...]
    units: tuple[str, ...]
    circular: Array
    states: Mapping[str, Array]
    weight: Array
    track: Array
    time: Array
    tracks: tuple[Track, ...]
    lost: Mapping[str, float]
    frames: xr.Dataset
    rater: str

    def recordings(self) -> Array:
        """Name of the recording of every row."""
        names = np.array([track.seat.recording for track in self.tracks], object)
        return names[self.track]

    def keep(self, columns: Array, rows: Array) -> Rows:
        """Some columns, and some rows."""
        tracks = tuple(
            replace(track, frames=track.frames[rows[self.track == place]])
            for place, track in enumerate(self.tracks)
        )
        return replace(
            self, x=np.ascontiguousarray(self.x[columns][:, rows]),
            names=tuple(np.array(self.names, object)[columns]),
            units=tuple(np.array(self.units, object)[columns]), circular=self.circular[columns],
            states={name: one[rows] for name, one in self.states.items()},
            weight=self.weight[rows], track=self.track[rows], time=self.time[rows], tracks=tracks,
        )  # fmt: skip


def of_one(labels: Data) -> xr.Dataset:
    """Labels of single animals: of a pair of two, what each does with the other.

    Raises
    ------
    DataError
        They are of pairs in groups of three and more.
    """
    ds = as_dataset(labels)
    if "partner" not in ds.dims:
        return ds
    if ds.sizes["partner"] > 2:
        raise DataError(
            "these labels are of pairs among more than two animals, and features of one animal "
            "explain one animal: give what each does with one of them, as in "
            'labels.sel(partner=["individual_1"]).'
        )
    return with_any(ds)


def with_any(ds: xr.Dataset) -> xr.Dataset:
    """Labels of pairs as those of the first animal, with any other that is there.

    Unknown where it does with none of them what is known, and of one it is not known. A category,
    such as a cluster of pairs, is that with the only other.

    Raises
    ------
    DataError
        A category is of several others, each of which may have another one.
    """
    others = _others(ds)
    several = bool((others.sum("partner") > 1).any())

    def settle(one: xr.DataArray) -> xr.DataArray:
        if is_category(one) and several:
            raise DataError(
                f"{one.name} has a category with each of several others, and features of one "
                "animal explain one animal: give what each does with one of them, as in "
                'labels.sel(partner=["individual_1"]).'
            )
        if is_category(one):
            return one.where(others).max("partner").assign_attrs(one.attrs)
        has, unknown = (one == 1).any("partner"), (one.isnull() & others).any("partner")
        unknown = unknown | ~others.any("partner")
        return has.astype(np.float32).where(has | ~unknown).assign_attrs(one.attrs)

    flags = {
        name: settle(one) if "partner" in one.dims else one for name, one in ds.data_vars.items()
    }
    return xr.Dataset(flags, ds.drop_dims("partner").coords, ds.attrs)


def _others(ds: xr.Dataset) -> xr.DataArray:
    """Which partners are another animal that is there, dims (..., individual, partner)."""
    names, partners = ([str(one) for one in ds[dim].values] for dim in ("individual", "partner"))
    is_other = np.array([[one != name for one in partners] for name in names])
    others = xr.DataArray(is_other, dims=("individual", "partner"))
    if "animal" not in ds.coords:
        return others
    there = (ds.animal != "").drop_vars(["individual", "animal"], errors="ignore")
    seats = [there.isel(individual=names.index(one)) if one in names else xr.ones_like(
             there.isel(individual=0)) for one in partners]  # fmt: skip
    found: xr.DataArray = others & xr.concat(seats, "partner")
    return found


def read_rows(
    matrix: xr.DataArray,
    labels: Data,
    behaviours: Sequence[str] | None,
    rater: str | None,
    max_rows: int,
) -> Rows:
    """Frames of every label of every recording, evenly in time; one recording in memory at a time.

    Raises
    ------
    DataError
        Features and labels do not fit together, or no labelled frame has all features.
    """
    _check_matrix(matrix)
    _check_whose(labels, matrix.sizes["individual"])
    met = meet(matrix.to_dataset(name=MATRIX), of_one(labels), behaviours, rater, "individual")
    n = met.data.sizes["recording"]
    quota = max(max_rows // n, 1)
    parts = [_of_recording(met, row, quota) for row in range(n)]
    parts = [part for part in parts if part["tracks"]]
    if not parts:
        raise DataError("no frame of these labels is known: there is nothing to explain.")
    tracks: list[Track] = []
    places = []
    for part in parts:
        places.append(part["track"] + len(tracks))
        tracks += part["tracks"]
    rows = Rows(
        np.concatenate([part["x"] for part in parts], axis=1),
        tuple(map(str, matrix.feature.values)), tuple(map(str, matrix.unit.values)),
        matrix.circular.values.astype(bool),
        {
            name: np.concatenate([part["states"][place] for part in parts])
            for place, name in enumerate(met.behaviours)
        },
        np.concatenate([part["weight"] for part in parts]), np.concatenate(places),
        np.concatenate([part["time"] for part in parts]), tuple(tracks), {},
        _without_numbers(met.data), met.rater,
    )  # fmt: skip
    return _complete(rows)


def _without_numbers(ds: xr.Dataset) -> xr.Dataset:
    """Recordings, animals and the clock of a dataset."""
    return ds.drop_vars([*ds.data_vars, *(n for n, c in ds.coords.items() if "feature" in c.dims)])


def _check_matrix(matrix: xr.DataArray) -> None:
    """Refuse what is no feature matrix.

    Raises
    ------
    DataError
        It is not.
    """
    needed = {"individual", "feature", "time"}
    lacks = [name for name in ("unit", "circular", "fps") if name not in matrix.coords]
    if not needed <= set(matrix.dims) or lacks:
        raise DataError(
            "features are explained by name and unit: give poses, or what ef.feature_matrix "
            f"gives; this has the dims {listed(map(str, matrix.dims))}"
            + (f", and lacks {listed(lacks)}." if lacks else ".")
        )


def _check_whose(labels: Data, n: int) -> None:
    """Refuse labels of a whole group: they are of no single animal.

    Raises
    ------
    DataError
        They are.
    """
    ds = as_dataset(labels)
    whole = [str(name) for name, one in ds.data_vars.items() if is_behaviour(one)
             and "individual" not in one.dims]  # fmt: skip
    if whole and n > 1:
        raise DataError(
            f"{whole[0]} is of all animals together, and features of one animal explain one animal:"
            " give labels of each animal."
        )


def _of_recording(met: Met, row: int, quota: int) -> dict[str, Any]:
    """Some frames of one recording, by label, with what each stands for."""
    labels = met.labels.isel(recording=row)
    ds = met.data.isel(recording=row)
    n = int(count_frames(met.data.isel(recording=[row]))[0])
    states = np.stack([labels[name].values[..., :n] for name in met.behaviours])
    states = np.where(np.isnan(states), -1, states).astype(np.int8)
    known: Array = np.asarray((states >= 0).any(axis=0))  # individual, time
    _, pattern = np.unique(states.reshape(len(states), -1), axis=1, return_inverse=True)
    pattern = np.where(known, pattern.reshape(known.shape), -1)
    chosen, weight = np.zeros(known.shape, bool), np.zeros(known.shape)
    kinds, sizes = np.unique(pattern[pattern >= 0], return_counts=True)
    left = quota
    # The rarest first: what they do not use is for the others.
    for place, at in enumerate(np.argsort(sizes, kind="stable").tolist()):
        own = np.flatnonzero(pattern.ravel() == kinds[at])
        taken = min(len(own), max(left // (len(kinds) - place), 1))
        left -= taken
        some = own[((np.arange(taken) + 0.5) * len(own) / taken).astype(int)]
        chosen.ravel()[some] = True
        weight.ravel()[some] = len(own) / taken
    if not chosen.any():
        return {"tracks": []}
    values = ds[MATRIX].transpose("individual", "feature", "time").values[..., :n]
    times, recording = clock_times(ds)[:n], str(ds.recording.values)
    tracks, found = [], []
    for seat in np.flatnonzero(chosen.any(axis=1)).tolist():
        frames = np.flatnonzero(chosen[seat])
        animal = str(ds.animal.values[seat]) if "animal" in ds.coords else ""
        who = Seat(recording, (animal or f"{recording}: {seat}",))
        name = str(ds.individual.values[seat]) if "individual" in ds.coords else ""
        tracks.append(Track(who, (row, seat), name, known[seat], frames))
        found.append((seat, frames))
    return {
        "tracks": tracks,
        "x": np.concatenate([values[s][:, f] for s, f in found], axis=1).astype(np.float32),
        "states": np.concatenate([states[:, s, f] for s, f in found], axis=1),
        "weight": np.concatenate([weight[s, f] for s, f in found]),
        "track": np.concatenate([np.full(len(f), i) for i, (_, f) in enumerate(found)]),
        "time": np.concatenate([times[f] for _, f in found]),
    }


def _complete(rows: Rows) -> Rows:
    """Rows in which every column is known; columns that are seldom known are left out.

    Missing is unknown, and no reason: trees would send it somewhere, and it would get credit.
    """
    share = np.average(~np.isnan(rows.x), axis=1, weights=rows.weight)
    columns = share >= SEEN
    if not columns.all():
        gone = [name for name, kept in zip(rows.names, columns, strict=True) if not kept]
        warnings.warn(
            f"{listed(gone, 4)}: known in less than half of the labelled frames, and left out.",
            ExplainNote,
            stacklevel=4,
        )
    missing = np.isnan(rows.x[columns]).any(axis=0)
    whole: Array = ~np.asarray(missing) & bool(columns.any())
    if not whole.any():
        raise DataError(
            "in no labelled frame are all features known, so there is nothing to explain: leave "
            "out those that are often missing, with features=[...], or clean the tracks first."
        )
    lost = {}
    for name, state in rows.states.items():
        total = rows.weight[state == 1].sum()
        lost[name] = float(rows.weight[(state == 1) & ~whole].sum() / total) if total else 0.0
    return replace(rows.keep(columns, whole), lost=lost)


def check_behaviours(rows: Rows, *, asked: bool) -> tuple[str, ...]:
    """Behaviours that are shown, and not shown, in enough frames; others are told of.

    Raises
    ------
    DataError
        None is; or one that was asked for is not.
    """
    kept, said = [], []
    for name, state in rows.states.items():
        n, others = int((state == 1).sum()), int((state == 0).sum())
        if n >= FEW and others >= FEW:
            kept.append(name)
        elif not n or not others:
            what = "never shown" if not n else "shown in every frame"
            said.append(f"{name} is {what}, of {n + others:,} frames")
        else:
            fewer = f"{n} frames with it" if n < FEW else f"{others} frames without it"
            said.append(f"{name} has {fewer}")
    if said and (asked or not kept):
        raise DataError(
            f"{'; '.join(said[:4])}: a reason needs {FEW} frames with it and {FEW} without, with "
            "all features known. Give more recordings, or other labels."
        )
    if said:
        warnings.warn(
            f"not explained: {'; '.join(said)}. It takes {FEW} frames with it and without.",
            ExplainNote,
            stacklevel=4,
        )
    return tuple(kept)


def in_reference(rows: Rows, reference: Mapping[str, object] | None) -> tuple[Array, str]:
    """Which rows are of the group that others are compared with, and what it is in words.

    Raises
    ------
    DataError
        There is no such coordinate of recordings or animals, or no row has this value.
    """
    if not reference:
        return np.ones(len(rows.weight), bool), "all recordings"
    ds, chosen = rows.frames, np.ones(len(rows.weight), bool)
    for name, value in reference.items():
        dims = set(ds[name].dims) if name in ds.coords else set()
        if name not in ds.coords or not dims or not dims <= {"recording", "individual"}:
            known = [str(n) for n, c in ds.coords.items()
                     if c.dims and set(c.dims) <= {"recording", "individual"}]  # fmt: skip
            raise DataError(f"reference: there is no metadata {name!r}; there are {listed(known)}.")
        coordinate = ds[name]
        at = [
            coordinate.isel({d: i for d, i in zip(("recording", "individual"), t.place, strict=True)
                             if d in coordinate.dims}).item()
            for t in rows.tracks
        ]  # fmt: skip
        own = np.array([str(one) == str(value) for one in at])
        if not own.any():
            raise DataError(
                f"reference: no recording has {name} {value!r}; there are "
                f"{listed(sorted({str(one) for one in at}))}."
            )
        chosen &= own[rows.track]
    if not chosen.any():
        raise DataError("reference: no animal is all of this.")
    return chosen, ", ".join(f"{name} {value}" for name, value in reference.items())
