"""Triangulated 3-D points: Anipose, SLEAP-Anipose, DANNCE, FreeMoCap, DeepFly3D."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ethoflow.io.hdf5 import read_numbers
from ethoflow.io.matlab import read_matlab
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks, read_text_table, whole_numbers
from ethoflow.real import real_numbers
from ethoflow.schema import DataError

_BOARD = "its unit is that of the calibration board; it is taken to be mm."


def _is_anipose(file: Content) -> bool:
    names = file.header
    return "fnum" in names and any(name.endswith("_ncams") for name in names)


@reader("Anipose CSV", matches=_is_anipose, fixture="built")
def read_anipose(path: Path) -> list[Tracks]:
    """3-D points of one animal with their score; mm, when the calibration board was in mm."""
    table = read_text_table(path)
    parts = [m[1] for m in (re.fullmatch(r"(.+)_ncams", name) for name in table.columns) if m]
    points = {part: [table.numbers(f"{part}_{axis}") for axis in "xyz"] for part in parts}
    scores = {p: table.numbers(f"{p}_score") for p in parts if f"{p}_score" in table.columns}
    return [
        dense_tracks(
            recording_name(path),
            whole_numbers(table.numbers("fnum"), table.lines),
            None,
            points,
            lines=table.lines,
            confidence=scores or None,
            units="mm",
            source_software="Anipose",
            notes=(_BOARD,),
        )
    ]


def _is_sleap_anipose(file: Content) -> bool:
    return file.keys == {"tracks"} and not file.keys_of("tracks")


@reader("SLEAP-Anipose HDF5", matches=_is_sleap_anipose)
def read_sleap_anipose(path: Path) -> list[Tracks]:
    """3-D points of every track (``points3d.h5``); the nodes have no names there, only numbers."""
    with h5py.File(path, "r") as file:
        values = read_numbers(file["tracks"])
    if values.ndim != 4 or values.shape[3] != 3:
        raise DataError(f"tracks have the shape {values.shape}; needed (frame, track, node, xyz).")
    position = np.ascontiguousarray(values.transpose(1, 2, 3, 0))
    missing = np.isnan(position).any(axis=2, keepdims=True)
    position[np.broadcast_to(missing, position.shape)] = np.nan
    note = "the nodes have no names in this file: they are numbered in the order of the skeleton."
    return [
        Tracks(
            recording_name(path),
            position,
            None,
            tuple(f"node_{i}" for i in range(position.shape[1])),
            units="mm",
            source_software="SLEAP-Anipose",
            notes=(note, _BOARD),
        )
    ]


def _is_dannce(file: Content) -> bool:
    names = file.variables
    return {"pred", "sampleID"} <= names or {"com", "sampleID"} <= names


@reader("DANNCE", matches=_is_dannce, extra="matlab", beside=True)
def read_dannce(path: Path) -> list[Tracks]:
    """3-D points of one animal, mm, with the peak of the network's map as confidence.

    Body parts are named by a ``*skeleton*.mat`` beside the file, else numbered. A file of the
    centre of mass has the one point ``com``.
    """
    content = read_matlab(path)
    notes = _note_samples(np.ravel(content["sampleID"]))
    if "pred" in content:
        places = real_numbers(content["pred"], "positions (pred)")
        names = _joints(path, places.shape[-1])
        scores = content.get("p_max")
    else:
        places = real_numbers(content["com"], "positions (com)")[..., np.newaxis]
        names, scores = ("com",), None
    if places.ndim != 3 or places.shape[1] != 3:
        raise DataError(f"positions have the shape {places.shape}; needed (frame, xyz, body part).")
    position = np.ascontiguousarray(places.transpose(2, 1, 0))[np.newaxis]
    confidence = None
    if scores is not None:
        confidence = np.ascontiguousarray(real_numbers(scores, "scores (p_max)").T)[np.newaxis]
    return [
        Tracks(
            recording_name(path),
            position,
            confidence,
            names,
            units="mm",
            source_software="DANNCE",
            notes=notes,
        )
    ]


def _note_samples(samples: Any) -> tuple[str, ...]:
    steps = np.unique(np.diff(samples))
    if len(steps) == 1 and steps[0] == 1:
        return ()
    shown = ", ".join(f"{step:g}" for step in steps[:4])
    return (
        f"its samples are {shown} frames of the video apart (sampleID): give the rate of the "
        "samples as fps.",
    )


def _joints(path: Path, n_parts: int) -> tuple[str, ...]:
    for found in sorted(path.parent.glob("*skeleton*.mat")):
        names = read_matlab(found).get("joint_names")
        if names is not None and len(names) == n_parts:
            return tuple(str(name) for name in names)
    return tuple(f"joint_{i}" for i in range(n_parts))


def _is_freemocap(file: Content) -> bool:
    names = file.header
    return {"frame", "model", "keypoint", "x", "y", "z"} <= set(names)


@reader("FreeMoCap CSV", matches=_is_freemocap)
def read_freemocap(path: Path) -> list[Tracks]:
    """3-D points of one person, mm; a name that two models have is told apart by the model."""
    table = read_text_table(path)
    frames = whole_numbers(table.numbers("frame"), table.lines)
    models, keypoints = table.cells("model"), table.cells("keypoint")
    pairs = list(dict.fromkeys(zip(models, keypoints, strict=True)))
    twice = {name for _, name in pairs if sum(other == name for _, other in pairs) > 1}
    names = {(m, k): f"{m}_{k}" if k in twice else k for m, k in pairs}
    whole = np.unique(frames)
    index = {int(frame): i for i, frame in enumerate(whole)}
    columns = {name: np.full((3, len(whole)), np.nan) for name in names.values()}
    values = np.stack([table.numbers(axis) for axis in "xyz"])
    for row, (frame, model, keypoint) in enumerate(zip(frames, models, keypoints, strict=True)):
        place = columns[names[model, keypoint]][:, index[int(frame)]]
        if not np.isnan(place).all():
            raise DataError(
                f"line {table.lines[row]}: {keypoint!r} of frame {frame} occurs a second time."
            )
        place[:] = values[:, row]
    return [
        dense_tracks(
            recording_name(path),
            whole,
            None,
            {n: list(v) for n, v in columns.items()},
            units="mm",
            source_software="FreeMoCap",
        )
    ]


def _is_deepfly(file: Content) -> bool:
    return file.kind == "pickle" and b"points3d" in file.path.read_bytes()


@reader("DeepFly3D pickle", matches=_is_deepfly, pickle=True)
def read_deepfly(path: Path) -> list[Tracks]:
    """3-D joints of one fly, numbered; the unit is that of the calibration, taken as mm."""
    with path.open("rb") as file:
        content = pickle.load(file)
    places = real_numbers(content["points3d"], "points3d")
    if places.ndim != 3 or places.shape[2] != 3:
        raise DataError(f"points3d have the shape {places.shape}; needed (frame, joint, xyz).")
    position = np.ascontiguousarray(places.transpose(1, 2, 0))[np.newaxis]
    return [
        Tracks(
            recording_name(path),
            position,
            None,
            tuple(f"joint_{i}" for i in range(places.shape[1])),
            units="mm",
            source_software="DeepFly3D",
            notes=(_BOARD,),
        )
    ]
