"""What features do when the room is turned, moved or mirrored."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies import make_poses
from tests.subjects import OF_REGIONS, Subject, of_builtins

WITH_THE_ROOM = ("heading", "head_direction", "movement_direction", "polar_angle")
"""Directions in the room: they turn as it does, and reverse in a mirror."""
SIGNED = (
    "angular_velocity", "head_body_angle", "bearing", "turning", "signed_joint_angle",
    "body_curvature",
)  # fmt: skip
"""Which way round: reversed in a mirror."""
VECTORS = ("velocity", "pose_of_other")
FROM_THE_ORIGIN = ("polar_distance", "polar_angle")
OURS = [
    item
    for item in of_builtins()
    if item.item.function.__module__.startswith("ethoflow.features") and item.name not in OF_REGIONS
]
NUMBERS = [item for item in OURS if item.gives == "number" and item.output.name not in VECTORS]

every = pytest.mark.parametrize("item", OURS, ids=lambda item: item.title)
every_number = pytest.mark.parametrize("item", NUMBERS, ids=lambda item: item.title)


def move(ds: xr.Dataset, matrix: np.ndarray, shift: tuple[float, float] = (0, 0)) -> xr.Dataset:
    """Poses and arena elsewhere."""
    changed = {}
    for name in ("position", "arena", "arena_centre"):
        old = ds[name].transpose(..., "space")
        new = (old.values.astype(float) @ matrix.T + shift).astype(np.float32)
        changed[name] = old.copy(data=new).transpose(*ds[name].dims)
    return ds.assign(changed)


def result(item: Subject, ds: xr.Dataset) -> xr.DataArray:
    """What a feature gives, windows being shorter than the recording."""
    return item(ds, **({"window": "0.4 s"} if "window" in item.defaults else {}))


def expect(item: Subject, ds: xr.Dataset, by: float, mirror: bool) -> np.ndarray:
    """What a feature should be in a room that is mirrored and then turned."""
    name, values = item.output.name, result(item, ds).values
    if name in WITH_THE_ROOM:
        values = (-values if mirror else values) + by
    elif name in SIGNED and mirror:
        values = -values
    elif name == "side" and mirror:
        values = 1 - values
    elif name == "pose_of_other" and mirror:
        values = values * np.array([1, -1])[:, np.newaxis]
    elif name == "velocity":
        turn = matrix_of(by, mirror)
        values = np.einsum("ij,...jt->...it", turn, values)
    return values


def matrix_of(by: float, mirror: bool) -> np.ndarray:
    turn = np.array([[np.cos(by), -np.sin(by)], [np.sin(by), np.cos(by)]])
    return turn @ np.diag([1.0, -1.0 if mirror else 1.0])


def compare(item: Subject, found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    apart = found - expected
    if item.units == "rad" and item.output.name != "turning":
        apart = np.angle(np.exp(1j * apart))
    scale = 1.0 if item.units == "rad" else max(np.nanmax(np.abs(expected), initial=0), 1e-6)
    assert np.nanmax(np.abs(apart), initial=0) <= tolerance * scale


@pytest.mark.parametrize("mirror", [False, True], ids=["turned", "mirrored"])
@every
def test_quarter_turns_and_mirrors(item: Subject, mirror: bool) -> None:
    ds = make_poses(3, gaps=False)
    for quarter in (1, 2) if not mirror else (0, 1):
        matrix = np.round(matrix_of(quarter * np.pi / 2, mirror))
        found = result(item, move(ds, matrix)).values
        compare(item, found, expect(item, ds, quarter * np.pi / 2, mirror), 1e-4)


@given(
    by=st.floats(-np.pi, np.pi),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    mirror=st.booleans(),
)
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@every_number
def test_any_turn_and_place(
    item: Subject, by: float, shift: tuple[float, float], mirror: bool
) -> None:
    ds = make_poses(3, gaps=False)
    moved = move(
        ds, matrix_of(by, mirror), (0, 0) if item.output.name in FROM_THE_ORIGIN else shift
    )
    # Single precision, of places half a metre away, seen through up to three derivatives.
    compare(item, result(item, moved).values, expect(item, ds, by, mirror), 1e-2)
