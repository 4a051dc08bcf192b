"""Labels of many files as one cohort, where there are no tracks that they belong to."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from ethoflow.io.metadata import MetadataSources, join_metadata
from ethoflow.io.scoring.background import Background
from ethoflow.io.scoring.clock import LabelNote
from ethoflow.io.scoring.declare import Columns
from ethoflow.io.scoring.labels import read_labels
from ethoflow.schema import DataError, count_frames, make_time, text

ONE_CLASS = "one class per frame"
"""Format in which a frame is of one class: where another one is known, a class is absent."""


def read_label_cohort(
    files: Sequence[Path],
    *,
    fps: float | None = None,
    metadata: MetadataSources | None = None,
    rater: str | None = None,
    individual: str | None = None,
    offset: float = 0.0,
    columns: Columns | None = None,
    background: Background | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[xr.Dataset, list[str]]:
    """Labels of all files as a cohort of their own, without tracks, and what is to be said.

    A behaviour that a file does not have is unknown there: nobody says that it was looked for.
    Where a frame is of one class alone, as of clusters, it is absent in every frame that is known.

    Parameters
    ----------
    files
        Files of scored behaviour, one or more recordings in each.
    metadata
        Table with a row per recording, or several.
    fps, rater, individual, offset, columns, background
        As for `ef.read_labels`.
    progress
        Is told how many files were read, of how many.

    Raises
    ------
    DataError
        A file cannot be read; two are of one recording; rates differ; the metadata fit nothing.
    """
    if not files:
        raise DataError("no file of scored behaviour was named.")
    notes: dict[str, None] = {}
    found: list[xr.Dataset] = []
    for number, file in enumerate(files, 1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", LabelNote)
            one = read_labels(
                file, fps=fps, rater=rater, individual=individual, offset=offset,
                columns=columns, background=background,
            )  # fmt: skip
        for said in caught:
            if not issubclass(said.category, LabelNote):
                warnings.warn_explicit(said.message, said.category, said.filename, said.lineno)
            else:  # alike in all files but for the name that it begins with
                notes.setdefault(str(said.message).partition(": ")[2] or str(said.message))
        found.append(one if "recording" in one.dims else one.expand_dims("recording"))
        progress(number, len(files))
    _check_apart(found, files)
    ds = _stack(found)
    if metadata is not None:
        ds, reports = join_metadata(ds, metadata)
        notes |= dict.fromkeys([*map(str, reports), *ds.attrs.pop("notes", [])])
    return ds, [*notes, *_tell_unknown(found)]


def _check_apart(found: Sequence[xr.Dataset], files: Sequence[Path]) -> None:
    """Refuse recordings of one name, and other frame rates."""
    seen: dict[str, Path] = {}
    for ds, file in zip(found, files, strict=True):
        for name in map(str, ds.recording.values):
            if name in seen:
                raise DataError(
                    f"{file.name} and {seen[name].name} both have a recording {name!r}: put one "
                    "into a group of its own, or call its file otherwise."
                )
            seen[name] = file
        if float(ds.fps) != float(found[0].fps):
            raise DataError(
                f"{file.name} has {float(ds.fps):g} frames per second and {files[0].name} "
                f"{float(found[0].fps):g}: a store has one rate. Put them into two stores, which "
                "ef.study takes as one."
            )


def _stack(found: Sequence[xr.Dataset]) -> xr.Dataset:
    """One below the other, padded to the longest recording and the most animals."""
    names = list(dict.fromkeys(str(name) for ds in found for name in ds.data_vars))
    slots = max((ds.individual.values for ds in found), key=len)
    longest = max(ds.sizes["time"] for ds in found)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for ds in found:
        shape = (ds.sizes["recording"], ds.sizes["individual"], ds.sizes["time"])
        room = [(0, 0), (0, len(slots) - shape[1]), (0, longest - shape[2])]
        rest = np.full(shape, np.nan, np.float32)
        if ds.attrs["source_format"] == ONE_CLASS:
            known = np.any([~np.isnan(label.values) for label in ds.data_vars.values()], axis=0)
            rest[known] = 0.0
        for name in names:
            values = ds[name].values if name in ds else rest
            parts[name].append(np.pad(values, room, constant_values=np.nan))
    said = {name: next(ds[name].attrs for ds in found if name in ds) for name in names}
    dims = ("recording", "individual", "time")
    one_each = partial(_of_each, found)
    animals = [
        np.pad(ds.animal.values.reshape(-1, ds.sizes["individual"]),
               [(0, 0), (0, len(slots) - ds.sizes["individual"])], constant_values="")
        for ds in found
    ]  # fmt: skip
    return xr.Dataset(
        {name: (dims, np.concatenate(parts[name]), said[name]) for name in names},
        coords={
            "recording": text(one_each("recording")),
            "individual": text(slots),
            "time": make_time(longest, float(found[0].fps)),
            "fps": found[0].fps,
            "n_frames": ("recording", np.concatenate([count_frames(ds) for ds in found])),
            "animal": (dims[:2], np.concatenate(animals).astype(object)),
            "origin": ("recording", one_each("origin").astype(float), found[0].origin.attrs),
            "digest": ("recording", text(one_each("digest"))),
            "source_file": ("recording", text(one_each("source_file"))),
        },
        attrs={
            key: ", ".join(dict.fromkeys(str(ds.attrs[key]) for ds in found))
            for key in ("label_source", "rater", "source_format")
        },
    )


def _of_each(found: Iterable[xr.Dataset], name: str) -> np.ndarray:
    return np.concatenate([np.atleast_1d(ds[name].values) for ds in found])


def _tell_unknown(found: Sequence[xr.Dataset]) -> list[str]:
    """Behaviours that some files do not have, where that does not say that they are absent."""
    own = [ds for ds in found if ds.attrs["source_format"] != ONE_CLASS]
    names = dict.fromkeys(str(name) for ds in own for name in ds.data_vars)
    lost = {name: sum(name not in ds for ds in own) for name in names}
    lost = {name: n for name, n in lost.items() if n}
    if not lost:
        return []
    said = ", ".join(f"{name} ({n})" for name, n in list(lost.items())[:5])
    return [
        f"behaviours that some files do not have are unknown there, not absent: {said}, with the "
        "number of files. Where they were looked for, score their absence."
    ]
