"""NWB files with poses of the extension ndx-pose, of its old and new generations.

They are read through HDF5 by the types their groups state: the libraries of the format refuse some
older files that are valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import h5py
import numpy as np

from ethoflow.io.hdf5 import read_array
from ethoflow.io.nwb import find_typed, subject_of, subject_within, subjects_of, text_of, type_of
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.trackers.nwb_series import NOWHERE, Series, find_clock, read_series
from ethoflow.room import unseen
from ethoflow.schema import DataError

_SUFFIX = "_pose_estimates"


@dataclass(frozen=True)
class _Container:
    """The poses of one animal, or of one camera: where they are, whose, and the body parts."""

    module: str
    name: str
    subject: str
    camera: str
    software: str
    series: list[Series]


def _matches(file: Content) -> bool:
    if "processing" not in file.keys:
        return False
    with h5py.File(file.path, "r") as opened:
        return next(find_typed(opened["processing"], "PoseEstimation"), None) is not None


@reader("NWB ndx-pose", matches=_matches)
def read_nwb(path: Path) -> list[Tracks]:
    """Poses of every processing module: a recording per camera, an animal per container.

    Containers belong to different cameras where they link to different devices or videos, or are
    called so. Frames are placed by their times; times 0, 1, 2, ... s are frame numbers somebody
    wrote as times: they are noted, and give no frame rate. Positions in m or cm are brought to mm.
    """
    with h5py.File(path, "r") as file:
        processing = file["processing"]
        containers = [_container(file, name) for name in find_typed(processing, "PoseEstimation")]
        who, order = subject_of(file), subjects_of(file)
    # Groups have no order of their own.
    containers.sort(key=lambda one: order.index(one.subject) if one.subject in order else -1)
    recordings: dict[tuple[str, str], list[_Container]] = {}
    for one in containers:
        recordings.setdefault((one.module, one.camera), []).append(one)
    names = _recording_names(recording_name(path), list(recordings), list(recordings.values()))
    return [
        _tracks(name, found, who) for name, found in zip(names, recordings.values(), strict=True)
    ]


def _recording_names(
    stem: str, keys: Sequence[tuple[str, str]], found: Sequence[Sequence[_Container]]
) -> list[str]:
    """The name of the file, with the module and the camera where there are several."""
    modules = [module for module, _ in keys]
    names = []
    for (module, camera), containers in zip(keys, found, strict=True):
        words = [stem]
        if len(set(modules)) > 1:
            words.append(module)
        if modules.count(module) > 1:
            words.append(containers[0].name if len(containers) == 1 else camera or "no camera")
        names.append(" ".join(words))
    return names


def _container(file: h5py.File, path: str) -> _Container:
    group = file["processing"][path]
    module, _, name = path.partition("/")
    software = group.get("source_software")
    return _Container(
        module=module,
        name=name.rsplit("/", 1)[-1] or module,
        subject=subject_within(file, group.parent),
        camera=_camera(group, name),
        software="" if software is None else text_of(read_array(software)),
        series=_read(group),
    )


def _camera(group: h5py.Group, name: str) -> str:
    """Devices and videos that poses were estimated from; else the name, where it says camera."""
    links = {found: group.get(found, getlink=True) for found in group}
    devices = [
        found
        for found, link in links.items()
        if isinstance(link, h5py.SoftLink) and link.path.startswith("/general/devices/")
    ]
    videos = group.get("original_videos")
    stems = (
        []
        if videos is None
        else [PureWindowsPath(text_of(v)).stem for v in np.ravel(read_array(videos))]
    )
    return " ".join(sorted(devices) + stems) or (name if "camera" in name.lower() else "")


def _read(group: h5py.Group) -> list[Series]:
    """Body parts in the order of the skeleton, called as its nodes."""
    left = [name for name, item in group.items() if type_of(item) == "PoseEstimationSeries"]
    if not left:
        raise DataError(f"the container {group.name!r} holds no series of a body part.")
    found = []
    for node in _nodes(group):
        # Names of groups cannot hold every letter that names of nodes can.
        plain = node.replace("/", "_").replace(":", "_")
        for name in (node, plain, node + _SUFFIX, plain + _SUFFIX):
            if name in left:
                found.append(read_series(node, group[name]))
                left.remove(name)
                break
    return [*found, *(read_series(name.removesuffix(_SUFFIX), group[name]) for name in left)]


def _nodes(group: h5py.Group) -> list[str]:
    """Names of the skeleton's nodes: in the container itself before version 0.2 of ndx-pose."""
    nodes = group.get("nodes")
    for item in group.values():
        if nodes is None and type_of(item) == "Skeleton":
            nodes = item.get("nodes")
    return [] if nodes is None else [text_of(name) for name in np.ravel(read_array(nodes))]


def _tracks(name: str, containers: Sequence[_Container], who: str) -> Tracks:
    series = [one for found in containers for one in found.series]
    _check_alike(series)
    frames, n_frames, fps, notes, begin = find_clock(series)
    bodyparts = list(dict.fromkeys(one.bodypart for one in series))
    shape = (len(containers), len(bodyparts), series[0].places.shape[1], n_frames)
    position = unseen(shape)
    confidence = unseen((*shape[:2], n_frames))
    rows = iter(frames)
    for slot, found in enumerate(containers):
        for one in found.series:
            at, part = next(rows), bodyparts.index(one.bodypart)
            placed = at != NOWHERE
            position[slot, part][:, at[placed]] = one.places[placed].T
            if one.scores is not None:
                confidence[slot, part, at[placed]] = one.scores[placed]
    bodyparts, prefix = _without_prefix(bodyparts, [*{s.individual for s in series}, who])
    return Tracks(
        name=name,
        position=position,
        confidence=confidence if any(one.scores is not None for one in series) else None,
        bodyparts=tuple(bodyparts),
        animals=_animals(containers, prefix or who),
        fps=fps,
        units=series[0].units,
        source_software=next((one.software for one in containers if one.software), ""),
        notes=notes,
        **begin,
    )


def _check_alike(series: Sequence[Series]) -> None:
    first = series[0]
    for one in series:
        if one.places.shape[1] != first.places.shape[1]:
            deep, flat = sorted((one, first), key=lambda s: -s.places.shape[1])
            raise DataError(
                f"{deep.bodypart!r} has three coordinates and {flat.bodypart!r} two: the points "
                "of a recording need the same number."
            )
        if one.units != first.units:
            raise DataError(
                f"{one.bodypart!r} is in {one.units} and {first.bodypart!r} in {first.units}: the "
                "points of a recording need one unit."
            )


def _without_prefix(bodyparts: list[str], individuals: Sequence[str]) -> tuple[list[str], str]:
    """Names without the animal that DeepLabCut's converter puts before them."""
    for who in individuals:
        if who and all(part.startswith(f"{who}_") and part != f"{who}_" for part in bodyparts):
            return [part[len(who) + 1 :] for part in bodyparts], who
    return bodyparts, ""


def _animals(containers: Sequence[_Container], who: str) -> tuple[str, ...] | None:
    """Names of the animals: subjects where they are stated, else of the containers."""
    if len(containers) == 1:
        only = containers[0]
        said = any(word in only.name.lower() for word in ("pose", "camera"))
        found = only.subject or who or ("" if said else only.name.removeprefix("track="))
        return (found,) if found else None
    names = [one.subject or one.name.removeprefix("track=") for one in containers]
    return tuple(names if len(set(names)) == len(names) else [one.name for one in containers])
