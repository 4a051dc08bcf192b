"""Tables and objects as pandas, BORIS's own columns and pynapple have them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.exporting.declare import ExportNote
from tests.exporting.scene import FIRST, FPS, PARTS, make_tracks, with_labels


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_deeplabcut_tables_as_deeplabcut_opens_them(tmp_path, suffix):
    pytest.importorskip("tables")
    tracks = make_tracks()
    format = "DeepLabCut CSV" if suffix == "csv" else "DeepLabCut HDF5"
    (path,) = ef.export(tracks, tmp_path / f"m.{suffix}", format=format)
    if suffix == "csv":
        table = pd.read_csv(path, header=[0, 1, 2, 3], index_col=0)
    else:
        table = pd.read_hdf(path)
    assert table.columns.names == ["scorer", "individuals", "bodyparts", "coords"]
    # The rows are the frames of the video, not those of the clip.
    assert table.index.tolist() == list(range(FIRST, FIRST + 60))
    (scorer,) = table.columns.get_level_values("scorer").unique()
    for slot, animal in enumerate(("b", "a")):
        for place, part in enumerate(PARTS):
            own = table[scorer][animal][part]
            position = tracks.position[slot, place].values
            np.testing.assert_array_equal(own[["x", "y"]].to_numpy().T, position.astype(float))
            np.testing.assert_array_equal(own.likelihood, tracks.confidence[slot, place].values)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tidy_tables_with_pandas(tmp_path, suffix):
    tracks = make_tracks()
    (path,) = ef.export(tracks, tmp_path / f"m.{suffix}", format=f"tidy {suffix}")
    table = pd.read_csv(path, comment="#") if suffix == "csv" else pd.read_parquet(path)
    for slot, animal in enumerate(("b", "a")):
        for place, part in enumerate(PARTS):
            own = table[(table.animal == animal) & (table.bodypart == part)]
            np.testing.assert_allclose(own.time, (FIRST + np.arange(60)) / FPS, rtol=1e-12)
            position = tracks.position[slot, place].values
            np.testing.assert_array_equal(own[["x", "y"]].to_numpy("f4").T, position)
            scores = tracks.confidence[slot, place].values
            np.testing.assert_array_equal(own.confidence.to_numpy("f4"), scores)


@pytest.mark.parametrize("format", ["BORIS aggregated events", "BORIS tabular events"])
def test_boris_tables_by_their_columns(tmp_path, format):
    """BORIS itself has no reader of its exports: their columns are held to what it writes."""
    labels = with_labels(make_tracks())[["running", "rearing"]]
    with pytest.warns(ExportNote, match=r"100 frames .* not scored, and 2\.1% .* unknown"):
        (path,) = ef.export(labels, tmp_path / "m.tsv", format=format)
    table = pd.read_csv(path, sep="\t")
    if "aggregated" in format:
        found = table[["Subject", "Start (s)", "Stop (s)"]].to_numpy().tolist()
        assert set(table["Behavior type"]) == {"STATE"}
        np.testing.assert_allclose(
            table["Duration (s)"], table["Stop (s)"] - table["Start (s)"], atol=1e-9
        )
    else:
        marks = dict(iter(table.groupby("Behavior type")))
        found = [
            [subject, *times]
            for subject in ("b", "a")
            for times in zip(
                *(own[own.Subject == subject].Time for own in (marks["START"], marks["STOP"])),
                strict=True,
            )
        ]
    clock = [[who, (FIRST + a) / FPS, (FIRST + b) / FPS]
             for who, a, b in (("b", 3, 9), ("b", 28, 60), ("a", 0, 5))]  # fmt: skip
    assert sorted(found) == sorted(clock)
    assert set(table.Behavior) == {"running"}


def test_pynapple_has_the_clock_and_the_points():
    pytest.importorskip("pynapple")
    data = with_labels(make_tracks())
    found = ef.to_pynapple(data)
    clock = (FIRST + np.arange(60)) / FPS
    for slot, animal in enumerate(("b", "a")):
        frame = found[f"position/{animal}"]
        np.testing.assert_allclose(frame.t, clock, rtol=1e-9)
        for place, part in enumerate(PARTS):
            for axis, values in zip("xy", data.position[slot, place].values, strict=True):
                np.testing.assert_array_equal(np.asarray(frame[f"{part}_{axis}"]), values)
    bouts = found["running/b"]
    np.testing.assert_allclose(bouts.start, clock[[3, 28]])
    np.testing.assert_allclose(bouts.end, [(FIRST + 9) / FPS, (FIRST + 60) / FPS])
