"""DeepLabCut's tables: HDF5 as pandas reads it, and CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.csv_text import escape
from ethoflow.exporting.declare import writer
from ethoflow.origin import clock_frame

SCORER = "ethoflow"
_SURVIVES = ("position", "confidence", "bodypart", "animal")


def _columns(ds: xr.Dataset) -> tuple[list[str], list[tuple[str, ...]], Any]:
    """Names of the header rows, the columns, and the numbers (frame, column)."""
    animals = [str(name) for name in ds.animal.values]
    parts = [str(part) for part in ds.bodypart.values]
    axes = [str(axis) for axis in ds.space.values]
    several = len(animals) > 1
    names = ["scorer", *(["individuals"] if several else []), "bodyparts", "coords"]
    columns: list[tuple[str, ...]] = []
    values = []
    for i, animal in enumerate(animals):
        for b, part in enumerate(parts):
            where = (SCORER, *((animal,) if several else ()), part)
            columns += [(*where, axis) for axis in (*axes, "likelihood")]
            values += [*ds.position.values[i, b], ds.confidence.values[i, b]]
    return names, columns, np.stack(values, axis=-1).astype(np.float64)


@writer("DeepLabCut CSV", kind="tracks", suffix=".csv", reader="DeepLabCut CSV", survives=_SURVIVES)
def save_csv(ds: xr.Dataset, path: Path) -> None:
    """Header rows scorer, (individuals,) bodyparts, coords; missing points are empty cells."""
    names, columns, values = _columns(ds)
    first = clock_frame(ds)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        for level, name in enumerate(names):
            lines.writerow([name, *(escape(column[level]) for column in columns)])
        for frame, row in enumerate(values):
            cells = ["" if value != value else repr(float(value)) for value in row.tolist()]
            lines.writerow([first + frame, *cells])


@writer(
    "DeepLabCut HDF5",
    kind="tracks",
    suffix=".h5",
    reader="DeepLabCut HDF5",
    survives=_SURVIVES,
    extra="hdf5",
)
def save_hdf5(ds: xr.Dataset, path: Path) -> None:
    """A table of pandas under the key ``df_with_missing``, as DeepLabCut writes it."""
    import pandas as pd
    import tables  # noqa: F401

    names, columns, values = _columns(ds)
    first = clock_frame(ds)
    table = pd.DataFrame(
        values,
        index=range(first, first + len(values)),
        columns=pd.MultiIndex.from_tuples(columns, names=names),
    )
    table.index = pd.Index(np.arange(first, first + len(values)), dtype=np.int64)
    table.to_hdf(path, key="df_with_missing", mode="w")
