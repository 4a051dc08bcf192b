"""How well clusterers find planted states, and what they cost.

python benchmarks/clustering.py FOLDER --everything         # every figure of the pages on clusters
python benchmarks/clustering.py FOLDER                      # all families on all sets of FOLDER
python benchmarks/clustering.py FOLDER --models syllables hmm --sets seed_0_1mm
python benchmarks/clustering.py FOLDER --missing            # labels that change with lost points
python benchmarks/clustering.py FOLDER --half               # models of half of the animals
python benchmarks/clustering.py FOLDER --seeds              # agreement of two seeds by minutes
python benchmarks/clustering.py FOLDER --choose             # how many clusters, and the index then
python benchmarks/clustering.py FOLDER --faster             # the same at 50 frames per second

Every line is printed when it is measured; tables of families and sets follow as Markdown. One
thread; seconds are those of the processor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import xarray as xr

import ethoflow as ef
from ethoflow.cluster.choosing import choose_n_clusters
from ethoflow.cluster.sampling import sample

STATES = 10
FAMILIES = (
    "syllables", "hmm", "arhmm", "mixture", "kmeans", "masked", "contrastive", "vade", "vqvae"
)  # fmt: skip
WITH_OWN_CLUSTERS = ("vade", "vqvae")
"""Deep families whose own clusters stand beside those of a hidden Markov model on their latent."""
CHOSEN_ON = ("seed_0_1mm", "seed_3_2mm")
"""Sets that what is slow is measured on, and on which the clusterer was chosen."""
MINUTES = (16, 8, 4, 2, 1, 0.5)
MINUTES_OF_AN_ANIMAL = 2


@dataclass(frozen=True)
class Score:
    """How well one way of telling finds the states of a set, and the seconds of the fit."""

    of: str
    name: str
    index: float
    accuracy: float
    unknown: float
    seconds: float

    @classmethod
    def between(
        cls, of: str, name: str, found: np.ndarray, state: np.ndarray, seconds: float
    ) -> Score:
        """Labels against what was planted, unknown frames left out and counted."""
        index = ef.cluster.adjusted_rand(found, state)
        accuracy = ef.cluster.matched_accuracy(found, state)
        return cls(of, name, index, accuracy, float(np.isnan(found).mean()), seconds)

    def __str__(self) -> str:
        return (
            f"{self.of:12} {self.name:32} ARI {self.index:.3f}  accuracy {self.accuracy:.3f}  "
            f"unknown {self.unknown:.2%}  fit {self.seconds:.1f} CPU s"
        )


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


def score(path: Path, models: list[str], device: str) -> Iterator[Score]:
    """Every family on one set: its clusters, and for deep ones those of its latent."""
    ds, state = read(path)
    for name in models:
        begun = time.process_time()
        model = ef.cluster.fit(ds, STATES, name, device=device)
        spent = time.process_time() - begun
        begun = time.process_time()
        found = model.predict(ds).compute()
        rate = state.size / (time.process_time() - begun)
        labels = found.cluster.isel(individual=0).values
        yield Score.between(path.stem, name, labels, state, spent)
        print(f"{'':12} {name} predicts {rate:,.0f} frames per CPU s", flush=True)
        if name in WITH_OWN_CLUSTERS:
            yield from _other_ways(path.stem, model, found, state, spent)


def _other_ways(
    of: str, model: ef.cluster.Clusterer, found: xr.Dataset, state: np.ndarray, spent: float
) -> Iterator[Score]:
    """Clusters frame by frame, and those of a hidden Markov model on the embedding."""
    if model.durations:  # else clusters are decided frame by frame
        each = _likeliest(found)
        yield Score.between(of, f"{model.family}, frame by frame", each, state, spent)
    begun = time.process_time()
    on_latent = ef.cluster.fit(found.embedding, STATES, "hmm")
    spent += time.process_time() - begun
    labels = labels_of(on_latent, found.embedding)
    yield Score.between(of, f"{model.family}, hmm on its latent", labels, state, spent)


def _likeliest(found: xr.Dataset) -> np.ndarray:
    """The likeliest cluster of every frame alone, dims (recording, time)."""
    known = found.membership.notnull().all("of_cluster")
    each = found.membership.fillna(0).argmax("of_cluster").where(known)
    return each.isel(individual=0).transpose("recording", "time").values


def markdown(scores: list[Score]) -> str:
    """Two tables, a row for every way and a column for every set; the first has seconds too."""
    sets = list(dict.fromkeys(one.of for one in scores))
    names = list(dict.fromkeys(one.name for one in scores))
    held = {(one.name, one.of): one for one in scores}
    lines = []
    for title, field in (("adjusted Rand index", "index"), ("matched accuracy", "accuracy")):
        lines += [f"| {title} | {' | '.join(sets)} | mean at 1 mm | fit, CPU s |"]
        lines += ["|---" * (len(sets) + 3) + "|"]
        for name in names:
            row = [getattr(held[name, of], field) for of in sets]
            mean = np.mean([x for x, of in zip(row, sets, strict=True) if of.endswith("_1mm")])
            spent = np.mean([held[name, of].seconds for of in sets])
            cells = [f"{x:.3f}" for x in [*row, mean]]
            lines += [f"| {name} | {' | '.join(cells)} | {spent:.0f} |"]
        lines += [""]
    return "\n".join(lines)


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
    """Agreement on one half of the animals of a model of the other; and as `stability` says it."""
    ds, _ = read(path)
    other = ds.isel(recording=slice(1, None, 2))
    models = [ef.cluster.fit(ds.isel(recording=slice(k, None, 2)), STATES) for k in (0, 1)]
    first, second = (labels_of(model, other) for model in models)
    kept = ef.cluster.stability(ds, ef.cluster.fit(ds, STATES))
    print(
        f"{path.stem:12} other half {ef.cluster.adjusted_rand(first, second):.3f}  "
        f"stability {kept.agreement:.3f} (halves of {kept.by}s)",
        flush=True,
    )


def seeds(path: Path) -> None:
    """Agreement of two seeds, and how well each is right, by minutes that both are fitted on.

    Of many animals for long, of the first one alone for two minutes and less.
    """
    ds, state = read(path)
    for minutes in MINUTES:
        animals = max(1, round(minutes / MINUTES_OF_AN_ANIMAL))
        frames = round(min(minutes, MINUTES_OF_AN_ANIMAL) * 60 * float(ds.fps))
        some = ds.isel(recording=slice(0, animals), time=slice(0, frames))
        models = [ef.cluster.fit(some, STATES, seed=seed) for seed in (0, 1)]
        found = [labels_of(model, some) for model in models]
        right = [ef.cluster.adjusted_rand(one, state[:animals, :frames]) for one in found]
        print(
            f"{path.stem:12} {minutes:g} min of {animals} animals: two seeds "
            f"{ef.cluster.adjusted_rand(*found):.3f}  ARI {right[0]:.3f} and {right[1]:.3f}",
            flush=True,
        )


def faster(path: Path) -> None:
    """The same animals at twice the frame rate: a frame between every two."""
    ds, state = read(path)
    time_ = np.arange(2 * ds.sizes["time"] - 1) / (2 * float(ds.fps))
    twice = ds.interp(time=ds.time[0] + time_).assign_coords(fps=2 * float(ds.fps))
    begun = time.process_time()
    found = labels_of(ef.cluster.fit(twice, STATES), twice)
    print(Score.between(path.stem, "50 fps", found[:, ::2], state, time.process_time() - begun))


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
    parser.add_argument("--models", nargs="+", default=FAMILIES)
    parser.add_argument("--device", default="cpu", help="where families are fitted: cpu or cuda")
    for name in ("everything", *PARTS):
        parser.add_argument(f"--{name}", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    paths = sorted(given.folder.glob("*.npz"), key=lambda path: path.stem.split("_")[::-1])
    paths = [path for path in paths if not given.sets or path.stem in given.sets]
    parts = [name for name in PARTS if given.everything or getattr(given, name)]
    begun = time.process_time()
    if not parts or given.everything:
        print(markdown(list(_printed(paths, given.models, given.device))), flush=True)
    for name in parts:
        for path in paths:
            if given.sets or path.stem in CHOSEN_ON:
                PARTS[name](path)
    print(f"{time.process_time() - begun:,.0f} CPU s in all", flush=True)


def _printed(paths: list[Path], models: list[str], device: str) -> Iterator[Score]:
    for path in paths:
        for one in score(path, models, device):
            print(one, flush=True)
            yield one


PARTS = {"missing": missing, "half": half, "seeds": seeds, "choose": choose, "faster": faster}


if __name__ == "__main__":
    main()
