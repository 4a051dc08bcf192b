"""Which recordings there are, how long they are, and what is known of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.origin import origins
from ethoflow.report.page import Section
from ethoflow.schema import COORDINATES, count_frames
from ethoflow.stats.design import counted


def cohort_section(ds: xr.Dataset) -> Section:
    """A table with a row for each recording."""
    section = Section("Cohort")
    table = tabulate_cohort(ds)
    total = float(table["duration (s)"].sum())
    section.say(
        f"{counted(len(table), 'recording')}, {total / 3600:.3g} hours at {float(ds.fps):g} frames "
        f"per second; {counted(int(table['animals'].sum()), 'animal')} in them, counted in every "
        "recording."
    )
    section.table(table, "cohort")
    return section


def tabulate_cohort(ds: xr.Dataset) -> pd.DataFrame:
    """Name, duration, animals and metadata of each recording."""
    names = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ["recording"]
    found: dict[str, object] = {
        "recording": [str(name) for name in names],
        "duration (s)": count_frames(ds) / float(ds.fps),
        "animals": _animals(ds, len(names)),
    }
    if origins(ds).any():
        found["begins at (s)"] = origins(ds)
    for name, coordinate in ds.coords.items():
        if coordinate.dims == ("recording",) and name not in COORDINATES:
            found[str(name)] = coordinate.values
    return pd.DataFrame(found)


def _animals(ds: xr.Dataset, n: int) -> list[int]:
    """Animals of each recording: slots that somebody sits in."""
    if "animal" in ds.coords and "individual" in ds.animal.dims:
        names = ds.animal.values.reshape(n, -1) if ds.animal.ndim == 2 else [ds.animal.values] * n
        return [int(sum(str(name) != "" for name in row)) for row in names]
    return [ds.sizes.get("individual", 1)] * n
