"""How many clusters there are: those after which one more gains no more than any cut does.

Likelihoods, of other animals too, and the criterion of Bayes go on rising where a state is cut in
two that nobody would tell apart, because behaviours are no Gaussians. Models of two halves of the
animals find the same such cuts once both search long enough, so agreement does not tell either.
What a cut is worth is seen where all there are have been made: the slope of the likelihood over
the largest numbers. A cluster counts that gains more than twice as much (the slope heuristic:
Birgé & Massart 2007, Probab. Theory Relat. Fields 138:33; Baudry, Maugis & Michel 2012, Stat.
Comput. 22:455).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from ethoflow.cluster.family import Pieces
from ethoflow.cluster.hmm import Expected, Prior, States, Stretches, expect
from ethoflow.cluster.matching import adjusted_rand
from ethoflow.cluster.merging import Effort, cut_and_merge, cut_one, merged_once, start_of
from ethoflow.cluster.numbers import PER_CLUSTER, known_frames
from ethoflow.engine.declare import Array

MOST = 20
FEWEST = 2
FAR = 2 / 3
"""Share of the largest number from which on there is nothing left but cuts."""
TIMES = 2.0
"""A cluster gains more than so many cuts."""
CUTS = 2
"""Searches for a likelier optimum at every number; one at the far end."""
LEAST_AGREED = 0.5
"""Agreement of halves below which no cluster should be named."""
ABOVE = 2
"""Models of halves are compared at so many more than were chosen, and at all below."""


class UnsureNumber(UserWarning):
    """The number chosen is the least or near the most tried, or halves do not agree on it."""


@dataclass(frozen=True)
class Choice:
    """The number of clusters, and the numbers it rests on, by number of clusters.

    `gained` is the log likelihood per frame, and `worth` what a cluster has to add to it. Of models
    of two halves `agreement` is the adjusted Rand index of their labels, and `unseen` the log
    likelihood per frame of the half that a model was not fitted on: up to a few more than were
    chosen. `bic` is the criterion of Bayes per frame. `unseen` and `bic` are not believed.
    """

    n_clusters: int
    gained: dict[int, float]
    worth: float
    agreement: dict[int, float]
    unseen: dict[int, float]
    bic: dict[int, float]


def choose_n_clusters(
    pieces: Pieces, *, seed: int = 0, most: int = MOST, device: str = "cpu"
) -> Choice:
    """The number of clusters of which each gains more than twice what a cut gains.

    From `most` states two are merged again and again, and at every number a likelier optimum is
    searched for. The halves that are compared are of the recordings, or of the stretches of one.
    `UnsureNumber` warns where the number is the least, or near the most that were tried, or where
    models of two halves agree to less than a half.
    """
    known = int(known_frames(pieces).sum())
    most = max(min(most, known // 2 // PER_CLUSTER), FEWEST)
    whole = _stretches(pieces, device)
    gained, bic = {}, {}
    for states, found in _path(whole, most, [seed], one=True):
        gained[states.n] = found.likelihood / known
        bic[states.n] = _bic(states, known) - 2 * gained[states.n]
    worth = TIMES * slope_of_cuts(gained)
    best = max(gained, key=lambda n: (gained[n] - worth * n, -n))
    agreement, unseen = {}, {}
    halves = [_stretches(half, device) for half in halves_of(pieces)]
    paths = [_path(half, min(best + ABOVE, most), [seed, k]) for k, half in enumerate(halves)]
    for steps in zip(*paths, strict=True):
        both = [states for states, _ in steps]
        agreement[both[0].n] = float(adjusted_rand(*(_labels(one, whole) for one in both)))
        unseen[both[0].n] = float(
            np.mean([_per_frame(half, one) for half, one in zip(halves[::-1], both, strict=True)])
        )
    choice = Choice(best, gained, worth, agreement, unseen, bic)
    _say_unsure(choice, most)
    return choice


def _say_unsure(choice: Choice, most: int) -> None:
    best, agreed = choice.n_clusters, choice.agreement[choice.n_clusters]
    reasons = []
    if best == FEWEST or best >= FAR * most - 1:
        reasons.append(
            f"numbers were tried up to {most}, what a cluster gains is not seen apart from what a "
            "cut gains, and there may be more"
        )
    if not agreed >= LEAST_AGREED:
        reasons.append(
            f"models of two halves agree to {agreed:.2f} on them (adjusted Rand index), and there "
            "may be none that other animals share"
        )
    if reasons:
        warnings.warn(
            f"{best} clusters are chosen, and that is unsure: {'; '.join(reasons)}. Give more "
            "recordings, or n_clusters, and look at ef.cluster.stability.",
            UnsureNumber,
            stacklevel=4,
        )


def slope_of_cuts(gained: Mapping[int, float]) -> float:
    """What one more state gains at the far end, by the median of all slopes there (Theil and Sen).

    Examples
    --------
    >>> gained = {2: 0.0, 3: 0.5, 4: 1.0, 5: 1.1, 6: 1.2}
    >>> round(slope_of_cuts(gained), 3)
    0.1
    """
    from scipy.stats import theilslopes  # heavy

    far = [n for n in gained if n >= FAR * max(gained)]
    if len(far) < 2:
        return 0.0
    return max(float(theilslopes([gained[n] for n in far], far).slope), 0.0)


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


def _stretches(pieces: Pieces, device: str) -> Stretches:
    return Stretches.of(torch.from_numpy(pieces.read("signal")).to(device))


def _path(
    data: Stretches, most: int, seed: list[int], *, one: bool = False
) -> Iterator[tuple[States, Expected]]:
    """States of every number from `most` down, and what data say of them.

    With `one` optima that are next to each other are searched too, short of the far end.
    """
    prior, effort = Prior(), Effort(starts=2)
    generator = torch.Generator().manual_seed(sum(seed))
    states, found = start_of(data, most, seed, prior, effort)
    for n in range(most, FEWEST - 1, -1):
        if n < most:
            states, found, _ = merged_once(data, states, found, prior, effort.between)
        near = n < FAR * most
        for _ in range(CUTS if near else 1):
            other, now = cut_and_merge(data, states, found, prior, effort, generator)
            if now.likelihood > found.likelihood:
                states, found = other, now
        if one and near:
            states, found = cut_one(data, states, found, prior)
        yield states, found


def _labels(states: States, whole: Stretches) -> Array:
    """State of all frames that were seen."""
    seen = whole.seen.cpu().numpy()
    labels: Array = expect(whole, states).share.argmax(-1).cpu().numpy()[seen]
    return labels


def _per_frame(data: Stretches, states: States) -> float:
    return expect(data, states).likelihood / float(data.seen.sum())


def _bic(states: States, frames: int) -> float:
    """What the criterion of Bayes takes for the numbers that are free, per frame."""
    n, d = states.mean.shape
    return float((n * (d + d * (d + 1) / 2) + n * n - 1) * np.log(frames) / frames)
