"""How well clusterers find planted states, and what they cost.

python benchmarks/clustering.py FOLDER                      # all families on all sets of FOLDER
python benchmarks/clustering.py FOLDER --models syllables hmm --sets seed_0_1mm
python benchmarks/clustering.py FOLDER --missing            # labels that change with lost points
python benchmarks/clustering.py FOLDER --half               # a model of half of the animals
python benchmarks/clustering.py FOLDER --choose             # how many clusters, and the index then
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import xarray as xr

import ethoflow as ef
from ethoflow.cluster.choosing import choose_n_clusters
from ethoflow.cluster.sampling import sample

STATES = 10


def read(path: Path, lost: np.ndarray | None = None) -> tuple[xr.Dataset, np.ndarray]:
    """A set as a cohort of one animal a recording, and the states that were planted."""
    held = np.load(path)
    position = held["position"].copy()
    low = held["confidence"].astype(np.float32) < 0.5
    position[np.broadcast_to((low if lost is None else low | lost)[:, :, None], position.shape)] = (
        np.nan
    )
    parts = [str(part) for part in held["bodyparts"]]
    rows = [
        ef.from_arrays(
            one[None], fps=float(held["fps"]), bodyparts=parts, recording=str(row), units="mm"
        )
        for row, one in enumerate(position)
    ]
    rows = [one if "recording" in one.dims else one.expand_dims("recording") for one in rows]
    return (
        xr.concat(rows, "recording", coords="different", compat="equals"),
        held["state"].astype(int),
    )


def labels_of(model: ef.cluster.Clusterer, ds: xr.Dataset) -> np.ndarray:
    return model.predict(ds).cluster.isel(individual=0).values


def table(path: Path, models: list[str]) -> None:
    ds, state = read(path)
    for name in models:
        begun = time.process_time()
        model = ef.cluster.fit(ds, STATES, name)
        fitted = time.process_time()
        found = labels_of(model, ds)
        spent = time.process_time() - fitted
        print(
            f"{path.stem:12} {name:12} ARI {ef.cluster.adjusted_rand(found, state):.3f}"
            f"  accuracy {ef.cluster.matched_accuracy(found, state):.3f}"
            f"  fit {fitted - begun:.1f} CPU s  predict {state.size / spent:,.0f} frames/CPU s",
            flush=True,
        )


def missing(path: Path) -> None:
    ds, _ = read(path)
    model = ef.cluster.fit(ds, STATES)
    whole = labels_of(model, ds)
    held = np.load(path)["confidence"].shape
    random = np.random.default_rng(0)
    cases = {"5 % of points": random.random(held) < 0.05}
    part = np.zeros(held, bool)
    for first in range(0, held[-1], 500):
        part[:, random.integers(held[1]), first : first + 50] = True
    cases["one part for 2 s in every 20"] = part
    for name, lost in cases.items():
        found = labels_of(model, read(path, lost)[0])
        both = ~np.isnan(whole) & ~np.isnan(found)
        print(
            f"{path.stem:12} {name}: {np.mean(found[both] != whole[both]):.2%} of labels change, "
            f"{np.mean(np.isnan(found)) - np.mean(np.isnan(whole)):.2%} become unknown",
            flush=True,
        )


def half(path: Path) -> None:
    """Agreement on one half of the animals of a model of the other, and of two seeds."""
    ds, _ = read(path)
    other = ds.isel(recording=slice(1, None, 2))
    models = [
        ef.cluster.fit(ds.isel(recording=slice(0, None, 2)), STATES),
        ef.cluster.fit(other, STATES),
        ef.cluster.fit(other, STATES, seed=1),
    ]
    first, second, third = (labels_of(model, other) for model in models)
    print(
        f"{path.stem:12} other half {ef.cluster.adjusted_rand(first, second):.3f}  "
        f"two seeds {ef.cluster.adjusted_rand(second, third):.3f}",
        flush=True,
    )


def choose(path: Path) -> None:
    """The number that is chosen, and how well that many clusters are those that were planted."""
    ds, state = read(path)
    begun = time.process_time()
    choice = choose_n_clusters(sample(ds).pieces)
    spent = time.process_time() - begun
    found = labels_of(ef.cluster.fit(ds, choice.n_clusters), ds)
    print(
        f"{path.stem:12} chosen {choice.n_clusters} in {spent:.0f} CPU s, "
        f"ARI {ef.cluster.adjusted_rand(found, state):.3f}; a cluster has to gain "
        f"{choice.worth:.3f}",
        flush=True,
    )
    numbers = sorted(choice.gained)
    for less, n in pairwise(numbers):
        print(
            f"  {n:2d} gains {choice.gained[n] - choice.gained[less]:.3f}  "
            f"agreement of halves {choice.agreement.get(n, np.nan):.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument(
        "--models", nargs="+", default=["syllables", "hmm", "arhmm", "mixture", "kmeans"]
    )
    for name in ("missing", "half", "choose"):
        parser.add_argument(f"--{name}", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for path in sorted(given.folder.glob("*.npz")):
        if given.sets and path.stem not in given.sets:
            continue
        if given.missing:
            missing(path)
        elif given.half:
            half(path)
        elif given.choose:
            choose(path)
        else:
            table(path, given.models)


if __name__ == "__main__":
    main()
