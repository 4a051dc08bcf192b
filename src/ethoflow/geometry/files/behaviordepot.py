"""Regions that were drawn in BehaviorDEPOT: polygons of ``Params.mat``, px, y down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ethoflow.geometry.arena import polygon
from ethoflow.geometry.regions import Shape
from ethoflow.io.matlab import read_matlab
from ethoflow.schema import DataError

SUFFIXES = (".mat",)


def read(path: Path) -> Mapping[str, Shape]:
    """Regions by name."""
    try:
        params = read_matlab(path, nested=True).get("Params")
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if not (isinstance(params, dict) and {"roi", "roi_name"} <= set(params)):
        raise DataError(f"{path}: needed Params with roi and roi_name, as BehaviorDEPOT saves.")
    names, given = np.atleast_1d(params["roi_name"]), params["roi"]
    shapes = [given] if names.size == 1 else list(given)
    if len(names) != len(shapes):
        raise DataError(f"{path}: {len(names)} names of {len(shapes)} regions.")
    found: dict[str, Shape] = {}
    for name, corners in zip(map(str, names), shapes, strict=True):
        if name in found:
            raise DataError(f"{path}: a second region is called {name!r}.")
        try:
            found[name] = polygon(np.asarray(corners, np.float64).tolist())
        except (DataError, TypeError, ValueError) as error:
            raise DataError(f"{path}: the region {name!r}: {error}") from error
    return found
