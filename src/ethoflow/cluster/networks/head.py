"""From the latent of a frame to scores of every cluster."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class HeadSettings:
    """How wide the latent is, and how many clusters there are."""

    latent: int
    clusters: int


class Head(nn.Module):
    """(batch, latent, frame) to log scores (batch, cluster, frame)."""

    def __init__(self, settings: HeadSettings) -> None:
        super().__init__()
        self.settings = settings
        self.project = nn.Linear(settings.latent, settings.clusters)

    def forward(self, latent: Tensor) -> Tensor:
        """Log probability of every cluster in every frame."""
        scores: Tensor = self.project(functional.relu(latent).transpose(1, 2))
        return functional.log_softmax(scores, dim=-1).transpose(1, 2)
