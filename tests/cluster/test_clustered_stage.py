"""Clusters of a project and of the command: which groups they write, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import project
from ethoflow.stages import ProjectError
from tests.cluster.test_clusterer import recording
from tests.test_stages import invoke
from tests.test_unchanged import NOTHING, make_project, run, trusting

__all__ = ["trusting"]  # files that were written just now are remembered


def test_the_command_fits_clusters_and_writes_labels_and_embedding(tmp_path: Path) -> None:
    store = tmp_path / "c.zarr"
    ef.write(recording(0, "a", 600), store, "poses")
    said = invoke("cluster", store, "--model", "kmeans", "--clusters", "2")
    assert "labels/clusters-kmeans: 2 clusters" in said
    tree = ef.open(store)
    assert tree["labels/clusters-kmeans"].cluster.attrs["kind"] == "category"
    assert tree["embedding-kmeans"].embedding.notnull().any()
    (folder,) = tmp_path.rglob("clusterers/kmeans")
    model = ef.cluster.load(folder)
    again = invoke("cluster", store, "--folder", folder, "--name", "again")
    assert "labels/clusters-again: 2 clusters" in again
    one, other = (ef.open(store)[f"labels/clusters-{n}"].cluster for n in ("kmeans", "again"))
    assert (one == other).all()
    assert model.n_clusters == 2
    assert "leave out n_clusters" in invoke("cluster", store, "--folder", folder, "--clusters", "3")
    assert "fitted anew" not in said
    assert "fitted anew" in invoke("cluster", store, "--model", "kmeans", "--clusters", "3")
    assert "fitted anew" not in invoke("cluster", store, "--model", "kmeans", "--clusters", "3")
    assert "by default" not in _balance(invoke("cluster", "--help"))
    assert "Did you mean 'kmeans'" in invoke("cluster", store, "--model", "kmean")
    assert "kmeans trains none" in invoke("cluster", store, "--model", "kmeans", "--frames", "9")
    assert "no model in" in invoke("cluster", store, "--folder", tmp_path / "none")


def _balance(help: str) -> str:
    """What the help says of one option that has no default to tell of."""
    return help.partition("--balance")[2].partition("--project")[0]


def words(file: Path) -> str:
    done = run(file)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def check(path: Path, name: str, model: ef.cluster.Clusterer) -> None:
    """What is stored is what the clusterer says of the poses that are stored."""
    stored = ef.open(path)
    expected = model.predict(stored["poses"])
    xr.testing.assert_equal(stored[f"labels/clusters-{name}"].cluster, expected.cluster)
    xr.testing.assert_equal(stored[f"embedding-{name}"].embedding, expected.embedding)
    for group in (f"labels/clusters-{name}", f"embedding-{name}"):
        assert stored[group].attrs["clusterer"] == model.digest


LINE = "clusters: {model: kmeans, n_clusters: 2}\n"


def test_a_project_writes_clusters_rests_and_takes_them_out(tmp_path: Path) -> None:
    file = make_project(tmp_path, LINE)
    assert "labels/clusters-kmeans: 2 clusters" in words(file)
    (path,) = tmp_path.rglob("cohort.zarr")
    check(path, "kmeans", ef.cluster.load(path.parent / "clusterers" / "kmeans"))
    assert NOTHING in words(file)
    file.write_text(file.read_text().replace(LINE, ""))
    said = words(file)
    for group in ("labels/clusters-kmeans", "embedding-kmeans"):
        assert f"{group} is taken out" in said
        assert f"/{group}" not in ef.open(path).groups
    assert NOTHING in words(file)


@pytest.mark.slow
def test_a_project_makes_clusters_anew_where_poses_keys_or_the_clusterer_change(
    tmp_path: Path,
) -> None:
    file = make_project(tmp_path, LINE)
    text = file.read_text()
    words(file)
    (path,) = tmp_path.rglob("cohort.zarr")
    folder = path.parent / "clusterers" / "kmeans"
    first = ef.cluster.load(shutil.copytree(folder, tmp_path / "first"))
    file.write_text(text.replace("n_clusters: 2", "n_clusters: 3"))
    assert "labels/clusters-kmeans: 3 clusters" in words(file)
    assert ef.cluster.load(folder).n_clusters == 3

    file.write_text(text + "clean: {smoothing: polynomial}\n")
    assert "labels/clusters-kmeans: 2 clusters" in words(file)
    second = ef.cluster.load(folder)
    assert second.digest != first.digest
    check(path, "kmeans", second)

    saved = tmp_path / "models" / "mine"
    first.save(saved)
    file.write_text(text.replace(LINE, "clusters: {folder: models/mine}\n"))
    assert "labels/clusters-kmeans is taken out" in words(file)
    check(path, "mine", first)
    second.save(saved)
    words(file)
    check(path, "mine", second)
    assert NOTHING in words(file)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{model: kmean}", "Did you mean 'kmeans'"),
        ("{folder: models/none}", "no model in"),
        ("{model: kmeans, folder: models/none}", "not both"),
        ("{model: kmeans, name: a/b}", "cannot be the name of a group"),
        ("{model: kmeans, n_clusters: -1}", "must be how many"),
    ],
)
def test_what_a_project_asks_wrongly_is_refused_with_its_line(
    tmp_path: Path, line: str, expected: str
) -> None:
    file = tmp_path / "project.yaml"
    file.write_text(f"tracks: tracks/*.csv\nfps: 25\nclusters: {line}\n")
    with pytest.raises(ProjectError, match=expected) as caught:
        project.load_project(file)
    assert "line 3" in str(caught.value)


def test_too_many_clusters_leave_a_store_as_it_was(tmp_path: Path) -> None:
    store = tmp_path / "c.zarr"
    ef.write(recording(0, "a", 300), store, "poses")
    said = invoke("cluster", store, "--model", "mixture", "--clusters", "90")
    assert "error: clusters: 90 clusters" in said
    assert "give longer or more recordings" in said
    assert "labels" not in ef.open(store).children
