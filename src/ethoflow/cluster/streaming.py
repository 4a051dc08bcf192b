"""All frames of a cohort, or many, for a network to be trained on: computed once, and on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Literal, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.cluster.family import Family, Pieces, Reads
from ethoflow.cluster.pieces import Place, choose_places, padded, read_places
from ethoflow.cluster.projection import project
from ethoflow.cluster.request import request_columns
from ethoflow.cluster.sampling import Sample, by_name, columns_at
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, WrongUse
from ethoflow.networks.progress import Progress
from ethoflow.networks.shelf import Shelf
from ethoflow.schema import Data, count_frames

LONGEST, SHORTEST, PIECES = 2048, 256, 64
"""Frames of a piece, and how many there are to be where not all frames are asked for. Windows are
within a piece: the longer it is, the less they are kept from its edges."""
AT_ONCE = 64
"""Pieces of a recording that are computed together."""

Frames: TypeAlias = int | Literal["all"]
"""How many frames, or all there are."""


def check_frames_asked(frames: Frames, family: Family) -> None:
    """Refuse what is no number of frames, or a family that trains no network.

    Raises
    ------
    WrongUse
        It is so.
    """
    if frames != "all" and (isinstance(frames, bool) or not isinstance(frames, int) or frames < 1):
        raise WrongUse(f"frames is a whole number, 1 or more, or 'all'; found {frames!r}.")
    if not family.network:
        raise WrongUse(
            f"frames says how many a network is trained on, and {family.name} trains none: it is "
            "fitted on a sample of max_frames."
        )


def with_shelf(
    data: Data | xr.DataArray,
    taken: Sample,
    frames: Frames,
    *,
    reads: Reads,
    seed: int,
    progress: Progress | None = None,
) -> Sample:
    """A sample whose pieces have those of the whole cohort beside them, on disk.

    Recordings are read one after the other, and each is cut so that no frame is left over. What is
    on disk is what an encoder reads: the signal by the projection of the sample, or the pose.

    Raises
    ------
    CannotWrite
        There is no room for it on disk.
    DataError
        Nothing is seen.
    """
    data = by_name(data)
    recipe = {name: value for name, value in taken.recipe.items() if name != "fitted_on"}
    balance = taken.recipe["fitted_on"]["balance"]
    ds = request_columns(data, recipe).ds
    asked = _all_of(ds) if frames == "all" else frames
    length = min(max(asked // PIECES, min(asked, SHORTEST)), LONGEST, max(ds.sizes["time"], 1))
    places = choose_places(
        ds, length=length, max_frames=asked, seed=seed, pairs=recipe["input"] == "pairs",
        balance=balance or None, whole=True,
    )  # fmt: skip
    shelf = Shelf({"x": _channels(taken.pieces, reads)}, length, len(places))
    known, rows = 0, {place.row for place in places}
    for count, (row, mine) in enumerate(groupby(places, key=lambda place: place.row), 1):
        for some, arrays in _read(data, ds, recipe, list(mine)):
            made = [_made(one, taken.projection, reads, recipe["n_points"]) for one in arrays]
            seen = [int((~np.isnan(one).all(axis=0)).sum()) for one in made]
            kept = [k for k, n in enumerate(seen) if n]
            known += sum(seen)
            if kept:
                held = np.stack([padded(made[k], length) for k in kept])
                shelf.put({"x": held}, [row] * len(kept), [some[k].frames for k in kept])
        if progress is not None:
            progress(count, len(rows), {"frames_read": float(known)})
    if not len(shelf):
        raise DataError("nothing is seen of any animal in these recordings.")
    network = {"asked": frames, "frames": known, "recordings": len(set(shelf.recording.tolist()))}
    fitted_on = {**taken.recipe["fitted_on"], "network": network}
    return replace(
        taken,
        pieces=replace(taken.pieces, shelf=shelf),
        recipe={**taken.recipe, "fitted_on": fitted_on},
    )


def steps_to_pass(frames: int, config: Any) -> Any:
    """Settings of a family with so many steps that as many frames are passed, if not more."""
    needed = -(-frames // (config.batch * config.length))
    return replace(config, steps=max(config.steps, needed))


def _all_of(ds: xr.Dataset) -> int:
    """More frames than there are of all animals and pairs, in pieces that are not all full."""
    return PIECES * LONGEST * int(count_frames(ds).sum() + 1) * int(ds.sizes.get("individual", 1))


def _channels(pieces: Pieces, reads: Reads) -> int:
    return int(pieces.read(reads).shape[1])


def _read(
    data: Data | xr.DataArray, ds: xr.Dataset, recipe: Mapping[str, Any], places: list[Place]
) -> Iterator[tuple[Sequence[Place], list[Array]]]:
    """Columns of the stretches of one recording, some at a time, in the order of time."""
    columns, own = columns_at(data, ds, recipe, sorted(places, key=lambda place: place.first))
    for begin in range(0, len(own), AT_ONCE):
        some = own[begin : begin + AT_ONCE]
        yield some, read_places(columns, some)


def _made(columns: Array, projection: Mapping[str, Array], reads: Reads, points: int) -> Array:
    """What an encoder reads of columns, (channel, frame)."""
    return columns[: 2 * points] if reads == "pose" else project(columns, projection)
