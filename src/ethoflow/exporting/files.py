"""Writing files in the formats of other tools: one per recording, whole or not at all."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from ethoflow.behaviours.bouts import is_behaviour
from ethoflow.exporting.declare import ExportNote, Writer, writers
from ethoflow.schema import (
    Data,
    DataError,
    as_dataset,
    clean_name,
    own_frames,
    position_units,
)


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
        One of the formats that are written, or a word that only one of them has (``"nwb"``); the
        message of an unknown one lists them.
    overwrite
        Replace files that are there; default False.

    Warns
    -----
    ExportNote
        What the format has no place for and is lost: a unit, a spread, frames that are unknown.

    Raises
    ------
    DataError
        The format is not known, does not take these data, a file is there already, or two
        recordings would have one file.

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
    _note_lost(ds, chosen)
    written: list[Path] = []
    for name, one in _recordings(ds):
        target = path / f"{clean_name(name)}{chosen.suffix}" if cohort else path
        if target in written:
            raise DataError(f"two recordings would be written to {target}: rename one.")
        if target.exists() and not overwrite:
            raise DataError(f"{target} is there already: choose another place, or overwrite it.")
        if not one.sizes["time"]:
            raise DataError(f"{name}: there are no frames of it in these data.")
        target.parent.mkdir(parents=True, exist_ok=True)
        _save(chosen, one.load(), target)
        written.append(target)
    return written


def _choose(format: str) -> Writer:
    known = writers()
    if format not in known:
        words = _words(format)
        fits = [
            name
            for name in known
            if words and all(any(own.startswith(word) for own in _words(name)) for word in words)
        ]
        if len(fits) > 1:
            raise DataError(f"{format!r} may be any of: {', '.join(fits)}.")
        if not fits or not words:
            raise DataError(f"no format {format!r} is written; there are: {', '.join(known)}.")
        format = fits[0]
    return known[format]


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def _check_kind(ds: xr.Dataset, chosen: Writer) -> None:
    has_labels = any(is_behaviour(array) for array in ds.data_vars.values())
    if chosen.kind == "labels" and not has_labels:
        raise DataError(f"{chosen.name} takes labels; these data have: {', '.join(map(str, ds))}.")
    if chosen.kind == "tracks" and "position" not in ds:
        raise DataError(f"{chosen.name} takes tracks; these data have: {', '.join(map(str, ds))}.")


def _note_lost(ds: xr.Dataset, chosen: Writer) -> None:
    """Say what of these data the format has no place for."""
    lost = []
    if chosen.kind == "tracks":
        units = position_units(ds)
        if units != "px" and "units" not in chosen.survives:
            lost.append(f"the unit of positions: its numbers are in {units}, and read as px")
        if "position_sd" in ds and "position_sd" not in chosen.survives:
            lost.append("the spread of positions (position_sd)")
    if lost:
        warnings.warn(f"{chosen.name} does not keep {'; nor '.join(lost)}.", ExportNote, 3)


def _recordings(ds: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """Every recording, cut to its own frames and to the animals it has."""
    if "position" in ds and "confidence" not in ds:
        unknown = xr.full_like(ds.position.isel(space=0, drop=True), np.nan)
        ds = ds.assign(confidence=unknown)
    if "recording" not in ds.dims:
        yield str(ds.recording.values) if "recording" in ds.coords else "recording", _own(ds)
        return
    for row, name in enumerate(map(str, ds.recording.values)):
        yield name, _own(ds.isel(recording=row))


def _own(ds: xr.Dataset) -> xr.Dataset:
    """One recording, also one chosen from a cohort, without padding and empty slots."""
    one = own_frames(ds)
    animals = one.animal.values if "animal" in one.coords else one.individual.values
    seated = np.flatnonzero(animals != "")
    return one.isel(individual=seated) if 0 < len(seated) < one.sizes["individual"] else one


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
