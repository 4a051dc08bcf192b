"""DeepLabCut's pickles: assemblies and tracklets of several animals."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.real import real_numbers
from ethoflow.room import unseen
from ethoflow.schema import DataError


def _matches(file: Content) -> bool:
    """By the words in it, without opening it; dicts of frames of another program hold others."""
    if file.kind != "pickle":
        return False
    words = file.path.read_bytes()
    return b"points3d" not in words and b"points2d" not in words and b"numpy" in words


@reader("DeepLabCut pickle", matches=_matches, fixture="built", pickle=True)
def read_dlc_pickle(path: Path) -> list[Tracks]:
    """Assemblies (``_assemblies.pickle``) or tracklets (``_el``, ``_sk``, ``_bx``) of a video, px.

    Animals are tracklets by their number, or the place in each frame's list of assemblies, which is
    not the same animal from frame to frame. Body parts are numbered where the file does not name
    them.
    """
    try:
        with path.open("rb") as file:
            content = pickle.load(file)
    except (ModuleNotFoundError, AttributeError) as error:
        raise DataError(
            f"this pickle needs a class that is not installed here: {error}."
        ) from error
    if not isinstance(content, Mapping):
        raise DataError(f"this pickle holds a {type(content).__name__}; needed a dict of frames.")
    if "data" in content and "header" not in content:
        raise DataError(
            "this pickle holds the settings of an analysis (its frame rate too), and no tracks."
        )
    animals = _tracklets(content) if "header" in content else _assemblies(content)
    if not animals:
        raise DataError("no frames: it holds neither assemblies nor tracklets.")
    parts = _names(content, next(iter(next(iter(animals.values())).values())).shape[0])
    n_frames = max(frame for found in animals.values() for frame in found) + 1
    position = unseen((len(animals), len(parts), 2, n_frames))
    confidence = unseen((len(animals), len(parts), n_frames))
    for slot, found in enumerate(animals.values()):
        for frame, points in found.items():
            if points.ndim != 2 or points.shape[0] != len(parts) or points.shape[1] < 3:
                raise DataError(f"frame {frame}: needed x, y, likelihood of {len(parts)} points.")
            position[slot, :, :, frame] = points[:, :2]
            confidence[slot, :, frame] = points[:, 2]
    missing = np.isnan(position).any(axis=2, keepdims=True)
    position[np.broadcast_to(missing, position.shape)] = np.nan
    note = "" if "header" in content else "its animals are not followed from frame to frame."
    return [
        Tracks(
            recording_name(path),
            position,
            confidence,
            parts,
            animals=tuple(map(str, animals)),
            source_software="DeepLabCut",
            notes=(note,) if note else (),
        )
    ]


def _assemblies(content: Mapping[Any, Any]) -> dict[Any, dict[int, Any]]:
    """Points of each place in the lists of assemblies, by frame."""
    found: dict[Any, dict[int, Any]] = {}
    for frame, animals in content.items():
        if isinstance(frame, str):
            continue
        for place, points in enumerate(animals):
            found.setdefault(place, {})[int(frame)] = real_numbers(points, "points")
    return found


def _tracklets(content: Mapping[Any, Any]) -> dict[Any, dict[int, Any]]:
    found: dict[Any, dict[int, Any]] = {}
    for name, frames in content.items():
        if name in ("header", "single") or not isinstance(frames, Mapping):
            continue
        for frame, points in frames.items():
            number = int(re.sub(r"\D", "", str(frame)) or 0)
            values = real_numbers(points, "points")
            found.setdefault(name, {})[number] = (
                values.reshape(-1, 3) if values.ndim == 1 else values
            )
    return found


def _names(content: Mapping[Any, Any], n_parts: int) -> tuple[str, ...]:
    header = content.get("header")
    if header is not None:
        names = getattr(header, "names", None)
        level = list(names).index("bodyparts") if names and "bodyparts" in names else 1
        found = tuple(dict.fromkeys(str(row[level]) for row in header))
        if len(found) == n_parts:
            return found
    return tuple(f"point_{i}" for i in range(n_parts))
