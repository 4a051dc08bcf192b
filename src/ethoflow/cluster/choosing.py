"""How many clusters there are: as many as models of two halves of the animals agree on.

Likelihoods, of other animals too, and the criterion of Bayes go on rising where a state is cut in
two that nobody would tell apart. Two seeds find the same such cut once both search long enough.
Models of other animals cut elsewhere: where both halves have the same clusters, none is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ethoflow.cluster.family import Pieces
from ethoflow.cluster.hmm import Expected, Prior, States, Stretches, expect, improve
from ethoflow.cluster.matching import adjusted_rand
from ethoflow.cluster.merging import Effort, cut_and_merge, merged_once, start_of
from ethoflow.cluster.numbers import PER_CLUSTER, known_frames

MOST = 20
FEWEST = 2
WITHIN = 0.02
"""Adjusted Rand index by which an agreement may be below the best and counts as much."""
ROUNDS = 7


@dataclass(frozen=True)
class Choice:
    """The number of clusters, and for each number how far models of two halves agree.

    `likelihood` is that of the half that a model was not fitted on, and `bic` the criterion of
    Bayes of the other, per frame, mean of both. They are printed, and not believed.
    """

    n_clusters: int
    agreement: dict[int, float]
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
    """The highest number of clusters on which two halves agree about as well as on any.

    Halves are of the recordings, or of the stretches of one. From `most` states they are merged
    one by one; at every number each is cut and merged again, and takes what the other has found
    where that is likelier: what they disagree on is not what one of them has missed.
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
    agreement, likelihood, bic = {}, {}, {}
    for n in range(most, FEWEST - 1, -1):
        if n < most:
            halves = [_with(half, *merged_once(half.data, half.states, half.found, prior, 2)[:2])
                      for half in halves]  # fmt: skip
        halves = [_searched(half, prior, effort) for half in halves]
        halves = [_likelier(half, _continued(half, other.states, prior))
                  for half, other in zip(halves, halves[::-1], strict=True)]  # fmt: skip
        agreement[n] = _agreement(halves, whole)
        likelihood[n], bic[n] = _told(halves)
    return Choice(best_of(agreement), agreement, likelihood, bic)


def best_of(agreement: dict[int, float]) -> int:
    """The highest number whose agreement is about as good as the best.

    Examples
    --------
    >>> best_of({2: 0.90, 8: 0.86, 9: 0.954, 10: 0.953, 11: 0.85})
    10
    """
    best = max(agreement.values())
    return max(n for n, one in agreement.items() if one >= best - WITHIN)


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


def _likelier(half: _Half, other: _Half) -> _Half:
    return other if other.found.likelihood > half.found.likelihood else half


def _searched(half: _Half, prior: Prior, effort: Effort) -> _Half:
    """The half with its states cut and merged, where that is likelier."""
    cut = cut_and_merge(half.data, half.states, half.found, prior, effort, half.generator)
    return _likelier(half, _with(half, *cut))


def _continued(half: _Half, states: States, prior: Prior) -> _Half:
    """The half with states that were found in the other."""
    return _with(half, *improve(half.data, states, prior, ROUNDS))


def _agreement(halves: list[_Half], whole: Stretches) -> float:
    """Agreement of both on all frames that were seen."""
    seen = whole.seen.cpu().numpy()
    one, other = (
        expect(whole, half.states).share.argmax(-1).cpu().numpy()[seen] for half in halves
    )
    return float(adjusted_rand(one, other))


def _told(halves: list[_Half]) -> tuple[float, float]:
    """Likelihood of the half a model was not fitted on, and the criterion of Bayes, per frame."""
    n, d = halves[0].states.mean.shape
    free = n * (d + d * (d + 1) / 2) + n * n - 1
    unseen, bic = [], []
    for half, other in zip(halves, halves[::-1], strict=True):
        frames = float(half.data.seen.sum())
        told = expect(other.data, half.states).likelihood
        unseen.append(told / float(other.data.seen.sum()))
        bic.append(free * np.log(frames) / frames - 2 * half.found.likelihood / frames)
    return float(np.mean(unseen)), float(np.mean(bic))
