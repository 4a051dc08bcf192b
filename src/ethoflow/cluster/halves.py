"""Whether clusters are there without the sample they were found in: two models of two halves.

A seed says only whether the same optimum is found again. Models of other animals say whether the
clusters are those of the animals that were not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.cluster.clusterer import Clusterer
from ethoflow.cluster.fitting import fit
from ethoflow.cluster.matching import adjusted_rand, crossed, match
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.schema import Data, as_dataset, count_frames

MOST_RECORDINGS = 16
"""Recordings of each half that are labelled by both models."""


@dataclass(frozen=True)
class Stability:
    """How far two models of halves agree, and how much of each cluster is found again.

    `agreement` is the adjusted Rand index of the labels that both give to all frames. `clusters`
    has a row per cluster of the clusterer: its `share` of the frames, and `overlap`, the frames
    that it and its match in a half's model have in common against those of either, the mean of the
    two halves. `by` is what was cut in two: animals, recordings, individuals or time.
    """

    agreement: float
    clusters: pd.DataFrame
    by: str


def stability(data: Data | xr.DataArray, model: Clusterer) -> Stability:
    """How far clusters are found again in one half of the animals as in the other.

    Two clusterers are fitted as `model` was, each on one half: of the animals where their names
    tell them apart, else of recordings, of the individuals of one recording, or of its time. An
    agreement near 1 says that other animals would have led to the same clusters; a cluster of low
    overlap is one of this sample.

    Parameters
    ----------
    data
        What `model` was fitted on.

    Raises
    ------
    DataError
        The data are not what it was fitted on, or a half is too little.

    Examples
    --------
    >>> import ethoflow as ef
    >>> poses = ef.simulate.simulate_recording(duration="60 s", seed=1).tracks
    >>> model = ef.cluster.fit(poses, n_clusters=2, model="mixture")
    >>> stability(poses, model).by
    'individual'
    """
    halves, by = _halves(data, social=model.model.recipe["input"] == "pairs")
    models = [_fit_like(model, half) for half in halves]
    shown = [_some(half) for half in halves]
    found = [_labels(one, shown) for one in (model, *models)]
    overlap = np.mean([_overlap(found[0], other, model.n_clusters) for other in found[1:]], axis=0)
    known = found[0][found[0] >= 0].astype(int)
    share = np.bincount(known, minlength=model.n_clusters) / max(known.size, 1)
    table = pd.DataFrame({"cluster": model.clusters, "share": share, "overlap": overlap})
    return Stability(float(adjusted_rand(*found[1:])), table, by)


def _fit_like(model: Clusterer, half: Any) -> Clusterer:
    recipe, how = model.model.recipe, model.fitted_on
    try:
        return fit(
            half, model.n_clusters, model.family, seed=int(recipe["seed"]),
            max_frames=how["max_frames"], components=how["components"], length=how["length"],
            social=recipe["input"] == "pairs", balance=how["balance"] or None,
            settings=recipe["settings"], frames=how.get("network", {}).get("asked"),
        )  # fmt: skip
    except DataError as error:
        raise DataError(f"of one half of the data: {error}") from error


def _halves(data: Data | xr.DataArray, *, social: bool) -> tuple[list[Any], str]:
    """The two halves, and what was halved."""
    ds: Any = data if isinstance(data, xr.DataArray) else as_dataset(data)
    if ds.sizes.get("recording", 1) > 1:
        sets = _sets_of_animals(ds)
        by = "animal" if len(sets) > 1 else "recording"
        sets = sets if len(sets) > 1 else [[row] for row in range(ds.sizes["recording"])]
        rows = [sorted(row for one in sets[k::2] for row in one) for k in (0, 1)]
        return [ds.isel(recording=half) for half in rows], by
    if ds.sizes["individual"] > 1 and not social:
        return [ds.isel(individual=slice(k, None, 2)) for k in (0, 1)], "individual"
    middle = int(count_frames(ds)[0]) // 2 if isinstance(ds, xr.Dataset) else ds.sizes["time"] // 2
    return [ds.isel(time=slice(0, middle)), ds.isel(time=slice(middle, None))], "time"


def _sets_of_animals(ds: Any) -> list[list[int]]:
    """Recordings that share an animal, by its name; one set where names say nothing."""
    from scipy.sparse.csgraph import connected_components  # heavy

    if "animal" not in ds.coords or "recording" not in ds.animal.dims:
        return []
    rows = ds.animal.transpose("recording", ...).values.reshape(ds.sizes["recording"], -1)
    names = [{*map(str, row)} - {""} for row in rows]
    shared = np.array([[bool(one & other) for other in names] for one in names])
    _, of = connected_components(shared, directed=False)
    return [np.flatnonzero(of == one).tolist() for one in range(of.max() + 1)]


def _some(half: Any) -> Any:
    """At most so many recordings of a half, evenly spaced."""
    n = half.sizes.get("recording", 0)
    if n <= MOST_RECORDINGS:
        return half
    return half.isel(recording=np.linspace(0, n - 1, MOST_RECORDINGS).astype(int))


def _labels(model: Clusterer, halves: Sequence[Any]) -> Array:
    """Clusters of all frames of both halves, -1 unknown."""
    found = [model.predict(half).cluster.values.ravel() for half in halves]
    labels: Array = np.nan_to_num(np.concatenate(found), nan=-1)
    return labels


def _overlap(own: Array, other: Array, n: int) -> Array:
    """For every cluster what it and its match have in common, against either."""
    table = np.zeros((n, n))
    both = crossed(own, other)
    table[: len(both), : both.shape[1]] = both
    matched = match(own, other)
    found = np.zeros(n)
    for k, j in enumerate(matched):
        either = table[k].sum() + table[:, j].sum() - table[k, j] if j >= 0 else 0
        found[k] = table[k, j] / either if either else 0.0
    return found
