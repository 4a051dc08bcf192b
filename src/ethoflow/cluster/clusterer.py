"""A fitted clusterer: what it finds, how well it knows it, and where it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.cluster.predicting import PARTS, predict_clusters
from ethoflow.engine.declare import Array
from ethoflow.engine.model import Model, open_model
from ethoflow.errors import DataError, UnknownName, WrongUse, listed, no_such
from ethoflow.networks.kept import make_model, save_model, weights_in
from ethoflow.schema import Data

FORMAT = "ethoflow clusterer 1"


@dataclass(frozen=True)
class Clusterer:
    """Clusters of behaviour that `fit` found, and how they are told in other data.

    It is arrays and plain settings: nothing in it is a pickle.
    """

    model: Model

    def __repr__(self) -> str:
        return f"<{self.family} clusterer of {self.n_clusters} clusters, {self.digest[:8]}>"

    @property
    def digest(self) -> str:
        """Of its arrays, weights and recipe: labels of another are stale."""
        return self.model.digest

    @property
    def family(self) -> str:
        """Name of the family of models."""
        return str(self.model.recipe["family"])

    @property
    def n_clusters(self) -> int:
        """How many clusters there are."""
        return len(self.clusters)

    @property
    def clusters(self) -> tuple[str, ...]:
        """Names of the clusters, from the one that moves least to the one that moves most."""
        return tuple(self.model.recipe["clusters"])

    @property
    def durations(self) -> dict[str, float]:
        """Seconds for which each cluster lasts by the transitions: the brief ones are passages.

        Empty where frames are decided one by one.
        """
        if not self.model.recipe["decoded"]:
            return {}
        fps = float(self.model.recipe["fps"])
        leave = np.maximum(1 - np.diagonal(self.model["transitions"]), 1e-9)
        return {name: float(1 / x / fps) for name, x in zip(self.clusters, leave, strict=True)}

    def named(self, names: Mapping[str, str]) -> Clusterer:
        """The same clusterer with other names of some clusters; its labels are another's.

        Raises
        ------
        UnknownName
            There is no such cluster.
        WrongUse
            Two would have one name, or a name has blanks.
        """
        for name in names:
            if name not in self.clusters:
                raise UnknownName(no_such("cluster", name, self.clusters))
        found = [names.get(name, name) for name in self.clusters]
        if len(set(found)) < len(found) or any(
            not name or name.split() != [name] for name in found
        ):
            raise WrongUse(
                f"clusters need names of their own, in one word each; found {listed(found)}."
            )
        arrays = {**self.model._held(), **weights_in(self.model)}
        return make_clusterer(arrays, {**self.model.recipe, "clusters": found})

    @property
    def scores(self) -> Mapping[str, float]:
        """Likelihoods, losses, and how many clusters are used, as fitting reported them."""
        return dict(self.model.recipe["scores"])

    @property
    def training(self) -> pd.DataFrame:
        """A row of numbers for every look at how a network did: its losses, clusters occupied.

        Empty where no network was trained. ``ef.plot.training_curves`` draws it.
        """
        return pd.DataFrame(self.model.recipe.get("training", []))

    @property
    def agreement(self) -> dict[int, float]:
        """Of models of two halves, by number of clusters; empty where the number was given."""
        return {int(n): one for n, one in self.model.recipe.get("agreement", {}).items()}

    @property
    def fitted_on(self) -> Mapping[str, Any]:
        """Recordings, frames that were sampled, and the settings of the fit."""
        return dict(self.model.recipe["fitted_on"])

    @property
    def tree(self) -> list[tuple[int, int, float]]:
        """Merges that lead from all clusters to one: two clusters, and what is lost per frame.

        The first makes the cluster numbered `n_clusters`, the next one more, as a linkage does.
        """
        return [(int(a), int(b), float(lost)) for a, b, lost in self.model["tree"]]

    def predict(self, data: Data | xr.DataArray) -> xr.Dataset:
        """Cluster of every frame, its probability and the embedding; lazy where `data` are.

        `cluster` (individual, time) is a category, `membership` (individual, of_cluster, time) the
        probability of every cluster by the frames around, `embedding` (individual, latent, time)
        what the network makes of them. All are unknown where most points of an animal are missing.
        The same however the data are chunked. An animal's usual pose is that of the recording that
        is given: of a short slice it is another than of the whole.

        Raises
        ------
        DataError
            Another frame rate, other points, or another kind of data than it was fitted on.
        """
        found = predict_clusters(data, self.model)
        found.attrs = {"label_source": "clusters", "clusterer": self.digest, "family": self.family}
        return found

    def coarse(self, found: xr.DataArray, n_clusters: int) -> xr.DataArray:
        """Clusters merged to fewer, along the tree: coarse labels of the same model.

        Raises
        ------
        WrongUse
            More clusters than there are, or none.
        """
        codes = merged(self.tree, self.n_clusters, n_clusters)
        values = found.copy(data=_recoded(found, codes))
        names = [
            "+".join(self.clusters[k] for k in np.flatnonzero(codes == code))
            for code in range(n_clusters)
        ]
        attrs = {"flag_values": list(range(n_clusters)), "flag_meanings": " ".join(names)}
        return values.assign_attrs(found.attrs | attrs)

    def save(self, folder: str | Path) -> Clusterer:
        """The clusterer, saved: ``files/config.json``, ``files/model.safetensors`` and arrays.

        Raises
        ------
        DataError
            The folder cannot be written, or holds something else than a model.
        """
        return Clusterer(save_model(self.model, folder, PARTS))


def _recoded(found: xr.DataArray, codes: Array) -> Any:
    known = found.notnull()
    taken = xr.apply_ufunc(
        lambda x: codes[np.nan_to_num(x).astype(int)].astype(np.float32), found.where(known, 0),
        dask="parallelized", output_dtypes=[np.float32],
    )  # fmt: skip
    return taken.where(known).data


def merged(tree: Sequence[tuple[int, int, float]], n: int, wanted: int) -> Array:
    """For each of `n` clusters the one of `wanted` it is part of, in the order of their first.

    Examples
    --------
    >>> merged([(0, 2, 0.1), (1, 3, 0.5)], 3, 2).tolist()
    [0, 1, 0]
    """
    if not 1 <= wanted <= n:
        raise WrongUse(f"of {n} clusters 1 to {n} can be made, not {wanted}.")
    own = {k: [k] for k in range(n)}
    for place, (one, other, _) in enumerate(list(tree)[: n - wanted]):
        own[n + place] = own.pop(int(one)) + own.pop(int(other))
    found = np.empty(n, int)
    for code, members in enumerate(sorted(own.values(), key=min)):
        found[members] = code
    return found


def make_clusterer(arrays: Mapping[str, Array], recipe: Mapping[str, Any]) -> Clusterer:
    """A clusterer of arrays, networks' weights among them, and a recipe that JSON can hold.

    Its digest is the one that it has when it is saved, so that labels do not become stale by it.
    """
    return Clusterer(make_model("clusterer", arrays, {"format": FORMAT, **recipe}, PARTS))


def load(folder: str | Path) -> Clusterer:
    """A clusterer that was saved.

    Raises
    ------
    DataError
        There is none, it is another kind of model, or it is not as it was saved.
    """
    model = open_model(folder)
    if model.recipe.get("format") != FORMAT:
        raise DataError(f"the model in {folder} is a {model.name}, and no clusterer.")
    return Clusterer(model)
