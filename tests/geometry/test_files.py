"""Files of regions: what they hold, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef

OUTER = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]


def tracks(x: float, y: float):
    return ef.from_arrays(np.full((1, 1, 2, 3), [[x], [y]]), fps=25, bodyparts=["centre"])


def inside(regions, x: float, y: float) -> list[bool]:
    found = ef.features.in_region(ef.mark_regions(tracks(x, y), regions))
    return (found[0, 0, :, 0].values == 1).tolist()


def save(folder: Path, *shapes: dict, **properties: str) -> Path:
    features = [
        {"type": "Feature", "properties": {"name": f"r{n}", **properties}, "geometry": shape}
        for n, shape in enumerate(shapes)
    ]
    path = folder / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_geojson_with_holes_and_parts(tmp_path: Path) -> None:
    far = [[[x + 20, y] for x, y in OUTER]]
    path = save(tmp_path, {"type": "Polygon", "coordinates": [OUTER, HOLE]},
                {"type": "MultiPolygon", "coordinates": [[OUTER, HOLE], far]})  # fmt: skip
    regions = ef.read_regions(path)
    assert list(regions) == ["r0", "r1"]
    assert inside(regions, 1, 8) == [True, True]
    assert inside(regions, 3, 3) == [False, False], "y as in the picture, and the hole is out"
    assert inside(regions, 25, 5) == [False, True]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "found 'Point'"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "three or more corners"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [9, 9], [9, 0], [0, 9]]]}, "cross"),
        ({"type": "Polygon", "coordinates": 3}, "feature 1"),
    ],
)
def test_geojson_that_is_no_region(tmp_path: Path, shape: dict, said: str) -> None:
    with pytest.raises(ef.DataError, match=said):
        ef.read_regions(save(tmp_path, shape))


def test_regions_of_several_recordings_in_a_table(tmp_path: Path) -> None:
    rows = pd.DataFrame({
        "recording": ["a", "a", "default"],
        "region": ["nest", "nest", "nest"],
        "shape": ["circle 5 5 5 px", "circle 5 5 2 px", "circle 50 50 5 px"],
        "hole": ["", "yes", ""],
    })  # fmt: skip
    for path in (tmp_path / "r.csv", tmp_path / "r.parquet"):
        rows.to_csv(path, index=False) if path.suffix == ".csv" else rows.to_parquet(path)
        found = ef.read_regions(path)
        assert set(found) == {"a", "default"}
        assert inside(found["a"], 5, 5) == [False]
        assert inside(found["a"], 5, 8.5) == [True]
        assert inside(found["default"], 50, 52) == [True]


def test_tables_of_simba(tmp_path: Path) -> None:
    path = tmp_path / "rois.csv"
    path.write_text(
        "Video,Shape_type,Name,topLeftX,topLeftY,width,height,centerX,centerY,radius,vertices\n"
        "v,Rectangle,box,10,20,30,5,,,,\nv,Circle,disc,,,,,50,50,9,\n"
        'v,Polygon,tri,,,,,,,,"[[0, 0], [9, 0], [0, 9]]"\n'
    )
    found = ef.read_regions(path)["v"]
    assert inside(found, 12, 24) == [True, False, False]
    assert inside(found, 50, 58) == [False, True, False]
    assert inside(found, 2, 2) == [False, False, True]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("r.csv", "region,place\na,1\n", "columns region and shape"),
        ("r.csv", "region,shape\na,blob 1 2\n", "row 2: cannot read"),
        ("r.csv", "region,shape,hole\na,circle 1 2 3,yes\n", "hole comes after"),
        ("r.json", "{", "no GeoJSON"),
        ("r.h5", "", "pickles"),
        ("r.mat", "x", "r.mat"),
        ("r.roi", "x", "files that end in"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ef.DataError, match=said):
        ef.read_regions(tmp_path / name)


def test_regions_of_behaviordepot(real_data: Path) -> None:
    folder = real_data / "freezing-behaviordepot"
    found = ef.read_regions(folder / "demo5/demo5_analyzed/Params.mat")
    assert len(found) == 8
    assert found["Approach"].vertices[0] == (618, 284)


def test_holes_and_parts_are_checked() -> None:
    box, far = ef.circle(0, 0, 10), ef.circle(50, 0, 10)
    with pytest.raises(ef.DataError, match="not inside"):
        inside({"a": [box, far]}, 0, 0)
    with pytest.raises(ef.DataError, match="overlap"):
        inside({"a": [[box], [ef.circle(5, 0, 10)]]}, 0, 0)
    assert inside({"a": [[box], [far]]}, 50, 0) == [True]


def test_parts_of_an_arena() -> None:
    poses = ef.calibrate(tracks(110, 110), "polygon 100,100 300,100 300,300 100,300 px = 400 mm")
    regions = {"c": "centre 50 % of side", "p": "periphery 50 % of side",
               "k": "corners 20 % of side", "q": "centre 25 % of area"}  # fmt: skip
    poses = ef.mark_regions(poses, regions)
    assert ef.features.in_region(poses)[0, 0, :, 0].values.tolist() == [0, 1, 1, 0]
    distance = ef.features.region_distance(poses)[0, 0, :, 0]
    assert float(distance[0]) == pytest.approx(-np.hypot(80, 80), rel=1e-5)
    assert float(distance[0]) == pytest.approx(float(distance[3]), rel=1e-5)
    with pytest.raises(ef.DataError, match="of what the share is"):
        ef.mark_regions(poses, {"c": "centre 50 % of arena"})
