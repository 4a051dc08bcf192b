"""Contrastive learning: moments close in time are drawn together, all others apart.

The losses: NT-Xent (Chen et al. 2020, arXiv:2002.05709); DCL, without the bias of negatives that
are none (Chuang et al. 2020, arXiv:2007.00224); hard-DCL, which looks at near negatives more
(Robinson et al. 2021, arXiv:2010.04592); FC, which leaves out negatives that are too near and may
be none (Huynh et al. 2020, arXiv:2011.11765, their elimination).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.cluster.augmenting import Augmentation, disturb
from ethoflow.cluster.deep import Begun, DeepConfig, begin, scores_of
from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.errors import UnknownName, no_such
from ethoflow.networks.progress import Progress
from ethoflow.networks.training import seeded

Contrast: TypeAlias = Literal["nt_xent", "dcl", "hard_dcl", "fc"]


@dataclass(frozen=True)
class ContrastiveConfig(DeepConfig):
    """Settings of contrastive learning.

    A moment and one at most `near` frames from it, each in a window disturbed anew, are a pair;
    `pairs` of each window are compared with those of all others. `temperature` is that of the
    likeness; `prior` the chance that a negative is none (DCL), `hardness` how much more near
    negatives count (hard-DCL), `too_near` the likeness from which on a negative is left out (FC).
    """

    loss: Contrast = "nt_xent"
    near: int = 5
    pairs: int = 8
    temperature: float = 0.2
    prior: float = 0.1
    hardness: float = 1.0
    too_near: float = 0.9
    augmentation: Augmentation = field(default_factory=Augmentation)


@family(config=ContrastiveConfig, reference="Chen et al. 2020, arXiv:2002.05709", network=True)
def contrastive(
    pieces: Pieces,
    config: ContrastiveConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """An encoder that has moments of one bout near each other; it has no clusters of its own."""
    if config.loss not in get_args(Contrast):
        raise UnknownName(no_such("contrastive loss", config.loss, get_args(Contrast)))
    with seeded(seed, device):
        begun = begin(pieces, config)
        objective = Contrastive(begun, config)
    history = begun.train(objective, config.plan(), seed=seed, device=device, progress=progress)
    return Fitted(begun.encoder, scores=scores_of(history), reads=begun.reads,
                  training=history.rows)  # fmt: skip


class Contrastive(nn.Module):
    """What is minimised: how little a moment is like its pair, against all other moments."""

    scale: Tensor

    def __init__(self, begun: Begun, config: ContrastiveConfig) -> None:
        super().__init__()
        self.encoder, self.config, self.n_parts = begun.encoder, config, begun.n_parts
        self.register_buffer("scale", begun.scale)
        size = config.latent
        self.compared = nn.Sequential(nn.Linear(size, 64), nn.ReLU(), nn.Linear(64, 32))

    def forward(
        self, batch: Mapping[str, Tensor], share: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch, and how often a moment's pair is the nearest of all."""
        x, own = batch["x"], self.config
        n, _, frames = x.shape
        first = torch.randint(frames, (n, own.pairs), device=x.device)
        near = torch.randint(-own.near, own.near + 1, first.shape, device=x.device)
        second = (first + near).clamp(0, frames - 1)
        one, other = (self._seen_as(x, at) for at in (first, second))
        known = ~x.isnan().all(dim=1)
        both = (known.gather(1, first) & known.gather(1, second)).flatten()
        window = torch.arange(n, device=x.device).repeat_interleave(own.pairs)
        # Other moments of the same window may be of the same bout: they are no negatives.
        apart = (window[:, None] != window) & both & both[:, None]
        likeness = one @ other.T / own.temperature
        lost = contrast(likeness, apart, own)
        counted = (both & apart.any(1)).to(lost.dtype)
        found = (likeness.masked_fill(~apart, -torch.inf).amax(1) < likeness.diagonal()) & both
        total = counted.sum().clamp_min(1.0)
        return (lost * counted).sum() / total, {"nearest": (found * counted).sum() / total}

    def _seen_as(self, x: Tensor, at: Tensor) -> Tensor:
        """Directions of moments of windows disturbed anew, (moment, direction)."""
        if self.training:
            by = self.config.augmentation
            x = disturb(x, by, n_parts=self.n_parts, scale=self.scale)
        latent = self.encoder(x).transpose(1, 2)
        rows = latent.gather(1, at[..., None].expand(-1, -1, latent.shape[2])).flatten(0, 1)
        return functional.normalize(self.compared(rows).float(), dim=1)


def contrast(likeness: Tensor, apart: Tensor, config: ContrastiveConfig) -> Tensor:
    """Loss of every moment, of how like all moments are over the temperature, (moment, moment).

    Pairs are on the diagonal; `apart` says which others are negatives.
    """
    paired = likeness.diagonal()
    if config.loss == "fc":
        apart = apart & (likeness * config.temperature < config.too_near)
    n = apart.sum(1).clamp_min(1).to(likeness.dtype)
    total = _total(likeness, apart)
    if config.loss in ("nt_xent", "fc"):
        return torch.logaddexp(paired, total) - paired
    if config.loss == "hard_dcl":
        hard = config.hardness * likeness
        total = _total(hard + likeness, apart) - _total(hard, apart) + n.log()
    # What negatives would be without those that are none, by how many of these there are.
    mean = (total - n.log()).exp()
    real = (mean - config.prior * paired.exp()) / (1 - config.prior)
    least = torch.exp(torch.tensor(-1 / config.temperature, device=mean.device))
    return (paired.exp() + n * real.clamp_min(least)).log() - paired


def _total(likeness: Tensor, apart: Tensor) -> Tensor:
    """Logarithm of the sum over negatives; next to nothing, with no slope, where there are none."""
    others = likeness.masked_fill(~apart, -torch.inf)
    return torch.where(apart.any(1, keepdim=True), others, -50.0).logsumexp(1)
