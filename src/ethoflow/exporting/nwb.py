"""NWB: poses by the extension ndx-pose, bouts by ndx-ethogram.

A file per animal is what other programs open: movement, keypoint-MoSeq and sleap-io each take one
container of poses, called ``PoseEstimation``, and the last looks for it in a processing module that
it knows by its name.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.exporting.declare import writer
from ethoflow.exporting.nwb_bouts import bout_tables
from ethoflow.exporting.nwb_file import (
    check_distinct,
    names_of,
    plain,
    recording_of,
    session_of,
    subject_facts,
)
from ethoflow.origin import clock_times
from ethoflow.schema import position_units

_UNIT = {"px": "pixels", "mm": "mm"}
_SURVIVES = ("position", "confidence", "bodypart", "units", "bouts")


@writer(
    "NWB ndx-pose",
    kind="tracks",
    suffix=".nwb",
    reader="NWB ndx-pose",
    survives=_SURVIVES,
    extra="nwb",
    apart=True,
    labels=True,
    default=True,
)
def save_nwb(ds: xr.Dataset, path: Path) -> None:
    """Poses of one animal and its bouts, on the recording's own clock; a file per animal."""
    from pynwb import NWBFile
    from pynwb.file import Subject

    (animal,), recording = names_of(ds), recording_of(ds)
    called = recording if animal == recording else f"{recording}_{animal}"
    file = NWBFile(
        **session_of(ds, called), subject=Subject(subject_id=animal, **subject_facts(ds, 0))
    )
    module = file.create_processing_module("behavior", "poses and behaviour of the animal")
    pose = _pose(ds, 0, _add_skeleton(module, ds), original_videos=[recording])
    module.add(pose)
    for table in bout_tables(ds, 0, pose):
        module.add(table)
    if ds.sizes["space"] == 2:
        name = f"SLEAP_VIDEO_000_{plain(recording)}"
        file.create_processing_module(name, "the same poses, where sleap-io finds them").add(pose)
    _write(file, path)


@writer(
    "NWB ndx-multisubjects",
    kind="tracks",
    suffix=".nwb",
    reader="NWB ndx-pose",
    survives=(*_SURVIVES, "animal"),
    extra="nwb",
    labels=True,
)
def save_nwb_of_several(ds: xr.Dataset, path: Path) -> None:
    """Poses and bouts of all animals of a recording in one file, each in a container of its own."""
    from hdmf.common import DynamicTableRegion
    from ndx_multisubjects import NdxMultiSubjectsNWBFile, SelectSubjectsContainer, SubjectsTable

    animals = names_of(ds)
    check_distinct([*animals, "Skeletons"], "animals")
    table = SubjectsTable(description="the animals of the recording")
    for row, animal in enumerate(animals):
        facts = {"sex": "U", "species": "unknown", **subject_facts(ds, row)}
        table.add_row(subject_id=animal, sex=facts["sex"], species=facts["species"])
    file = NdxMultiSubjectsNWBFile(**session_of(ds, recording_of(ds)), subjects_table=table)
    module = file.create_processing_module("behavior", "poses and behaviour of animals")
    skeleton = _add_skeleton(module, ds)
    for row, animal in enumerate(animals):
        region = DynamicTableRegion(
            name="subjects", description="whose these are", data=[row], table=table
        )
        container = SelectSubjectsContainer(name=plain(animal), subjects=region)
        pose = _pose(ds, row, skeleton)
        container.add_nwb_data_interfaces(pose)
        for bouts in bout_tables(ds, row, pose):
            container.add_dynamic_tables(bouts)
        module.add(container)
    _write(file, path)


def _add_skeleton(module: Any, ds: xr.Dataset) -> Any:
    """The body parts; edges are none, as tracks have none, but other programs look for them."""
    from ndx_pose import Skeleton, Skeletons

    parts = [str(part) for part in ds.bodypart.values]
    check_distinct(parts, "body parts")
    skeleton = Skeleton(
        name="skeleton",
        nodes=[plain(part) for part in parts],
        edges=np.zeros((0, 2), np.uint8),
    )
    module.add(Skeletons(skeletons=[skeleton]))
    return skeleton


def _pose(ds: xr.Dataset, animal: int, skeleton: Any, **more: Any) -> Any:
    """The poses of one animal; all body parts share the times of the first."""
    from ndx_pose import PoseEstimation, PoseEstimationSeries

    unit = position_units(ds)
    clock: Mapping[str, Any] = _clock(ds)
    series: list[Any] = []
    for place, part in enumerate(map(str, ds.bodypart.values)):
        one = PoseEstimationSeries(
            name=plain(part),
            description=part,
            data=ds.position.values[animal, place].T,
            unit=_UNIT.get(unit, unit),
            reference_frame="(0, 0) is the tracker's: the upper left corner of the picture, y down",
            confidence=ds.confidence.values[animal, place],
            confidence_definition="score of the tracker; NaN where it gives none",
            **clock,
        )
        series.append(one)
        clock = {"timestamps": series[0]} if "timestamps" in clock else clock
    with warnings.catch_warnings():
        # sleap-io reads names of videos from where ndx-pose no longer wants them.
        warnings.simplefilter("ignore", DeprecationWarning)
        return PoseEstimation(
            name="PoseEstimation",
            pose_estimation_series=series,
            description=f"poses of {names_of(ds)[animal]}",
            source_software=str(ds.attrs.get("source_software", "")) or "unknown",
            skeleton=skeleton,
            **more,
        )


def _clock(ds: xr.Dataset) -> dict[str, Any]:
    """Times of the frames; a single frame has no step that tells the rate, and states it."""
    times = clock_times(ds)
    if len(times) > 1:
        return {"timestamps": times}
    return {"starting_time": float(times[0]), "rate": float(ds.fps)}


def _write(file: Any, path: Path) -> None:
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(path, "w") as io:
        io.write(file)
