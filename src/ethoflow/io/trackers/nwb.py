"""NWB files with poses of the extension ndx-pose, of its old and new generations.

They are read through HDF5 by the types their groups state: the libraries of the format refuse some
older files that are valid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from ethoflow.io.hdf5 import read_array
from ethoflow.io.reader import Content, Tracks, reader, recording_name
from ethoflow.io.rows import MOST_EMPTY, rate_of_times
from ethoflow.schema import DataError

_TO_MM = {"mm": 1.0, "millimeters": 1.0, "millimetres": 1.0, "cm": 10.0, "centimeters": 10.0,
          "m": 1000.0, "meters": 1000.0, "metres": 1000.0}  # fmt: skip


@dataclass(frozen=True)
class _Series:
    """One body part of one animal: places (frame, space), their times in s, and scores."""

    bodypart: str
    places: npt.NDArray[np.float64]
    times: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64] | None
    units: str


def _matches(file: Content) -> bool:
    if "processing" not in file.keys:
        return False
    with h5py.File(file.path, "r") as opened:
        return bool(_find(opened["processing"]))


def _find(group: h5py.Group) -> list[str]:
    """Paths of the containers of poses."""
    found: list[str] = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if _text(item.attrs.get("neurodata_type", "")) == "PoseEstimation":
            found.append(name)

    group.visititems(visit)
    return sorted(found)


@reader("NWB ndx-pose", matches=_matches)
def read_nwb(path: Path) -> list[Tracks]:
    """Poses of every processing module with poses: a recording each, an animal per container.

    Frames are placed by their times. Times 0, 1, 2, ... s are frame numbers somebody wrote as
    times: they are noted, and give no frame rate. Positions in m or cm are brought to mm.
    """
    with h5py.File(path, "r") as file:
        modules: dict[str, dict[str, list[_Series]]] = {}
        for name in _find(file["processing"]):
            module, _, animal = name.partition("/")
            group = file["processing"][name]
            modules.setdefault(module, {})[animal or module] = _read(group, _order(group))
        subject = file.get("general/subject/subject_id")
        who = "" if subject is None else _text(subject[()])
        software = _software(file)
    stem = recording_name(path)
    return [
        _tracks(stem if len(modules) == 1 else f"{stem} {module}", animals, who, software)
        for module, animals in modules.items()
    ]


def _software(file: h5py.File) -> str:
    names = (file["processing"][name].get("source_software") for name in _find(file["processing"]))
    return next((_text(found[()]) for found in names if found is not None), "")


def _order(group: h5py.Group) -> list[str]:
    """Names of the nodes in the order of the skeleton, wherever that is kept."""
    nodes = group.get("nodes")
    skeleton = group.get("skeleton")
    if nodes is None and isinstance(skeleton, h5py.Group):
        nodes = skeleton.get("nodes")
    return [] if nodes is None else [_text(name) for name in nodes[()]]


def _read(group: h5py.Group, order: Sequence[str]) -> list[_Series]:
    found = {
        name: _series(name, item)
        for name, item in group.items()
        if isinstance(item, h5py.Group)
        and _text(item.attrs.get("neurodata_type", "")) == "PoseEstimationSeries"
    }
    if not found:
        raise DataError(f"the container {group.name!r} holds no series of a body part.")
    plain = {name.removesuffix("_pose_estimates"): name for name in found}
    names = [found[name] for name in order if name in found]
    names += [found[plain[n]] for n in order if n in plain and n not in found]
    rest = [series for series in found.values() if series not in names]
    return [*names, *rest]


def _series(name: str, group: h5py.Group) -> _Series:
    data = group["data"]
    places = np.asarray(read_array(data), np.float64)
    if places.ndim != 2 or places.shape[1] not in (2, 3):
        raise DataError(f"{name}: data have the shape {places.shape}; needed (frame, space).")
    conversion = float(data.attrs.get("conversion", 1.0))
    unit = _text(data.attrs.get("unit", "pixels")).strip().lower()
    scale = _TO_MM.get(unit)
    if scale is None and unit not in ("pixels", "pixel", "px", "n/a", ""):
        raise DataError(f"{name}: positions are in {unit!r}; needed pixels or a length.")
    scores = read_array(group["confidence"]) if "confidence" in group else None
    return _Series(
        bodypart=name.removesuffix("_pose_estimates"),
        places=places * conversion * (scale or 1.0),
        times=_times(name, group, len(places)),
        scores=None if scores is None else np.asarray(scores, np.float64),
        units="px" if scale is None else "mm",
    )


def _times(name: str, group: h5py.Group, n_frames: int) -> npt.NDArray[np.float64]:
    if "timestamps" in group:
        times = group["timestamps"]
        if isinstance(times, h5py.Dataset) and len(times) == n_frames:
            return np.asarray(read_array(times), np.float64)
        raise DataError(f"{name}: {len(times)} times for {n_frames} positions.")
    if "starting_time" in group:
        start = group["starting_time"]
        rate = float(start.attrs["rate"])
        return float(start[()]) + np.arange(n_frames) / rate
    raise DataError(f"{name}: it has neither timestamps nor a starting time.")


def _tracks(name: str, animals: Mapping[str, list[_Series]], who: str, software: str) -> Tracks:
    series = [one for found in animals.values() for one in found]
    spaces = {one.places.shape[1] for one in series}
    if len(spaces) > 1:
        flat = next(one.bodypart for one in series if one.places.shape[1] == 2)
        deep = next(one.bodypart for one in series if one.places.shape[1] == 3)
        raise DataError(
            f"{deep!r} has three coordinates and {flat!r} two: the points of a recording need the "
            "same number."
        )
    frames, n_frames, fps, notes = _clock(series)
    bodyparts = list(dict.fromkeys(one.bodypart for one in series))
    position = np.full((len(animals), len(bodyparts), spaces.pop(), n_frames), np.nan, np.float32)
    confidence = np.full((len(animals), len(bodyparts), n_frames), np.nan, np.float32)
    places = iter(frames)
    for slot, found in enumerate(animals.values()):
        for one in found:
            at, b = next(places), bodyparts.index(one.bodypart)
            values = np.where(np.isnan(one.places).any(axis=1, keepdims=True), np.nan, one.places)
            position[slot, b][:, at] = values.T
            if one.scores is not None and len(one.scores) == len(at):
                confidence[slot, b, at] = one.scores
    bodyparts, prefix = _without_prefix(bodyparts, who)
    names = tuple(animal.removeprefix("track=") for animal in animals)
    if len(animals) == 1:
        names = (prefix or who,) if prefix or who else ()
    return Tracks(
        name=name,
        position=position,
        confidence=confidence if any(one.scores is not None for one in series) else None,
        bodyparts=tuple(bodyparts),
        animals=names or None,
        fps=fps,
        units=series[0].units,
        source_software=software,
        notes=notes,
    )


def _clock(
    series: Sequence[_Series],
) -> tuple[list[npt.NDArray[np.int64]], int, float | None, tuple[str, ...]]:
    """Frames of every series, how many there are, the rate, and what is wrong with the times."""
    times = np.unique(np.concatenate([one.times for one in series]))
    if not len(times):
        raise DataError("no frames: its series are empty.")
    if np.isnan(times).any():
        raise DataError("a time is no number.")
    fps: float | None = None
    notes: tuple[str, ...] = ()
    rate = 1.0
    if len(times) > 1 and (times == np.floor(times)).all() and np.median(np.diff(times)) == 1:
        notes = (
            f"its times are {times[0]:g}, {times[1]:g}, ... s, one frame per second: frame numbers "
            "written as times. They contradict any video; the frame rate is not taken from them.",
        )
    elif len(times) > 1:
        fps = rate = rate_of_times(times)[0]
    first = times[0]
    n_frames = round(float(times[-1] - first) * rate) + 1
    if n_frames > MOST_EMPTY * len(times):
        raise DataError(f"its {len(times)} times span {n_frames} frames.")
    frames = [np.rint((one.times - first) * rate).astype(np.int64) for one in series]
    return frames, n_frames, fps, notes


def _without_prefix(bodyparts: list[str], who: str) -> tuple[list[str], str]:
    """Names without the animal that DeepLabCut's converter puts before them."""
    for prefix in (who, "ind1"):
        if prefix and all(re.match(re.escape(prefix) + "_.", part) for part in bodyparts):
            return [part[len(prefix) + 1 :] for part in bodyparts], prefix
    return bodyparts, ""


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
