"""A store of labels alone, from files of scoring to a comparison, as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.io.scoring.cohort import read_label_cohort


def say(*words: object) -> tuple[int, str]:
    ran = CliRunner().invoke(app, [*map(str, words)])
    return ran.exit_code, " ".join(ran.output.split())


def classes(folder: Path, n: int = 8) -> list[str]:
    """Files with a class and a cluster per frame; cluster 3 is in the even ones alone."""
    lines = ["name,drug"]
    for i in range(n):
        states = [1] * (20 + i) + [2] * (30 - i) + ([3] * 10 if i % 2 == 0 else [1] * 10)
        rows = ["rear.classifier;kmeans.25", "NA;NA", *(f"None;{k}" for k in states)]
        (folder / f"mouse{i}.csv").write_text("\n".join(rows))
        lines.append(f"mouse{i},{'a' if i < n / 2 else 'b'}")
    (folder / "about.txt").write_text("\n".join(lines))
    return [str(folder / f"mouse{i}.csv") for i in range(n)]


def test_clusters_of_files_are_compared_without_tracks(tmp_path: Path) -> None:
    files, store = classes(tmp_path), tmp_path / "c.zarr"
    given = [
        "--store",
        store,
        "--alone",
        "--group",
        "labels/clusters",
        "--column",
        "behaviour=kmeans.25",
    ]
    code, said = say("labels", *files, *given, "--fps", 25, "--metadata", tmp_path / "about.txt")
    assert code == 0, said
    assert "8 of 8 recordings have a row in about.txt" in said
    labels = ef.open(store, "labels/clusters")
    for i in range(8):
        one = labels.sel(recording=f"mouse{i}", individual="individual_0").isel(time=slice(61))
        assert float(one.kmeans_3.sum()) == (10 if i % 2 == 0 else 0)
        assert int(one.kmeans_3.isnull().sum()) == 1  # the row without a class
    code, said = say("compare", store, "--by", "drug")
    assert code == 0, said
    assert "animals: 4 of a, 4 of b; 8 recordings" in said
    found = pd.read_csv(tmp_path / "c_results/comparisons/drug_share.csv").set_index("behaviour")
    assert found.n_units.tolist() == [8, 8, 8]
    assert found.estimate["kmeans_2"] == pytest.approx(-4 / 60)
    code, said = say("compare", store, "--by", "dose")
    assert (code, "dose" in said and "drug" in said) == (1, True), said
    table = ef.stats.measures(store, groups=["labels/clusters"])
    assert (
        table[(table.measure == "time") & (table.behaviour == "kmeans_3")].value == 0
    ).sum() == 4


def test_what_a_file_does_not_have_is_unknown_there(tmp_path: Path) -> None:
    for name, behaviours in (("m1", ["rearing", "digging"]), ("m2", ["rearing"])):
        rows = ["behaviour,start,stop", *(f"{b},{k},{k + 1}" for k, b in enumerate(behaviours))]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows))
    ds, notes = read_label_cohort([tmp_path / "m1.csv", tmp_path / "m2.csv"], fps=10)
    assert ds.digging.sel(recording="m2").isnull().all()
    assert ds.rearing.sel(recording="m2").sum() == 10
    assert any("digging (1)" in note and "unknown" in note for note in notes)
    with pytest.raises(ef.DataError, match=r"m1.csv and m1.csv both have a recording 'm1'"):
        read_label_cohort([tmp_path / "m1.csv"] * 2, fps=10)
    with pytest.raises(ef.DataError, match="no file"):
        read_label_cohort([])


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--column", "behaviour=kmeans.52"], r"no column 'kmeans.52'.*kmeans.25"),
        (["--column", "individual=kmeans.25"], "no column of the individual to name"),
        (["--since", "tracks"], "--since is of labels of tracks"),
        (["--group", "tracks"], "labels cannot go into the group"),
        (["--metadata", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_does_not_fit_is_said(words: list[str], wanted: str, tmp_path: Path) -> None:
    file, store = classes(tmp_path, 1)[0], tmp_path / "c.zarr"
    code, said = say("labels", file, "--store", store, "--alone", "--fps", 25, *words)
    assert code == 1
    assert re.search(wanted, said), said
    assert not store.exists()


def test_tracks_have_their_own_metadata(tmp_path: Path) -> None:
    (file,), store = classes(tmp_path, 1), tmp_path / "c.zarr"
    ef.write(ef.simulate.still_then_running(), store)
    code, said = say("labels", file, "--store", store, "--metadata", tmp_path / "about.txt")
    assert code == 1
    assert "`ethoflow ingest` takes them" in said
    code, said = say("labels", file, "--store", store, "--alone")
    assert code == 1
    assert "leave --alone out" in said
    other = tmp_path / "d.zarr"
    code, said = say("labels", file, "--store", other, "--fps", 25)
    assert (code, other.exists()) == (1, False)
    assert re.search("no Zarr store at .* For labels that have no tracks say --alone", said), said


@pytest.mark.slow
def test_the_cohort_of_stressed_mice_as_it_is_typed(real_data: Path, tmp_path: Path) -> None:
    """13 of 25 clusters at p < 0.05, 2 after Bonferroni."""
    folder, store = real_data / "oft-csi-cohort-ethz", tmp_path / "c.zarr"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    given = ["--alone", "--fps", 25, "--column", "behaviour=kmeans.25"]
    given += ["--metadata", folder / "Example_metadata.csv", "--group", "labels/clusters"]
    code, said = say("labels", *sorted((folder / "CSVinput").iterdir()), "--store", store, *given)
    assert code == 0, said
    asked = ["--test", "mann-whitney", "--correction", "bonferroni"]
    code, said = say("compare", store, "--by", "Condition", *asked)
    assert code == 0, said
    found = pd.read_csv(tmp_path / "c_results/comparisons/Condition_share.csv")
    assert (int((found.p < 0.05).sum()), int((found.p_adjusted < 0.05).sum())) == (13, 2)
    assert (found.n_units == 59).all()
    assert np.isfinite(found.p).all()
