"""One real recording: the distances, angles and areas that DeepOF gives for the same positions."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef

DEEPOF_HEAD = ("Nose", "Left_ear", "Left_fhip", "Spine_1")
"""What DeepOF calls the head: a left hip for the right ear. Ours has both ears."""

AREAS = {
    "head_area": DEEPOF_HEAD,
    "torso_area": ("Spine_1", "Left_fhip", "Spine_2", "Right_fhip"),
    "back_area": ("Spine_1", "Left_bhip", "Spine_2", "Right_bhip"),
    "full_area": (
        "Nose", "Left_ear", "Left_fhip", "Left_bhip",
        "Tail_base", "Right_bhip", "Right_fhip", "Right_ear",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    for place in real_data.parents:
        found = place / "deepof_reference_real" / "real_square14"
        if found.is_dir():
            return found
    pytest.skip(f"no deepof_reference_real beside {real_data}: set ETHOFLOW_DATA")


@pytest.fixture(scope="module")
def poses(folder: Path) -> xr.Dataset:
    table = pd.read_parquet(folder / "coords_raw_mm.parquet")
    parts = sorted({column.partition("|")[0] for column in table})
    position = np.stack([[table[f"{part}|{axis}"] for axis in "xy"] for part in parts])
    return ef.from_arrays(position[np.newaxis], fps=25, bodyparts=parts, units="mm")


MM, RAD = 2e-3, 1e-3
"""The tolerances of the reference; areas have that of their sides, and single precision."""


def test_raw_coordinates(folder: Path, poses: xr.Dataset, tmp_path: Path) -> None:
    # DeepOF takes out what it holds for outliers and fills it, the first frames too: one point in
    # 26 here. We change positions only where `clean` is asked to.
    path = tmp_path / "tracks.csv"
    path.write_bytes(gzip.decompress((folder / "input_dlc.csv.gz").read_bytes()))
    tracks = ef.calibrate(ef.read(path, fps=25), px_per_mm=420.12 / 380)
    expected = poses.position.sel(bodypart=tracks.bodypart.values)
    apart = np.abs(tracks.position.values - expected.values).max(axis=2)
    assert (apart > MM).sum() == 241
    assert np.sort(apart.ravel())[-242] < 1e-4


@pytest.mark.parametrize("name", ["distances_all", "distances_graph"])
def test_distances(folder: Path, poses: xr.Dataset, name: str) -> None:
    table = pd.read_parquet(folder / f"{name}.parquet")
    pairs = [column.split("|") for column in table]
    found = ef.features.bodypart_distance(poses, pairs=pairs)[0]
    np.testing.assert_allclose(found.T, table.to_numpy(), rtol=0, atol=MM)
    assert len(pairs) == {"distances_all": 14 * 13 // 2, "distances_graph": 14}[name]


def test_angles(folder: Path, poses: xr.Dataset) -> None:
    table = pd.read_parquet(folder / "angles.parquet")
    joints = [column.split("|") for column in table]
    found = ef.features.joint_angle(poses, joints=joints)[0].values.T
    np.testing.assert_allclose(found, table.to_numpy(), rtol=0, atol=RAD)


def test_areas(folder: Path, poses: xr.Dataset) -> None:
    table = pd.read_parquet(folder / "areas.parquet")
    found = ef.features.area(poses, areas=AREAS)[0]
    assert set(AREAS) == set(table)
    for name in AREAS:
        expected = table[name].to_numpy()
        np.testing.assert_allclose(found.sel(area=name), expected, rtol=1e-6, atol=MM)


def test_its_head_is_not_ours(folder: Path, poses: xr.Dataset) -> None:
    both = ("Nose", "Left_ear", "Spine_1", "Right_ear")
    head = ef.features.area(poses, areas={"head": both})[0, 0]
    table = pd.read_parquet(folder / "areas.parquet")
    assert np.abs(head - table.head_area.to_numpy()).mean() > 1


def table(
    folder: Path, name: str, parts: list[str], axes: tuple[str, str] = ("x", "y")
) -> np.ndarray:
    """Columns of a table, dims (bodypart, axis, time)."""
    found = pd.read_parquet(folder / f"{name}.parquet")
    return np.stack([[found[f"{part}|{axis}"] for axis in axes] for part in parts])


def test_centred_and_aligned(folder: Path, poses: xr.Dataset) -> None:
    parts = [str(part) for part in poses.bodypart.values]
    corners = json.loads((folder / "meta.json").read_text())["meta"]["arena_polygon_mm"]
    arena = xr.DataArray(corners, dims=("vertex", "space"), attrs={"units": "mm"})
    found = ef.align(poses.assign(arena=arena), "arena").position[0]
    np.testing.assert_allclose(found, table(folder, "coords_center_arena", parts), rtol=0, atol=MM)
    found = ef.align(poses, "Center").position[0]
    np.testing.assert_allclose(found, table(folder, "coords_center_body", parts), rtol=0, atol=MM)
    found = ef.align(poses, "Center", along="Spine_1", axis="y").position[0]
    expected = table(folder, "coords_center_body_align_Spine_1", parts)
    np.testing.assert_allclose(found, expected, rtol=0, atol=MM)


def test_polar(folder: Path, poses: xr.Dataset) -> None:
    parts = [str(part) for part in poses.bodypart.values]
    expected = table(folder, "coords_polar", parts, ("rho", "phi"))
    found = ef.features.polar_distance(poses)
    np.testing.assert_allclose(found.polar_distance[0], expected[:, 0], rtol=0, atol=MM)
    np.testing.assert_allclose(found.polar_angle[0], expected[:, 1], rtol=0, atol=RAD)


def test_polar_about_a_centre_is_not_that_of_deepof(folder: Path, poses: xr.Dataset) -> None:
    # DeepOF subtracts the centre's distance and angle, which are no coordinates about it.
    parts = [str(part) for part in poses.bodypart.values]
    expected = table(folder, "coords_polar_center_body", parts, ("rho", "phi"))
    assert (expected[:, 0] < 0).any()
    found = ef.features.polar_distance(ef.align(poses, "Center")).polar_distance[0]
    assert float(found.min()) >= 0
