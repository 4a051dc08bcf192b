"""Groups of a store as one dataset: by name, in any order, and never by place or by silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.engine.calls import lineage_of
from ethoflow.labels.annotation import SkippedRule
from tests.conftest import no_compute
from tests.strategies import make_pixels, make_poses, stack

RULES = ["moving", "immobile", "following"]


def cohort(n_individuals: int = 2) -> xr.Dataset:
    parts = [
        make_poses(seed, size, name=name, n_individuals=n_individuals)
        for seed, size, name in ((1, 90, "a"), (2, 60, "b"), (3, 40, "c"))
    ]
    return stack(parts).assign_coords(
        treatment=("recording", ["x", "y", "x"]), dose=("recording", [1.0, np.nan, 2.0])
    )


def scored(poses: xr.Dataset) -> xr.Dataset:
    """Labels of another source, with their own bookkeeping."""
    labels = ef.annotate(poses, ["moving"]).rename(moving="running").compute()
    labels.attrs = {"label_source": "human", "rater": "K"}
    digest = np.array(["other"] * labels.sizes["recording"], object)
    return labels.assign_coords(digest=("recording", digest), source_file=("recording", digest))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> xr.DataTree:
    path = tmp_path_factory.mktemp("join") / "c.zarr"
    poses = cohort()
    ef.write(poses.chunk(recording=1, time=30), path, "poses")
    stored = ef.open(path, "poses")
    ef.write(ef.features.compute(stored)[0], path, "features")
    ef.write(ef.annotate(stored, RULES), path, "labels/rules")
    ef.write(scored(poses), path, "labels/human")
    return ef.open(path)


GROUPS = ["poses", "features", "labels/rules", "labels/human"]


def test_groups_of_a_store_are_one_dataset(tree: xr.DataTree) -> None:
    with no_compute():
        joined = ef.join(*(tree[group] for group in GROUPS))
    names = [str(name) for group in GROUPS for name in tree[group].data_vars]
    assert sorted(joined) == sorted(names)
    for group in GROUPS:
        for name, array in tree[group].data_vars.items():
            assert joined[name].variable._data is array.variable._data
    np.testing.assert_array_equal(joined.digest, tree["poses"].digest)
    assert joined.treatment.values.tolist() == ["x", "y", "x"]
    assert joined.running.attrs["label_source"] == "human"
    assert joined.running.attrs["rater"] == "K"
    assert joined.moving.attrs["label_source"] == "rules"
    assert "label_source" not in joined.attrs


def test_what_is_joined_stays_fresh(tree: xr.DataTree, tmp_path: Path) -> None:
    path = (
        tree["poses"]
        .position.variable._data.dask.layers[tree["poses"].position.variable._data.name]
        .stored.path
    )
    joined = ef.join(tree["poses"], tree["features"])
    labels = ef.annotate(joined, RULES)
    alone = ef.annotate(tree["poses"], RULES)
    for name in RULES:
        np.testing.assert_array_equal(labels[name], alone[name])
    again = ef.write(labels, path, "labels/rules")
    assert again.written == 0
    assert again.fresh
    both = ef.join(labels, tree["labels/human"])
    assert all(lineage_of(both, name) is not None for name in RULES)
    first = ef.write(both, tmp_path / "d.zarr", "labels/all")
    assert first.written
    assert ef.write(both, tmp_path / "d.zarr", "labels/all").written == 0


def test_the_result_works_everywhere(tree: xr.DataTree) -> None:
    joined = ef.join(tree["poses"], tree["labels/rules"], tree["labels/human"])
    whole = ef.find_bouts(joined)
    apart = [ef.find_bouts(tree[group]) for group in ("labels/rules", "labels/human")]
    assert len(whole) == sum(map(len, apart))
    assert set(whole.behaviour) == {*RULES, "running"} & set(whole.behaviour)
    budget = ef.time_budget(joined)
    own = budget[budget.behaviour == "running"].reset_index(drop=True)
    np.testing.assert_array_equal(own.time, ef.time_budget(tree["labels/human"]).time)
    assert set(own.treatment) == {"x", "y"}


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_places_meet_by_name(data: st.DataObject) -> None:
    """Recordings, animals and partners in any order: the same numbers beside the same names."""
    poses = cohort()
    labels = ef.annotate(poses, RULES)
    recordings = data.draw(st.permutations(range(3)))
    animals = data.draw(st.permutations(range(2)))
    partners = data.draw(st.permutations(range(2)))
    parts = data.draw(st.permutations(range(poses.sizes["bodypart"])))
    turned = labels.isel(recording=recordings, individual=animals, partner=partners)
    speed = ef.features.speed(poses).to_dataset().isel(bodypart=parts, recording=recordings)
    joined = ef.join(poses, turned.chunk(time=data.draw(st.sampled_from([1, 7, 90]))), speed)
    for name in RULES:
        xr.testing.assert_equal(joined[name].drop_vars(["treatment", "dose"]).compute(),
                                labels[name].drop_vars(["treatment", "dose"]))  # fmt: skip
    np.testing.assert_array_equal(joined.speed, ef.features.speed(poses))
    first = ef.join(turned, poses)
    assert first.partner.values.tolist() == first.individual.values.tolist()
    again = ef.annotate(first.drop_vars(RULES), RULES)
    for name in RULES:
        place = {dim: labels[dim] for dim in labels[name].dims}
        np.testing.assert_array_equal(again[name].sel(place), labels[name])


def test_single_recordings_and_padding() -> None:
    poses = cohort()
    labels = ef.annotate(poses, RULES)
    one = ef.join(poses.isel(recording=1), labels.sel(recording="b").isel(time=slice(60)))
    np.testing.assert_array_equal(one.moving, labels.moving.sel(recording="b")[:, :60])
    short = labels.isel(recording=[1, 2], time=slice(60))
    pair = ef.join(poses.isel(recording=[1, 2]), short)
    np.testing.assert_array_equal(pair.moving, short.moving)
    with pytest.raises(ef.DataError, match="dataset 1 is a single recording and dataset 2 a co"):
        ef.join(poses.isel(recording=1), labels)
    with pytest.raises(ef.DataError, match="several recordings: 'a' in dataset 1 and 'b'"):
        ef.join(poses.isel(recording=0), labels.isel(recording=1))


@pytest.mark.parametrize("chunk", [None, 13])
def test_a_recording_that_one_lacks_is_refused_or_missing(chunk: int | None) -> None:
    poses = cohort()
    labels = scored(poses).isel(recording=[2, 1], time=slice(60))
    poses = poses.chunk(recording=1, time=chunk) if chunk else poses
    labels = labels.chunk(recording=1, time=chunk) if chunk else labels
    for pair in ((poses, labels), (labels, poses)):
        with pytest.raises(ef.DataError, match=r"lacks recordings that others have: a\."):
            ef.join(*pair)
        joined = ef.join(*pair, recordings="all")
        assert np.isnan(joined.running.sel(recording="a")).all()
        for name, size in (("b", 60), ("c", 40)):
            np.testing.assert_array_equal(
                joined.running.sel(recording=name)[:, :size],
                labels.running.sel(recording=name)[:, :size],
            )
        assert dict(zip(joined.recording.values, joined.n_frames.values, strict=True)) == {
            "a": 90, "b": 60, "c": 40,
        }  # fmt: skip
        assert (joined.animal != "").all()
        assert joined.treatment.sel(recording="a") == "x"
        np.testing.assert_array_equal(
            joined.position.sel(recording=poses.recording), poses.position
        )
    with pytest.raises(ef.DataError, match="'same' or 'all'"):
        ef.join(poses, labels, recordings="some")  # type: ignore[arg-type]


def test_lengths_that_nobody_noted_are_not_lost() -> None:
    poses = cohort()
    labels = scored(poses).isel(recording=[1, 2], time=slice(60))
    joined = ef.join(labels, poses[["position"]].isel(recording=[0]).drop_vars("n_frames"),
                     recordings="all")  # fmt: skip
    assert joined.n_frames.sel(recording="a") == 90
    np.testing.assert_array_equal(joined.position.sel(recording="a"), poses.position[0])


def animals(ds: xr.Dataset) -> xr.Dataset:
    turned = ds.animal.values[:, ::-1]
    return ds.assign_coords(animal=(("recording", "individual"), turned))


REFUSED = {
    "the same variable": (lambda ds: ds.assign(filled=ds.moving), "filled is in dataset 1 and"),
    "another frame rate": (
        lambda ds: ds.assign_coords(fps=50.0, time=ds.time / 2), "50 frames per second in dataset"
    ),
    "other animals": (animals, "other animals of a sit in the seats"),
    "other seats": (
        lambda ds: ds.assign_coords(individual=["p", "q"], partner=["p", "q"]),
        r"individuals p, q; dataset 1 has",
    ),
    "one animal": (lambda ds: ds.isel(individual=[0]), r"as in \.sel\(individual="),
    "another clock": (
        lambda ds: ds.assign_coords(origin=("recording", [0, 4.0, 0])), "time 0 of b is on its"
    ),
    "another stretch": (lambda ds: ds.isel(time=slice(10, None)), "begin at frame 0 in dataset 1"),
    "a shorter stretch": (
        lambda ds: ds.isel(time=slice(50)), "a has 90 frames in dataset 1 and 50 frames"
    ),
    "other lengths": (
        lambda ds: ds.assign_coords(n_frames=("recording", [90, 59, 40])), "b has 60 frames"
    ),
    "other metadata": (
        lambda ds: ds.assign_coords(treatment=("recording", ["x", "x", "y"])),
        "treatment of b differs between dataset 1 and dataset 2: y and x",
    ),
    "other roles": (
        lambda ds: ds.assign(speed=ef.features.speed(cohort())).assign_coords(
            role=("bodypart", ["nose"] * 11)
        ), "role differs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    change, message = REFUSED[name]
    poses = cohort().assign_coords(origin=("recording", [0.0, 0, 0]))
    labels = ef.annotate(poses, RULES)
    poses = poses.assign(filled=poses.confidence)
    ef.join(poses, labels)
    with pytest.raises(ef.DataError, match=message):
        ef.join(poses, change(labels))


def test_what_is_small_and_the_same_is_one() -> None:
    poses = cohort()
    other = poses[["arena", "px_per_mm"]].assign(extra=poses.confidence)
    joined = ef.join(poses, other)
    np.testing.assert_array_equal(joined.arena, poses.arena)
    with pytest.raises(ef.DataError, match="px_per_mm is in dataset 1 and in dataset 2"):
        ef.join(poses, other.assign(px_per_mm=poses.px_per_mm * 2))
    lazy = poses.chunk(time=7)
    assert ef.join(lazy, lazy).position.variable._data.name == lazy.position.variable._data.name
    with pytest.raises(ef.DataError, match="nothing was given"):
        ef.join()


def test_metadata_called_as_a_variable_stand_aside() -> None:
    poses = cohort().assign_coords(speed=("recording", [1.0, 2, 3]))
    joined = ef.join(poses, ef.features.speed(cohort()).to_dataset())
    assert joined.metadata_speed.values.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(joined.speed, ef.features.speed(cohort()))


def test_other_lengths_side_by_side_are_not_taken_for_one() -> None:
    pixels = stack([make_pixels(1, 90, name="a"), make_pixels(2, 60, name="b")])
    poses = stack([make_poses(1, 90, name="a"), make_poses(2, 60, name="b")])
    joined = ef.join(pixels, ef.features.speed(poses).to_dataset())
    with pytest.raises(ValueError, match="needs speed in px/s"):
        ef.annotate(joined, "moving")


@pytest.mark.filterwarnings(f"ignore::{SkippedRule.__module__}.SkippedRule")
def test_features_and_an_arena_are_enough(tree: xr.DataTree) -> None:
    """Rules that rest on features alone need no positions beside them."""
    poses = tree["poses"].to_dataset()
    joined = ef.join(tree["features"], poses[["arena", "arena_radius", "arena_centre"]])
    labels = ef.annotate(joined)
    np.testing.assert_array_equal(labels.climbing, ef.annotate(poses, "climbing").climbing)
