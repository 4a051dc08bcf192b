"""Labels that a cohort has outgrown: nobody takes some recordings for all of them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import ethoflow as ef
from tests.test_cli import succeed


def test_labels_that_lack_recordings_say_so(tmp_path: Path) -> None:
    store = tmp_path / "c.zarr"
    tracks = ef.simulate.simulate_cohort(3, n_individuals=1, duration="4 s", seed=1).tracks
    files = ef.simulate.write_dlc(tracks, tmp_path / "tracks")
    succeed("ingest", *files[:2], "--fps", 25, "--out", store)
    succeed("annotate", store, "--px-per-mm", 1.6)
    ef.open(store, "labels/rules")
    some = ef.annotate(ef.open(store, "poses").isel(recording=[0]), ["moving"])
    ef.write(some, store, "labels/some")
    ef.open(store, "labels/some")  # chosen by somebody: nothing to say
    succeed("ingest", *files, "--fps", 25, "--out", store)
    succeed("poses", store, "--px-per-mm", 1.6)
    with pytest.warns(ef.store.StaleGroup, match=r"labels/rules lacks recordings .* \(1: .*02DLC"):
        ef.open(store, "labels/rules")
    succeed("report", store)
    page = (tmp_path / "c_results" / "report.html").read_text(encoding="utf-8")
    assert "of 2 of 3 recordings; lacking mouse_02" in page
    assert "of 1 of 3 recordings" in page
    succeed("annotate", store, "--px-per-mm", 1.6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ef.open(store, "labels/rules").sizes["recording"] == 3


def test_a_file_that_was_renamed_counts_twice_and_is_told(tmp_path: Path) -> None:
    tracks = ef.from_arrays(np.ones((1, 2, 2, 9)), fps=25, bodyparts=["nose", "tail"])
    file = tmp_path / "a.csv"
    ef.export(tracks, file, format="DeepLabCut CSV")
    succeed("ingest", file, "--fps", 25, "--out", tmp_path / "c.zarr")
    file = file.rename(tmp_path / "b.csv")
    said = succeed("ingest", file, "--fps", 25, "--out", tmp_path / "c.zarr")
    assert "b: its content is that of a, which was read before and stays" in said
    assert "it counts twice" in said
