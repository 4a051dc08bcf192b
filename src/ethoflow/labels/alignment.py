"""Datasets of the same recordings brought into one order by name, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.errors import in_words, listed
from ethoflow.origin import origins
from ethoflow.schema import DataError, count_frames, first_frame

Recordings: TypeAlias = Literal["same", "all"]


@dataclass(frozen=True)
class Part:
    """One of the datasets, what it is called in messages, and the recordings it lacks."""

    ds: xr.Dataset
    name: str
    lacks: tuple[str, ...] = ()

    @property
    def is_cohort(self) -> bool:
        """Whether it has the dim `recording`."""
        return "recording" in self.ds.dims

    @property
    def recordings(self) -> list[str]:
        """Names of the recordings; one name for a single recording, whatever it is called."""
        return [str(n) for n in self.ds.recording.values] if self.is_cohort else ["the recording"]

    def rows(self) -> Iterator[tuple[int, str]]:
        """Row and name of the recordings it does not lack."""
        return ((row, n) for row, n in enumerate(self.recordings) if n not in self.lacks)


def align(parts: Sequence[Part], recordings: Recordings) -> list[Part]:
    """Parts whose recordings, animals and other places are in the order of the first, and as long.

    Raises
    ------
    DataError
        They are of other recordings or places, run along other frames, or have other animals there.
    """
    if recordings not in ("same", "all"):
        raise DataError(f"recordings is 'same' or 'all', found {recordings!r}.")
    names = _all_recordings(parts, recordings)
    if recordings == "all":
        parts = [_with_counts(part) for part in parts]
    aligned: list[Part] = []
    for part in parts:
        aligned.append(_with_places(_with_recordings(part, names), aligned))
    _check_frames(aligned)
    _check_animals(aligned)
    return _as_long(aligned)


def _all_recordings(parts: Sequence[Part], recordings: Recordings) -> list[str]:
    cohorts = [part for part in parts if part.is_cohort]
    if not cohorts:
        found = {str(p.ds.recording.values): p.name for p in parts if "recording" in p.ds.coords}
        if len(found) > 1:
            said = in_words([f"{name!r} in {part}" for name, part in found.items()])
            raise DataError(f"these are of several recordings: {said}.")
        return parts[0].recordings
    single = next((part for part in parts if not part.is_cohort), None)
    if single is not None:
        raise DataError(
            f"{single.name} is a single recording and {cohorts[0].name} a cohort: choose the same "
            "recordings in all, as in .sel(recording='name')."
        )
    names = list(dict.fromkeys(name for part in parts for name in part.recordings))
    for part in parts:
        lacking = [name for name in names if name not in set(part.recordings)]
        if lacking and recordings == "same":
            raise DataError(
                f"{part.name} lacks recordings that others have: {listed(lacking)}. Choose those "
                "that all have, as in .sel(recording=[...]), or say recordings='all' to have them "
                "missing there."
            )
    return names


def _with_counts(part: Part) -> Part:
    """Lengths beside the recordings: those of another part say nothing of one it lacks."""
    ds = part.ds
    if not part.is_cohort or "time" not in ds.dims or "n_frames" in ds.coords:
        return part
    counts = count_frames(ds) + first_frame(ds)
    return replace(part, ds=ds.assign_coords(n_frames=("recording", counts)))


def _with_recordings(part: Part, names: Sequence[str]) -> Part:
    """The recordings in another order, missing where there are none."""
    if part.recordings == names:
        return part
    rows = {name: row for row, name in enumerate(part.recordings)}
    lacks = tuple(name for name in names if name not in rows)
    if not lacks:
        return replace(part, ds=part.ds.isel(recording=[rows[name] for name in names]))
    ds = part.ds.reindex(recording=np.array(names, object))
    if "n_frames" in ds.coords:
        ds = ds.assign_coords(n_frames=ds.n_frames.fillna(0).astype(np.int64))
    texts = [n for n, c in ds.coords.items() if c.dtype.kind == "O" and "recording" in c.dims]
    ds = ds.assign_coords({n: ds[n].fillna("") for n in texts if n != "recording"})
    return replace(part, ds=ds, lacks=lacks)


def _with_places(part: Part, before: Sequence[Part]) -> Part:
    """Places along every other dim in the order of the first part that has it."""
    ds = part.ds
    for dim in (str(d) for d in part.ds.dims if d not in ("recording", "time")):
        first = next((other for other in before if dim in other.ds.dims), None)
        if first is not None:
            ds = _ordered_as(ds, dim, part.name, first)
    if {"partner", "individual"} <= set(ds.indexes):
        # Kernels know an animal and itself by their places.
        wanted, partners = ds.indexes["individual"], ds.indexes["partner"]
        if set(wanted) == set(partners) and not wanted.equals(partners):
            ds = ds.isel(partner=partners.get_indexer(wanted))
    return replace(part, ds=ds)


def _ordered_as(ds: xr.Dataset, dim: str, name: str, first: Part) -> xr.Dataset:
    named = dim in ds.indexes, dim in first.ds.indexes
    if not all(named):
        if any(named) or ds.sizes[dim] != first.ds.sizes[dim]:
            raise DataError(
                f"{name} has {ds.sizes[dim]} places along {dim}, {first.name} has "
                f"{first.ds.sizes[dim]}, and not both have names for them: rename the dimension in "
                f"one, as in .rename({dim}='other_{dim}')."
            )
        return ds
    here, wanted = ds.indexes[dim], first.ds.indexes[dim]
    if here.equals(wanted):
        return ds
    if not here.is_unique or len(here) != len(wanted) or set(here) != set(wanted):
        raise DataError(
            f"{name} has the {dim}s {listed(here, 8)}; {first.name} has {listed(wanted, 8)}. "
            f"Choose the same in both, as in .sel({dim}=[...])."
        )
    return ds.isel({dim: here.get_indexer(wanted)})


def _check_frames(parts: Sequence[Part]) -> None:
    """Refuse what does not run along the same frames of the same clock."""
    rates = {part.name: float(part.ds.fps) for part in parts if "fps" in part.ds.coords}
    if not np.allclose(list(rates.values()), min(rates.values(), default=1), rtol=1e-9, atol=0):
        said = in_words([f"{fps:g} frames per second in {name}" for name, fps in rates.items()])
        raise DataError(f"frames of one are not frames of the other: there are {said}.")
    timed = [part for part in parts if "time" in part.ds.dims]
    begins = {first_frame(part.ds): part.name for part in timed}
    if len(begins) > 1:
        said = in_words([f"frame {frame} in {name}" for frame, name in begins.items()])
        raise DataError(f"these begin at {said}: choose the same stretch of time in all.")
    counts: dict[str, dict[int, str]] = {}
    clocks: dict[str, dict[float, str]] = {}
    for part in timed:
        lengths, starts = count_frames(part.ds).tolist(), origins(part.ds).tolist()
        for row, name in part.rows():
            counts.setdefault(name, {}).setdefault(lengths[row], part.name)
            clocks.setdefault(name, {}).setdefault(round(starts[row], 6), part.name)
    for name, found in counts.items():
        if len(found) > 1:
            said = in_words([f"{count} frames in {part}" for count, part in found.items()])
            raise DataError(
                f"{name} has {said}: choose the same stretch of time in all; or one was made of "
                "other tracks, and has to be made anew."
            )
    for name, starts_of in clocks.items():
        if len(starts_of) > 1:
            said = in_words([f"{start:g} s in {part}" for start, part in starts_of.items()])
            raise DataError(
                f"time 0 of {name} is on its clock at {said}: read both on one clock, or say which "
                "is right with .assign_coords(origin=...)."
            )


def _check_animals(parts: Sequence[Part]) -> None:
    """Refuse places that are called alike and hold one animal here and another there.

    So are those of labels and of tracks whose identities were put right since.
    """
    told: dict[tuple[str, str], tuple[str, str]] = {}
    for part in (one for one in parts if {"animal", "individual"} <= set(one.ds.coords)):
        of_each = part.ds.animal.broadcast_like(part.ds.individual)
        for row, recording in part.rows():
            own = of_each.isel(recording=row) if "recording" in of_each.dims else of_each
            for place, animal in zip(own.individual.values, own.values, strict=True):
                found, name = told.setdefault((recording, str(place)), (str(animal), part.name))
                if found and str(animal) and found != str(animal):
                    raise DataError(
                        f"other animals of {recording} sit in the seats of {name} and of "
                        f"{part.name}: {place} is {found} and {animal}. Make the older one again, "
                        "or name those alike that are the same, with .assign_coords(animal=...)."
                    )


def _as_long(parts: Sequence[Part]) -> list[Part]:
    """Parts without the padding that no recording needs, and with as much as the longest."""
    timed = [part.ds for part in parts if "time" in part.ds.dims]
    longest = max((int(count_frames(ds).max(initial=0)) for ds in timed), default=0)
    first = next((ds for ds in timed if ds.sizes["time"] >= longest), None)
    made = []
    for part in parts:
        ds, size = part.ds, part.ds.sizes.get("time", longest)
        if size > longest:
            ds = ds.isel(time=slice(longest))
        elif size < longest and first is not None:
            ds = ds.drop_vars("time").pad(time=(0, longest - size))
            ds = ds.assign_coords(time=first.time[:longest])
        made.append(replace(part, ds=ds))
    return made
