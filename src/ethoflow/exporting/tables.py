"""Tidy tables: a row per animal, body part and frame, for pandas, CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.csv_text import write_csv
from ethoflow.exporting.declare import writer
from ethoflow.exporting.recordings import cut_recording
from ethoflow.labels.categories import Categories, is_category
from ethoflow.labels.places import each_place
from ethoflow.origin import clock_frame, clock_times
from ethoflow.schema import Data, DataError, as_dataset, position_units

_TRACKS = ("position", "confidence", "bodypart", "animal", "fps", "units")


def to_table(data: Data) -> pd.DataFrame:
    """A table: tracks with a row per animal, body part and frame, others per animal and frame.

    Returns
    -------
    DataFrame
        For tracks: recording, individual, animal, bodypart, frame, time (s), x, y (, z) and
        confidence. For features and labels: recording, individual, animal, frame, time and a column
        per variable; one that has further dims gets a column for each of their names, as in
        ``speed_nose`` or ``following_individual_1``. Categories are their names. Padding and empty
        slots are left out.

    Raises
    ------
    DataError
        Nothing in the data runs along time.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> to_table(simulate.still_then_running()).columns.tolist()[:5]
    ['recording', 'individual', 'animal', 'bodypart', 'frame']
    """
    ds = as_dataset(data)
    if "time" not in ds.dims:
        raise DataError("nothing here runs along time: a table has no place for it.")
    several = "recording" in ds.dims
    names = ds.recording.values if several else [ds.coords.get("recording", "")]
    parts = [_table_of(cut_recording(ds, row), str(np.asarray(n))) for row, n in enumerate(names)]
    return pd.concat(parts, ignore_index=True) if several else parts[0]


def _table_of(ds: xr.Dataset, recording: str) -> pd.DataFrame:
    if "animal" in ds.coords and (ds.animal.values != "").any():
        ds = ds.isel(individual=np.flatnonzero(ds.animal.values != ""))
    if "position" in ds:
        index: tuple[str, ...] = ("individual", "bodypart", "time")
        values = {str(axis): ds.position.sel(space=axis, drop=True) for axis in ds.space.values}
        if "confidence" in ds:
            values["confidence"] = ds.confidence
    else:
        index, values = ("individual", "time"), _columns(ds)
    arrays = {n: array.transpose(*index).values.ravel() for n, array in values.items()}
    shape = [ds.sizes[dim] for dim in index]
    places = dict(
        zip(index, np.indices(shape, dtype=np.int32).reshape(len(shape), -1), strict=True)
    )
    slots = ds.individual.values.astype(str)
    animals = ds.animal.values.astype(str) if "animal" in ds.coords else slots
    frames = places["time"] + clock_frame(ds)
    table = {
        "recording": np.full(len(frames), recording, object),
        "individual": slots[places["individual"]],
        "animal": animals[places["individual"]],
    }
    for dim in index[1:-1]:
        table[dim] = ds[dim].values.astype(str)[places[dim]]
    table["frame"] = frames
    table["time"] = clock_times(ds)[places["time"]]
    return pd.DataFrame({**table, **arrays})


def _columns(ds: xr.Dataset) -> dict[str, xr.DataArray]:
    """One array per column, dims (individual, time)."""
    found: dict[str, xr.DataArray] = {}
    slots = ds.individual
    for name, array in ds.data_vars.items():
        if "time" not in array.dims:
            continue
        array = array if "individual" in array.dims else array.expand_dims(individual=slots)
        rest = [str(dim) for dim in array.dims if dim not in ("individual", "time")]
        for cells, chosen in each_place(array, rest):
            found["_".join([str(name), *cells])] = _named(chosen) if is_category(array) else chosen
    return found


def _named(array: xr.DataArray) -> xr.DataArray:
    """Names of categories instead of their numbers; None where nothing is known."""
    return array.copy(data=Categories.of(array).decode(array.values))


def _attributes(ds: xr.Dataset) -> dict[str, str]:
    return {"fps": repr(float(ds.fps)), "units": position_units(ds)}


@writer("tidy CSV", kind="tracks", suffix=".csv", reader="tidy CSV", survives=_TRACKS)
def save_csv(ds: xr.Dataset, path: Path) -> None:
    """Comma-separated, numbers as short as they read back exactly; a first line of facts."""
    facts = " ".join(f"{key}={value}" for key, value in _attributes(ds).items())
    write_csv(to_table(ds), path, head=f"# ethoflow {facts}")


@writer("tidy Parquet", kind="tracks", suffix=".parquet", reader="tidy Parquet", survives=_TRACKS)
def save_parquet(ds: xr.Dataset, path: Path) -> None:
    """The same as Parquet; the frame rate and the unit are in the metadata of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(to_table(ds), preserve_index=False)
    facts = {f"ethoflow_{key}": value for key, value in _attributes(ds).items()}
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **facts}), path)
