"""A vector-quantised autoencoder: every moment is told by one of a few codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ethoflow.cluster.deep import DeepConfig, Telling, begin, later, one_after_the_other, scores_of
from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.cluster.hmm import Gaussians, GaussiansSettings, nearest_of_means
from ethoflow.cluster.numbers import check_frames, use_of
from ethoflow.networks.progress import Progress
from ethoflow.networks.training import seeded

STARTS = 5
"""Times that means are looked for; the nearest are kept."""


@dataclass(frozen=True)
class VqvaeConfig(DeepConfig):
    """Settings of the vector-quantised autoencoder; a code is a cluster.

    A share `before` of the steps trains the autoencoder alone. `commitment` is how much a latent is
    drawn to its code, `memory` the share of a code that a step leaves; a code that is used less
    than `least` of the time an even use would give begins anew at a latent.
    """

    latent: int = 8
    before: float = 0.4
    commitment: float = 0.5
    memory: float = 0.98
    least: float = 0.02
    stay: float = 20.0


@family(config=VqvaeConfig, reference="van den Oord et al. 2017, arXiv:1711.00937", network=True)
def vqvae(
    pieces: Pieces,
    config: VqvaeConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """Clusters that are the codes of an autoencoder."""
    check_frames(pieces, config.clusters)
    with seeded(seed, device):
        begun = begin(pieces, config)
        objective = Vqvae(
            begun.encoder, Telling(config.latent, begun.scale, config.offsets), config
        )
    plan, rest = config.plan(config.before), config.plan(1 - config.before)
    total = plan.steps + rest.steps
    before = begun.train(
        objective, plan, seed=seed, device=device, progress=later(progress, 0, total)
    )
    objective.start(*begun.latents(device), seed)
    history = begun.train(
        objective, rest, seed=seed, device=device, progress=later(progress, plan.steps, total)
    )
    latent, seen = begun.latents(device)
    rows = latent.transpose(1, 2)[seen]
    near, away = objective.nearest(rows)
    use = np.bincount(near.cpu().numpy(), minlength=config.clusters) / len(rows)
    emission = Gaussians(GaussiansSettings(config.clusters, config.latent))
    emission.mean.copy_(objective.codes)
    emission.covariance.mul_(float(away.mean()) / config.latent)
    return Fitted(
        begun.encoder, emission, None, np.log(np.maximum(use, 1e-12)),
        scores_of(history, **use_of(use)), begun.reads,
        training=one_after_the_other(before, history),
    )  # fmt: skip


class Vqvae(nn.Module):
    """What is minimised: the error of what codes tell, and how far latents are from their codes."""

    codes: Tensor
    count: Tensor
    total: Tensor
    begun: Tensor

    def __init__(self, encoder: nn.Module, telling: Telling, config: VqvaeConfig) -> None:
        super().__init__()
        self.encoder, self.telling, self.config = encoder, telling, config
        k, d = config.clusters, config.latent
        for name, shape in {"codes": (k, d), "total": (k, d), "count": (k,), "begun": ()}.items():
            self.register_buffer(name, torch.zeros(shape))

    @torch.no_grad()
    def start(self, latent: Tensor, seen: Tensor, seed: int) -> None:
        """Codes are the means of latents; from here on they tell of a moment."""
        rows = latent.transpose(1, 2)[seen].clone()
        generator = torch.Generator().manual_seed(seed)
        lowest = torch.inf
        for _ in range(STARTS):
            near = nearest_of_means(rows, self.config.clusters, generator)
            count = torch.bincount(near, minlength=self.config.clusters) / len(rows)
            total = torch.zeros_like(self.total).index_add_(0, near, rows / len(rows))
            codes = total / count.clamp_min(1e-6)[:, None]
            away = float((rows - codes[near]).square().mean())
            if away < lowest:
                lowest = away
                for name, value in {"count": count, "total": total, "codes": codes}.items():
                    getattr(self, name).copy_(value)
        self.begun.fill_(1.0)

    def nearest(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Code of each row (row, latent), and the squared distance to it."""
        apart = torch.cdist(rows, self.codes).square()
        near = apart.min(dim=1)
        return near.indices, near.values

    def forward(
        self, batch: Mapping[str, Tensor], share: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch, and the codes used in it."""
        x = batch["x"]
        latent = self.encoder(x).float()
        seen = ~x.isnan().all(dim=1)
        rows = latent.transpose(1, 2)
        near, _ = self.nearest(rows.detach().flatten(0, 1))
        coded = self.codes[near].reshape(rows.shape)
        counted = seen.to(rows.dtype)
        away = ((rows - coded).square().mean(-1) * counted).sum() / counted.sum().clamp_min(1.0)
        # What comes out is the code; what goes back passes it by.
        told = rows + self.begun * (coded - rows).detach()
        error = self.telling(told.transpose(1, 2), x)
        known = near[seen.flatten()]
        use = torch.bincount(known, minlength=self.config.clusters) / max(len(known), 1)
        if self.training:
            self._follow(rows.detach()[seen], known, use)
        loss = error + self.config.commitment * self.begun * away
        return loss, {"error": error, "occupied": (use > 0.005).sum().to(error.dtype)}

    @torch.no_grad()
    def _follow(self, rows: Tensor, near: Tensor, use: Tensor) -> None:
        """Codes move to the latents that they stand for; those that are hardly used begin anew."""
        if not len(rows) or not self.begun:
            return
        keep = self.config.memory
        self.count.mul_(keep).add_(use, alpha=1 - keep)
        fresh = torch.zeros_like(self.total).index_add_(0, near, rows / len(rows))
        self.total.mul_(keep).add_(fresh, alpha=1 - keep)
        idle = self.count < self.config.least / self.config.clusters
        drawn = rows[torch.randint(len(rows), (len(idle),), device=rows.device)]
        self.count.copy_(torch.where(idle, 1 / self.config.clusters, self.count))
        begun = drawn / self.config.clusters
        self.total.copy_(torch.where(idle[:, None], begun, self.total))
        self.codes.copy_(self.total / self.count[:, None])
