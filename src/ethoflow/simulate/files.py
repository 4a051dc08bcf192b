"""Simulated tracks as the files a lab has: DeepLabCut tables and a metadata table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.csv_text import write_csv
from ethoflow.place import local_path
from ethoflow.schema import COORDINATES

SCORER = "DLC_resnet50_simulatedJan1shuffle1_100000"


def write_dlc(tracks: xr.Dataset, folder: str | Path) -> list[Path]:
    """DeepLabCut CSV files of a cohort or one recording, one each; gives their paths.

    One animal has three header rows, several have four, with the row `individuals`. Missing points
    are empty cells; numbers read back as the same float32.

    Parameters
    ----------
    tracks
        Simulated tracks.
    folder
        Where the files go; made when it is not there.

    Examples
    --------
    >>> import tempfile
    >>> from ethoflow import simulate
    >>> tracks = simulate.simulate_recording(duration="10 s").tracks
    >>> [path.name for path in write_dlc(tracks, tempfile.mkdtemp())]
    ['session_00DLC_resnet50_simulatedJan1shuffle1_100000.csv']
    """
    folder = local_path(folder, "tracking files")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    cohort = tracks if "recording" in tracks.dims else tracks.expand_dims("recording")
    for row, name in enumerate(cohort.recording.values):
        one = cohort.isel(recording=row)
        one = one.isel(time=slice(0, int(one.n_frames)))
        path = folder / f"{name}{SCORER}.csv"
        _table(one).to_csv(path)
        paths.append(path)
    return paths


def _table(one: xr.Dataset) -> pd.DataFrame:
    points = np.concatenate([one.position.values, one.confidence.values[:, :, None]], axis=2)
    parts = [str(part) for part in one.bodypart.values]
    animals = [str(animal) for animal in one.animal.values]
    coords = ["x", "y", "likelihood"]
    if len(animals) == 1:
        columns = pd.MultiIndex.from_product(
            [[SCORER], parts, coords], names=["scorer", "bodyparts", "coords"]
        )
    else:
        columns = pd.MultiIndex.from_product(
            [[SCORER], animals, parts, coords],
            names=["scorer", "individuals", "bodyparts", "coords"],
        )
    return pd.DataFrame(points.reshape(-1, points.shape[-1]).T, columns=columns)


def write_metadata(tracks: xr.Dataset, path: str | Path) -> Path:
    """A CSV table with a row per recording and its metadata; gives its path.

    Tracks of one recording without the dim `recording` give one row.
    """
    own = {*COORDINATES, "source_file"}
    dims = ("recording",) if "recording" in tracks.dims else ()
    columns = {
        str(name): np.atleast_1d(coord.values)
        for name, coord in tracks.coords.items()
        if coord.dims == dims and name not in own
    }
    names = tracks.recording.values if "recording" in tracks.coords else "recording"
    table = pd.DataFrame({"recording": np.atleast_1d(names), **columns})
    path = local_path(path, "tables")
    write_csv(table, path)
    return path
