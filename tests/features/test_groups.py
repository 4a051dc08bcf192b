"""Groups whose order, spread and neighbours are known, and the same by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist

import ethoflow as ef


def group(places: np.ndarray, headings: np.ndarray | None = None, fps: float = 30) -> xr.Dataset:
    """Animals at complex places, dims (individual, time), facing the headings."""
    headings = (
        np.zeros(places.shape) if headings is None else np.broadcast_to(headings, places.shape)
    )
    body = {"nose": 10.0, "centre": 0.0, "tail_base": -10.0}
    points = np.stack([places + z * np.exp(1j * headings) for z in body.values()], axis=1)
    position = np.stack([points.real, points.imag], axis=2)
    return ef.from_arrays(position, fps=fps, bodyparts=list(body), units="mm")


def anywhere(n: int, frames: int = 30, seed: int = 0) -> np.ndarray:
    x, y = np.random.default_rng(seed).uniform(0, 300, (2, n, frames))
    return x + 1j * y


@pytest.mark.parametrize("n", [3, 4, 7])
def test_all_the_same_way_and_all_apart(n: int) -> None:
    places = anywhere(n)
    same = ef.features.polarisation(group(places, np.full((n, 1), 0.7)))
    np.testing.assert_allclose(same, 1, atol=1e-6)
    around = 2 * np.pi * np.arange(n)[:, None] / n
    np.testing.assert_allclose(ef.features.polarisation(group(places, around)), 0, atol=1e-6)


@pytest.mark.parametrize("sense", [1, -1])
def test_a_mill_turns_and_a_march_does_not(sense: int) -> None:
    t, n = np.arange(60) / 30, 5
    angle = 2 * np.pi * np.arange(n)[:, None] / n + sense * t
    mill = group(300 + 100 * np.exp(1j * angle))
    np.testing.assert_allclose(ef.features.milling(mill)[2:-2], 1, atol=1e-3)
    march = group(100 * np.exp(1j * angle[:, :1]) + 50 * t)
    assert float(ef.features.milling(march).max()) < 1e-3
    np.testing.assert_allclose(ef.features.group_spread(mill), 100, rtol=1e-5)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_neighbours_are_scipys(n: int) -> None:
    places = anywhere(n, seed=n)
    ds = group(places)
    nearest = ef.features.nearest_neighbour_distance(ds).values
    flags = ef.features.is_nearest_neighbour(ds).values
    degree = ef.features.neighbours(ds, max_distance="120 mm").values
    parts = ef.features.clusters_by_proximity(ds, max_distance="120 mm").values
    for t in range(places.shape[1]):
        points = np.stack([places[:, t].real, places[:, t].imag], axis=1)
        apart = cdist(points, points)
        np.fill_diagonal(apart, np.inf)
        np.testing.assert_allclose(nearest[:, t], apart.min(axis=1), rtol=1e-4)
        assert (flags[..., t].argmax(axis=1) == apart.argmin(axis=1)).all()
        assert (degree[:, t] == (apart <= 120).sum(axis=1)).all()
        assert parts[t] == connected_components(apart <= 120)[0]


@pytest.mark.parametrize("n", [3, 4, 9])
def test_hulls_are_scipys(n: int) -> None:
    places = anywhere(n, seed=n)
    found = ef.features.area_per_animal(group(places)).values * n
    for t in range(places.shape[1]):
        points = np.stack([places[:, t].real, places[:, t].imag], axis=1)
        np.testing.assert_allclose(found[t], ConvexHull(points).volume, rtol=1e-4)


def test_hulls_of_points_in_a_line_and_on_one_another_are_empty() -> None:
    line = np.array([0, 1, 2, 1])[:, None] * (30 + 40j) + np.zeros((4, 3))
    np.testing.assert_allclose(ef.features.area_per_animal(group(line)), 0, atol=1e-4)
    two = ef.features.area_per_animal(group(anywhere(2)))
    assert (two == 0).all()


def test_who_is_not_seen_is_left_out_or_makes_it_unknown() -> None:
    ds = group(anywhere(4, 3))
    ds.position.values[1, ..., 1] = np.nan
    rest = ds.isel(individual=[0, 2, 3])
    for name in ("polarisation", "group_spread"):
        feature = getattr(ef.features, name)
        np.testing.assert_allclose(feature(ds)[1], feature(rest)[1], rtol=1e-6)
    nearest = ef.features.nearest_neighbour_distance(ds)
    assert np.isnan(nearest[1, 1])
    np.testing.assert_allclose(
        nearest[[0, 2, 3], 1], ef.features.nearest_neighbour_distance(rest)[:, 1], rtol=1e-6
    )
    assert np.isnan(ef.features.is_nearest_neighbour(ds)[1, :, 1]).all()
    for name in ("neighbours", "area_per_animal", "clusters_by_proximity"):
        found = getattr(ef.features, name)(ds)
        assert np.isnan(found[..., 1]).all()
        assert not np.isnan(found[..., [0, 2]]).any()
    ds.position.values[2:, ..., 1] = np.nan
    assert np.isnan(ef.features.polarisation(ds)[1])
