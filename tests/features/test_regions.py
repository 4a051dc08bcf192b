"""Regions of known outlines, against Shapely, in every unit and for every recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from tests.strategies import make_poses, make_tracks, stack

SHAPES = {
    "disc": ef.circle(60, 50, 40),
    "oval": ef.ellipse(-20, 30, 50, 20, angle=40),
    "field": ef.polygon([(-80, -90), (90, -70), (60, 80), (-70, 90)]),
    "ring": [ef.circle(0, 0, 70), ef.polygon([(-30, -30), (30, -30), (30, 30), (-30, 30)])],
}


def shapely_of(shape: object) -> shapely.Geometry:
    rings = shape if isinstance(shape, list) else [shape]
    outline, *holes = [np.asarray(ring.vertices) for ring in rings]
    return shapely.Polygon(outline, holes)


def points(n: int = 300, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-110, 110, (n, 2))


def at(places: np.ndarray, units: str = "px") -> xr.Dataset:
    """One point that is at each of the places, frame by frame."""
    position = places.T[np.newaxis, np.newaxis].astype(np.float32)
    return ef.from_arrays(position, fps=30, bodyparts=["centre"], units=units)


@pytest.mark.parametrize("name", SHAPES)
def test_distances_are_shapelys(name: str) -> None:
    places = points().astype(np.float32).astype(float)
    ds = ef.mark_regions(at(places), SHAPES)
    found = ef.features.region_distance(ds).sel(region=name).values[0, 0]
    shape, dots = shapely_of(SHAPES[name]), shapely.points(places)
    inside = shapely.contains(shape, dots)
    apart = shapely.distance(shape.boundary, dots)
    # Of circles the distance is that to the circle, not to its polygon.
    tolerance = 40 * (1 - np.cos(np.pi / 128)) + 1e-3
    np.testing.assert_allclose(found, np.where(inside, apart, -apart), atol=tolerance)
    flags = ef.features.in_region(ds).sel(region=name).values[0, 0]
    clear = apart > tolerance
    assert (flags[clear] == inside[clear]).all()


def test_outlines_of_many_corners_with_holes_and_parts() -> None:
    """Corners that run in and out, so that near sides lie far apart along the outline."""
    turn = np.linspace(0, 2 * np.pi, 301)[:-1]
    far = 60 + 25 * np.sin(9 * turn)
    star = np.stack([far * np.cos(turn), far * np.sin(turn)], axis=1)
    hole = star[::-3] / 3
    shape = [[ef.polygon(star.tolist()), ef.polygon(hole.tolist())], [ef.circle(100, 100, 9)]]
    places = points(900, 3).astype(np.float32).astype(float)
    ds = ef.mark_regions(at(places), {"star": shape})
    found = ef.features.region_distance(ds).values[0, 0, 0]
    outlines = [star, hole], [np.asarray(ef.circle(100, 100, 9).vertices)]
    expected = shapely.MultiPolygon([shapely.Polygon(one[0], one[1:]) for one in outlines])
    dots = shapely.points(places)
    apart = shapely.distance(expected.boundary, dots)
    inside = shapely.contains(expected, dots)
    np.testing.assert_allclose(found, np.where(inside, apart, -apart), atol=1e-4)


def test_centres_are_centroids() -> None:
    ds = ef.mark_regions(at(points(2)), SHAPES)
    for name, shape in SHAPES.items():
        expected = shapely_of(shape).centroid
        np.testing.assert_allclose(
            ds.region_centre.sel(region=name), [expected.x, expected.y], atol=1e-3
        )
    assert float(ds.region_radius.sel(region="disc")) == 40
    assert ds.region_radius.isnull().sum() == 3


def test_an_off_centre_hole_moves_the_centre() -> None:
    square = ef.polygon([(0, 0), (10, 0), (10, 10), (0, 10)])
    hole = ef.polygon([(6, 1), (6, 9), (9, 9), (9, 1)])
    ds = ef.mark_regions(at(points(2)), {"a": [square, hole]})
    expected = shapely_of([square, hole]).centroid
    np.testing.assert_allclose(ds.region_centre[0], [expected.x, expected.y], rtol=1e-5)


@pytest.mark.parametrize("first", ["regions", "calibration"])
def test_regions_are_scaled_with_the_positions(first: str) -> None:
    ds = at(points(50))
    if first == "regions":
        ds = ef.calibrate(ef.mark_regions(ds, SHAPES), px_per_mm=4.0)
    else:
        ds = ef.mark_regions(ef.calibrate(ds, px_per_mm=4.0), SHAPES)
    assert {ds[n].attrs["units"] for n in ("region_outline", "region_centre", "region_radius")} == {
        "mm"
    }
    in_px = ef.features.region_distance(ef.mark_regions(at(points(50)), SHAPES))
    np.testing.assert_allclose(ef.features.region_distance(ds), in_px / 4, rtol=1e-5, atol=1e-4)


def test_mm_without_a_scale_is_refused() -> None:
    with pytest.raises(ef.DataError, match="no scale is known"):
        ef.mark_regions(at(points(2)), SHAPES, units="mm")


def test_each_recording_has_its_own_in_a_store_too(tmp_path: Path) -> None:
    cohort = stack([make_tracks(1, 60, name="a"), make_tracks(2, 90, name="b")])
    regions = {"a": {"left": ef.circle(10, 10, 200)}, "b": {"left": ef.circle(300, 10, 50)}}
    marked = ef.mark_regions(cohort, regions)
    ef.write(marked, tmp_path / "c.zarr")
    found = ef.features.in_region(ef.open(tmp_path / "c.zarr", "tracks")).compute()
    for row, name in enumerate("ab"):
        alone = ef.mark_regions(cohort.isel(recording=[row]), {name: regions[name]})
        expected = ef.features.in_region(alone).values[0]
        np.testing.assert_array_equal(found.values[row], expected)


@pytest.mark.parametrize(
    ("regions", "said"),
    [
        ({}, "given by name"),
        ({"a": "here"}, "the region 'a' must be"),
        ({"a": []}, "the region 'a' must be"),
        ({"session": {"a": ef.circle(0, 0, 1)}, "b": ef.circle(0, 0, 1)}, "mapping for each"),
    ],
)
def test_what_is_no_region_is_refused(regions: dict, said: str) -> None:
    with pytest.raises(ef.DataError, match=said):
        ef.mark_regions(at(points(2)), regions)


def test_recordings_with_other_regions_are_refused() -> None:
    cohort = stack([make_tracks(1, 20, name="a"), make_tracks(2, 20, name="b")])
    one = ef.circle(0, 0, 1)
    with pytest.raises(ef.DataError, match="b has right; the first has left"):
        ef.mark_regions(cohort, {"a": {"left": one}, "b": {"right": one}})


def test_time_since_entry_and_bearing() -> None:
    x = np.array([0, 0, 9, 9, 0, 0, 0, np.nan, 0, 9, 0.0])
    ds = ef.mark_regions(at(np.stack([x, 0 * x], axis=1)), {"nest": ef.circle(0, 0, 2)})
    found = ef.features.time_since_entry(ds).values[0, 0] * 30
    nan = np.nan
    np.testing.assert_allclose(found, [nan] * 4 + [0, 1, 2] + [nan] * 3 + [0], atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), by=st.floats(-3, 3))
def test_turning_the_world_turns_the_regions(seed: int, by: float) -> None:
    places = points(40, seed)
    turn = np.array([[np.cos(by), -np.sin(by)], [np.sin(by), np.cos(by)]])
    corners = np.array(SHAPES["field"].vertices)
    one = ef.mark_regions(at(places), {"f": ef.polygon(corners.tolist())})
    other = ef.mark_regions(at(places @ turn.T), {"f": ef.polygon((corners @ turn.T).tolist())})
    distance = ef.features.region_distance
    np.testing.assert_allclose(distance(other), distance(one), atol=1e-3)


def test_share_and_bearing_of_a_mouse() -> None:
    ds = make_poses(3, 40)
    ds = ef.mark_regions(ds, {"left": ef.polygon([(-500, -500), (0, -500), (0, 500), (-500, 500)])},
                         units="mm")  # fmt: skip
    x = ds.position.sel(space="x").values
    seen = np.isfinite(ds.position).all("space").values
    expected = ((x <= 0) & seen).sum(axis=1) / np.where(seen.sum(axis=1), seen.sum(axis=1), np.nan)
    np.testing.assert_allclose(ef.features.share_in_region(ds)[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize("px_per_mm", [None, 3.3])
def test_points_on_the_outline_are_inside_whatever_is_rounded(px_per_mm: float | None) -> None:
    """Whole pixels on the sides of a region with whole corners, as of trackers of one point."""
    x, y = np.arange(13.0, 334), np.arange(7.0, 412)
    ring = [(x, np.full(x.size, 7.0)), (x, np.full(x.size, 411.0))]
    ring += [(np.full(y.size, 13.0), y), (np.full(y.size, 333.0), y)]
    points = np.concatenate(ring, axis=1)
    ds = ef.from_arrays(points[np.newaxis, np.newaxis], fps=25, bodyparts=["centre"])
    shape = ef.polygon([(13, 7), (333, 7), (333, 411), (13, 411)])
    ds = ef.mark_regions(ds, {"box": shape, "apart": ef.polygon([(500, 0), (600, 0), (600, 90)])})
    ds = ds if px_per_mm is None else ef.calibrate(ds, px_per_mm=px_per_mm)
    inside = ef.features.in_region(ds)
    assert (inside.sel(region="box") == 1).all()
    assert (inside.sel(region="apart") == 0).all()
    off = ds.assign(position=ds.position + 0.01)
    assert (ef.features.in_region(off).sel(region="box") == 0).any()


def test_regions_in_mm_and_px_are_brought_to_cm() -> None:
    x = np.linspace(0, 300, 61)
    tracks = ef.from_arrays(np.stack([x, x * 0])[None, None], fps=10, bodyparts=["centre"])
    poses = ef.calibrate(tracks, px_per_mm=2)
    cm = poses.assign(position=(poses.position / 10).assign_attrs(units="cm"))
    truth = ef.features.in_region(ef.mark_regions(tracks, {"a": ef.circle(100, 0, 41)}))
    for ds in (poses, cm):
        in_px = ef.mark_regions(ds, {"a": ef.circle(100, 0, 41)})
        in_mm = ef.mark_regions(ds, {"a": ef.circle(50, 0, 20.5)}, units="mm")
        for marked in (in_px, in_mm):
            np.testing.assert_array_equal(ef.features.in_region(marked), truth)
    bare = cm.drop_vars("px_per_mm")
    in_mm = ef.mark_regions(bare, {"a": ef.circle(50, 0, 20.5)}, units="mm")
    np.testing.assert_array_equal(ef.features.in_region(in_mm), truth)
    with pytest.raises(ef.DataError, match="regions are in px and the positions in cm"):
        ef.mark_regions(bare, {"a": ef.circle(100, 0, 41)})
