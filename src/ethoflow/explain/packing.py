"""A surrogate as one model: its trees, the frames it explains, what its features are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array, Declaration
from ethoflow.engine.identity import identify
from ethoflow.engine.model import Model
from ethoflow.engine.registry import maker_of
from ethoflow.errors import DataError
from ethoflow.explain.rows import Rows, Track
from ethoflow.learn.folds import Seat
from ethoflow.origin import origins
from ethoflow.schema import count_frames
from ethoflow.schema.coordinates import text

FORMAT = "ethoflow surrogate 1"
KEPT = "kept"
"""Key of a recipe under which the frames and scores are; arrays of the frames begin with it."""
OF_ROWS = ("x", "circular", "weight", "track", "time")


def pack(model: Model, rows: Rows, scores: pd.DataFrame) -> Model:
    """The model with its frames and scores in it; the digest stays, as the trees are the same."""
    arrays = {f"{KEPT}_{name}": np.asarray(getattr(rows, name)) for name in OF_ROWS}
    arrays[f"{KEPT}_states"] = np.stack(list(rows.states.values())).astype(np.int8)
    arrays[f"{KEPT}_frame"] = np.concatenate([track.frames for track in rows.tracks])
    clock = {"time": rows.frames.time.values, "n_frames": count_frames(rows.frames),
             "origin": origins(rows.frames)}  # fmt: skip
    arrays |= {f"{KEPT}_of_{name}": np.asarray(values, float) for name, values in clock.items()}
    kept = {
        "names": rows.names, "units": rows.units, "states": list(rows.states), "lost": rows.lost,
        "rater": rows.rater, "fps": float(rows.frames.fps),
        "tracks": [(t.seat.recording, t.seat.animals, t.place, t.individual) for t in rows.tracks],
        "recording": text_of(rows.frames.recording), "individual": text_of(rows.frames.individual),
        "animal": text_of(rows.frames.animal) if "animal" in rows.frames.coords else None,
        "scores": {str(n): [None if one != one else one for one in column.tolist()]
                   for n, column in scores.items()},
        "kinds": {str(name): str(column.dtype) for name, column in scores.items()
                  if column.dtype.kind in "bif"},
    }  # fmt: skip
    recipe = {**model.recipe, "format": FORMAT, KEPT: json.loads(json.dumps(kept))}
    return replace(model, arrays={**model._held(), **arrays}, recipe=recipe, folder="")


def text_of(names: xr.DataArray) -> Any:
    """Names as JSON has them, in lists along their dims."""
    return np.asarray(names.values).astype(str).tolist()


def unpack(model: Model) -> tuple[Rows, pd.DataFrame]:
    """The frames and the scores of a model that `pack` made.

    Raises
    ------
    DataError
        It is another kind of model, or of another version.
    """
    if model.recipe.get("format") != FORMAT:
        found = str(model.recipe.get("format", model.name))
        raise DataError(
            f"the model in {model.folder} is {found!r}, and no {FORMAT!r}: fit the surrogate again."
        )
    kept = model.recipe[KEPT]
    held: dict[str, Array] = {name: model[f"{KEPT}_{name}"] for name in OF_ROWS}
    states = model[f"{KEPT}_states"]
    rows = Rows(
        **held, names=tuple(kept["names"]), units=tuple(kept["units"]),
        states=dict(zip(kept["states"], states, strict=True)),
        tracks=tuple(_tracks(kept, held["track"], model[f"{KEPT}_frame"])), lost=kept["lost"],
        frames=_frames(model, kept), rater=kept["rater"],
    )  # fmt: skip
    scores = pd.DataFrame(kept["scores"]).astype(kept["kinds"])
    return rows, scores


def _tracks(kept: Mapping[str, Any], track: Array, frame: Array) -> Iterator[Track]:
    """Tracks with the frames that were taken; which others there were matters in fitting alone."""
    none, first = np.zeros(0, bool), 0
    for place, (recording, animals, at, individual) in enumerate(kept["tracks"]):
        n = int((track == place).sum())
        seat = Seat(recording, tuple(animals))
        yield Track(seat, (at[0], at[1]), individual, none, frame[first : first + n])
        first += n


def _frames(model: Model, kept: Mapping[str, Any]) -> xr.Dataset:
    """Recordings, animals and the clock of the frames, without numbers."""
    held = model._held()

    def of(name: str) -> Array:
        return held[f"{KEPT}_of_{name}"]

    coords: dict[str, Any] = {
        "recording": text(kept["recording"]), "individual": text(kept["individual"]),
        "time": ("time", of("time"), {"units": "s"}), "fps": kept["fps"],
        "n_frames": ("recording", of("n_frames").astype(np.int64)),
        "origin": ("recording", of("origin")),
    }  # fmt: skip
    if kept["animal"] is not None:
        names = np.array(kept["animal"], object)
        coords["animal"] = (("recording", "individual")[-names.ndim :], names)
    return xr.Dataset(coords=coords)


def made_of(features: Sequence[str]) -> dict[str, Any]:
    """Versions of features and of all that they are made of; the code of a user's own."""
    found: dict[str, Any] = {}
    left = list(features)
    while left:
        name = left.pop()
        maker = maker_of(name)
        if maker is None or name in found:
            continue
        declaration: Declaration = maker[0]
        found[name] = [declaration.version, identify(declaration) or ""]
        left += [item.variable for item in declaration.inputs]
    return dict(sorted(found.items()))


def check_made_of(recipe: Mapping[str, Any]) -> None:
    """Refuse features that are computed otherwise than when the surrogate was fitted.

    Raises
    ------
    DataError
        One is.
    """
    now, before = json.loads(json.dumps(made_of(recipe["asked"]))), recipe["made_of"]
    for name, made in before.items():
        if name not in now:
            raise DataError(
                f"the surrogate was fitted on {name}, and no such feature is declared here: run "
                "the file that declares it first."
            )
        if now[name] != made:
            raise DataError(
                f"{name} is not computed as it was when the surrogate was fitted: fit it again."
            )
