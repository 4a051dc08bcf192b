"""Runs of labels and categories along the whole of each recording.

Edges are found block by block and joined once, so a run across blocks is one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.engine.bouts import find_runs
from ethoflow.engine.declare import Array
from ethoflow.labels.categories import (
    UNKNOWN,
    Categories,
    encode_label,
    is_category,
    short_categories,
)
from ethoflow.schema import VARIABLES, DataError, is_label, is_symmetric

EDGE = UNKNOWN + 1
"""Stands for what is beyond an end of a block."""

Place: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Track:
    """Runs of one behaviour in one recording, and where it is known.

    Attributes
    ----------
    recording
        Row of the recording.
    behaviour
        Name of the variable.
    place
        Places along the other dims it has: of the animal, the partner, a region, a rater.
    runs
        Start and stop (exclusive), dims (run, 2).
    seen
        Start and stop (exclusive) of every stretch in which it is known, dims (stretch, 2).
    begun, ended
        Whether a run has a known frame before it, and one after it, dims (run,).
    symmetric
        The behaviour is the same seen from both animals, and this is the pair's only one.
    category
        Which category of the variable this is; empty for a label.
    short
        The category as it stands behind the name of the variable.
    """

    recording: int
    behaviour: str
    place: Mapping[str, int]
    runs: Array
    seen: Array
    begun: Array
    ended: Array
    symmetric: bool = False
    category: str = ""
    short: str = ""

    @property
    def name(self) -> str:
        """What it is called in a picture: the behaviour, with the category."""
        return f"{self.behaviour} {self.short}".strip()

    @property
    def cut(self) -> Array:
        """Whether a run touches an unknown frame or an end of the recording, dims (run,)."""
        return ~(self.begun & self.ended)

    @property
    def individual(self) -> int | None:
        """Place of the animal; None for what all animals do together."""
        return self.place.get("individual")

    @property
    def partner(self) -> int | None:
        """Place of the partner; None for a behaviour of one animal."""
        return self.place.get("partner")


def label_names(ds: xr.Dataset) -> list[str]:
    """Names of the variables of a dataset that are labels or categories along time.

    Raises
    ------
    DataError
        There are none, or a selection has taken away with whom pairs are.
    """
    names = [str(name) for name, array in ds.data_vars.items() if is_behaviour(array)]
    if not names:
        raise DataError(
            "needed labels (variables along time with the attribute kind='label', or 'category'), "
            "as ef.annotate gives them; "
            f"this dataset has: {', '.join(map(str, ds.data_vars)) or 'no variables'}."
        )
    if "partner" in ds.coords and "partner" not in ds.dims:
        raise DataError(
            "one partner was chosen, and the labels do not say any more which of them are of "
            f"pairs: choose it with a list, as in .sel(partner=[{str(ds.partner.values)!r}])."
        )
    return names


def is_behaviour(array: xr.DataArray) -> bool:
    """Whether `array` says along time what animals do, as a label or as categories.

    A mark of what was done to the tracks (points that were filled) is a label of another kind.
    """
    marks = array.name in VARIABLES
    return "time" in array.dims and not marks and (is_label(array) or is_category(array))


def follow_tracks(ds: xr.Dataset) -> list[Track]:
    """Runs of every label and category along the whole of each recording, joined across blocks."""
    from ethoflow.engine.gather import gather_blocks  # Dask is heavy, and rules are read without it

    names = label_names(ds)
    kinds = {name: Categories.of(ds[name]) for name in names if is_category(ds[name])}
    dims = {
        name: [str(dim) for dim in ds[name].dims if dim not in ("recording", "time")]
        for name in names
    }
    pieces: dict[tuple[int, str, Place], list[tuple[int, _Part]]] = {
        (row, name, place): []
        for row in range(ds.sizes.get("recording", 1))
        for name in names
        for place in np.ndindex(*(ds.sizes[dim] for dim in dims[name]))
    }
    for row, start, part in gather_blocks(ds, names, partial(_summarise_block, kinds)):
        for (name, place), found in part.items():
            pieces[row, name, place].append((start, found))
    joined = {key: _join(parts) for key, parts in sorted(pieces.items(), key=lambda item: item[0])}
    members = {name: kinds[name].members(_codes(joined, name)) for name in kinds}
    short = {name: short_categories(name, members[name].values()) for name in kinds}
    once = {name: is_symmetric(ds[name]) for name in names}
    tracks = []
    for (row, name, places), runs in joined.items():
        place = dict(zip(dims[name], places, strict=True))
        if not _is_told(ds, place, symmetric=once[name]):
            for code, category in members.get(name, {1: ""}).items():
                own = runs.codes == code
                tracks.append(
                    Track(
                        row,
                        name,
                        place,
                        runs.bounds[own],
                        runs.seen,
                        runs.begun[own],
                        runs.ended[own],
                        once[name],
                        category,
                        short[name][category] if category else "",
                    )
                )
    return tracks


def _codes(joined: Mapping[tuple[int, str, Place], _Runs], name: str) -> set[int]:
    """Numbers of all categories that a variable has anywhere."""
    return {
        code for (_, one, _), runs in joined.items() if one == name for code in runs.codes.tolist()
    }


def _is_told(ds: xr.Dataset, place: Mapping[str, int], *, symmetric: bool) -> bool:
    """Whether a pair says nothing of its own: an animal and itself, or what its twin says.

    The twin of a pair may have been left out by a selection; then the pair speaks for itself.
    """
    if not {"individual", "partner"} <= set(place):
        return False
    individuals = [str(name) for name in ds.individual.values]
    partners = [str(name) for name in ds.partner.values]
    actor, partner = individuals[place["individual"]], partners[place["partner"]]
    if actor == partner:
        return True
    has_twin = symmetric and partner in individuals and actor in partners
    return has_twin and individuals.index(partner) < place["individual"]


class _Part(NamedTuple):
    """Runs of one block, what each is of and has beside it, and what is known at both ends."""

    bounds: Array
    codes: Array
    before: Array
    after: Array
    first: int
    last: int
    seen: Array


class _Runs(NamedTuple):
    """Runs of a whole recording."""

    bounds: Array
    codes: Array
    begun: Array
    ended: Array
    seen: Array


def _summarise_block(
    kinds: Mapping[str, Categories], values: Mapping[str, Array]
) -> dict[tuple[str, Place], _Part]:
    """Parts of one block, by variable and place."""
    found = {}
    for name, array in values.items():
        is_kind = name in kinds
        state = kinds[name].encode(array) if is_kind else encode_label(name, array)
        for place in np.ndindex(array.shape[:-1]):
            found[name, place] = _summarise(state[place], all_codes=is_kind)
    return found


def _summarise(state: Array, *, all_codes: bool) -> _Part:
    """Runs of every known state, or of 1 alone."""
    if not state.size:
        none, nowhere = np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
        return _Part(nowhere, none, none, none, UNKNOWN, UNKNOWN, nowhere)
    edges = np.concatenate([[0], np.flatnonzero(state[1:] != state[:-1]) + 1, [state.size]])
    codes = np.concatenate([[EDGE], state[edges[:-1]], [EDGE]])
    wanted = codes[1:-1] != UNKNOWN if all_codes else codes[1:-1] == 1
    return _Part(
        bounds=np.stack([edges[:-1], edges[1:]], axis=-1)[wanted],
        codes=codes[1:-1][wanted],
        before=codes[:-2][wanted],
        after=codes[2:][wanted],
        first=int(state[0]),
        last=int(state[-1]),
        seen=find_runs((state != UNKNOWN).astype(np.int8)),
    )


def _join(parts: Sequence[tuple[int, _Part]]) -> _Runs:
    """Runs of a whole recording: those that meet at a border of blocks become one."""
    if not parts:
        none, nowhere = np.zeros(0, bool), np.zeros((0, 2), np.int64)
        return _Runs(nowhere, none.astype(np.int64), none, none, nowhere)
    lasts = [UNKNOWN, *(part.last for _, part in parts)]
    firsts = [*(part.first for _, part in parts[1:]), UNKNOWN]
    bounds = np.concatenate([part.bounds + start for start, part in parts])
    codes = np.concatenate([part.codes for _, part in parts])
    before = np.concatenate(
        [
            np.where(part.before == EDGE, last, part.before)
            for (_, part), last in zip(parts, lasts, strict=False)
        ]
    )
    after = np.concatenate(
        [
            np.where(part.after == EDGE, first, part.after)
            for (_, part), first in zip(parts, firsts, strict=True)
        ]
    )
    begins, ends = before != codes, after != codes
    whole = np.stack([bounds[begins, 0], bounds[ends, 1]], axis=-1)
    begun, ended = before[begins] != UNKNOWN, after[ends] != UNKNOWN
    return _Runs(whole, codes[begins], begun, ended, _merge([p.seen + at for at, p in parts]))


def _merge(stretches: Sequence[Array]) -> Array:
    """Stretches of all blocks, those that meet at a border as one."""
    bounds = np.concatenate(stretches)
    meets = bounds[1:, 0] == bounds[:-1, 1]
    starts = bounds[:, 0][np.concatenate([[True], ~meets])[: len(bounds)]]
    stops = bounds[:, 1][np.concatenate([~meets, [True]])[: len(bounds)]]
    return np.stack([starts, stops], axis=-1)
