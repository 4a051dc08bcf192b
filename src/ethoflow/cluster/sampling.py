"""From poses to the stretches that a model is fitted on, and the projection to their signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cluster.body import MOTION
from ethoflow.cluster.family import Pieces
from ethoflow.cluster.pieces import Place, choose_places, gather
from ethoflow.cluster.projection import fit_projection, project
from ethoflow.cluster.request import COLUMN_NODE, GIVEN, describe_input, request_columns
from ethoflow.engine.declare import Array
from ethoflow.schema import Data, count_frames
from ethoflow.skeleton import SEGMENTS
from ethoflow.units import Quantity, to_frames

STEP, STRIDE = "40 ms", "80 ms"
"""To either side: what the change of a pose, and the motion of a body, are slopes over."""
COMPONENTS, OF_PAIRS = 15, 20
LENGTH: Quantity = "10 s"
MAX_FRAMES = 30_000


@dataclass(frozen=True)
class Sample:
    """Stretches of a cohort, the projection that made signals of them, and how both came about.

    `log_speed` (stretch, frame) is how fast bodies move, where that is known.
    """

    pieces: Pieces
    projection: Mapping[str, Array]
    recipe: Mapping[str, Any]
    log_speed: Array | None


def sample(
    data: Data | xr.DataArray,
    *,
    seed: int = 0,
    max_frames: int = MAX_FRAMES,
    components: int | None = None,
    length: Quantity = LENGTH,
    social: bool = False,
    balance: str | None = None,
) -> Sample:
    """Stretches of a cohort; see `fit` for the parameters.

    Raises
    ------
    DataError
        Nothing or too little is seen.
    """
    data = by_name(data)
    recipe = {**describe_input(data, social=social), "step": STEP, "stride": STRIDE}
    ds = request_columns(data, recipe).ds
    frames = max(to_frames(length, recipe["fps"], name="length"), 2)
    frames = min(frames, max(int(ds.sizes["time"]), 1))
    places = choose_places(
        ds, length=frames, max_frames=max_frames, seed=seed, pairs=social, balance=balance
    )
    held, recording = gather(*columns_at(data, ds, recipe, places), frames)
    components = components or (OF_PAIRS if social else COMPONENTS)
    projection = fit_projection(np.concatenate(list(held), axis=-1), components)
    signal = np.stack([project(one, projection) for one in held])
    seen = ~np.isnan(signal).any(axis=1)
    points = len(recipe.get("points", ()))
    alone = points and not social
    pose = held[:, : 2 * points].reshape(len(held), points, 2, -1) if alone else None
    speed = held[:, 4 * points + MOTION.index("log speed")] if points else None
    pieces = Pieces(
        np.nan_to_num(signal), seen, recording, float(recipe["fps"]), pose,
        _links(recipe.get("points", ())),
    )  # fmt: skip
    fitted_on = {
        "recordings": _names(ds, recording),
        "frames": int(seen.sum()),
        "shortest": int(count_frames(ds)[np.unique(recording)].min()),
        "max_frames": max_frames,
        "length": str(length),
        "components": components,
        "balance": balance or "",
    }
    return Sample(pieces, projection, {**recipe, "n_points": points, "fitted_on": fitted_on}, speed)


def by_name(data: Data | xr.DataArray) -> Data | xr.DataArray:
    """Recordings and animals in the order of their names: any other gives the same model."""
    if isinstance(data, xr.DataTree):
        data = data.to_dataset()
    for dim in ("recording", "individual"):
        known = getattr(data, "indexes", {})
        names = [str(name) for name in known[dim]] if dim in known else []
        if names != sorted(names):
            data = data.isel({dim: sorted(range(len(names)), key=names.__getitem__)})
    return data


def columns_at(
    data: Data | xr.DataArray, ds: xr.Dataset, recipe: Mapping[str, Any], places: list[Place]
) -> tuple[xr.DataArray, list[Place]]:
    """The columns of the recordings that stretches lie in, and the stretches within these."""
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy

    if recipe["input"] == "matrix":
        return ds[GIVEN], places
    rows = sorted({place.row for place in places})
    if "recording" in ds.dims:
        data = ds.isel(recording=rows)
        places = [replace(place, row=rows.index(place.row)) for place in places]
    request = request_columns(data, recipe)
    node: Any = request.nodes[COLUMN_NODE]
    return compute_calls(request.ds, {COLUMN_NODE: node})[COLUMN_NODE], places


def _names(ds: xr.Dataset, recording: Array) -> list[str]:
    """Names of the recordings that were sampled."""
    if "recording" not in ds.coords:
        return []
    names = np.atleast_1d(ds.recording.values)
    return [str(names[row]) for row in sorted(set(recording.tolist()))]


def _links(points: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Pairs of points that are linked: segments of the skeleton, and the centre to what is apart.

    Examples
    --------
    >>> _links(("nose", "centre", "left_hip", "right_hip", "marker"))
    ((0, 1), (2, 3), (1, 2), (1, 4))
    """
    place = {name: number for number, name in enumerate(points)}
    found = [(place[a], place[b]) for a, b in SEGMENTS if a in place and b in place]
    part = list(range(len(points)))
    for a, b in found:
        part = [part[a] if one == part[b] else one for one in part]
    middle = place.get("centre", 0)
    apart = [first for first in dict.fromkeys(part) if points and first != part[middle]]
    return (*found, *((middle, part.index(first)) for first in apart))
