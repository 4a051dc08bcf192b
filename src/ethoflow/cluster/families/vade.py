"""Variational deep embedding: an autoencoder whose latent is a mixture of Gaussians.

Its faults are known: the latent may fall together into a few clusters. Here an autoencoder is
trained first, a mixture is fitted on its latent, and only then does the mixture pull, growing
slowly; how many clusters are used, and how evenly, is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.cluster.deep import DeepConfig, Telling, begin, later, one_after_the_other, scores_of
from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.cluster.hmm import (
    Gaussians,
    GaussiansSettings,
    Prior,
    States,
    Stretches,
)
from ethoflow.cluster.mixing import fit_mixture
from ethoflow.cluster.numbers import check_frames, use_of
from ethoflow.networks.progress import Progress
from ethoflow.networks.training import seeded


@dataclass(frozen=True)
class VadeConfig(DeepConfig):
    """Settings of variational deep embedding.

    A share `before` of the steps trains the autoencoder alone; then the pull of the mixture grows
    to `pull` over the share `growing` of the rest. `even` is how much it costs that few clusters
    are used; `stay` are transitions of a cluster to itself that are counted beside those found.
    """

    latent: int = 8
    before: float = 0.4
    growing: float = 0.5
    pull: float = 0.02
    even: float = 0.1
    rounds: int = 60
    stay: float = 20.0


@family(config=VadeConfig, reference="Jiang et al. 2017, doi:10.24963/ijcai.2017/273", network=True)
def vade(
    pieces: Pieces,
    config: VadeConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """Clusters that are Gaussians in the latent of a variational autoencoder."""
    check_frames(pieces, config.clusters)
    with seeded(seed, device):
        begun = begin(pieces, config)
        objective = Vade(begun.encoder, Telling(config.latent, begun.scale, config.offsets), config)
    plan, rest = config.plan(config.before), config.plan(1 - config.before)
    total = plan.steps + rest.steps
    before = begun.train(
        objective, plan, seed=seed, device=device, progress=later(progress, 0, total)
    )
    latent, seen = begun.latents(device)
    objective.start(mixture_of(latent, seen, config, seed))
    history = begun.train(
        objective, rest, seed=seed, device=device, progress=later(progress, plan.steps, total)
    )
    latent, seen = begun.latents(device)
    emission = objective.gaussians()
    with torch.inference_mode():
        share = (emission(latent).softmax(dim=1) * seen[:, None]).cpu()
    steps = torch.einsum("bit,bjt->ij", share[..., :-1], share[..., 1:])
    steps = steps + 1 / config.clusters + config.stay * torch.eye(config.clusters)
    use = share.sum((0, 2)).numpy() / max(float(share.sum()), 1.0)
    return Fitted(
        begun.encoder, emission.cpu(), (steps / steps.sum(1, keepdim=True)).log().numpy(),
        np.log(np.maximum(use, 1e-12)), scores_of(history, **use_of(use)), begun.reads,
        training=one_after_the_other(before, history),
    )  # fmt: skip


def mixture_of(latent: Tensor, seen: Tensor, config: VadeConfig, seed: int) -> States:
    """A mixture of Gaussians on the latent of an autoencoder, without regard to time."""
    data = Stretches.of(latent.transpose(1, 2)[seen][..., None])  # stretches of one frame
    prior = Prior(spread=float(latent.var()) * 0.02, stay=0.0)
    return fit_mixture(data, config.clusters, prior, rounds=config.rounds, seed=seed)[0]


class Vade(nn.Module):
    """What is minimised: the error in the window around a moment, and the latent's distance.

    That is the divergence of its posterior from the mixture.
    """

    begun: Tensor

    def __init__(self, encoder: nn.Module, telling: Telling, config: VadeConfig) -> None:
        super().__init__()
        self.encoder, self.telling, self.config = encoder, telling, config
        k, d = config.clusters, config.latent
        self.spread = nn.Linear(d, d)
        self.use = nn.Parameter(torch.zeros(k), requires_grad=False)
        self.mean = nn.Parameter(torch.zeros(k, d), requires_grad=False)
        # The covariance of a cluster is the inverse of factor' factor; below the diagonal `lower`.
        self.size = nn.Parameter(torch.zeros(k, d), requires_grad=False)
        self.lower = nn.Parameter(torch.zeros(k, d, d), requires_grad=False)
        self.register_buffer("begun", torch.zeros(()))
        nn.init.constant_(self.spread.bias, -4.0)

    def start(self, states: States) -> None:
        """Take a mixture for what the latent is drawn from; from here on it is trained as well."""
        eye = torch.eye(states.mean.shape[1]).to(states.covariance)
        factor = torch.linalg.solve_triangular(
            torch.linalg.cholesky(states.covariance), eye.expand_as(states.covariance), upper=False
        )
        with torch.no_grad():
            self.use.copy_(states.use.log())
            self.mean.copy_(states.mean)
            self.size.copy_(factor.diagonal(dim1=1, dim2=2).log())
            self.lower.copy_(factor.tril(-1))
            self.begun.fill_(1.0)
        for part in (self.use, self.mean, self.size, self.lower):
            part.requires_grad_(True)

    def factor(self) -> Tensor:
        """(cluster, latent, latent), lower triangles."""
        return self.lower.tril(-1) + torch.diag_embed(self.size.clamp(-6, 6).exp())

    def gaussians(self) -> Gaussians:
        """The clusters as a module of their own."""
        with torch.no_grad():
            factor = self.factor()
            found = Gaussians(GaussiansSettings(*self.mean.shape)).to(factor.device)
            found.mean.copy_(self.mean)
            found.covariance.copy_(torch.linalg.inv(factor.transpose(1, 2) @ factor))
            found.log_use.copy_(self.use.log_softmax(0))
        return found

    def forward(
        self, batch: Mapping[str, Tensor], share: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch, the clusters used in it, and how evenly."""
        x = batch["x"]
        mean = self.encoder(x)
        rows = mean.transpose(1, 2).float()
        log_variance = self.spread(rows).float().clamp(-8, 2)
        noise = (0.5 * log_variance).exp() * torch.randn_like(rows)
        drawn = (rows + noise if self.training else rows).transpose(1, 2)
        error = self.telling(drawn, x)
        seen = (~x.isnan().all(dim=1)).to(error.dtype)
        distance, use = self.distance(rows, log_variance, drawn.transpose(1, 2), seen)
        occupied = (use > 0.005).sum().to(error.dtype)
        evenness = -(use * use.clamp_min(1e-9).log()).sum() / np.log(max(len(use), 2))
        pull = self.config.pull * self.begun * (share / self.config.growing).clamp(max=1.0)
        uneven = self.config.even * self.begun * (1 - evenness)
        numbers = {"error": error, "distance": distance, "occupied": occupied, "evenness": evenness}
        return error + pull * distance + uneven, numbers

    def distance(
        self, mean: Tensor, log_variance: Tensor, drawn: Tensor, seen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """From posteriors (window, frame, latent) to the mixture, in nats; and the use of clusters.

        The divergence from each cluster, weighed by the chance that a draw is of it, and that of
        these chances from how much clusters are used.
        """
        factor = self.factor()
        log_use = self.use.log_softmax(0)
        volume = 2 * self.size.clamp(-6, 6).sum(1)
        score = -0.5 * (self._away(drawn, factor) - volume) + log_use
        log_chance = functional.log_softmax(score, dim=-1)
        chance = log_chance.exp()
        blurred = log_variance.exp() @ factor.square().sum(1).T
        constant = mean.shape[-1] + log_variance.sum(-1, keepdim=True)
        apart = 0.5 * (self._away(mean, factor) + blurred - volume - constant)
        total = (chance * (apart + log_chance - log_use)).sum(-1)
        counted = seen.sum().clamp_min(1.0)
        use = (chance * seen[..., None]).sum((0, 1)) / counted
        return (total * seen).sum() / counted, use

    def _away(self, rows: Tensor, factor: Tensor) -> Tensor:
        """Squared distance to every cluster in its own measure, (window, frame, cluster)."""
        k, d = self.mean.shape
        placed = rows @ factor.reshape(k * d, d).T
        centre = torch.einsum("kij,kj->ki", factor, self.mean)
        return (placed.reshape(*rows.shape[:2], k, d) - centre).square().sum(-1)
