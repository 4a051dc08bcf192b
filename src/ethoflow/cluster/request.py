"""The columns that a clusterer looks at, as a node of a request; and what does not fit it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ethoflow.cluster.inputs import COLUMNS, USUAL_POSE
from ethoflow.cluster.pairs import COLUMNS_OF_PAIR, OWN
from ethoflow.engine.windows import seats_of
from ethoflow.errors import DataError, WrongUse, listed
from ethoflow.geometry.own_frame import check_room
from ethoflow.points import by_role
from ethoflow.schema import Data, as_dataset, count_frames

if TYPE_CHECKING:
    from ethoflow.engine.resolve import Request

COLUMN_NODE = "columns"
"""What the columns are called among the nodes of a request."""
GIVEN = "given columns"
"""What a matrix is called: no declared function can be called so."""
MATRIX_DIMS = ("feature", "latent", "column", "component")
WHAT = "clusterer"
SHORT = 0.25
"""Share of the shortest recording a clusterer was fitted on, below which one is short."""


class ShortRecording(UserWarning):
    """A recording too short to know an animal's usual pose by, as it was known in fitting."""


def describe_input(data: Any, *, social: bool = False) -> dict[str, Any]:
    """What a clusterer is fitted on, as JSON has it: points of poses, or names of a matrix.

    With `social` it is the poses of pairs of animals.

    Raises
    ------
    DataError
        Poses in space, or a matrix without names.
    WrongUse
        It is neither poses nor a matrix.
    """
    if isinstance(data, xr.DataArray):
        if social:
            raise WrongUse("clusters of pairs are found in poses, not in a matrix of numbers.")
        dim = _dim_of(data)
        names = [str(name) for name in data[dim].values] if dim in data.coords else []
        if len(set(names)) < data.sizes[dim]:
            names = [str(place) for place in range(data.sizes[dim])]
        units = list(map(str, data.unit.values)) if "unit" in data.coords else []
        return {"input": "matrix", "names": names, "units": units, "fps": _fps(data)}
    ds = _poses(data)
    parts = [str(part) for part in by_role(ds, model=WHAT).bodypart.values]
    return {"input": "pairs" if social else "poses", "points": parts, "fps": _fps(ds)}


def request_columns(data: Data | xr.DataArray, recipe: Mapping[str, Any]) -> Request:
    """A request in which `COLUMN_NODE` stands for the columns of a recipe.

    Raises
    ------
    DataError
        Another kind of data, frame rate, or other points, names or units than it was fitted on.
    """
    from ethoflow.engine.resolve import Request

    if (recipe["input"] == "matrix") != isinstance(data, xr.DataArray):
        other = "a matrix of numbers" if recipe["input"] == "matrix" else "poses"
        raise DataError(f"the clusterer was fitted on {other}: give it the same.")
    fps = _fps(data if isinstance(data, xr.DataArray) else as_dataset(data))
    if not np.isclose(fps, recipe["fps"], rtol=1e-3):
        raise DataError(
            f"the clusterer was fitted at {recipe['fps']:g} frames per second, and these data have "
            f"{fps:g}: read them with resample_fps={recipe['fps']:g}, or fit another."
        )
    if isinstance(data, xr.DataArray):
        request = Request(_of_matrix(data, recipe))
        request.nodes[COLUMN_NODE] = request.find(COLUMNS, GIVEN)
        return request
    request = Request(by_role(_poses(data), recipe["points"], WHAT))
    if recipe["input"] == "pairs":
        check_pairs(request.ds)
    request.nodes["usual_pose"] = request.call(USUAL_POSE, {})
    _tell_short(request.ds, recipe)
    given = {"step": recipe["step"], "stride": recipe["stride"]}
    request.nodes[OWN] = request.call(COLUMNS, given)
    request.nodes[COLUMN_NODE] = request.nodes[OWN]
    if recipe["input"] == "pairs":
        own = {"stride": recipe["stride"]}
        request.nodes[COLUMN_NODE] = request.call(COLUMNS_OF_PAIR, own)
    return request


def check_pairs(ds: xr.Dataset) -> None:
    """Refuse poses in which no recording has two animals.

    Raises
    ------
    DataError
        So it is.
    """
    seats = seats_of(ds)
    most = max(map(len, seats), default=0) if seats else ds.sizes["individual"]
    if most < 2:
        raise DataError(
            "clusters of pairs need two animals in a recording, and these recordings have one "
            "each. Leave out social to find clusters of single animals."
        )


def _tell_short(ds: xr.Dataset, recipe: Mapping[str, Any]) -> None:
    """Warn of recordings of which nobody can know an animal's usual pose as well as in fitting."""
    needed = SHORT * recipe.get("fitted_on", {}).get("shortest", 0)
    counts = count_frames(ds)
    short = np.flatnonzero((counts < needed) & (counts > 0))
    if not short.size:
        return
    names = list(map(str, np.atleast_1d(ds.recording.values))) if "recording" in ds.coords else []
    which = listed([names[k] for k in short], 3) if len(names) == len(counts) else "these poses"
    fps = float(recipe["fps"])
    warnings.warn(
        f"{which}: only {counts[short].min() / fps:.3g} s, and the clusterer was fitted on "
        f"recordings of {recipe['fitted_on']['shortest'] / fps:.3g} s and more. Poses are seen "
        "less each animal's usual one, which a short piece shows badly: labels may be others than "
        "those of the whole recording. Predict whole recordings, and slice the labels.",
        ShortRecording,
        stacklevel=5,
    )


def _poses(data: Any) -> xr.Dataset:
    if not isinstance(data, xr.Dataset | xr.DataTree):
        raise WrongUse(
            f"a clusterer looks at poses (a Dataset) or a matrix (a DataArray), found "
            f"{type(data).__name__}."
        )
    ds = as_dataset(data, needs=["position"])
    if ds.sizes["space"] != 2:
        raise DataError(
            f"a clusterer looks at poses of two coordinates, found {ds.sizes['space']}: choose "
            "two, as in ds.sel(space=['x', 'y'])."
        )
    if "individual" not in ds.dims:
        raise DataError("a clusterer needs the dim individual.")
    check_room(ds, "a clusterer, which takes each animal's frame by itself")
    return ds


def _dim_of(array: xr.DataArray) -> str:
    found = [dim for dim in MATRIX_DIMS if dim in array.dims]
    if "time" not in array.dims or "individual" not in array.dims or len(found) != 1:
        raise WrongUse(
            "a matrix to cluster has the dims individual and time, and one of "
            f"{', '.join(MATRIX_DIMS)}; found {', '.join(map(str, array.dims))}."
        )
    return found[0]


def _fps(data: Any) -> float:
    if "fps" not in data.coords:
        raise DataError("these data have no frame rate: the coordinate fps.")
    return float(data.fps)


def _of_matrix(array: xr.DataArray, recipe: Mapping[str, Any]) -> xr.Dataset:
    """The matrix in a dataset, in the order it was fitted in."""
    dim = _dim_of(array)
    own = describe_input(array)
    wanted = list(recipe["names"])
    lacks = [name for name in wanted if name not in own["names"]]
    if lacks or len(own["names"]) != len(wanted):
        found = listed(lacks, 3) if lacks else f"only {len(wanted)} of these {len(own['names'])}"
        raise DataError(f"the clusterer was fitted on other columns: {found}. Make the same ones.")
    order = [own["names"].index(name) for name in wanted]
    if own["units"] and [own["units"][k] for k in order] != list(recipe["units"]):
        raise DataError(
            "the clusterer was fitted on these columns in other units: calibrate both alike, or "
            "fit another."
        )
    plain = array.isel({dim: order}).rename({dim: "column"})
    drop = [n for n, c in plain.coords.items() if "column" in c.dims]
    ds = as_dataset(plain.drop_vars(drop).to_dataset(name=GIVEN))
    ds[GIVEN].attrs.setdefault("units", "1")
    return ds
