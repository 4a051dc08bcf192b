"""Data of published challenges: CalMS21, MABe22 and MABe 2025."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow.io.arrow_tables import names_in_parquet, read_parquet
from ethoflow.io.numpy_files import load_array
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import dense_tracks
from ethoflow.io.table_text import decode, read_text_bytes
from ethoflow.real import check_real, real_numbers
from ethoflow.schema import DataError

FPS = 30.0
SEVEN = ("nose", "left_ear", "right_ear", "neck", "left_hip", "right_hip", "tail_base")
TWELVE = (
    "nose",
    "left_ear",
    "right_ear",
    "neck",
    "left_forepaw",
    "right_forepaw",
    "centre_back",
    "left_hindpaw",
    "right_hindpaw",
    "tail_base",
    "tail_middle",
    "tail_tip",
)


def _is_calms21(file: Content) -> bool:
    return file.kind == "json" and b'"keypoints"' in file.head and b"task" in file.head[:4096]


@reader("CalMS21 JSON", matches=_is_calms21, fixture="built")
def read_calms21(path: Path) -> list[Tracks]:
    """Resident and intruder, seven points each, px, 30 frames per second; a recording per sequence.

    Keypoints are stored as (frame, mouse, xy, point), scores as (frame, mouse, point).
    """
    try:
        content = json.loads(decode(read_text_bytes(path)))
    except json.JSONDecodeError as error:
        raise DataError(f"line {error.lineno}: this is no JSON ({error.msg}).") from error
    found = list(_sequences(content))
    if not found:
        raise DataError("no frames: it holds no sequence with keypoints.")
    return [_calms21(name, sequence) for name, sequence in found]


def _sequences(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Sequences under the names of their annotators, or at the top."""
    for name, item in content.items() if isinstance(content, Mapping) else ():
        if isinstance(item, Mapping) and "keypoints" in item:
            yield str(name).rsplit("/", 1)[-1], item
        else:
            yield from _sequences(item)


def _calms21(name: str, sequence: Mapping[str, Any]) -> Tracks:
    places = real_numbers(sequence["keypoints"], "keypoints")
    if places.ndim != 4 or places.shape[1:] != (2, 2, len(SEVEN)):
        raise DataError(
            f"{name}: keypoints have the shape {places.shape}; needed (frame, 2 mice, 2, 7 points)."
        )
    scores = sequence.get("scores")
    return Tracks(
        name=name,
        position=np.ascontiguousarray(places.transpose(1, 3, 2, 0)),
        confidence=None
        if scores is None
        else np.ascontiguousarray(real_numbers(scores, "scores").transpose(1, 2, 0)),
        bodyparts=SEVEN,
        animals=("resident", "intruder"),
        fps=FPS,
        source_software="MARS",
    )


def _is_pickled(file: Content) -> bool:
    is_object = file.kind == "npy" and b"'descr': '|O'" in file.head[:256]
    return is_object and b"keypoints" in file.head and b"trajectories" not in file.head


@reader("CalMS21 and MABe22 NumPy", matches=_is_pickled, fixture="built", pickle=True)
def read_challenge_npy(path: Path) -> list[Tracks]:
    """Sequences of CalMS21 or MABe22 from a pickled dict: 30 frames per second, px.

    MABe22 has three mice of twelve points, stored as (frame, mouse, point, xy); a mouse at (0, 0)
    was not seen.
    """
    content = load_array(path, allow_pickle=True).item()
    found = list(_sequences(content))
    if not found:
        raise DataError("no frames: it holds no sequence with keypoints.")
    return [
        _calms21(name, one) if np.shape(one["keypoints"])[-1] == len(SEVEN) else _mabe22(name, one)
        for name, one in found
    ]


def _mabe22(name: str, sequence: Mapping[str, Any]) -> Tracks:
    places = real_numbers(sequence["keypoints"], "keypoints")
    if places.ndim != 4 or places.shape[2:] != (len(TWELVE), 2):
        raise DataError(
            f"{name}: keypoints have the shape {places.shape}; needed (frame, mouse, 12, 2)."
        )
    position = np.ascontiguousarray(places.transpose(1, 2, 3, 0))
    unseen = (position == 0).all(axis=2, keepdims=True)
    position[np.broadcast_to(unseen, position.shape)] = np.nan
    return Tracks(name, position, None, TWELVE, fps=FPS, source_software="JABS")


_LONG = ("video_frame", "mouse_id", "bodypart", "x", "y")


def _is_mabe25(file: Content) -> bool:
    if file.kind != "parquet":
        return False
    return set(_LONG) <= set(names_in_parquet(file.path))


@reader("MABe 2025 Parquet", matches=_is_mabe25, fixture="built")
def read_mabe25(path: Path) -> list[Tracks]:
    """Points of every mouse from a table of one row per point, px; the frame rate is not in it."""
    table = read_parquet(path, _LONG).to_pandas()
    for name in ("x", "y"):
        check_real(table[name].to_numpy().dtype, f"values of {name!r}")
    parts = list(dict.fromkeys(map(str, table.bodypart)))
    wide = table.pivot_table(
        index=["mouse_id", "video_frame"], columns="bodypart", values=["x", "y"], dropna=False
    )
    mice = [str(mouse) for mouse in wide.index.get_level_values(0)]
    frames = wide.index.get_level_values(1).to_numpy(np.int64)
    if len(table) != len(table.drop_duplicates(list(_LONG[:3]))):
        raise DataError("a body part of one mouse has two rows for one frame.")
    points = {part: [wide["x"][part].to_numpy(), wide["y"][part].to_numpy()] for part in parts}
    return [dense_tracks(recording_name(path), frames, mice, points, source_software="MABe 2025")]
