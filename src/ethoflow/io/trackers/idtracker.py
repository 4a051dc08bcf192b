"""idtracker.ai: trajectories of centroids, as HDF5, as a CSV with companions, or as a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ethoflow.io.hdf5 import read_array
from ethoflow.io.numpy_files import load_array
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import rate_of_times, read_text_table
from ethoflow.real import real_numbers
from ethoflow.schema import DataError

POINT = ("centroid",)


def _is_hdf5(file: Content) -> bool:
    return {"trajectories", "id_probabilities"} <= file.keys


@reader("idtracker.ai HDF5", matches=_is_hdf5)
def read_idtracker_hdf5(path: Path) -> list[Tracks]:
    """Centroids of every animal in px; confidence is the probability of its identity."""
    with h5py.File(path, "r") as file:
        found = {name: read_array(file[name]) for name in ("trajectories", "id_probabilities")}
        facts: dict[str, Any] = dict(file.attrs)
    return [_tracks(path, {**facts, **found})]


def _is_pickle(file: Content) -> bool:
    return file.kind == "npy" and b"'descr': '|O'" in file.head[:256]


@reader("idtracker.ai NumPy", matches=_is_pickle, pickle=True)
def read_idtracker_npy(path: Path) -> list[Tracks]:
    """The same from ``trajectories.npy``, a pickled dict."""
    content = load_array(path, allow_pickle=True)
    found = content.item() if content.ndim == 0 else None
    if not isinstance(found, dict) or "trajectories" not in found:
        raise DataError(
            "this NumPy file holds no dict with 'trajectories', as idtracker.ai writes."
        )
    return [_tracks(path, found)]


def _tracks(path: Path, found: Mapping[str, Any]) -> Tracks:
    places = real_numbers(found["trajectories"], "trajectories", np.float64)
    if places.ndim != 3 or places.shape[2] not in (2, 3):
        raise DataError(f"trajectories have the shape {places.shape}; needed (frame, animal, xy).")
    position = places.transpose(1, 2, 0)[:, np.newaxis]
    confidence = _probabilities(found, places.shape)
    rate = found.get("frames_per_second")
    labels = found.get("identities_labels")
    names = [str(n) for n in np.ravel(labels)] if labels is not None and len(labels) else None
    return Tracks(
        name=recording_name(path),
        position=_all_or_none(position),
        confidence=confidence,
        bodyparts=POINT,
        animals=tuple(names) if names and len(names) == len(position) else None,
        fps=None if rate is None else float(np.ravel(rate)[0]),
        source_software="idtracker.ai",
    )


def _all_or_none(position: Any) -> Any:
    """Points with a coordinate missing are missing in all."""
    missing = np.isnan(position).any(axis=2, keepdims=True)
    return np.where(missing, np.nan, position).astype(np.float32)


def _probabilities(found: Mapping[str, Any], shape: tuple[int, ...]) -> Any:
    if found.get("id_probabilities") is None:
        return None
    values = real_numbers(found["id_probabilities"], "id_probabilities").reshape(shape[0], -1)
    if values.shape != shape[:2]:
        raise DataError(f"id_probabilities have the shape {values.shape}, trajectories {shape}.")
    return np.ascontiguousarray(values.T[:, np.newaxis])


def _is_csv(file: Content) -> bool:
    names = file.header
    return names[:3] in (["seconds", "x1", "y1"], ["time", "x1", "y1"]) and len(names) % 2 == 1


@reader("idtracker.ai CSV", matches=_is_csv, beside=True)
def read_idtracker_csv(path: Path) -> list[Tracks]:
    """The same from ``trajectories.csv``; ``attributes.json`` and ``id_probabilities.csv`` beside.

    The frame rate is that of the attributes; without them it is that of the times, which are
    rounded to milliseconds.
    """
    table = read_text_table(path)
    names = list(table.columns)
    values = np.stack([table.numbers(name) for name in names], axis=-1)
    facts: dict[str, Any] = {"trajectories": values[:, 1:].reshape(len(values), -1, 2)}
    attributes = path.with_name("attributes.json")
    if attributes.is_file():
        facts.update(json.loads(attributes.read_text(encoding="utf-8")))
    else:
        facts["frames_per_second"] = rate_of_times(values[:, 0])[0]
    scores = path.with_name("id_probabilities.csv")
    if scores.is_file():
        beside = read_text_table(scores)
        columns = [beside.numbers(name) for name in list(beside.columns)[1:]]
        facts["id_probabilities"] = np.stack(columns, axis=-1)
    return [replace(_tracks(path, facts), start=float(values[0, 0]))]
