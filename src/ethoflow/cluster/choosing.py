"""How many clusters there are: as many as models of two halves of the animals tell alike.

Likelihoods, of other animals too, and the criterion of Bayes go on rising where a state is cut in
two that nobody would tell apart, and two seeds find the same such cut once both search long enough.
What two models of different animals say in common rises with every cluster that both have; what
only one of them says rises with every cluster that they cut otherwise. The number is chosen at
which the first is most above the second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ethoflow.cluster.family import Pieces
from ethoflow.cluster.hmm import Expected, Prior, States, Stretches, expect
from ethoflow.cluster.matching import adjusted_rand, told
from ethoflow.cluster.merging import Effort, cut_and_merge, merged_once, start_of
from ethoflow.cluster.numbers import PER_CLUSTER, known_frames
from ethoflow.engine.declare import Array

MOST = 20
FEWEST = 2
APART = 1.5
"""What is said by one alone counts so much more: chosen on two sets of planted states."""
CUTS = 2
"""Searches for a likelier optimum at every number."""


@dataclass(frozen=True)
class Choice:
    """The number of clusters, and for each number how far models of two halves agree.

    `agreement` is the adjusted Rand index of their labels, and `told` the nats per frame that both
    say, less `APART` times those that one of them says alone. `likelihood` is that of the half that
    a model was not fitted on, and `bic` the criterion of Bayes of the other, per frame, mean of
    both: they are printed, and not believed.
    """

    n_clusters: int
    agreement: dict[int, float]
    told: dict[int, float]
    likelihood: dict[int, float]
    bic: dict[int, float]


@dataclass(frozen=True)
class _Half:
    data: Stretches
    states: States
    found: Expected
    generator: torch.Generator


def choose_n_clusters(
    pieces: Pieces, *, seed: int = 0, most: int = MOST, device: str = "cpu"
) -> Choice:
    """The number of clusters at which models of two halves tell most alike and least apart.

    Halves are of the recordings, or of the stretches of one. From `most` states each is merged one
    by one, and at every number cut and merged again.
    """
    known = int(known_frames(pieces).sum())
    most = max(min(most, known // 2 // PER_CLUSTER), FEWEST)
    whole = Stretches.of(torch.from_numpy(pieces.read("signal")).to(device))
    prior, effort = Prior(), Effort(starts=2)
    halves = []
    for place, own in enumerate(halves_of(pieces)):
        data = Stretches.of(torch.from_numpy(own.read("signal")).to(device))
        states, found = start_of(data, most, [seed, place], prior, effort)
        generator = torch.Generator().manual_seed(seed + place)
        halves.append(_Half(data, states, found, generator))
    agreement, alike, likelihood, bic = {}, {}, {}, {}
    for n in range(most, FEWEST - 1, -1):
        if n < most:
            halves = [_with(half, *merged_once(half.data, half.states, half.found, prior, 2)[:2])
                      for half in halves]  # fmt: skip
        for _ in range(CUTS):
            halves = [_searched(half, prior, effort) for half in halves]
        one, other = _labels(halves, whole)
        agreement[n] = float(adjusted_rand(one, other))
        common, alone = told(one, other)
        alike[n] = common - APART * alone
        likelihood[n], bic[n] = _likelihoods(halves)
    best = max(alike, key=lambda n: (alike[n], n))
    return Choice(best, agreement, alike, likelihood, bic)


def halves_of(pieces: Pieces) -> list[Pieces]:
    """Every second recording; of one, every second stretch; of one stretch, its two halves."""
    if pieces.n_pieces == 1:
        middle = pieces.n_frames // 2
        return [
            replace(pieces, signal=pieces.signal[..., part], seen=pieces.seen[..., part], pose=None)
            for part in (slice(0, middle), slice(middle, 2 * middle))
        ]
    names, of = np.unique(pieces.recording, return_inverse=True)
    odd = (of if len(names) > 1 else np.arange(pieces.n_pieces)) % 2
    return [
        replace(
            pieces, signal=pieces.signal[odd == k], seen=pieces.seen[odd == k],
            recording=pieces.recording[odd == k], pose=None,
        )
        for k in (0, 1)
    ]  # fmt: skip


def _with(half: _Half, states: States, found: Expected) -> _Half:
    return replace(half, states=states, found=found)


def _searched(half: _Half, prior: Prior, effort: Effort) -> _Half:
    """The half with its states cut and merged, where that is likelier."""
    cut = cut_and_merge(half.data, half.states, half.found, prior, effort, half.generator)
    return _with(half, *cut) if cut[1].likelihood > half.found.likelihood else half


def _labels(halves: list[_Half], whole: Stretches) -> list[Array]:
    """States that both say of all frames that were seen."""
    seen = whole.seen.cpu().numpy()
    return [expect(whole, half.states).share.argmax(-1).cpu().numpy()[seen] for half in halves]


def _likelihoods(halves: list[_Half]) -> tuple[float, float]:
    """Likelihood of the half a model was not fitted on, and the criterion of Bayes, per frame."""
    n, d = halves[0].states.mean.shape
    free = n * (d + d * (d + 1) / 2) + n * n - 1
    unseen, bic = [], []
    for half, other in zip(halves, halves[::-1], strict=True):
        frames = float(half.data.seen.sum())
        known = expect(other.data, half.states).likelihood
        unseen.append(known / float(other.data.seen.sum()))
        bic.append(free * np.log(frames) / frames - 2 * half.found.likelihood / frames)
    return float(np.mean(unseen)), float(np.mean(bic))
