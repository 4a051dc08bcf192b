"""Building and running lazily: what is computed, how often, and on which scheduler."""

from __future__ import annotations

from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from tests.conftest import no_compute
from tests.strategies import make_poses, make_tracks, stack

calls: list[int] = []


@ef.feature(dims=("bodypart", "time"), halo=2)
def counted(position: Any) -> Any:
    """First coordinate; remembers how many frames it was given."""
    calls.append(position.shape[-1])  # whole at once, from any thread
    return position[:, 0]


def test_only_the_blocks_asked_for_run() -> None:
    lazy = counted(make_poses(1, 100, n_individuals=1).chunk(time=10))
    calls.clear()
    lazy.isel(time=slice(40, 50)).compute()
    assert calls == [14]  # the block and its halo on both sides


def test_padding_is_never_computed() -> None:
    ds = stack([make_poses(1, 100, name="a"), make_poses(2, 12, name="b")])
    calls.clear()
    counted(ds.chunk(recording=1, time=10)).sel(recording="b").compute()
    assert sorted(calls) == [4, 4, 12, 12]  # two animals: frames 0-10 and 10-12, with halos


def test_what_two_rules_share_runs_once() -> None:
    @ef.behaviour(roles={"counted": ("nose",)})
    def right_of_zero(counted: Any) -> Any:
        """The nose is right of zero."""
        return counted[0] > 0

    @ef.behaviour(roles={"counted": ("nose",)})
    def left_of_zero(counted: Any) -> Any:
        """The nose is left of zero."""
        return counted[0] < 0

    ds = make_poses(1, 40, n_individuals=1)
    for data in (ds, ds.chunk(time=-1)):
        calls.clear()
        ef.annotate(data, [right_of_zero, left_of_zero]).compute()
        assert calls == [40]


def test_a_chain_is_one_task_per_block() -> None:
    tracks = make_tracks(1, 100).chunk(time=10)
    poses = ef.clean(ef.calibrate(tracks, px_per_mm=2))
    labels = ef.annotate(poses, ["moving", "immobile"])
    names = {key[0] if isinstance(key, tuple) else key for key in labels.__dask_graph__()}
    blocks = [n for n in names if str(n).startswith("block-")]
    assert len(blocks) == 1


@pytest.mark.parametrize("scheduler", ["threads", "synchronous", "processes"])
def test_every_scheduler_gives_the_same(scheduler: str) -> None:
    ds = stack([make_poses(1, 60, name="a"), make_poses(2, 40, name="b")])
    with no_compute():
        lazy = ef.annotate(ef.clean(ds.chunk(recording=1, time=30)))
    found = lazy.compute(
        scheduler=scheduler, **({"num_workers": 1} if scheduler == "processes" else {})
    )
    xr.testing.assert_identical(found, ef.annotate(ef.clean(ds)))


def test_the_graph_is_the_same_every_time() -> None:
    one, two = (ef.annotate(ef.clean(make_poses(1, 60).chunk(time=9))) for _ in range(2))
    assert one.moving.data.name == two.moving.data.name
    other = ef.annotate(ef.clean(make_poses(2, 60).chunk(time=9)))
    assert other.moving.data.name != one.moving.data.name


def test_random_sources_are_read_once_for_their_block() -> None:
    """A chunk that would differ at a second look still gives consistent results."""
    ds = make_poses(1, 60).chunk(time=9)
    noise = da.random.default_rng(0).normal(size=ds.position.shape, chunks=ds.position.chunks)
    ds = ds.assign(position=ds.position.copy(data=ds.position.data + noise.astype(np.float32)))
    velocity, speed = dask.compute(ef.features.velocity(ds), ef.features.speed(ds))
    np.testing.assert_array_equal(np.sqrt(np.square(velocity).sum("space", skipna=False)), speed)


def test_a_stale_frame_rate_is_not_kept() -> None:
    ds = make_poses(1, 60).chunk(time=9)
    fast = ds.assign_coords(time=ds.time / 2, fps=ds.fps * 2)
    np.testing.assert_array_equal(ef.features.speed(fast), ef.features.speed(ds) * 2)


def test_a_result_in_the_dataset_is_used_as_it_is() -> None:
    ds = make_poses(1, 60)
    speed = ef.features.speed(ds) * 0
    labels = ef.behaviours.moving(ds.assign(speed=speed.assign_attrs(units="mm/s")))
    assert labels.sum() == 0


def test_results_keep_the_coordinates_of_the_data() -> None:
    ds = stack([make_poses(1, 30, name="a"), make_poses(2, 20, name="b")])
    ds = ds.assign_coords(treatment=("recording", ["x", "y"]), cage=3)
    for data in (ds, ds.chunk(time=7)):
        found = ef.behaviours.nose_to_tail(data)
        assert set(found.coords) >= {"treatment", "cage", "fps", "n_frames", "animal", "partner"}
        assert found.partner.values.tolist() == ds.individual.values.tolist()
    assert "role" in ef.features.speed(ds).coords


@pytest.mark.parametrize("chunk", [None, 9])
def test_unknown_stays_unknown_from_rule_to_rule(chunk: int | None) -> None:
    @ef.behaviour()
    def walking_about(moving: Any) -> Any:
        """The animal moves."""
        return moving == 1

    @ef.feature(dims=("time",), optional=("moving",))
    def moving_as_number(moving: Any) -> Any:
        """1, 0, NaN."""
        return np.nan_to_num(moving, nan=7)

    ds = make_poses(1, 60)
    data = ds.chunk(time=chunk) if chunk else ds
    moving = ef.behaviours.moving(data)
    assert np.isnan(moving).any()
    unfiltered = {"min_bout": 0, "max_gap": 0}
    for given in (data, data.assign(moving=moving), data.assign(moving=moving.compute())):
        np.testing.assert_array_equal(walking_about(given, **unfiltered), moving)
        np.testing.assert_array_equal(moving_as_number(given), moving.fillna(7))


@pytest.mark.parametrize("dtype", ["int16", "int64", "float64"])
def test_numbers_of_any_kind_are_measured_alike(dtype: str) -> None:
    ds = make_poses(1, 60, gaps=False).round()
    ds.position.attrs["units"] = "mm"
    other = ds.assign(position=ds.position.astype(dtype))
    for name in ("speed", "heading", "wall_distance"):
        feature = getattr(ef.features, name)
        np.testing.assert_allclose(feature(other), feature(ds), rtol=1e-5, atol=1e-4)
        xr.testing.assert_identical(feature(other.chunk(time=7)).compute(), feature(other))


def test_a_role_given_twice_is_refused() -> None:
    ds = make_poses(1, 20)
    roles = ds.role.values.copy()
    roles[1] = "nose"
    with pytest.raises(ef.DataError, match="one body part in the role 'nose'"):
        ef.features.heading(ds.assign_coords(role=("bodypart", roles)))
