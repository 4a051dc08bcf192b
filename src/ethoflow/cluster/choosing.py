"""How many clusters there are: as many as two models agree on.

Likelihoods and the criterion of Bayes go on rising where a state is cut in two that nobody would
tell apart. Models that are begun differently cut it differently: where they agree on every
cluster, none is cut. Agreement bounds the number from above, and the highest such is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from ethoflow.cluster.family import Pieces
from ethoflow.cluster.hmm import Prior, Stretches
from ethoflow.cluster.matching import adjusted_rand
from ethoflow.cluster.merging import Effort, Step, merge_path
from ethoflow.cluster.numbers import PER_CLUSTER, known_frames

MOST = 24
FEWEST = 2
AGREED = 0.99
"""Adjusted Rand index from which on two models have the same clusters."""


@dataclass(frozen=True)
class Choice:
    """The number of clusters, and for each number how far models that were begun otherwise agree.

    `likelihood` and `bic` are per frame, of the first of them: they are printed, and not believed.
    """

    n_clusters: int
    agreement: dict[int, float]
    likelihood: dict[int, float]
    bic: dict[int, float]


def choose_n_clusters(
    pieces: Pieces, *, seed: int = 0, models: int = 2, most: int = MOST, device: str = "cpu"
) -> Choice:
    """The highest number of clusters on which models agree; where on none, on which most."""
    most = max(min(most, int(known_frames(pieces).sum()) // PER_CLUSTER), FEWEST)
    data = Stretches.of(torch.from_numpy(pieces.read("signal")).to(device))
    effort = Effort(starts=2, first=14, between=3, again=0, last=0)
    paths = [
        {step.states.n: step for step in merge_path(
            data, most, FEWEST, seed=seed + 1000 * k, prior=Prior(), effort=effort)}
        for k in range(models)
    ]  # fmt: skip
    agreement = {n: _agreement([path[n] for path in paths], data) for n in sorted(paths[0])}
    frames = float(data.seen.sum())
    first = paths[0]
    d = data.x.shape[-1]
    free = {n: n * (d + d * (d + 1) / 2) + n * n - 1 for n in first}
    likelihood = {n: step.expected.likelihood / frames for n, step in first.items()}
    bic = {n: free[n] * np.log(frames) / frames - 2 * likelihood[n] for n in first}
    agreed = [n for n, one in agreement.items() if one >= AGREED]
    best = max(agreed) if agreed else max(agreement, key=lambda n: (agreement[n], n))
    return Choice(best, agreement, likelihood, {n: float(one) for n, one in bic.items()})


def _agreement(steps: list[Step], data: Stretches) -> float:
    """Mean agreement of every two models on the frames that were seen."""
    seen = data.seen.cpu().numpy()
    labels = [step.expected.share.argmax(-1).cpu().numpy()[seen] for step in steps]
    return float(np.mean([adjusted_rand(a, b) for a, b in combinations(labels, 2)]))
