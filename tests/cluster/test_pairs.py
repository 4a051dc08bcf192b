"""Clusters of ordered pairs: what is seen of the partner, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.cluster.request import COLUMN_NODE, describe_input, request_columns
from ethoflow.engine.lazy import compute_calls
from ethoflow.errors import DataError, WrongUse
from tests.cluster.test_clusterer import BODY, FPS, PARTS, cohort, recording

N = 200


def two(scale: float = 1.0, turn: float = 0.0, shift: float = 0.0) -> xr.Dataset:
    """An animal that sits and looks along x, and one that runs by at two body lengths to its left.

    The pair is turned, moved and enlarged together.
    """
    first = np.repeat(BODY[..., None], N, axis=2)
    second = first.copy()
    second[:, 0] += np.linspace(-400, 400, N)
    second[:, 1] += 150.0
    both = np.stack([first, second]) + np.random.default_rng(0).normal(0, 0.2, (2, *first.shape))
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = both[:, :, 0], both[:, :, 1]
    turned = np.stack([cos * x - sin * y, sin * x + cos * y], axis=2)
    return ef.from_arrays(scale * turned + shift, fps=FPS, bodyparts=PARTS, recording="a")


def pair_columns(ds: xr.Dataset) -> xr.DataArray:
    recipe = {**describe_input(ds, social=True), "step": "40 ms", "stride": "80 ms"}
    request = request_columns(ds, recipe)
    found = compute_calls(request.ds, {COLUMN_NODE: request.nodes[COLUMN_NODE]})[COLUMN_NODE]
    return found.isel(recording=0) if "recording" in found.dims else found


def test_the_partner_is_seen_in_the_frame_of_the_animal() -> None:
    found = pair_columns(two())
    first = found.isel(individual=0, partner=1)
    y = first.sel(column="partner's centre y")
    x = first.sel(column="partner's centre x")
    away = 150.0 / 75.0
    np.testing.assert_allclose(y[N // 2], np.log1p(away), atol=0.05)  # to the left
    assert x[0] < -1 < 1 < x[-1]
    speed = 800 / (N - 1) * FPS / 75.0
    np.testing.assert_allclose(first.sel(column="partner's speed ahead")[5:-5], speed, atol=0.3)
    np.testing.assert_allclose(first.sel(column="partner's direction ahead"), 1, atol=0.05)
    growth = first.sel(column="growth of distance")
    assert (growth[5:80] < 0).all()
    assert (growth[120:-5] > 0).all()
    other = found.isel(individual=1, partner=0)
    assert (other.sel(column="partner's centre y") < 0).all()  # to the right of the other
    assert found.isel(individual=0, partner=0).isnull().all()


def test_pairs_do_not_show_place_direction_or_unit() -> None:
    one, other = pair_columns(two()), pair_columns(two(2.5, 1.0, 300.0))
    np.testing.assert_allclose(one, other, atol=5e-3)


def test_where_the_partner_is_not_seen_nothing_is_known_of_the_pair() -> None:
    less = two()
    less.position[{"individual": 1, "time": slice(50, 60)}] = np.nan
    found = pair_columns(less)
    assert found.isel(individual=0, partner=1, time=slice(50, 60)).isnull().all()
    assert found.isel(individual=1, partner=0, time=slice(50, 60)).isnull().all()
    assert found.isel(individual=0, partner=1, time=slice(70, 80)).notnull().all()


@pytest.fixture(scope="module")
def world() -> ef.simulate.Simulation:
    return ef.simulate.simulate_cohort(2, duration="90 s", seed=2)


@pytest.fixture(scope="module")
def pairs(world: ef.simulate.Simulation) -> ef.cluster.Clusterer:
    settings = {"again": 1, "most": 12}
    return ef.cluster.fit(world.tracks, 8, "hmm", social=True, settings=settings)


def test_what_two_animals_do_is_found_better_than_by_chance(
    world: ef.simulate.Simulation, pairs: ef.cluster.Clusterer
) -> None:
    found = pairs.predict(world.tracks).cluster
    dims = ("recording", "individual", "partner", "time")
    assert found.dims == dims
    for name in ("following", "nose_to_nose"):
        truth = world.truth[name].transpose(*dims).values
        known = ~np.isnan(truth) & found.notnull().values
        done = (truth == 1) & known
        share = done.sum() / known.sum()
        inside = [(done & (found.values == k)).sum() for k in range(8)]
        k = int(np.argmax(inside))
        precision = inside[k] / ((found.values == k) & known).sum()
        assert precision > 3 * share


def test_pairs_are_the_same_whoever_is_named_first(
    world: ef.simulate.Simulation, pairs: ef.cluster.Clusterer
) -> None:
    found = pairs.predict(world.tracks)
    swapped = pairs.predict(world.tracks.isel(individual=[1, 0]))
    back = swapped.isel(individual=[1, 0], partner=[1, 0])
    np.testing.assert_array_equal(found.cluster.values, back.cluster.values)
    chunked = pairs.predict(world.tracks.chunk(time=700)).compute()
    np.testing.assert_array_equal(found.cluster.values, chunked.cluster.values)


def test_pairs_are_refused_where_there_are_none(pairs: ef.cluster.Clusterer) -> None:
    one = cohort(recording(0, "a", 300), recording(1, "b", 300))
    with pytest.raises(DataError, match="need two animals in a recording"):
        ef.cluster.fit(one, 2, social=True)
    lone = ef.simulate.simulate_recording(n_individuals=1, duration="5 s", seed=1).tracks
    with pytest.raises(DataError, match="need two animals in a recording"):
        pairs.predict(lone)
    matrix = xr.DataArray(
        np.zeros((1, 2, 30)), dims=("individual", "feature", "time"), coords={"fps": FPS}
    )
    with pytest.raises(WrongUse, match="found in poses"):
        ef.cluster.fit(matrix, 2, social=True)
