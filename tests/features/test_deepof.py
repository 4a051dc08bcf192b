"""One real recording: the distances, angles and areas that DeepOF gives for the same positions."""

from __future__ import annotations

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


def test_distances(folder: Path, poses: xr.Dataset) -> None:
    table = pd.read_parquet(folder / "distances_all.parquet")
    pairs = [column.split("|") for column in table]
    found = ef.features.bodypart_distance(poses, pairs=pairs)[0]
    np.testing.assert_allclose(found.T, table.to_numpy(), atol=2e-3)
    assert len(pairs) == 14 * 13 // 2 == ef.features.bodypart_distance(poses).sizes["pair"]


def test_angles(folder: Path, poses: xr.Dataset) -> None:
    table = pd.read_parquet(folder / "angles.parquet")
    joints = [column.split("|") for column in table]
    found = ef.features.joint_angle(poses, joints=joints)[0].values.T
    expected = table.to_numpy()
    apart = np.abs(found - expected)
    # DeepOF takes the arccosine, which is steep where a joint is stretched or folded.
    steep = np.minimum(expected, np.pi - expected) < 0.05
    assert apart[~steep].max() < 1e-3
    assert apart.max() < 5e-3


def test_areas(folder: Path, poses: xr.Dataset) -> None:
    table = pd.read_parquet(folder / "areas.parquet")
    found = ef.features.area(poses, areas=AREAS)[0]
    for name in AREAS:
        # Where an outline crosses itself DeepOF may count its loops one by one.
        apart = np.abs(found.sel(area=name) - table[name].to_numpy())
        assert float((apart < 2e-2).mean()) > 0.99, name


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
    np.testing.assert_allclose(found, table(folder, "coords_center_arena", parts), atol=2e-3)
    found = ef.align(poses, "Center").position[0]
    np.testing.assert_allclose(found, table(folder, "coords_center_body", parts), atol=2e-3)
    found = ef.align(poses, "Center", along="Spine_1", axis="y").position[0]
    expected = table(folder, "coords_center_body_align_Spine_1", parts)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_polar(folder: Path, poses: xr.Dataset) -> None:
    parts = [str(part) for part in poses.bodypart.values]
    expected = table(folder, "coords_polar", parts, ("rho", "phi"))
    found = ef.features.polar_distance(poses)
    np.testing.assert_allclose(found.polar_distance[0], expected[:, 0], atol=2e-3)
    np.testing.assert_allclose(found.polar_angle[0], expected[:, 1], atol=1e-3)


def test_polar_about_a_centre_is_not_that_of_deepof(folder: Path, poses: xr.Dataset) -> None:
    # DeepOF subtracts the centre's distance and angle, which are no coordinates about it.
    parts = [str(part) for part in poses.bodypart.values]
    expected = table(folder, "coords_polar_center_body", parts, ("rho", "phi"))
    assert (expected[:, 0] < 0).any()
    found = ef.features.polar_distance(ef.align(poses, "Center")).polar_distance[0]
    assert float(found.min()) >= 0
