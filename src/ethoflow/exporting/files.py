"""Writing files in the formats of other tools: one per recording, whole or not at all."""

from __future__ import annotations

import unicodedata
import warnings
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import xarray as xr

from ethoflow.disk import beside, clear_parts
from ethoflow.exporting.declare import ExportNote, Writer, find_writer
from ethoflow.exporting.recordings import cut_recording, find_seats
from ethoflow.labels.plain import plain_labels
from ethoflow.labels.runs import is_behaviour
from ethoflow.names import clean_name
from ethoflow.place import local_path
from ethoflow.schema import Data, DataError, as_dataset, position_units


def export(data: Data, path: str | Path, *, format: str, overwrite: bool = False) -> list[Path]:
    """Write tracks or labels in the format of another tool; gives the files written.

    A single recording becomes the file `path`; a cohort becomes a folder with a file for each
    recording, named after it, without the padding of shorter ones. NWB has a file for each animal:
    where there are several their names follow that of the recording. Labels with further dims, and
    categories, become a behaviour for each of their names, as in ``in_region_centre``. One
    recording is held in memory at a time, and nothing is written where one file could not be.

    Parameters
    ----------
    data
        Tracks or poses, or labels, as the format asks.
    path
        The file, or for a cohort the folder.
    format
        One of the formats that are written, or a word of its name (``"nwb"``); the message of an
        unknown one lists them.
    overwrite
        Replace files that are there; default False.

    Warns
    -----
    ExportNote
        What the format has no place for and is lost: a unit, a spread, frames that are unknown.

    Raises
    ------
    DataError
        The format is not known, does not take these data, a file is there already, it cannot be
        written there, or two recordings or animals would have one file.

    Examples
    --------
    >>> import tempfile
    >>> from ethoflow import simulate
    >>> folder = tempfile.mkdtemp()
    >>> export(simulate.still_then_running(), f"{folder}/m.csv", format="tidy CSV")[0].name
    'm.csv'
    """
    chosen = find_writer(format)
    ds = as_dataset(data)
    _check_kind(ds, chosen)
    _note_lost(ds, chosen)
    ds = _with_confidence(ds)
    path = local_path(path, "exported files")
    files = _plan(ds, path, chosen)
    _check_places(files, overwrite)
    clear_parts(path if "recording" in ds.dims else path.parent)
    for row, one in groupby(files, key=lambda file: file.row):
        recording = plain_labels(cut_recording(ds, row).load())
        for file in one:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            own = recording.isel(individual=file.animals)
            _save(chosen, own, file.path)
    return [file.path for file in files]


@dataclass(frozen=True)
class _File:
    """One file to be written: of which row of the data, which of its animals, and who they are."""

    path: Path
    row: int
    animals: list[int]
    what: str


def _plan(ds: xr.Dataset, path: Path, chosen: Writer) -> list[_File]:
    """The files: one per recording, or one per animal where the format wants it."""
    several = "recording" in ds.dims
    files = []
    for row in range(ds.sizes.get("recording", 1)):
        one = cut_recording(ds, row)
        name = str(one.recording.values) if "recording" in one.coords else "recording"
        if not one.sizes["time"]:
            raise DataError(f"{name}: there are no frames of it in these data.")
        place = path / f"{clean_name(name)}{chosen.suffix}" if several else path
        seats = find_seats(one)
        if not chosen.apart or len(seats) == 1:
            files.append(_File(place, row, seats, name))
            continue
        for seat in seats:
            animal = str(one.animal.values[seat]) or str(one.individual.values[seat])
            suffix = chosen.suffix if place.name.endswith(chosen.suffix) else ""
            stem = f"{place.name.removesuffix(chosen.suffix)}_{clean_name(animal)}"
            files.append(_File(place.with_name(stem + suffix), row, [seat], f"{name}, {animal}"))
    return files


def _check_places(files: list[_File], overwrite: bool) -> None:
    """Refuse before anything is written: two files of one name, or one that is there."""
    taken: dict[str, str] = {}
    for file in files:
        # Some file systems take names for one that differ in case or in how letters are composed.
        key = unicodedata.normalize("NFC", str(file.path)).casefold()
        if key in taken:
            raise DataError(
                f"{taken[key]} and {file.what} would both be written to {file.path}: rename one."
            )
        taken[key] = file.what
        if file.path.exists() and not overwrite:
            raise DataError(
                f"{file.path} is there already: choose another place, or overwrite it "
                "(overwrite=True, --overwrite)."
            )


def _check_kind(ds: xr.Dataset, chosen: Writer) -> None:
    has_labels = any(is_behaviour(array) for array in ds.data_vars.values())
    if chosen.kind == "labels" and not has_labels:
        raise DataError(f"{chosen.name} takes labels; these data have: {', '.join(map(str, ds))}.")
    if chosen.kind == "tracks" and "position" not in ds:
        more = ""
        if chosen.labels and has_labels:
            more = " Give the labels beside the tracks, as in poses.assign(labels.data_vars)."
        raise DataError(
            f"{chosen.name} takes tracks; these data have: {', '.join(map(str, ds))}.{more}"
        )


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


def _with_confidence(ds: xr.Dataset) -> xr.Dataset:
    if "position" not in ds or "confidence" in ds:
        return ds
    return ds.assign(confidence=xr.full_like(ds.position.isel(space=0, drop=True), np.nan))


def _save(chosen: Writer, ds: xr.Dataset, target: Path) -> None:
    """Write beside the target and rename, so that no half file has its name."""
    try:
        with beside(target, needed=ds.nbytes, suffix=chosen.suffix) as part:
            chosen.save(ds, part)
    except ModuleNotFoundError as error:
        raise DataError(
            f'{chosen.name} needs {error.name}: pip install "ethoflow[{chosen.extra}]".'
        ) from error
