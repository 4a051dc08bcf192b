"""What there is to learn from: tracks with their numbers, and what people say of each frame."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, did_you_mean, listed
from ethoflow.labels.alignment import Part, align
from ethoflow.labels.comparison.reading import Reading, read
from ethoflow.labels.comparison.sources import Source
from ethoflow.labels.runs import is_behaviour
from ethoflow.learn.columns import ROWS, WINDOWED, request_rows, stack
from ethoflow.learn.doubts import doubts_of
from ethoflow.learn.folds import Seat
from ethoflow.learn.raters import LearnNote, choose_rater
from ethoflow.learn.recipe import Of, Recipe
from ethoflow.learn.streaming import put_on_disk
from ethoflow.networks.shelf import Folder, Stored
from ethoflow.points import by_role
from ethoflow.schema import align_partners, as_dataset, count_frames
from ethoflow.schema.coordinates import text


@dataclass(frozen=True)
class Track:
    """One animal, or ordered pair, of one recording.

    `x` has the dims (column, time), in memory or on disk; `known` says where there are numbers at
    all; `states` what people say, by behaviour: 1, 0 and -1 for unknown.
    """

    seat: Seat
    place: tuple[int, ...]
    x: Array | Stored
    known: Array
    states: Mapping[str, Array]


@dataclass(frozen=True)
class Met:
    """Data and labels of the same recordings, along the same frames."""

    data: xr.Dataset
    labels: xr.Dataset
    of: Of
    rater: str
    behaviours: tuple[str, ...]


def meet(
    data: xr.Dataset,
    labels: xr.Dataset,
    behaviours: Sequence[str] | None,
    rater: str | None,
    of: Of | None,
) -> Met:
    """Data and the labels to learn, both with the dim recording; labels are flags, 1, 0 and NaN.

    Raises
    ------
    DataError
        They share no recording; run along other frames; have other animals; there is no such
        behaviour, or several raters and none is named.
    """
    labels, rater = choose_rater(align_partners(as_dataset(labels)), rater)
    here, there = _as_cohort(as_dataset(data)), _as_cohort(labels)
    shared = [str(name) for name in here.recording.values if name in set(there.recording.values)]
    if not shared:
        raise DataError(
            "data and labels share no recording: the data have "
            f"{listed(map(str, here.recording.values), 4)}, the labels "
            f"{listed(map(str, there.recording.values), 4)}. Read the labels with like=data, or "
            "rename the recordings of one with .assign_coords(recording=[...])."
        )
    alone = [str(name) for name in there.recording.values if name not in shared]
    if alone:
        warnings.warn(
            f"labels of {listed(alone, 4)} are not learnt from: the data lack these recordings.",
            LearnNote,
            stacklevel=4,
        )
    chosen = [one.sel(recording=shared) for one in (here, there)]
    parts = align([Part(chosen[0], "the data"), Part(chosen[1], "the labels")], "same")
    flags = _flags(parts[1].ds, behaviours)
    people = labels.attrs.get("label_source", "human") == "human"
    every = flags if behaviours is None or not people else _flags(parts[1].ds, None)
    for doubt in doubts_of(parts[0].ds, every) if people else ():
        warnings.warn(doubt, LearnNote, stacklevel=4)
    scope = _of(flags, parts[0].ds, of)
    names = tuple(map(str, flags.data_vars))
    return Met(align_partners(parts[0].ds), _of_seats(flags, parts[0].ds, scope), scope, rater,
               names)  # fmt: skip


def _as_cohort(ds: xr.Dataset) -> xr.Dataset:
    """With the dim recording, along which every recording has a name."""
    if "recording" in ds.dims:
        return ds
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    ds = ds.drop_vars("recording", errors="ignore").expand_dims(recording=text([name]))
    kept = ("n_frames", "origin", "animal", "digest", "source_file")
    own = {n: ds[n].expand_dims(recording=ds.recording) for n in kept
           if n in ds.coords and "recording" not in ds[n].dims}  # fmt: skip
    return ds.assign_coords(own)


def _flags(labels: xr.Dataset, behaviours: Sequence[str] | None) -> xr.Dataset:
    """One flag for each behaviour: labels as they are, and categories one by one."""
    if not any(map(is_behaviour, labels.data_vars.values())):
        raise DataError(f"there are no labels to learn; it has: {listed(labels.data_vars)}.")
    loaded = labels[[n for n, one in labels.data_vars.items() if is_behaviour(one)]].load()
    reading = read(Source("labels", (loaded,)), {})
    kinds = {n: kind for kind, (_, m) in reading.kinds.items() for n in m.values()}
    known = [*reading.flags, *kinds]
    for name in behaviours or ():
        if name not in known:
            raise DataError(
                f"the labels have no behaviour {name!r}; they have {listed(known)}."
                f"{did_you_mean(name, known)}"
            )
    found = {name: _state(reading, loaded, name, kinds) for name in behaviours or known}
    return xr.Dataset({n: one.where(one >= 0).astype(np.float32) for n, one in found.items()})


def _state(reading: Reading, ds: xr.Dataset, name: str, kinds: Mapping[str, str]) -> xr.DataArray:
    state = reading.flag(ds, name) if name in reading.flags else None
    if state is None:
        state = reading.category(ds, kinds[name], name)
    assert state is not None
    return state


def _of(flags: xr.Dataset, ds: xr.Dataset, of: Of | None) -> Of:
    """Whether behaviours are of one animal, or of two."""
    if of not in (None, "individual", "pair"):
        raise DataError(f"of is 'individual' or 'pair', found {of!r}.")
    scopes = {"pair" if "partner" in one.dims else "individual" for one in flags.data_vars.values()}
    if of is None and len(scopes) > 1:
        raise DataError(
            "some behaviours are of one animal and some of two: learn them apart, with "
            "behaviours=[...]."
        )
    several = ds.sizes.get("individual", 1) > 1
    lacking = [n for n, one in flags.data_vars.items() if "individual" not in one.dims]
    if of != "pair" and lacking and several:
        raise DataError(
            f"{lacking[0]} is of all animals together: learn it as what two animals do, with "
            "of='pair', or give labels of each animal."
        )
    if of == "individual" and "pair" in scopes:
        raise DataError("these labels are of two animals: of='pair'.")
    if of == "pair" and ds.sizes.get("individual", 1) != 2 and "individual" in scopes:
        raise DataError(
            "labels that do not say with whom can be learnt as what two animals do where there are "
            f"two; there are {ds.sizes.get('individual', 1)}."
        )
    return of or scopes.pop()  # type: ignore[return-value]


def _of_seats(flags: xr.Dataset, ds: xr.Dataset, of: Of) -> xr.Dataset:
    """Labels of every animal, or of every ordered pair, in the order of the data."""
    n = ds.sizes.get("individual", 1)
    names = ds.individual.values if "individual" in ds.coords else text([""])
    if "individual" not in flags.dims:
        flags = flags.expand_dims(individual=names)
    if of == "pair":
        if "partner" not in flags.dims:
            flags = flags.expand_dims(partner=names)
        itself = xr.DataArray(np.eye(n, dtype=bool), dims=("individual", "partner"))
        flags = flags.where(~itself)
    order = ("recording", "individual", *(("partner",) if of == "pair" else ()), "time")
    return flags.transpose(*order)


def read_tracks(
    met: Met, recipe: Recipe, *, every: bool = False, room: float = np.inf
) -> tuple[list[Track], Recipe]:
    """The tracks that have labels, recording by recording, and the recipe with its columns.

    `every` takes those without labels too. Where their columns take more than `room` bytes, all lie
    on disk.
    """
    found: list[Track] = []
    folder: Folder | None = None
    held = 0
    for row in range(met.data.sizes["recording"]):
        labels = met.labels.isel(recording=row)
        ds = met.data.isel(recording=[row])
        states = {name: _states(labels[name].values) for name in met.behaviours}
        labelled = np.any([one >= 0 for one in states.values()], axis=0).any(axis=-1)
        places = [tuple(map(int, place)) for place in np.argwhere(labelled | every)]
        places = [place for place in places if len(place) < 2 or place[0] != place[1]]
        if not places:
            continue
        parts, names = compute_rows(ds, recipe)
        recipe = Recipe(**{**recipe.plain(), "columns": names})
        frames = slice(int(count_frames(ds)[0]))
        for place in places:
            x = stack(*(part[(0, *place)][..., frames] for part in parts))
            own = {name: one[place][frames] for name, one in states.items()}
            seat = Seat(str(ds.recording.values[0]), _animals(ds, place))
            found.append(Track(seat, (row, *place), x, knows(x[: len(names)], recipe), own))
            held += x.nbytes
        if held > room:
            folder = folder or Folder()
            found = put_on_disk(found, folder)
    return found, recipe


def labelled(
    tracks: Sequence[Track], behaviours: Sequence[str], masks: Sequence[Array] | None = None
) -> list[Array]:
    """Frames with numbers and a label of any of the behaviours, of those in `masks`."""
    own = [
        track.known & np.any([track.states[name] >= 0 for name in behaviours], axis=0)
        for track in tracks
    ]
    return own if masks is None else [a & b for a, b in zip(own, masks, strict=True)]


def _states(values: Array) -> Array:
    found: Array = np.where(np.isnan(values), -1, values).astype(np.int8)
    return found


def _animals(ds: xr.Dataset, place: Sequence[int]) -> tuple[str, ...]:
    """Names of the animals, unique to a recording where nobody says who they are."""
    names = ds.animal.values.reshape(-1) if "animal" in ds.coords else [""] * (max(place) + 1)
    recording = str(ds.recording.values[0])
    return tuple(str(names[i]) or f"{recording}: {i}" for i in place)


def compute_rows(ds: xr.Dataset, recipe: Recipe) -> tuple[list[Array], tuple[str, ...]]:
    """Features and their windows, if any, in memory, with the names of the features' numbers."""
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy
    from ethoflow.engine.resolve import Request

    request = Request(by_role(ds, recipe.points), recipe.parameters)
    names = request_rows(request, recipe)[1]
    wanted = [ROWS, *([WINDOWED] if recipe.windows else [])]
    nodes: dict[str, Any] = {name: request.nodes[name] for name in wanted}
    found = compute_calls(request.ds, nodes)
    return [found[name].values for name in wanted], names


def knows(rows: Array, recipe: Recipe) -> Array:
    """Frames in which something is known of the animal, or of both animals of a pair."""
    needed = rows[[not name.endswith((" of the actor", " of the partner"))
                   for name in recipe.columns]]  # fmt: skip
    found: Array = np.asarray(~np.isnan(needed).all(axis=0))
    return found
