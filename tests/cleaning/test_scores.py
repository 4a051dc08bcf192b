"""The threshold of confidence depends on what the tracker's score is, and its cost is said."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import pipeline
from ethoflow.cleaning import CostlyThreshold
from ethoflow.cleaning.scores import choose_min_confidence
from ethoflow.stages import Job


def scored(software: str, share_low: float, score: float = 0.4) -> xr.Dataset:
    """Points with a score of 0.9, and some with a lower one."""
    confidence = np.full((1, 1, 1000), 0.9)
    confidence[..., : round(1000 * share_low)] = score
    ds = ef.from_arrays(np.ones((1, 1, 2, 1000)), fps=25, bodyparts=["nose"], confidence=confidence)
    return ds.assign_attrs(source_software=software) if software else ds


@pytest.mark.parametrize(
    ("software", "threshold"),
    [("DeepLabCut", 0.6), ("SLEAP", 0.2), ("", 0.6), ("DeepLabCut, SLEAP", 0.2), ("JABS", 0.2),
     ("Lightning Pose", 0.6)],
)  # fmt: skip
def test_the_default_is_that_of_the_tracker(software: str, threshold: float) -> None:
    ds = scored(software, 0.04)
    cleaned = ef.clean(ds, max_gap=None, window=None, max_jump=None)
    assert cleaned.attrs["min_confidence"] == threshold
    lost = int(cleaned.position.isnull().any("space").sum())
    assert lost == (40 if threshold > 0.4 else 0)
    assert choose_min_confidence(ds, 0.3) == 0.3
    assert choose_min_confidence(ds, None) is None


def test_what_a_threshold_costs_is_a_warning() -> None:
    with pytest.warns(CostlyThreshold, match=r"min_confidence=0.6 takes 46.8% of the points"):
        ef.clean(scored("SLEAP", 0.468), min_confidence=0.6)
    ef.clean(scored("SLEAP", 0.468))
    ef.clean(scored("DeepLabCut", 0.05))
    ef.clean(scored("DeepLabCut", 0.468), min_confidence=None)
    unseen = scored("DeepLabCut", 0.468)
    unseen.position[..., :468] = np.nan
    ef.clean(unseen)


def test_sleap_keeps_its_points(real_data: Path) -> None:
    for view in ("back", "mid", "side", "top"):
        name = f"sleap-multiview-3d/{view}/minimal_{view}_proofread.slp"
        tracks = ef.read(real_data / name, fps=25)
        before = int(tracks.position.notnull().sum())
        cleaned = ef.clean(tracks, max_gap=None, window=None, max_jump=None)
        assert int(cleaned.position.notnull().sum()) > 0.999 * before


class Heard:
    """What a step says."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, text: str, did: str = "") -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def track(self, task: str) -> object:
        return nullcontext(lambda done, total: None)


@pytest.mark.parametrize(("software", "costly"), [("DeepLabCut", True), ("SLEAP", False)])
def test_a_run_says_what_the_threshold_costs(software: str, costly: bool, tmp_path: Path) -> None:
    ef.write(scored(software, 0.3), tmp_path / "c.zarr")
    heard = Heard()
    pipeline.run_one("poses", Job(tmp_path / "c.zarr", tmp_path, heard))
    assert any("takes 30.0% of the points" in text for text in heard.warned) == costly
    assert ("poses: 0.00% of the points seen have a confidence under 0.2" in heard.said) != costly
    assert ef.open(tmp_path / "c.zarr", "poses").attrs["min_confidence"] == (0.6 if costly else 0.2)
