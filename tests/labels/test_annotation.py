"""Many rules together: the same labels as one by one; what is skipped is said."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.labels import SkippedRule
from ethoflow.schema import as_dataset, position_units
from ethoflow.units import UnitError
from tests.conftest import no_compute
from tests.strategies import make_pixels, make_poses, make_tracks, stack


@pytest.mark.parametrize("chunk", [None, 13])
def test_together_is_one_by_one(chunk: int | None) -> None:
    ds = stack([make_poses(1, 90, name="a"), make_poses(2, 60, name="b")])
    with no_compute():
        labels = ef.annotate(ds.chunk(recording=1, time=chunk) if chunk else ds) if chunk else None
    labels = ef.annotate(ds) if labels is None else labels
    assert set(labels.data_vars) == set(ef.behaviours.usual())
    for name, array in labels.compute().data_vars.items():
        xr.testing.assert_identical(array, getattr(ef.behaviours, name)(ds))
    assert labels.attrs["label_source"] == "rules"
    assert labels.attrs["skipped"] == []


def test_parameters_reach_their_rule_alone() -> None:
    ds = make_poses(1, 90)
    labels = ef.annotate(
        ds, ["moving", "following"], parameters={"following": {"min_speed": "1 cm/s"}}
    )
    xr.testing.assert_identical(labels.moving, ef.behaviours.moving(ds))
    xr.testing.assert_identical(labels.following, ef.behaviours.following(ds, min_speed="1 cm/s"))


def test_what_the_data_cannot_answer_is_skipped_with_the_reason() -> None:
    ds = make_poses(1, 60).drop_vars(["arena", "arena_centre", "arena_radius"])
    ds = ds.sel(bodypart=["Nose", "Center"])
    with pytest.warns(SkippedRule) as caught:
        labels = ef.annotate(ds)
    assert set(labels.data_vars) == {"moving", "nose_to_nose"}
    said = [str(w.message) for w in caught]
    arena, parts = sorted(said, key=lambda text: "body part" in text)
    assert arena.startswith("skipped climbing, which needs the variable 'arena'. ")
    assert "ef.circle" in arena
    assert set(re.findall("immobile|nose_to_tail|side_by_side|following", parts)) == {
        "immobile", "nose_to_tail", "side_by_side", "following",
    }  # fmt: skip
    assert parts.count("Nose (nose), Center (centre)") == 1
    assert labels.attrs["skipped"] == [str(w.message) for w in caught]


def test_one_animal_has_no_pairs() -> None:
    ds = make_poses(1, 60, n_individuals=1)
    pairs = "following, nose_to_nose, nose_to_tail and side_by_side, which need two animals"
    with pytest.warns(SkippedRule, match=pairs) as caught:
        labels = ef.annotate(ds)
    assert len(caught) == 1
    assert set(labels.data_vars) == {"moving", "immobile", "climbing"}
    with pytest.raises(ef.DataError, match="cannot apply nose_to_nose, which needs two animals"):
        ef.annotate(ds, ["moving", "nose_to_nose"])


def test_pixels_skip_what_is_in_mm() -> None:
    ds = make_pixels(1, 60)
    with pytest.warns(SkippedRule, match="px"):
        labels = ef.annotate(ds)
    assert set(labels.data_vars) == {"climbing"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = ef.annotate(ds, ["moving"], parameters={"moving": {"min_speed": "80 px/s"}})
    np.testing.assert_array_equal(labels.moving, ef.behaviours.moving(make_poses(1, 60)))


def test_nothing_that_applies_is_an_error() -> None:
    px = make_tracks(1, 40)
    with pytest.raises(ef.DataError, match=r"(?s)no rule applies.*moving"):
        ef.annotate(px)
    with pytest.raises(ef.DataError, match=r"cannot apply moving.* need positions in mm"):
        ef.annotate(px, ["moving", "immobile"])


def test_a_rule_by_name_alone() -> None:
    ds = make_poses(1, 40)
    xr.testing.assert_identical(ef.annotate(ds, "moving"), ef.annotate(ds, ["moving"]))
    one = ef.annotate(ds, ef.behaviours.moving)
    xr.testing.assert_identical(one, ef.annotate(ds, ["moving"]))


def test_wrong_requests() -> None:
    ds = make_poses(1, 40)
    with pytest.raises(KeyError, match=r"^there is no rule 'imobile'. Did you mean 'immobile'"):
        ef.annotate(ds, "imobile")
    with pytest.raises(KeyError, match="'speed' is a feature, not a rule"):
        ef.annotate(ds, "speed")
    with pytest.raises(TypeError, match="no parameter min_sped. Did you mean 'min_speed'"):
        ef.annotate(ds, "moving", parameters={"moving": {"min_sped": 5}})
    with pytest.raises(UnitError, match=r"3 kg.*must be in mm/s"):
        ef.annotate(ds, parameters={"moving": {"min_speed": "3 kg"}})
    with pytest.raises(KeyError, match="nonsense"):
        ef.annotate(ds, ["nonsense"])
    with pytest.raises(KeyError, match="not among the rules"):
        ef.annotate(ds, ["moving"], parameters={"immobile": {"max_speed": 5}})
    with pytest.raises(TypeError, match="no parameter"):
        ef.annotate(ds, ["moving"], parameters={"moving": {"nonsense": 5}})
    with pytest.raises(TypeError, match="not a behaviour"):
        ef.annotate(ds, [ef.features.speed])
    with pytest.raises(TypeError, match="Dataset"):
        ef.annotate(ds.position)
    with pytest.raises(ef.DataError, match="position"):
        ef.annotate(ds.drop_vars("position"))


RESTS_ON_FEATURES = ["climbing", "immobile", "moving"]


@pytest.mark.parametrize("chunk", [None, 13])
@pytest.mark.parametrize("unit", ["mm", "px"])
def test_features_alone_know_their_length(tmp_path, unit: str, chunk: int | None) -> None:
    """Stored features say in what they are; thresholds in mm hold for them as for positions."""
    made = make_poses if unit == "mm" else make_pixels
    poses = stack([made(1, 90, name="a"), made(2, 60, name="b")])
    poses = poses.chunk(recording=1, time=chunk) if chunk else poses
    features, _ = ef.features.compute(poses)
    ef.write(features, tmp_path / "c.zarr", "features")
    stored = ef.open(tmp_path / "c.zarr")["features"]
    for data in (features, stored, stored.to_dataset()[["speed"]]):
        assert position_units(as_dataset(data)) == unit
        if unit == "px":
            with pytest.raises(ef.DataError, match="moving, which needs positions in mm"):
                ef.annotate(data, "moving")
            thresholds = {"moving": {"min_speed": "80 px/s"}}
        else:
            thresholds = {"moving": {"min_speed": "3 cm/s"}}
        labels = ef.annotate(data, "moving", parameters=thresholds)
        expected = ef.annotate(poses, "moving", parameters=thresholds)
        np.testing.assert_array_equal(labels.moving, expected.moving)
        ef.write(labels, tmp_path / "c.zarr", "labels/rules")
    if unit == "mm":
        with pytest.warns(SkippedRule, match="which need the variable 'position'"):
            labels = ef.annotate(stored)
        assert sorted(labels) == RESTS_ON_FEATURES
        for name in RESTS_ON_FEATURES:
            np.testing.assert_array_equal(labels[name], ef.annotate(poses, name)[name])


def test_features_in_several_lengths_are_refused() -> None:
    features, _ = ef.features.compute(make_poses(1, 40))
    other, _ = ef.features.compute(make_pixels(1, 40))
    mixed = features.assign(speed=other.speed)
    with pytest.raises(ef.DataError, match=r"several kinds: .*in mm; speed in px"):
        ef.annotate(mixed, "moving")
    noted = features.assign(height=xr.Variable((), 2.1, {"units": "m"}))
    assert position_units(noted) == "mm"
    assert position_units(features[["heading"]]) == "px"


CALLS: list[str] = []
"""Kernels that ran, by name."""


@ef.behaviour(units={"min_speed": "mm/s"}, on_request=True)
def brisk(speed: np.ndarray, *, min_speed: float = 40.0) -> np.ndarray:
    """The first body part is as fast as `min_speed`."""
    CALLS.append("brisk")
    return speed[0] >= min_speed


@ef.behaviour(units={"max_speed": "mm/s"}, on_request=True)
def sluggish(speed: np.ndarray, *, max_speed: float = 10.0) -> np.ndarray:
    """The first body part is slower than `max_speed`."""
    CALLS.append("sluggish")
    return speed[0] < max_speed


def test_another_threshold_makes_its_rule_alone_anew(tmp_path: Path) -> None:
    poses = ef.simulate.still_then_running().expand_dims("recording")
    store = tmp_path / "c.zarr"
    ef.write(poses.assign_coords(recording=["m1"]), store, "poses")

    def run(**thresholds: float) -> list[str]:
        CALLS.clear()
        stored = ef.open(store, "poses")
        labels = ef.annotate(stored, [brisk, sluggish], parameters={"brisk": thresholds})
        ef.write(labels, store, "labels/rules")
        return sorted(set(CALLS))

    assert run() == ["brisk", "sluggish"]
    assert run() == []
    before = ef.open(store, "labels/rules").load()
    assert run(min_speed=150.0) == ["brisk"]
    after = ef.open(store, "labels/rules").load()
    np.testing.assert_array_equal(after.sluggish, before.sluggish)
    assert "min_speed=150.0" in after.brisk.attrs["source"]
