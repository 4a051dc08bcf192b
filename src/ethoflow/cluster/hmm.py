"""A sticky hidden Markov model whose states are Gaussians with full covariance.

After Rabiner 1989, Proc. IEEE 77:257, fitted by expectation and maximisation, all stretches at
once. Frames that were not seen say nothing, and time goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

LOG_TWO_PI = float(np.log(2 * np.pi))
LEAST = 1e-30
"""Likelihoods, against that of the best state of a frame, below which they are no smaller."""
DUST = 1e-15
"""Shares of a frame that count as none."""


@dataclass(frozen=True)
class Prior:
    """What is held of states before data are seen.

    `spread` is the variance that `weight` frames beside those of a state have, in whitened units,
    and `stay` the transitions from each state to itself that are counted beside those found.
    """

    spread: float = 0.02
    weight: float = 2.0
    stay: float = 20.0


@dataclass(frozen=True)
class Stretches:
    """What is fitted: `x` (stretch, frame, component), 0 where not `seen` (stretch, frame)."""

    x: Tensor
    seen: Tensor
    squares: Tensor

    @classmethod
    def of(cls, x: Tensor, *, squares: bool = True) -> Stretches:
        """Stretches of a signal, (stretch, component, frame), that is NaN where it is unknown.

        `squares`, the products of components, are as many numbers again for every component.
        """
        rows = x.transpose(1, 2)
        seen = ~rows.isnan().any(dim=-1)
        rows = torch.where(seen[..., None], rows, torch.zeros((), dtype=x.dtype, device=x.device))
        flat = rows.reshape(-1, rows.shape[-1])
        flat = flat if squares else flat[:0]
        products = (flat[:, :, None] * flat[:, None, :]).flatten(1)
        return cls(rows.contiguous(), seen, products)


@dataclass(frozen=True)
class States:
    """States of a hidden Markov model.

    `mean` (state, component), `covariance` (state, component, component), `transitions` (state,
    state) from row to column, `use` (state,): the share of frames; `frames` is how many there are.
    """

    mean: Tensor
    covariance: Tensor
    transitions: Tensor
    use: Tensor
    frames: Tensor

    @property
    def n(self) -> int:
        """How many states there are."""
        return len(self.mean)

    def take(self, order: Tensor) -> States:
        """The states in another order."""
        return States(
            self.mean[order], self.covariance[order], self.transitions[order][:, order],
            self.use[order], self.frames[order],
        )  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What data say of the states: the share of each in every frame, and of every transition."""

    share: Tensor
    steps: Tensor
    likelihood: float


def log_density(x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """Log density of rows (row, component) under every Gaussian, (row, state)."""
    factor = torch.linalg.cholesky(covariance)
    eye = torch.eye(mean.shape[1], dtype=mean.dtype, device=mean.device)
    inverse = torch.linalg.solve_triangular(factor, eye.expand_as(factor), upper=False)
    n, d = mean.shape
    shift = torch.einsum("kij,kj->ki", inverse, mean)
    away = (x @ inverse.reshape(n * d, d).T).reshape(-1, n, d) - shift
    volume = factor.diagonal(dim1=1, dim2=2).log().sum(-1)
    density: Tensor = -0.5 * away.square().sum(-1) - volume - 0.5 * d * LOG_TWO_PI
    return density


def forward_backward(scores: Tensor, transitions: Tensor, start: Tensor) -> Expected:
    """Shares of states given whole stretches; `scores` (stretch, frame, state) are logarithms.

    Every frame is brought to a sum of one, and its best state to a likelihood of one: nothing
    vanishes, however long a stretch is.
    """
    best = scores.max(dim=-1, keepdim=True).values
    likely = (scores - best).exp().clamp_min(LEAST)
    ahead, sums = torch.empty_like(likely), torch.empty_like(best[..., 0])
    now = start * likely[:, 0]
    for t in range(likely.shape[1]):
        if t:
            now = (now @ transitions) * likely[:, t]
        total = now.sum(-1, keepdim=True)
        now = now / total
        ahead[:, t], sums[:, t] = now, total[:, 0]
    scaled = likely / sums[..., None]
    behind = torch.empty_like(likely)
    later = torch.ones_like(now)
    behind[:, -1] = later
    back = transitions.T.contiguous()
    for t in range(likely.shape[1] - 2, -1, -1):
        later = (later * scaled[:, t + 1]) @ back
        behind[:, t] = later
    share = ahead * behind
    share = _without_dust(share / share.sum(-1, keepdim=True))
    after = _without_dust(scaled * behind)[:, 1:].reshape(-1, scores.shape[-1])
    before = _without_dust(ahead)[:, :-1].reshape(-1, scores.shape[-1])
    steps = (before.T @ after) * transitions
    return Expected(share, steps, float((best[..., 0] + sums.log()).double().sum()))


def _without_dust(x: Tensor) -> Tensor:
    """Numbers of which none is so small that its products are denormal: these take tenfold."""
    kept: Tensor = torch.where(x < DUST, torch.zeros((), dtype=x.dtype, device=x.device), x)
    return kept


Density: TypeAlias = Callable[[Stretches, Tensor, Tensor], Tensor]
"""Log density of all frames, (row, state), from means and covariances."""


def density_of_frames(data: Stretches, mean: Tensor, covariance: Tensor) -> Tensor:
    """As `log_density`, by the products of components that stretches hold: ten times quicker."""
    factor = torch.linalg.cholesky(covariance)
    precision = torch.cholesky_inverse(factor)
    pull = torch.einsum("kij,kj->ki", precision, mean)
    volume = factor.diagonal(dim1=1, dim2=2).log().sum(-1)
    n, d = mean.shape
    level = -0.5 * ((mean * pull).sum(-1) + d * LOG_TWO_PI) - volume
    linear = torch.addmm(level, data.x.reshape(-1, d), pull.T)
    density: Tensor = linear.addmm_(data.squares, precision.reshape(n, d * d).T, alpha=-0.5)
    return density


def expect(data: Stretches, states: States, density: Density = density_of_frames) -> Expected:
    """What the data say of the states."""
    scores = density(data, states.mean, states.covariance).reshape(*data.seen.shape, -1)
    return forward_backward(scores * data.seen[..., None], states.transitions, states.use)


def maximise(data: Stretches, share: Tensor, steps: Tensor, prior: Prior) -> States:
    """States of which the data are most likely, given the share of each in every frame."""
    n, d = share.shape[-1], data.x.shape[-1]
    weights = (share * data.seen[..., None]).reshape(-1, n)
    frames = weights.sum(0) + 1e-6
    mean = (weights.T @ data.x.reshape(-1, d)) / frames[:, None]
    squares = (weights.T @ data.squares).reshape(n, d, d)
    eye = torch.eye(d, dtype=mean.dtype, device=mean.device)
    held = prior.weight + d
    centred = squares - frames[:, None, None] * mean[:, :, None] * mean[:, None, :]
    covariance = (centred + held * prior.spread * eye) / (frames + held)[:, None, None]
    counts = steps + 1 / n + prior.stay * torch.eye(n, dtype=mean.dtype, device=mean.device)
    return States(
        mean, covariance + 1e-4 * eye, counts / counts.sum(1, keepdim=True),
        frames / frames.sum(), frames,
    )  # fmt: skip


def begin(data: Stretches, share: Tensor, prior: Prior) -> States:
    """States of given shares, frame by frame."""
    n = share.shape[-1]
    steps = share[:, :-1].reshape(-1, n).T @ share[:, 1:].reshape(-1, n)
    return maximise(data, share, steps, prior)


def improve(
    data: Stretches,
    states: States,
    prior: Prior,
    rounds: int,
    tolerance: float = 1e-5,
    density: Density = density_of_frames,
) -> tuple[States, Expected]:
    """States after `rounds` of expectation and maximisation, or until little is gained."""
    found = expect(data, states, density)
    for _ in range(rounds):
        states = maximise(data, found.share, found.steps, prior)
        before, found = found.likelihood, expect(data, states, density)
        if found.likelihood - before < tolerance * abs(before):
            break
    return states, found


def nearest_of_means(rows: Tensor, n: int, generator: torch.Generator, rounds: int = 12) -> Tensor:
    """Number of the nearest of `n` means, (row,): k-means, begun far apart (Arthur 2007)."""
    first = int(torch.randint(len(rows), (1,), generator=generator))
    means = rows[first][None]
    apart = (rows - means[0]).square().sum(1)
    while len(means) < n:
        chances = apart.double().cumsum(0)
        drawn = torch.rand(1, generator=generator, dtype=torch.float64) * float(chances[-1])
        at = min(int(torch.searchsorted(chances.cpu(), drawn)), len(rows) - 1)
        means = torch.cat([means, rows[at][None]])
        apart = torch.minimum(apart, (rows - rows[at]).square().sum(1))
    for _ in range(rounds):
        near = torch.cdist(rows, means).argmin(1)
        count = torch.bincount(near, minlength=n)
        total = torch.zeros_like(means).index_add_(0, near, rows)
        means = torch.where(count[:, None] > 0, total / count.clamp_min(1)[:, None], means)
    return torch.cdist(rows, means).argmin(1)


def start_from_means(data: Stretches, n: int, prior: Prior, seed: int | list[int]) -> States:
    """States of the frames nearest to each of `n` means."""
    generator = torch.Generator().manual_seed(int(np.random.default_rng(seed).integers(2**31)))
    share = torch.full((*data.seen.shape, n), 1 / n, dtype=data.x.dtype, device=data.x.device)
    near = nearest_of_means(data.x[data.seen], n, generator)
    hard = torch.nn.functional.one_hot(near, n).to(share.dtype)
    share[data.seen] = 0.9 * hard + 0.1 / n
    return begin(data, share, prior)


@dataclass(frozen=True)
class GaussiansSettings:
    """How many Gaussians of how many components."""

    clusters: int
    components: int


class Gaussians(nn.Module):
    """(batch, component, frame) to log scores (batch, cluster, frame); equal where not seen.

    Their softmax is the probability of every cluster without regard to time.
    """

    mean: Tensor
    covariance: Tensor
    log_use: Tensor

    def __init__(self, settings: GaussiansSettings) -> None:
        super().__init__()
        self.settings = settings
        n, d = settings.clusters, settings.components
        self.register_buffer("mean", torch.zeros(n, d))
        self.register_buffer("covariance", torch.eye(d).expand(n, d, d).clone())
        self.register_buffer("log_use", torch.zeros(n))

    @classmethod
    def of(cls, states: States) -> Gaussians:
        """The Gaussians of states, weighed by their use."""
        n, d = states.mean.shape
        module = cls(GaussiansSettings(n, d))
        module.mean.copy_(states.mean)
        module.covariance.copy_(states.covariance)
        module.log_use.copy_(states.use.log())
        return module

    def forward(self, x: Tensor) -> Tensor:
        """Log scores of every frame."""
        rows = x.transpose(1, 2)
        seen = ~rows.isnan().any(-1, keepdim=True)
        flat = torch.nan_to_num(rows).reshape(-1, rows.shape[-1])
        scores = log_density(flat, self.mean, self.covariance).reshape(*rows.shape[:2], -1)
        return (scores * seen + self.log_use).transpose(1, 2)
