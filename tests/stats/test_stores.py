"""Stores of other skeletons and frame rates: one table, in which nothing counts twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.stats import OtherSettings
from ethoflow.stats.quality import track_quality
from tests.conftest import no_compute
from tests.labels.further import make_cohort
from tests.strategies import make_pixels, make_poses, stack

PARTS = ["Nose", "Left_ear", "Right_ear", "Center", "Tail_base"]


def poses_at(fps: float, *names: str, parts: list[str] | None = None) -> xr.Dataset:
    """A cohort at a frame rate of its own, with body parts of its own."""
    ds = stack([make_poses(i + 1, 60 + i, name=name) for i, name in enumerate(names)])
    ds = ds.assign_coords(fps=fps, time=np.arange(ds.sizes["time"]) / fps)
    ds.fps.attrs["units"] = "Hz"
    digest = np.array([f"file of {name}" for name in names], object)
    ds = ds.assign_coords(
        digest=("recording", digest), treatment=("recording", ["x", "y"][: len(names)])
    )
    return ds.sel(bodypart=parts) if parts else ds


def save(path: Path, poses: xr.Dataset, rules: tuple[str, ...] = ("moving", "following")) -> Path:
    ef.write(poses, path, "tracks")
    ef.write(ef.features.compute(poses, ["body_length", "speed"])[0], path, "features")
    ef.write(ef.annotate(poses, list(rules)), path, "labels/rules")
    return path


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("study")
    return {
        "slow": save(folder / "slow.zarr", poses_at(25.0, "a", "b")),
        "fast": save(folder / "fast.zarr", poses_at(50.0, "c", "d", parts=PARTS)),
    }


def test_tables_of_all_stores_are_one(stores: dict[str, Path]) -> None:
    study = ef.study(list(stores.values()))
    assert study.names == ("slow", "fast")
    for made, make, group in (
        (study.time_budget(), ef.time_budget, "labels/rules"),
        (study.find_bouts(), ef.find_bouts, "labels/rules"),
        (study.track_quality(), track_quality, "tracks"),
    ):
        assert made.columns[0] == "store"
        for name, path in stores.items():
            own = made[made.store == name].drop(columns="store").reset_index(drop=True)
            pd.testing.assert_frame_equal(own, make(ef.open(path, group)), check_dtype=False)
    assert set(study.time_budget().recording) == {"a", "b", "c", "d"}


def test_numbers_of_whole_recordings(stores: dict[str, Path]) -> None:
    table = ef.study(stores).summaries()
    assert table.columns.tolist() == [
        "store", "recording", "individual", "animal", "body_length", "treatment"
    ]  # fmt: skip
    assert table.attrs["units"] == {"body_length": "mm"}
    for name, path in stores.items():
        found = table[table.store == name].body_length
        np.testing.assert_array_equal(found, ef.open(path, "features").body_length.values.ravel())


def test_nothing_is_opened_before_it_is_asked_for(stores: dict[str, Path], tmp_path: Path) -> None:
    with no_compute():
        study = ef.study([*stores.values(), tmp_path / "nowhere.zarr"])
    with pytest.raises(ef.DataError, match="nowhere"):
        study.time_budget()
    opened = {name: ef.open(path) for name, path in stores.items()}
    pd.testing.assert_frame_equal(ef.study(opened).time_budget(), ef.study(stores).time_budget())
    with pytest.raises(ef.DataError, match="slow has no group 'labels/human'; it has: .*features"):
        ef.study(opened).time_budget("labels/human")


def test_names_of_stores(tmp_path: Path) -> None:
    assert ef.study(["x/cohort.zarr", "y/cohort.zarr"]).names == ("x/cohort", "y/cohort")
    assert ef.study({"A": "x/cohort.zarr", "B": "y/cohort.zarr"}).names == ("A", "B")
    assert ef.study(["s3://lab/x.zarr/", "s3://lab/y.zarr"]).names == ("x", "y")
    for given, message in (
        (["x/c.zarr", "x/c.zarr"], "there twice"),
        ({"A": "x/c.zarr", "B": "x/../x/c.zarr/"}, "A and B are one store"),
        ("x/c.zarr", "a list of them"),
        ([], "no stores"),
        ([xr.DataTree()], "have no names"),
    ):
        with pytest.raises(ef.DataError, match=message):
            ef.study(given)


def test_nothing_counts_twice(stores: dict[str, Path], tmp_path: Path) -> None:
    same = save(tmp_path / "same.zarr", poses_at(25.0, "b").assign_coords(recording=["other"]))
    with pytest.raises(ef.DataError, match=r"'b' in slow and 'other' in same .* from one file"):
        ef.study([stores["slow"], same]).time_budget()
    unknown = poses_at(25.0, "b").assign_coords(digest=("recording", [""]))
    unknown = save(tmp_path / "unknown.zarr", unknown)
    with pytest.raises(
        ef.DataError, match=r"a recording 'b' is in slow and in unknown, and nothing says"
    ):
        ef.study([stores["slow"], unknown]).find_bouts()
    other = poses_at(25.0, "b").assign_coords(digest=("recording", ["another file"]))
    other = save(tmp_path / "other.zarr", other)
    table = ef.study([stores["slow"], other]).time_budget()
    assert set(table[table.recording == "b"].store) == {"slow", "other"}


def test_other_units_settings_and_kinds(stores: dict[str, Path], tmp_path: Path) -> None:
    pixels = stack([make_pixels(5, 60, name="p")])
    ef.write(ef.features.compute(pixels, ["body_length"])[0], tmp_path / "px.zarr", "features")
    with pytest.raises(ef.DataError, match="body_length is in mm in slow and px in px"):
        ef.study([stores["slow"], tmp_path / "px.zarr"]).summaries()
    poses = poses_at(25.0, "q")
    otherwise = {"moving": {"min_speed": "9 cm/s"}}
    labels = ef.annotate(poses, ["moving"], parameters=otherwise)
    ef.write(labels, tmp_path / "q.zarr", "labels/rules")
    with pytest.warns(OtherSettings, match=r"moving is not the same everywhere: .*9 cm/s.* in q"):
        ef.study([stores["slow"], tmp_path / "q.zarr"]).time_budget()
    labels = ef.annotate(poses, ["moving"]).assign_coords(treatment=("recording", [1.0]))
    ef.write(labels, tmp_path / "n.zarr", "labels/rules")
    with pytest.raises(ef.DataError, match="'treatment' is text in slow and numbers in n"):
        ef.study([stores["slow"], tmp_path / "n.zarr"]).time_budget()


def test_metadata_called_store_stand_aside(stores: dict[str, Path], tmp_path: Path) -> None:
    labels = ef.annotate(poses_at(25.0, "q"), ["moving"])
    labels = labels.assign_coords(store=("recording", ["shop"]))
    ef.write(labels, tmp_path / "q.zarr", "labels/rules")
    table = ef.study([stores["slow"], tmp_path / "q.zarr"]).time_budget()
    assert set(table[table.store == "q"].metadata_store) == {"shop"}


def test_a_store_without_regions_has_nothing_in_their_column(
    stores: dict[str, Path], tmp_path: Path
) -> None:
    many = make_cohort().assign_coords(recording=["m", "n"])
    ef.write(many, tmp_path / "many.zarr", "labels/rules")
    table = ef.study([stores["slow"], tmp_path / "many.zarr"]).time_budget()
    assert set(table[table.store == "slow"].region) == {""}
    assert set(table[table.behaviour == "inside"].region) == {"centre", "wall", "nest"}
    assert not table[["region", "rater", "category", "partner"]].isna().any().any()
