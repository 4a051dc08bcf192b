"""Thresholds in body lengths: of each animal, in the digest, unknown where the length is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import store
from tests.conftest import no_compute
from tests.strategies import make_pixels, make_poses, make_tracks, stack

HALF = {
    "following": {"max_distance": "0.5 body_length"},
    "moving": {"min_speed": "1 body_length/s"},
}
RULES = ["moving", "following", "nose_to_nose"]


def test_the_threshold_is_that_of_each_animal() -> None:
    ds = make_poses(1)
    ds = ds.assign(
        position=(ds.position * xr.DataArray([1.0, 1.5], dims="individual")).assign_attrs(
            units="mm"
        )
    )
    lengths = ef.features.body_length(ds).values
    assert lengths[1] > 1.2 * lengths[0]
    found = ef.behaviours.moving(ds, min_speed="1 body_length/s")
    for a, length in enumerate(lengths):
        expected = ef.behaviours.moving(ds.isel(individual=[a]), min_speed=float(length))
        np.testing.assert_array_equal(found[a], expected[0])
    pairs = ef.behaviours.following(ds, max_distance="0.5 body_length")
    for a, length in enumerate(lengths):
        expected = ef.behaviours.following(ds, max_distance=0.5 * float(length))
        np.testing.assert_array_equal(pairs[a], expected[a])


def test_pairs_without_order_have_the_mean_of_the_two() -> None:
    ds = make_poses(1)
    ds = ds.assign(
        position=(ds.position * xr.DataArray([1.0, 1.5], dims="individual")).assign_attrs(
            units="mm"
        )
    )
    mean = float(ef.features.body_length(ds).values.astype(float).mean())
    found = ef.behaviours.nose_to_nose(ds, max_distance="2 body_lengths")
    np.testing.assert_array_equal(found, ef.behaviours.nose_to_nose(ds, max_distance=2 * mean))
    turned = ef.behaviours.nose_to_nose(ds.isel(individual=[1, 0]), max_distance="2 body_lengths")
    np.testing.assert_array_equal(turned[0, 1], found[0, 1])


def test_it_needs_no_calibration() -> None:
    one = ef.annotate(
        make_pixels(1), ["moving"], parameters={"moving": {"min_speed": "1 body_length/s"}}
    )
    other = ef.annotate(
        make_poses(1), ["moving"], parameters={"moving": {"min_speed": "1 body_length/s"}}
    )
    np.testing.assert_array_equal(one.moving, other.moving)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_chunks_do_not_show(chunk: int) -> None:
    with no_compute():
        lazy = ef.annotate(make_poses(1).chunk(time=chunk), RULES, parameters=HALF)
    xr.testing.assert_identical(lazy.compute(), ef.annotate(make_poses(1), RULES, parameters=HALF))


def test_a_missing_length_is_unknown() -> None:
    ds = make_poses(1)
    gone = ds.position.where((ds.individual != "individual_1") | (ds.bodypart != "Tail_base"))
    ds = ds.assign(position=gone.assign_attrs(ds.position.attrs))
    found = ef.behaviours.moving(ds, min_speed="1 body_length/s")
    assert found[0].notnull().any()
    assert found[1].isnull().all()
    numbers = ef.features.time_since_contact(ds, max_distance="1 body_length")
    assert numbers.isnull().all()


def test_in_a_store_it_is_the_same_and_a_part_of_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    cohort = stack([make_poses(2, 60, name="short"), make_poses(3, 110, name="long")])
    ef.write(cohort, path, group="poses")

    def digest(parameters: dict[str, dict[str, str]]) -> dict[str, str]:
        lazy = ef.annotate(ef.open(path)["poses"], RULES, parameters=parameters)
        ef.write(lazy, path, group="labels/rules")
        stored = ef.open(path)["labels/rules"].to_dataset().load()
        memory = ef.annotate(cohort, RULES, parameters=parameters)
        for name in RULES:
            np.testing.assert_array_equal(stored[name].values, memory[name].values)
        return store.digests_of(path, "labels/rules/moving")

    half = digest(HALF)
    assert digest(HALF) == half
    assert digest({**HALF, "moving": {"min_speed": "2 body_length/s"}}) != half
    assert digest({**HALF, "moving": {"min_speed": "40 mm/s"}}) != half


def test_where_there_is_no_one_animal_it_is_refused() -> None:
    with pytest.raises(ef.UnitError, match="all animals"):
        ef.features.neighbours(make_poses(1), max_distance="1 body_length")
    with pytest.raises(ef.UnitError, match="body_length"):
        ef.behaviours.moving(make_poses(1), min_speed="1 body_length")
    with pytest.raises(ef.UnitError):
        ef.behaviours.moving(make_tracks(1), min_bout="1 body_length")
