"""Writing files in the formats of other tools: one per recording, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from ethoflow.exporting.declare import Writer, writers
from ethoflow.schema import Data, DataError, as_dataset, clean_name, count_frames, is_label


def export(data: Data, path: str | Path, *, format: str, overwrite: bool = False) -> list[Path]:
    """Write tracks or labels in the format of another tool; gives the files written.

    A single recording becomes the file `path`; a cohort becomes a folder with a file for each
    recording, named after it, without the padding of shorter ones. One recording is held in memory
    at a time.

    Parameters
    ----------
    data
        Tracks or poses, or labels, as the format asks.
    path
        The file, or for a cohort the folder.
    format
        One of the formats that are written; the message of an unknown one lists them.
    overwrite
        Replace files that are there; default False.

    Raises
    ------
    DataError
        The format is not known, does not take these data, or a file is there already.

    Examples
    --------
    >>> import tempfile
    >>> from ethoflow import simulate
    >>> folder = tempfile.mkdtemp()
    >>> export(simulate.still_then_running(), f"{folder}/m.csv", format="tidy CSV")[0].name
    'm.csv'
    """
    chosen = _choose(format)
    ds = as_dataset(data)
    _check_kind(ds, chosen)
    path = Path(path)
    cohort = "recording" in ds.dims
    written = []
    for name, one in _recordings(ds):
        target = path / f"{clean_name(name)}{chosen.suffix}" if cohort else path
        if target.exists() and not overwrite:
            raise DataError(f"{target} is there already: choose another place, or overwrite=True.")
        target.parent.mkdir(parents=True, exist_ok=True)
        _save(chosen, one.load(), target)
        written.append(target)
    return written


def _choose(format: str) -> Writer:
    known = writers()
    if format not in known:
        lower = {name.lower(): name for name in known}
        if format.lower() not in lower:
            raise DataError(f"no format {format!r} is written; there are: {', '.join(known)}.")
        format = lower[format.lower()]
    return known[format]


def _check_kind(ds: xr.Dataset, chosen: Writer) -> None:
    has_labels = any(is_label(array) for array in ds.data_vars.values())
    if chosen.kind == "labels" and not has_labels:
        raise DataError(f"{chosen.name} takes labels; these data have: {', '.join(map(str, ds))}.")
    if chosen.kind == "tracks" and "position" not in ds:
        raise DataError(f"{chosen.name} takes tracks; these data have: {', '.join(map(str, ds))}.")


def _recordings(ds: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """Every recording, cut to its own frames and to the animals it has."""
    counts = count_frames(ds)
    if "recording" not in ds.dims:
        yield str(ds.recording.values) if "recording" in ds.coords else "recording", ds
        return
    for row, name in enumerate(map(str, ds.recording.values)):
        one = ds.isel(recording=row, time=slice(int(counts[row])))
        animals = one.animal.values if "animal" in one.coords else one.individual.values
        seated = np.flatnonzero(animals != "")
        keeps = 0 < len(seated) < one.sizes["individual"]
        yield name, one.isel(individual=seated) if keeps else one


def _save(chosen: Writer, ds: xr.Dataset, target: Path) -> None:
    """Write beside the target and rename, so that no half file has its name."""
    beside = target.with_name(f".{target.name}.part{chosen.suffix}")
    try:
        chosen.save(ds, beside)
        os.replace(beside, target)
    except ModuleNotFoundError as error:
        raise DataError(
            f'{chosen.name} needs {error.name}: pip install "ethoflow[{chosen.extra}]".'
        ) from error
    finally:
        beside.unlink(missing_ok=True)
