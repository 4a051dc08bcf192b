"""NWB with the extension ndx-pose: a container of poses per animal, bouts as time intervals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import xarray as xr

from ethoflow.behaviours.bouts import find_bouts, is_behaviour
from ethoflow.exporting.declare import writer
from ethoflow.origin import clock_times
from ethoflow.schema import DataError, position_units

_UNIT = {"px": "pixels", "mm": "mm"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the start of a session whose date is not known."""


@writer(
    "NWB ndx-pose", kind="tracks", suffix=".nwb", reader="NWB ndx-pose",
    survives=("position", "confidence", "bodypart", "units"), extra="nwb",
)  # fmt: skip
def save_nwb(ds: xr.Dataset, path: Path) -> None:
    """Poses of every animal with times from the frame rate; labels beside them as intervals."""
    from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons
    from pynwb import NWBHDF5IO, NWBFile

    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    file = NWBFile(
        session_description=f"tracks of {name}", identifier=name, session_start_time=EPOCH
    )
    module = file.create_processing_module("behavior", "poses of animals")
    parts = [str(part) for part in ds.bodypart.values]
    containers = _containers(ds)
    _check_distinct(parts, "body parts")
    skeleton = Skeleton(name="skeleton", nodes=[_plain(part) for part in parts])
    module.add(Skeletons(skeletons=[skeleton]))
    for i, animal in enumerate(map(str, ds.animal.values)):
        series = [
            PoseEstimationSeries(
                name=_plain(part),
                description=part,
                data=ds.position.values[i, b].T,
                unit=_UNIT.get(position_units(ds), position_units(ds)),
                reference_frame="(0, 0) is the upper left corner of the picture",
                timestamps=clock_times(ds),
                confidence=ds.confidence.values[i, b],
                confidence_definition="score of the tracker",
            )
            for b, part in enumerate(parts)
        ]
        module.add(
            PoseEstimation(
                name=containers[i],
                pose_estimation_series=series,
                description=f"poses of {animal}",
                source_software=str(ds.attrs.get("source_software", "")) or "unknown",
                skeleton=skeleton,
            )
        )
    labels = [str(n) for n, array in ds.data_vars.items() if is_behaviour(array)]
    if labels:
        file.add_time_intervals(_intervals(ds[labels]))
    with NWBHDF5IO(path, "w") as io:
        io.write(file)


def _intervals(ds: xr.Dataset) -> object:
    from pynwb.epoch import TimeIntervals

    table = TimeIntervals(name="bouts", description="bouts of behaviour")
    table.add_column("behaviour", "name of the behaviour")
    table.add_column("animal", "who did it")
    table.add_column("partner", "with whom; empty for what an animal does alone")
    for bout in find_bouts(ds).itertuples():
        table.add_interval(
            start_time=bout.start,
            stop_time=bout.stop,
            behaviour=bout.behaviour,
            animal=bout.animal,
            partner=bout.partner_animal,
        )
    return table


def _containers(ds: xr.Dataset) -> list[str]:
    """Names of the containers of poses, one for each animal."""
    if ds.sizes["individual"] == 1:
        return ["PoseEstimation"]
    animals = [str(animal) for animal in ds.animal.values]
    _check_distinct([*animals, "Skeletons"], "animals")
    return [_plain(animal) for animal in animals]


def _check_distinct(names: list[str], what: str) -> None:
    plain = [_plain(name) for name in names]
    twice = sorted({name for name in plain if plain.count(name) > 1})
    if twice:
        raise DataError(
            f"two {what} would be called {twice[0]!r} in NWB, which knows neither / nor : and "
            "keeps Skeletons for itself: rename one."
        )


def _plain(name: str) -> str:
    """A name without the two characters that NWB refuses."""
    return name.replace("/", "_").replace(":", "_")
