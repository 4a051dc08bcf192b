"""Directions and turning of animals on known paths."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef

PARTS = {"nose": (30, 0), "left_ear": (20, -8), "right_ear": (20, 8), "tail_base": (-40, 0)}


def turned(angle: np.ndarray, head: np.ndarray | float = 0.0, fps: float = 30) -> xr.Dataset:
    """A body whose axis has the given direction, with its head turned by `head` at the neck."""
    neck = 10.0
    points = []
    for name, (x, y) in PARTS.items():
        if name == "tail_base":
            local = np.full(angle.shape, x + 1j * y)
        else:
            local = neck + ((x - neck) + 1j * y) * np.exp(1j * np.broadcast_to(head, angle.shape))
        points.append(local * np.exp(1j * angle))
    points = np.array(points)
    position = np.stack([points.real, points.imag], axis=1)[np.newaxis]
    return ef.from_arrays(position, fps=fps, bodyparts=list(PARTS), units="mm")


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Difference of angles by the shorter way."""
    return np.abs(np.angle(np.exp(1j * (np.asarray(one, float) - other))))


@pytest.mark.parametrize("rate", [-4.0, -0.5, 0.0, 0.5, 4.0, 60.0])
def test_a_body_that_turns_steadily(rate: float) -> None:
    angle = 0.3 + rate * np.arange(90) / 30
    ds = turned(angle)
    assert apart(ef.features.heading(ds)[0], angle).max() < 1e-5
    assert apart(ef.features.head_direction(ds)[0], angle).max() < 1e-5
    np.testing.assert_allclose(ef.features.angular_velocity(ds)[0], rate, atol=2e-4)


def test_turning_faster_and_faster_is_right_at_the_ends_too() -> None:
    t = np.arange(60) / 30
    found = ef.features.angular_velocity(turned(0.2 + t + 1.5 * t**2))[0]
    np.testing.assert_allclose(found, 1 + 3 * t, atol=5e-4)


@pytest.mark.parametrize("head", [-1.2, -0.1, 0.4, 1.5])
@pytest.mark.parametrize("body", [0.0, 3.1, -3.1])
def test_the_head_turns_on_the_body(head: float, body: float) -> None:
    ds = turned(np.full(5, body), head)
    axis = np.angle(20 * np.exp(1j * head) + 50)  # nose from the neck, tail base behind it
    found = ef.features.head_body_angle(ds)[0]
    np.testing.assert_allclose(found, head - axis, atol=1e-5)


def test_where_it_goes_is_not_where_it_faces() -> None:
    ds = turned(np.zeros(20))
    backwards = ds.assign(position=ds.position - xr.DataArray(np.arange(20) * 3.0, dims="time"))
    found = ef.features.movement_direction(backwards)
    forward = np.array([-1.0, -1.0])
    np.testing.assert_allclose(np.cos(found[0, 0, :2]), np.cos(np.arctan2(*forward)), atol=1e-6)
    assert np.isnan(ef.features.movement_direction(ds)).all()


def test_turns_are_counted_whole() -> None:
    angle = 2 * np.pi * np.arange(120) / 30  # one a second
    found = ef.features.turning(turned(angle), window="2 s")[0]
    np.testing.assert_allclose(found[30:-30], 4 * np.pi, rtol=1e-5)
    assert np.isnan(found[:30]).all()
    assert np.isnan(found[-30:]).all()


@settings(max_examples=25, deadline=None)
@given(
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    by=st.floats(-3, 3),
    seed=st.integers(0, 99),
)
def test_rotation_adds_and_a_mirror_reverses(
    shift: tuple[float, float], by: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    angle = np.cumsum(rng.normal(0, 0.3, 40))
    ds = turned(angle, rng.normal(0, 0.3, 40))
    moved = turned(angle + by, 0.0)
    moved = ds.assign(position=rotate(ds.position, by) + xr.DataArray(list(shift), dims="space"))
    mirrored = ds.assign(position=ds.position * xr.DataArray([1.0, -1.0], dims="space"))
    for name in ("heading", "head_direction"):
        feature = getattr(ef.features, name)
        assert apart(feature(moved), feature(ds).values + by).max() < 1e-3
        assert apart(feature(mirrored), -feature(ds).values).max() < 1e-5
    for name in ("angular_velocity", "head_body_angle"):
        feature = getattr(ef.features, name)
        np.testing.assert_allclose(feature(moved), feature(ds), atol=2e-2)
        np.testing.assert_allclose(feature(mirrored), -feature(ds), atol=1e-4)


def rotate(position: xr.DataArray, by: float) -> xr.DataArray:
    """Positions turned about the origin."""
    x, y = position.isel(space=0), position.isel(space=1)
    turned_x, turned_y = x * np.cos(by) - y * np.sin(by), x * np.sin(by) + y * np.cos(by)
    joined = xr.concat([turned_x, turned_y], "space").transpose(*position.dims)
    return position.copy(data=joined.values)
