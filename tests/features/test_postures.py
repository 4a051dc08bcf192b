"""Distances, joints and areas of figures whose measures are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from tests.strategies import make_poses


def figure(points: dict[str, np.ndarray], fps: float = 30) -> xr.Dataset:
    """An animal of points, each with dims (space,) or (space, time)."""
    arrays = [np.atleast_2d(np.asarray(p, float).T).T for p in points.values()]
    n = max(a.shape[-1] for a in arrays)
    position = np.stack([np.broadcast_to(a, (a.shape[0], n)) for a in arrays])[np.newaxis]
    return ef.from_arrays(position.copy(), fps=fps, bodyparts=list(points), units="mm")


def polygon(n: int, radius: float, turn: float = 0.0) -> dict[str, np.ndarray]:
    angle = turn + 2 * np.pi * np.arange(n) / n
    return {f"p{i}": radius * np.array([np.cos(a), np.sin(a)]) for i, a in enumerate(angle)}


@pytest.mark.parametrize("n", [3, 4, 8, 12])
@pytest.mark.parametrize("shift", [0.0, 5000.0])
def test_regular_polygons(n: int, shift: float) -> None:
    ds = figure(polygon(n, 10.0, 0.4))
    ds = ds.assign(position=ds.position + np.float32(shift))
    found = ef.features.area(ds, areas={"all": [f"p{i}" for i in range(n)]})
    assert found.attrs["units"] == "mm2"
    expected = n / 2 * 100 * np.sin(2 * np.pi / n)
    np.testing.assert_allclose(found[0, 0, 0], expected, rtol=1e-5 if shift == 0 else 1e-3)
    angles = [(f"p{i}", f"p{(i + 1) % n}", f"p{(i + 2) % n}") for i in range(n)]
    inner = ef.features.joint_angle(ds, joints=angles)
    np.testing.assert_allclose(inner, np.pi * (n - 2) / n, rtol=1e-5 if shift == 0 else 2e-3)


@pytest.mark.parametrize("angle", np.linspace(-3.1, 3.1, 9))
@pytest.mark.parametrize("plane", [None, "xz", "yz"])
def test_joints_in_the_plane_and_in_space(angle: float, plane: str | None) -> None:
    flat = {
        "a": np.array([20.0, 0.0]),
        "b": np.zeros(2),
        "c": 5 * np.array([np.cos(angle), np.sin(angle)]),
    }
    if plane is None:
        ds = figure(flat)
        signed = ef.features.signed_joint_angle(ds, joints=[("a", "b", "c")])
        np.testing.assert_allclose(signed[0, 0, 0], angle, atol=1e-5)
    else:
        axes = {"xz": (0, 2), "yz": (1, 2)}[plane]
        deep = {n: np.zeros(3) for n in flat}
        for name, point in flat.items():
            deep[name][list(axes)] = point
        ds = figure(deep)
    found = ef.features.joint_angle(ds, joints=[("a", "b", "c")])
    np.testing.assert_allclose(found[0, 0, 0], abs(angle), atol=1e-5)


def test_a_joint_of_two_points_on_one_has_no_angle() -> None:
    ds = figure({"a": np.ones(2), "b": np.ones(2), "c": np.zeros(2)})
    assert np.isnan(ef.features.joint_angle(ds, joints=[("a", "b", "c")])).all()
    assert not np.isnan(ef.features.joint_angle(ds, joints=[("a", "c", "b")])).any()


def test_all_pairs_and_those_that_are_named() -> None:
    ds = make_poses(1, 40)
    parts = ds.bodypart.values.tolist()
    whole = ef.features.bodypart_distance(ds)
    assert whole.pair.values.tolist() == [f"{a}-{b}" for a, b in combinations(parts, 2)]
    position = ds.position.values.astype(float)
    for place, (a, b) in enumerate(combinations(range(len(parts)), 2)):
        apart = np.linalg.norm(position[:, a] - position[:, b], axis=1)
        np.testing.assert_allclose(whole[:, place], apart, rtol=1e-5, atol=1e-3)
    named = ef.features.bodypart_distance(ds, pairs=[("nose", "tail_base")])
    by_role = dict(zip(ds.role.values, parts, strict=True))
    pair = f"{by_role['nose']}-{by_role['tail_base']}"
    assert named.pair.values.tolist() == [pair]
    xr.testing.assert_equal(named[:, 0].drop_vars("pair"), whole.sel(pair=pair, drop=True))


def test_groups_of_another_size_or_of_strangers_are_refused() -> None:
    ds = make_poses(1, 5)
    with pytest.raises(ef.DataError, match="each needs 2 body parts, found 3"):
        ef.features.bodypart_distance(ds, pairs=[("nose", "centre", "tail_base")])
    with pytest.raises(ef.DataError, match="there is no body part 'nosee'"):
        ef.features.joint_angle(ds, joints=[("nosee", "centre", "tail_base")])
    with pytest.raises(ef.DataError, match="needs 3 to 12 corners, found 2"):
        ef.features.area(ds, areas={"line": ["nose", "centre"]})


def test_an_unseen_corner_is_an_unknown_area() -> None:
    ds = figure({n: np.repeat(p[:, None], 4, axis=1) for n, p in polygon(4, 10).items()})
    ds.position.values[0, 2, 0, 1] = np.nan
    found = ef.features.area(
        ds, areas={"whole": ["p0", "p1", "p2", "p3"], "part": ["p0", "p1", "p3"]}
    )
    assert np.isnan(found.sel(area="whole")[0]).values.tolist() == [False, True, False, False]
    assert not np.isnan(found.sel(area="part")).any()


@settings(max_examples=25, deadline=None)
@given(
    by=st.floats(-3, 3),
    scale=st.floats(0.1, 10),
    shift=st.floats(-300, 300),
    seed=st.integers(0, 99),
)
def test_measures_of_a_body_do_not_depend_on_where_it_is(
    by: float, scale: float, shift: float, seed: int
) -> None:
    ds = make_poses(seed, 12, gaps=False)
    x, y = ds.position.isel(space=0), ds.position.isel(space=1)
    turned = xr.concat([x * np.cos(by) - y * np.sin(by), x * np.sin(by) + y * np.cos(by)], "space")
    turned = turned.transpose(*ds.position.dims) * scale + shift
    moved = ds.assign(position=ds.position.copy(data=turned.values.astype(np.float32)))
    for name, power in (("bodypart_distance", 1), ("area", 2), ("joint_angle", 0)):
        feature = getattr(ef.features, name)
        one, other = feature(ds) * scale**power, feature(moved)
        np.testing.assert_allclose(other, one, rtol=2e-2, atol=2e-2 * scale**power)
    mirrored = ds.assign(position=ds.position * xr.DataArray([1.0, -1.0], dims="space"))
    signed = ef.features.signed_joint_angle
    straight = np.abs(np.abs(signed(ds)) - np.pi) < 1e-3
    found = xr.where(straight, 0, signed(mirrored) + signed(ds))
    np.testing.assert_allclose(found, 0, atol=1e-4)
