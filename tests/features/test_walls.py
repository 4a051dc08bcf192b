"""Distance to the wall against shapely."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef

shapely = pytest.importorskip("shapely")

CONCAVE = [(-100, -100), (100, -100), (100, 100), (10, 100), (0, -40), (-10, 100), (-100, 100)]
SQUARE = [(-100, -100), (100, -100), (100, 100), (-100, 100)]


def scatter(n: int = 2000) -> xr.Dataset:
    rng = np.random.default_rng(0)
    return ef.from_arrays(rng.uniform(-150, 150, (1, 1, 2, n)), fps=25, bodyparts=["nose"])


def truth(ds: xr.Dataset, outline: shapely.Polygon) -> np.ndarray:
    points = shapely.points(ds.position.values[0, 0].T.astype(float))
    distance = shapely.distance(outline.exterior, points)
    return np.where(shapely.contains(outline, points), distance, -distance)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("corners", [CONCAVE, SQUARE])
def test_polygons(corners: list[tuple[float, float]], turn: int) -> None:
    tracks = scatter()
    expected = truth(tracks, shapely.Polygon(corners))
    found = ef.features.wall_distance(ef.calibrate(tracks, ef.polygon(corners[::turn])))
    np.testing.assert_allclose(found.values[0, 0], expected, atol=1e-3)
    scaled = ef.calibrate(tracks, ef.polygon(corners), px_per_mm=2)
    np.testing.assert_allclose(ef.features.wall_distance(scaled)[0, 0], expected / 2, atol=1e-3)


def test_circles() -> None:
    tracks = scatter()
    found = ef.features.wall_distance(ef.calibrate(tracks, ef.circle(10, -5, 90)))
    fine = shapely.Point(10, -5).buffer(90, quad_segs=4000)
    np.testing.assert_allclose(found.values[0, 0], truth(tracks, fine), atol=1e-3)


def test_many_arenas_in_one_cohort() -> None:
    tracks = scatter(50)
    both = xr.concat(
        [tracks.assign_coords(recording=name) for name in "ab"], "recording",
        coords=["n_frames", "animal"], compat="override", combine_attrs="override",
    )  # fmt: skip
    arenas = {"a": ef.circle(0, 0, 100), "b": ef.polygon(CONCAVE)}
    together = ef.features.wall_distance(ef.calibrate(both, arenas))
    for name, arena in arenas.items():
        alone = ef.features.wall_distance(ef.calibrate(tracks, arena))
        np.testing.assert_array_equal(together.sel(recording=name).squeeze(), alone.squeeze())
