"""From the frames of a video to a point, its speed, and a store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Members, Output

SIZE = 12


def brightest(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The one point that is found."""
    return Members(("spot",))


@ef.step(
    gives=(
        Output("position", ("bodypart", "space", "time"), "px"),
        Output("confidence", ("bodypart", "time")),
    ),
    over={"bodypart": brightest},
    raw=("frames",),
)
def find_spot(frames: Any) -> Any:
    """Where a frame is brightest; dims of `frames` (row, column, time), uint8."""
    assert frames.dtype == np.uint8
    flat = frames.reshape(-1, frames.shape[-1])
    row, column = np.divmod(flat.argmax(axis=0), frames.shape[1])
    confidence = flat.max(axis=0) / np.float32(255)
    return np.stack([column, row])[np.newaxis].astype(np.float32), confidence[np.newaxis]


def given(ds: xr.Dataset) -> xr.Dataset:
    """A film of a spot that goes round, as long as the recordings of a dataset."""
    n = ds.sizes["time"]
    angle = np.arange(n) / 7
    column, row = (np.rint(SIZE / 2 + 4 * f(angle)).astype(int) for f in (np.cos, np.sin))
    frames = np.zeros((ds.sizes["individual"], SIZE, SIZE, n), np.uint8)
    frames[:, row, column, np.arange(n)] = 200 + np.arange(n) % 50
    dims = ("individual", "row", "column", "time")
    if "recording" in ds.dims:
        frames = np.stack([frames] * ds.sizes["recording"])
        dims = ("recording", *dims)
    empty = ds.drop_vars([n for n, v in ds.variables.items() if "bodypart" in v.dims])
    found = empty.assign(frames=(dims, frames)).assign_coords(space=["x", "y"])
    if ds.position.chunks is None:
        return found
    chunks = zip(ds.position.dims, ds.position.chunks, strict=True)
    return found.chunk({dim: sizes for dim, sizes in chunks if dim in found.dims})


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives."""
    found = find_spot(given(ds))
    return found[["position", "confidence"]].assign(speed=ef.features.speed(found))
