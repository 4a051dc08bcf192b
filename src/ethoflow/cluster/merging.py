"""Too many states, and which of them are one: the pair whose union loses least, again and again.

Expectation and maximisation from `n` states ends where two states share one behaviour and two
behaviours one state; from more states than are wanted, merged, it rarely does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ethoflow.cluster.hmm import (
    Expected,
    Prior,
    States,
    Stretches,
    begin,
    improve,
    start_from_means,
)

WORTH = 1e-3
"""Log likelihood per frame below which a gain is none: another optimum is a hundredth away."""
MOST_CUTS = 3
ROUNDS = 8


@dataclass(frozen=True)
class Effort:
    """Rounds of expectation and maximisation: at first, after each merge, and at the end.

    All is begun `starts` times, and the likeliest end is gone on from. Its states are cut in two
    and merged again, and kept where they are likelier, until `again` cuts in a row have gained
    nothing worth it; at most `MOST_CUTS` times as many. Then one state after the other is cut,
    and that is done again while it gains. With no `again` nothing is cut.
    """

    starts: int = 1
    first: int = 14
    between: int = 2
    again: int = 6
    last: int = 20


@dataclass(frozen=True)
class Step:
    """States on the way from many to few: how many, and what the merge to them lost per frame."""

    states: States
    expected: Expected
    lost: float


def merge_path(
    data: Stretches,
    most: int,
    least: int,
    *,
    seed: int = 0,
    prior: Prior | None = None,
    effort: Effort | None = None,
    heard: Callable[[int], None] | None = None,
) -> list[Step]:
    """Steps from `most` states to `least`, of the likeliest of several starts.

    The last has been improved to its end.
    """
    prior, effort = prior or Prior(), effort or Effort()
    paths = [
        _one_path(data, most, least, [seed, start], prior, effort, heard)
        for start in range(effort.starts)
    ]
    best = max(paths, key=lambda path: path[-1].expected.likelihood)
    states, found = best[-1].states, best[-1].expected
    generator = torch.Generator().manual_seed(seed)
    worth, cuts, in_vain = WORTH * float(data.seen.sum()), 0, 0
    while in_vain < effort.again and cuts < MOST_CUTS * effort.again:
        other, told = cut_and_merge(data, states, found, prior, effort, generator)
        won = told.likelihood - found.likelihood
        cuts, in_vain = cuts + 1, 0 if won > worth else in_vain + 1
        if won > 0:
            states, found = other, told
        if heard is not None:
            heard(states.n)
    won = worth + 1
    while effort.again and won > worth:
        other, told = cut_one(data, states, found, prior)
        won = told.likelihood - found.likelihood
        if won > 0:
            states, found = other, told
    states, found = improve(data, states, prior, effort.last)
    return [*best[:-1], Step(states, found, best[-1].lost)]


def cut_and_merge(
    data: Stretches,
    states: States,
    found: Expected,
    prior: Prior,
    effort: Effort,
    generator: torch.Generator,
) -> tuple[States, Expected]:
    """As many states again, begun from these, of which each was cut in two somewhere.

    Where two states shared one behaviour their halves become one, and the halves of a state of two
    behaviours stay apart: what expectation and maximisation alone does not get out of.
    """
    n, d = states.mean.shape
    factor = torch.linalg.cholesky(states.covariance)
    drawn = torch.randn(n, d, 1, generator=generator).to(data.x)
    # Directions that are drawn evenly where the state is a ball.
    normal = torch.linalg.solve_triangular(factor.transpose(1, 2), drawn, upper=True)[..., 0]
    beyond = data.x @ normal.T > (states.mean * normal).sum(1)
    share = torch.cat([found.share * beyond, found.share * ~beyond], dim=-1)
    states, found = improve(data, begin(data, share, prior), prior, effort.first // 2)
    while states.n > n:
        states, found, _ = merged_once(data, states, found, prior, effort.between)
    return improve(data, states, prior, effort.first // 2)


def cut_one(
    data: Stretches, states: States, found: Expected, prior: Prior
) -> tuple[States, Expected]:
    """The likeliest of as many states, of which one was cut in two and then two became one.

    Every state is tried, cut across where it is widest. What is left is near what was there: it
    finds optima that are next to each other, which cutting all states at once goes past.
    """
    best = states, found
    for k in range(states.n):
        widest = torch.linalg.eigh(states.covariance[k]).eigenvectors[:, -1]
        beyond = data.x @ widest > states.mean[k] @ widest
        part = found.share[..., k] * beyond
        share = torch.cat([found.share, part[..., None]], dim=-1)
        share[..., k] -= part
        wider = improve(data, begin(data, share, prior), prior, ROUNDS)
        other, told, _ = merged_once(data, *wider, prior, ROUNDS)
        if told.likelihood > best[1].likelihood:
            best = other, told
    return best


def merged_once(
    data: Stretches, states: States, found: Expected, prior: Prior, rounds: int
) -> tuple[States, Expected, float]:
    """One state less, and the log likelihood that the merge loses."""
    lost = losses(states) + chain_losses(found.steps)
    one, other = divmod(int(lost.argmin()), states.n)
    share = joined(found.share, one, other)
    return *improve(data, begin(data, share, prior), prior, rounds), float(lost.min())


def _one_path(
    data: Stretches,
    most: int,
    least: int,
    seed: list[int],
    prior: Prior,
    effort: Effort,
    heard: Callable[[int], None] | None,
) -> list[Step]:
    states, found = improve(data, start_from_means(data, most, prior, seed), prior, effort.first)
    steps = [Step(states, found, 0.0)]
    frames = float(data.seen.sum())
    while states.n > least:
        states, found, lost = merged_once(data, states, found, prior, effort.between)
        steps.append(Step(states, found, lost / frames))
        if heard is not None:
            heard(states.n)
    return steps


def losses(states: States) -> Tensor:
    """Log likelihood that is lost where two states become one Gaussian.

    Every state counts with its frames; infinite where it is not the first of the two.
    """
    n, mean, covariance = states.frames, states.mean, states.covariance
    both = n[:, None] + n[None, :]
    share = (n[:, None] / both)[..., None, None]
    apart = mean[:, None] - mean[None]
    pooled = (
        share * covariance[:, None]
        + (1 - share) * covariance[None]
        + share * (1 - share) * apart[..., :, None] * apart[..., None, :]
    )
    volume = torch.logdet(covariance)
    lost = 0.5 * (both * torch.logdet(pooled) - n[:, None] * volume[:, None] - n[None] * volume)
    upper = torch.ones_like(lost, dtype=torch.bool).triu(1)
    found: Tensor = torch.where(upper, lost, torch.full_like(lost, torch.inf))
    return found


def chain_losses(steps: Tensor) -> Tensor:
    """Log likelihood of the chain that is lost, or won, where two states become one.

    `steps` (state, state) are expected transitions. It is won: fewer states are surer of the next.
    """

    def entropic(x: Tensor) -> Tensor:
        found: Tensor = torch.special.xlogy(x, x)
        return found

    def won(x: Tensor, y: Tensor) -> Tensor:
        return entropic(x + y) - entropic(x) - entropic(y)

    columns = won(steps.T[:, None], steps.T[None])  # (one, other, row)
    rows = won(steps[:, None], steps[None])  # (one, other, column)
    n = len(steps)
    inside = torch.eye(n, dtype=torch.bool, device=steps.device)
    outside = ~(inside[:, None] | inside[None])
    own = steps.diagonal()
    four = torch.stack([own[:, None].expand(n, n), own[None].expand(n, n), steps, steps.T])
    corner = entropic(four.sum(0)) - entropic(four).sum(0)
    sums = steps.sum(1)
    total = ((columns + rows) * outside).sum(-1) + corner - won(sums[:, None], sums[None])
    return -total


def joined(share: Tensor, one: int, other: int) -> Tensor:
    """Shares in which `other` has become part of `one`."""
    kept = [place for place in range(share.shape[-1]) if place != other]
    share = share.clone()
    share[..., one] += share[..., other]
    return share[..., kept]


def tree_of(states: States) -> list[tuple[int, int, float]]:
    """Merges that lead from all states to one: two clusters and what is lost per frame.

    The first merge makes the cluster with the number of states, the next one more, as in a linkage.
    """
    mean, covariance, frames = states.mean, states.covariance, states.frames
    names, merges = list(range(states.n)), []
    while len(names) > 1:
        now = States(mean, covariance, states.transitions, states.use, frames)
        lost = losses(now)
        i, j = divmod(int(lost.argmin()), len(names))
        merges.append((names[i], names[j], float(lost.min()) / float(states.frames.sum())))
        both = frames[i] + frames[j]
        share = frames[i] / both
        apart = mean[i] - mean[j]
        pooled = (
            share * covariance[i] + (1 - share) * covariance[j]
            + share * (1 - share) * torch.outer(apart, apart)
        )  # fmt: skip
        kept = [k for k in range(len(names)) if k not in (i, j)]
        middle = share * mean[i] + (1 - share) * mean[j]
        mean = torch.cat([mean[kept], middle[None]])
        covariance = torch.cat([covariance[kept], pooled[None]])
        frames = torch.cat([frames[kept], both[None]])
        names = [names[k] for k in kept] + [states.n + len(merges) - 1]
    return merges


def start_of(
    data: Stretches, n: int, seed: list[int], prior: Prior, effort: Effort
) -> tuple[States, Expected]:
    """`n` states, the likeliest of several starts."""
    found = [
        improve(data, start_from_means(data, n, prior, [*seed, start]), prior, effort.first)
        for start in range(effort.starts)
    ]
    return max(found, key=lambda one: one[1].likelihood)
