"""Two animals whose places, headings and ways towards each other are known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from tests.strategies import make_poses

BODY = {
    "nose": 30 + 0j, "left_ear": 20 - 8j, "right_ear": 20 + 8j, "centre": 0j, "tail_base": -40 + 0j,
}  # fmt: skip


def meeting(places: list[np.ndarray], headings: list[np.ndarray], fps: float = 30.0) -> xr.Dataset:
    """Stiff animals at complex places, facing the headings."""
    animals = [
        np.array([p + z * np.exp(1j * h) * np.ones_like(p) for z in BODY.values()])
        for p, h in zip(places, headings, strict=True)
    ]
    points = np.array(animals)
    position = np.stack([points.real, points.imag], axis=2)
    return ef.from_arrays(position, fps=fps, bodyparts=list(BODY), units="mm")


def of_pair(name: str, ds: xr.Dataset, one: int = 0, other: int = 1, **given: object) -> np.ndarray:
    return getattr(ef.features, name)(ds, **given).values[one, other]


@pytest.mark.parametrize("heading", [0.0, 1.0, -2.5, 3.1])
@pytest.mark.parametrize("around", [-3.0, -1.0, 0.0, 0.5, 2.0])
def test_bearing_and_facing(heading: float, around: float) -> None:
    still = np.zeros(4, complex)
    place = 100 * np.exp(1j * (heading + around)) + still
    ds = meeting([still, place], [heading, 0.7])
    np.testing.assert_allclose(of_pair("bearing", ds), around, atol=1e-5)
    from_nose = np.angle(100 * np.exp(1j * around) - 30)
    np.testing.assert_allclose(of_pair("facing_angle", ds), abs(from_nose), atol=1e-5)
    wide = np.rad2deg(2 * abs(from_nose))
    assert (of_pair("in_view", ds, field_of_view=wide + 0.1) == 1).all()
    assert (of_pair("in_view", ds, field_of_view=wide - 0.1) == 0).all()
    sides = {"down": around >= 0, "up": around < 0}
    for y_axis, right in sides.items():
        assert around == 0 or (of_pair("side", ds, y_axis=y_axis) == right).all()
    turn = abs(np.angle(np.exp(1j * (0.7 - heading))))
    np.testing.assert_allclose(of_pair("relative_heading", ds), turn, atol=1e-5)


def test_one_goes_to_the_other_who_waits_or_flees() -> None:
    t = np.arange(60) / 30
    ds = meeting([50 * t + 0j, 300 + 20 * t + 0j], [0.0, 0.0])
    np.testing.assert_allclose(of_pair("approach_speed", ds), 50, rtol=1e-4)
    np.testing.assert_allclose(of_pair("approach_speed", ds, 1, 0), -20, rtol=1e-4)
    np.testing.assert_allclose(of_pair("motion_alignment", ds), 1, atol=1e-5)
    waits = meeting([50 * t + 0j, 300 + 0 * t + 0j], [0.0, 0.0])
    np.testing.assert_allclose(of_pair("approach_speed", waits, 1, 0), 0, atol=1e-5)
    assert np.isnan(of_pair("motion_alignment", waits)).all()
    crossing = meeting([50 * t + 0j, 300 + 50j * t], [0.0, 0.0])
    np.testing.assert_allclose(of_pair("motion_alignment", crossing), 0, atol=1e-5)


def test_distances_between_any_points() -> None:
    still = np.zeros(3, complex)
    ds = meeting([still, still + 200], [0.0, np.pi])
    named = ef.features.distance_to_partner(ds, pairs=[("nose", "tail_base"), ("nose", "nose")])
    assert named.between.values.tolist() == ["nose-tail_base", "nose-nose"]
    np.testing.assert_allclose(named[0, 1, :, 0], [210, 140])
    turned = meeting([still, still + 200], [0.0, 0.0])
    found = ef.features.distance_to_partner(turned, pairs=[("nose", "tail_base")])
    np.testing.assert_allclose([found[0, 1, 0, 0], found[1, 0, 0, 0]], [130, 270])
    np.testing.assert_allclose(of_pair("minimum_distance", ds), 140)


def test_the_nearest_of_those_that_are_seen() -> None:
    ds = make_poses(4, 40)
    found = ef.features.minimum_distance(ds).values
    position = ds.position.values.astype(float)
    for one, other in ((0, 1), (1, 0)):
        apart = np.linalg.norm(position[one][:, None] - position[other][None], axis=2)
        with np.errstate(all="ignore"):
            expected = np.nanmin(np.where(np.isnan(apart), np.inf, apart), axis=(0, 1))
        expected[np.isinf(expected)] = np.nan
        np.testing.assert_allclose(found[one, other], expected, rtol=1e-4, atol=1e-3)


def test_time_since_contact() -> None:
    apart = np.array([90, 90, 60, 60, 90, 90, np.nan, 90, 60, 90.0]) + 30 + 40
    place = apart.astype(complex)
    ds = meeting([np.zeros(10, complex), place], [0.0, 0.0], fps=10)
    ds = ds.assign(position=ds.position.where(np.isfinite(apart)))
    found = of_pair("time_since_contact", ds, max_distance="65 mm")
    expected = [np.nan, np.nan, 0, 0, 0.1, 0.2, np.nan, np.nan, 0, 0.1]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@settings(max_examples=8, deadline=None)
@given(by=st.floats(-3, 3), shift=st.floats(-300, 300), seed=st.integers(0, 50))
def test_pairs_do_not_depend_on_where_they_are(by: float, shift: float, seed: int) -> None:
    ds = make_poses(seed, 15)
    x, y = ds.position.isel(space=0), ds.position.isel(space=1)
    turned = xr.concat([x * np.cos(by) - y * np.sin(by), x * np.sin(by) + y * np.cos(by)], "space")
    turned = turned.transpose(*ds.position.dims) + shift
    moved = ds.assign(position=ds.position.copy(data=turned.values.astype(np.float32)))
    mirrored = ds.assign(position=ds.position * xr.DataArray([1.0, -1.0], dims="space"))
    for name in ("facing_angle", "relative_heading", "minimum_distance", "bearing"):
        feature = getattr(ef.features, name)
        one, other = feature(ds), feature(moved)
        apart = np.abs(one - other)
        apart = np.minimum(apart, np.abs(apart - 2 * np.pi)) if name == "bearing" else apart
        assert float(apart.max()) < 0.05
        sign = -1 if name == "bearing" else 1
        np.testing.assert_allclose(np.cos(feature(mirrored) * sign), np.cos(one), atol=1e-3)
    swapped = ef.features.bearing(mirrored).values + ef.features.bearing(ds).values
    flat = np.abs(np.abs(ef.features.bearing(ds).values) - np.pi) < 1e-3
    np.testing.assert_allclose(np.where(flat, 0, np.nan_to_num(swapped)), 0, atol=1e-4)


def test_three_animals_have_six_ordered_pairs() -> None:
    still = np.zeros(2, complex)
    ds = meeting([still, still + 100, still + 100j], [0.0, 0.0, 0.0])
    found = ef.features.bearing(ds).values[..., 0]
    np.testing.assert_allclose(found[0, 1], 0, atol=1e-6)
    np.testing.assert_allclose(found[0, 2], np.pi / 2, atol=1e-6)
    np.testing.assert_allclose(np.abs(found[1, 0]), np.pi, atol=1e-6)
    np.testing.assert_allclose(found[1, 2], 3 * np.pi / 4, atol=1e-6)
    assert np.isnan(np.diagonal(found)).all()
