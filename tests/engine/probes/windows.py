"""Statistics in windows of several lengths, of any feature; and many features as a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Members

LENGTHS = (5, 11, 25)
STATISTICS = ("mean", "std", "min", "max")


def windows(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """Names of the windows, by their lengths in frames."""
    return Members(tuple(f"{length} frames" for length in LENGTHS))


def statistics(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """Names of the statistics."""
    return Members(STATISTICS)


@ef.feature(
    dims=("window", "statistic", "time"),
    units="values",
    over={"window": windows, "statistic": statistics},
    optional=("values",),
    halo=max(LENGTHS) // 2,
)
def windowed(values: Any) -> Any:
    """Statistics of what is known in windows around each frame."""
    out = np.full((len(LENGTHS), len(STATISTICS), values.shape[-1]), np.nan, np.float32)
    for place, length in enumerate(LENGTHS):
        padded = np.pad(values, length // 2, constant_values=np.nan)
        for t in range(values.shape[-1]):
            seen = padded[t : t + length]
            seen = seen[~np.isnan(seen)]
            if seen.size:
                out[place, :, t] = seen.mean(), seen.std(), seen.min(), seen.max()
    return out


def columns(ds: xr.Dataset, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Members:
    """A column for every number that a feature has for one animal."""
    names: list[str] = []
    for name, node in inputs.items():
        size = int(
            np.prod(
                [node.sizes[dim] for dim in node.dims if dim in ("bodypart", "window", "statistic")]
            )
        )
        names += [name] if size == 1 else [f"{name} {place}" for place in range(size)]
    return Members(tuple(names))


@ef.feature(dims=("feature", "time"), over={"feature": columns}, optional=("values",))
def feature_matrix(*values: Any) -> Any:
    """Features one above the other."""
    return np.concatenate([array.reshape(-1, array.shape[-1]) for array in values])


def settings(_: xr.Dataset) -> Mapping[str, Mapping[str, Any]]:
    """Which features they are of."""
    return {
        "windowed": {"values": "body_span"},
        "feature_matrix": {"values": ["speed", "heading"]},
    }


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives."""
    of_span = windowed(ds, **settings(ds)["windowed"]).rename("windowed_span")
    given = ds.assign(windowed_span=of_span)
    matrix = feature_matrix(given, values=["speed", "heading", "windowed_span"])
    return xr.Dataset({"feature_matrix": matrix, "windowed_span": of_span})
