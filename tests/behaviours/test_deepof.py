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


OURS = {
    "moving": "moving",
    "stat-active": "stationary_active",
    "stat-passive": "stationary_passive",
    "stat-lookaround": "look_around",
    "sniffing": "sniffing",
    "sniff-arena": "sniffing_wall",
    "climb-arena": "climbing",
    "missing": "not_seen",
}
"""Flags of DeepOF, and the rules that have their names here. Its `immobility` is a stand-in."""

ENDS = 12
"""Frames at either end that DeepOF's filters leave false, whatever is shown: unknown here."""

NEVER = {"stat-passive", "sniff-arena", "missing"}
"""Flags that never occur in this recording: nothing is learnt of them from it."""

APART = {"stat-lookaround": 4}
"""Frames that differ: of a bout's first and last ones, two each (DeepOF's filters of one class)."""


@pytest.mark.filterwarnings("ignore::ethoflow.labels.SkippedRule")
def test_flags_agree(theirs: xr.Dataset, poses: xr.Dataset, reference: Path) -> None:
    """Every flag on DeepOF's own positions, frame by frame; and on ours before any cleaning."""
    table = pd.read_parquet(reference / "supervised.parquet")
    for ds, most_apart in ((theirs, APART), (poses, {**APART, "sniffing": 2})):
        labels = ef.annotate(ds, preset="deepof")
        assert labels.attrs["preset"] == "deepof"
        for flag, name in OURS.items():
            found, told = labels[name].values[0], table[flag].to_numpy() == 1
            known = ~np.isnan(found)
            assert known[ENDS:-ENDS].all(), flag
            assert (told.sum() == 0) == (flag in NEVER)
            shown = found[known] == 1
            assert (shown != told[known]).sum() == most_apart.get(flag, 0), flag
            assert (shown == told[known]).mean() >= 0.98, flag
            both = (shown & told[known]).sum()
            if told.sum() >= 30:
                assert 2 * both / (shown.sum() + told[known].sum()) >= 0.9, flag


def test_the_preset_has_thresholds_that_may_be_changed(theirs: xr.Dataset) -> None:
    usual = ef.annotate(theirs, ["moving", "sniffing"], preset="deepof")
    assert set(usual.data_vars) == {"moving", "sniffing"}
    assert (
        "majority='12 frames'"
        in ef.annotate(theirs, "sniffing_wall", preset="deepof").sniffing_wall.attrs["source"]
    )
    changed = ef.annotate(
        theirs, "sniffing", preset="deepof", parameters={"sniffing": {"max_speed": "8 cm/s"}}
    )
    assert changed.sniffing.sum() > usual.sniffing.sum()
    with pytest.raises(ef.DataError, match="no rule of the preset deepof 'immobile'"):
        ef.annotate(theirs, "immobile", preset="deepof")
    with pytest.raises(ef.DataError, match=r"no preset 'depof'.*Did you mean 'deepof'"):
        ef.annotate(theirs, preset="depof")


def test_pairs_of_the_preset_vote_as_deepof_does() -> None:
    """A majority of 11 frames at 25 fps, and nothing else: no gap is filled, no bout dropped."""
    ds = ef.simulate.simulate_recording(duration="60 s", seed=4).tracks
    ds = ef.calibrate(ds, px_per_mm=1.6)
    labels = ef.annotate(ds, ["nose_to_nose", "side_by_side"], preset="deepof")
    raw = ef.annotate(
        ds, ["nose_to_nose", "side_by_side"],
        parameters={str(name): {"min_bout": 0, "max_gap": 0} for name in labels.data_vars},
    )  # fmt: skip
    for name, array in labels.data_vars.items():
        told = raw[name].values[0, 0, 1]
        voted = [
            np.nan if np.isnan(told[t]) else np.nanmean(told[t - 5 : t + 6]) > 0.5
            for t in range(5, told.size - 5)
        ]
        np.testing.assert_array_equal(array.values[0, 0, 1, 5:-5], voted)
