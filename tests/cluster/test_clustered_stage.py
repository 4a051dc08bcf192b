"""Clusters of a project and of the command: which groups they write, and what is refused."""

from __future__ import annotations

from pathlib import Path

import ethoflow as ef
from tests.cluster.test_clusterer import recording
from tests.test_stages import invoke


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
    assert "Did you mean 'kmeans'" in invoke("cluster", store, "--model", "kmean")
    assert "no model in" in invoke("cluster", store, "--folder", tmp_path / "none")
