"""Stale is found, always: one thing changes, all is written again, and the store is as made afresh.

What did not depend on the change is not computed again.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.engine import find
from ethoflow.features import compute
from tests.conftest import LONG
from tests.store.equality import assert_same_store
from tests.walks import cohort

LENGTHS = (700, 300, 500)
PARTS = ((100.0, 100.0), (500.0, 100.0), (500.0, 500.0), (100.0, 500.0))
FASTEST = 60.0


@ef.behaviour(roles=("nose",), units={"min_speed": "mm/s"})
def darting(speed: Any, *, min_speed: float = 20.0) -> Any:
    """The nose is faster than `min_speed` and slower than a global of this module."""
    return (speed[0] > min_speed) & (speed[0] < FASTEST)


@dataclass(frozen=True)
class Experiment:
    """Everything a store is made from."""

    tracks: xr.Dataset = field(default_factory=lambda: cohort(LENGTHS))
    arena: Any = field(default_factory=lambda: ef.polygon(PARTS, size="400 mm"))
    px_per_mm: float | None = None
    skeleton: dict[str, str] = field(default_factory=dict)
    window: str = "200 ms"
    rules: tuple[Any, ...] = ("moving", "climbing", "nose_to_nose", darting)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)


def make(path: Path, of: Experiment, *, upto: str = "labels/rules") -> dict[str, int]:
    """The store of an experiment, each group made from the stored ones; parts written by group."""
    done = {"tracks": ef.write(of.tracks, path, keep=False).written}
    tracks = ef.assign_roles(ef.open(path, "tracks"), of.skeleton)
    poses = ef.clean(ef.calibrate(tracks, of.arena, px_per_mm=of.px_per_mm), window=of.window)
    done["poses"] = ef.write(poses, path, "poses", keep=False).written
    if upto == "poses":
        return done
    features, _ = compute(ef.open(path, "poses"), ["speed", "body_length", "segment_length"])
    done["features"] = ef.write(features, path, "features", keep=False).written
    labels = ef.annotate(ef.open(path, "poses"), of.rules, parameters=of.parameters)
    done["labels"] = ef.write(labels, path, "labels/rules", keep=False).written
    return done


Ready = Callable[..., Path]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """A store of what an experiment was, or became by a change: each is made once, and copied."""

    @cache
    def made(change: str | None, upto: str) -> Path:
        path = tmp_path_factory.mktemp("ready") / "c.zarr"
        make(path, CHANGES[change][0](Experiment()) if change else Experiment(), upto=upto)
        return path

    def copied(path: Path, change: str | None = None, *, upto: str = "labels/rules") -> Path:
        shutil.copytree(made(change, upto), path)
        return path

    return copied


def with_values(tracks: xr.Dataset, row: int) -> xr.Dataset:
    changed = tracks.copy(deep=True)
    changed.position.values[row] += 2
    return changed


def corner(of: Experiment) -> Experiment:
    moved = ((110.0, 104.0), *PARTS[1:])
    return replace(of, arena=ef.polygon(moved, size="400 mm"))


def renamed(of: Experiment) -> Experiment:
    names = [str(name).replace("Nose", "Snout") for name in of.tracks.bodypart.values]
    tracks = of.tracks.assign_coords(bodypart=np.array(names, object))
    return replace(of, tracks=tracks, skeleton={"nose": "Snout"})


def other_rate(of: Experiment) -> Experiment:
    time = of.tracks.time.values * 25 / 50
    attrs = of.tracks.time.attrs
    return replace(of, tracks=of.tracks.assign_coords(fps=50.0, time=("time", time, attrs)))


def other_sex(of: Experiment) -> Experiment:
    kinds = np.array(["stress", "stress", "control"], object)
    return replace(of, tracks=of.tracks.assign_coords(treatment=("recording", kinds)))


def newer(of: Experiment) -> Experiment:
    rules = (dataclasses.replace(find("moving"), version=99), *of.rules[1:])
    return replace(of, rules=rules)


R = len(LENGTHS)
CHANGES: dict[str, tuple[Callable[[Experiment], Experiment], dict[str, int | None]]] = {
    # Parts written again by group; None where the share is not the point.
    "scale": (lambda of: replace(of, px_per_mm=2.5), {"tracks": 0, "features": None}),
    "arena": (
        lambda of: replace(of, arena=ef.polygon(PARTS, size="300 mm")), {"tracks": 0},
    ),
    "corner": (corner, {"tracks": 0}),
    "role": (
        lambda of: replace(of, skeleton={"nose": "Left_ear"}), {"tracks": 0, "poses": 0},
    ),
    "name": (renamed, {"tracks": 0, "poses": 0}),
    "threshold": (
        lambda of: replace(of, parameters={"moving": {"min_speed": "9 cm/s"}}),
        {"tracks": 0, "poses": 0, "features": 0, "labels": R},
    ),
    "cleaning": (lambda of: replace(of, window="320 ms"), {"tracks": 0}),
    "numbers": (
        lambda of: replace(of, tracks=with_values(of.tracks, 1)),
        {"tracks": 1, "poses": 3, "features": 3, "labels": 4},
    ),
    "metadata": (other_sex, {"tracks": 0, "poses": 0, "features": 0, "labels": 0}),
    "rate": (other_rate, {"tracks": 0}),
    "rules": (
        lambda of: replace(of, rules=("moving", "immobile")),
        {"tracks": 0, "poses": 0, "features": 0, "labels": R},
    ),
    "version": (newer, {"tracks": 0, "poses": 0, "features": 0, "labels": R}),
    "fewer recordings": (
        lambda of: replace(of, tracks=of.tracks.isel(recording=[0, 2])),
        {"tracks": 0, "poses": 0, "features": 0, "labels": 0},
    ),
    "another order": (
        lambda of: replace(of, tracks=of.tracks.isel(recording=[2, 0, 1])),
        {"tracks": 0, "poses": 0, "features": 0, "labels": 0},
    ),
    "another recording": (
        lambda of: replace(of, tracks=cohort((700, 300, 500, 900))),
        {"tracks": 2, "poses": 4, "features": 3, "labels": 4},
    ),
}  # fmt: skip


UNFINISHED = [*CHANGES][:: 1 if LONG else 3]
"""Changes that are tried too where a store was made to its poses alone."""


@pytest.mark.parametrize(
    ("change", "upto"),
    [(one, "labels/rules") for one in CHANGES] + [(one, "poses") for one in UNFINISHED],
)
def test_the_store_is_as_made_afresh(change: str, upto: str, tmp_path: Path, ready: Ready) -> None:
    alter, counts = CHANGES[change]
    after = alter(Experiment())
    ready(tmp_path / "again.zarr", upto=upto)
    done = make(tmp_path / "again.zarr", after)
    ready(tmp_path / "fresh.zarr", change)
    assert_same_store(tmp_path / "again.zarr", tmp_path / "fresh.zarr")
    if upto == "labels/rules":
        expected = {group: n for group, n in counts.items() if n is not None}
        assert {group: done[group] for group in expected} == expected
    assert set(make(tmp_path / "again.zarr", after).values()) == {0}


def test_a_global_a_rule_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: Ready
) -> None:
    ready(tmp_path / "again.zarr")
    monkeypatch.setitem(globals(), "FASTEST", 30.0)
    done = make(tmp_path / "again.zarr", Experiment())
    make(tmp_path / "fresh.zarr", Experiment())
    assert_same_store(tmp_path / "again.zarr", tmp_path / "fresh.zarr")
    assert done == {"tracks": 0, "poses": 0, "features": 0, "labels": R}


def test_a_global_that_changes_between_asking_and_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: Ready
) -> None:
    path = ready(tmp_path / "c.zarr", upto="poses")
    labels = ef.annotate(ef.open(path, "poses"), [darting])
    monkeypatch.setitem(globals(), "FASTEST", 30.0)
    ef.write(labels, path, "labels/rules")
    assert (
        ef.write(ef.annotate(ef.open(path, "poses"), [darting]), path, "labels/rules").written == 0
    )
    monkeypatch.undo()
    again = ef.write(ef.annotate(ef.open(path, "poses"), [darting]), path, "labels/rules")
    assert again.written == R


def test_labels_of_other_poses_are_said_to_be_stale(tmp_path: Path, ready: Ready) -> None:
    path = ready(tmp_path / "c.zarr")
    tracks = ef.open(path, "tracks")
    ef.write(ef.clean(ef.calibrate(tracks, px_per_mm=3.0)), path, "poses", keep=False)
    with pytest.warns(UserWarning, match="labels/rules was made from numbers that have changed"):
        ef.open(path, "labels/rules")
    with pytest.warns(UserWarning, match="body_length, segment_length, speed from poses/position"):
        ef.open(path, "features")
    assert ef.verify(path).stale
    ef.open(path, "poses")


def test_a_selection_of_labels_is_said_to_be_stale_too(tmp_path: Path, ready: Ready) -> None:
    path = ready(tmp_path / "c.zarr", upto="poses")
    labels = ef.annotate(ef.open(path, "poses"), ["moving"])
    ef.write(labels.isel(recording=[2, 0]), path, "labels/some")
    ef.open(path, "labels/some")
    ef.write(ef.clean(ef.open(path, "tracks")), path, "poses", keep=False)
    with pytest.warns(UserWarning, match="moving from poses/position"):
        ef.open(path, "labels/some")


def test_labels_are_stale_as_soon_as_the_tracks_are(tmp_path: Path, ready: Ready) -> None:
    path = ready(tmp_path / "c.zarr")
    ef.write(with_values(cohort(LENGTHS), 1), path)
    for group in ("poses", "labels/rules"):
        with pytest.warns(UserWarning, match="changed since"):
            ef.open(path, group)


def test_arithmetic_is_never_taken_for_what_it_started_from(tmp_path: Path, ready: Ready) -> None:
    path = ready(tmp_path / "c.zarr")
    poses = ef.open(path, "poses")
    for changed in (
        poses.assign(position=poses.position * 2),
        poses.assign(position=poses.position.copy(data=poses.position.data + 1)),
        poses.assign(position=poses.position.where(poses.time > 3)),
    ):
        labels = ef.annotate(changed, ["moving"])
        ef.write(labels, path, "labels/mine", keep=False)
        found = ef.open(path, "labels/mine").moving.load()
        np.testing.assert_array_equal(found, ef.annotate(changed.compute(), ["moving"]).moving)
        assert ef.write(ef.annotate(changed, ["moving"]), path, "labels/mine").written == 0


def test_metadata_that_were_put_right_in_the_tracks_alone_are_said(
    tmp_path: Path, ready: Ready
) -> None:
    """Groups by a treatment that was corrected since would be of the wrong animals."""
    path = ready(tmp_path / "c.zarr", upto="poses")
    given = {"treatment": np.array(["saline", "drug", "drug"], object), "weight": [20, 21, 22]}
    coords = {name: ("recording", values) for name, values in given.items()}
    poses = ef.open(path, "poses").assign_coords(coords)
    ef.write(poses, path, "poses")
    ef.write(ef.annotate(ef.open(path, "poses"), ["moving"]), path, "labels/rules")
    ef.open(path, "labels/rules")
    right = poses.assign_coords(treatment=("recording", given["treatment"][::-1]))
    ef.write(right.assign_coords(weight=("recording", [20.0, 21.0, 22.0])), path, "poses")
    with pytest.warns(ef.store.StaleGroup, match="labels/rules has other treatment than poses"):
        ef.open(path, "labels/rules")
    said = "labels/rules: has other treatment than poses"
    assert ef.verify(path).stale == (said,)
    ef.write(ef.annotate(ef.open(path, "poses"), ["moving"]), path, "labels/rules")
    found = ef.open(path, "labels/rules")
    assert found.treatment.values.tolist() == ["drug", "drug", "saline"]
    assert not ef.verify(path).stale


def test_labels_that_somebody_wrote_are_held_against_the_tracks(
    tmp_path: Path, ready: Ready
) -> None:
    """Nothing says what they were made from, and no run makes them again."""
    path = ready(tmp_path / "c.zarr", upto="tracks")
    given = ef.open(path, "tracks")
    told = given.assign_coords(treatment=("recording", np.array(["a", "b", "b"], object)))
    ef.write(told, path)
    seen = xr.ones_like(told.confidence.isel(bodypart=0, drop=True)).load()
    labels = xr.Dataset({"mine": seen.copy()}, coords=told.coords).drop_dims(["bodypart", "space"])
    ef.write(labels, path, "labels/human")
    ef.open(path, "labels/human")
    ef.write(told.assign_coords(treatment=("recording", np.array(["b", "b", "a"], object))), path)
    with pytest.warns(ef.store.StaleGroup, match="labels/human has other treatment than tracks"):
        ef.open(path, "labels/human")
