"""A real mouse in a square arena, as DeepOF 0.9.0 measured it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def reference() -> Path:
    data = Path(os.environ.get("ETHOFLOW_DATA", REPOSITORY.parent / "shared" / "data"))
    for place in (data, *data.parents):
        folder = place / "deepof_reference_real" / "real_square14"
        if folder.is_dir():
            return folder
    pytest.skip(f"no deepof_reference_real beside {data}: set ETHOFLOW_DATA")


@pytest.fixture(scope="module")
def meta(reference: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((reference / "meta.json").read_text())["meta"]
    return found


@pytest.fixture(scope="module")
def poses(reference: Path, meta: dict[str, Any]) -> xr.Dataset:
    table = pd.read_csv(reference / "input_dlc.csv.gz", header=[0, 1, 2], index_col=0)
    values = table.to_numpy().T.reshape(-1, 3, len(table))
    parts = list(dict.fromkeys(table.columns.get_level_values(1)))
    tracks = ef.from_arrays(values[np.newaxis, :, :2], fps=meta["fps"], bodyparts=parts,
                            confidence=values[np.newaxis, :, 2])  # fmt: skip
    size = f"{meta['size_mm']} mm"
    return ef.calibrate(tracks, ef.polygon(meta["polygon_px"], size=size, size_px=meta["size_px"]))


@pytest.fixture(scope="module")
def theirs(reference: Path, poses: xr.Dataset) -> xr.Dataset:
    """Our dataset with DeepOF's own cleaned positions."""
    table = pd.read_parquet(reference / "coords_raw_mm.parquet")
    position = [[table[f"{part}|{c}"] for c in "xy"] for part in poses.bodypart.values]
    values = np.asarray(position, np.float32)[np.newaxis]
    return poses.assign(position=poses.position.copy(data=values))


def test_millimetres_agree(poses: xr.Dataset, theirs: xr.Dataset, meta: dict[str, Any]) -> None:
    np.testing.assert_allclose(poses.arena, meta["arena_polygon_mm"], atol=1e-3)
    apart = np.abs(poses.position - theirs.position).max("space").values
    untouched = apart < 1e-3
    # The rest is what DeepOF takes for outliers and interpolates.
    assert untouched.mean() > 0.9
    assert np.median(apart) < 1e-4


def test_speeds_agree(theirs: xr.Dataset, reference: Path) -> None:
    """DeepOF's speed is ours, averaged over three frames, one frame late, rounded to 0.025 mm/s."""
    table = pd.read_parquet(reference / "speed_1.parquet")
    for part, speed in ef.features.speed(theirs)[0].groupby("bodypart"):
        ours = pd.Series(speed.squeeze().values).rolling(3).mean().shift(1)[10:-10]
        apart = np.abs(ours - table[part].to_numpy()[10:-10])
        assert apart.max() < 0.05, part


def test_distances_agree(theirs: xr.Dataset, reference: Path) -> None:
    table = pd.read_parquet(reference / "distances_all.parquet")
    lengths = ef.features.segment_length(theirs)[0]
    for name in lengths.segment.values:
        column = "|".join(sorted(name.split("-")))
        np.testing.assert_allclose(lengths.sel(segment=name), table[column], atol=2e-3)


def test_climbing_agrees(poses: xr.Dataset, theirs: xr.Dataset, reference: Path) -> None:
    """The same climb; DeepOF's is shorter by frames that its other body length explains."""
    flags = pd.read_parquet(reference / "supervised.parquet")["climb-arena"].to_numpy() == 1
    for ds in (theirs, ef.clean(poses)):
        labels = ef.behaviours.climbing(ds).values[0]
        assert not np.isnan(labels).any()
        assert (labels == flags).mean() > 0.99
        assert (labels[flags] == 1).all()
        assert len(ef.find_bouts(ef.annotate(ds, ["climbing"]))) == 1
