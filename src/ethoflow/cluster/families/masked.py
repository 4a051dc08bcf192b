"""A masked autoencoder: what was hidden is told from what is around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ethoflow.cluster.deep import DeepConfig, Telling, begin, scores_of
from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.networks.progress import Progress
from ethoflow.networks.training import seeded


@dataclass(frozen=True)
class MaskedConfig(DeepConfig):
    """Settings of the masked autoencoder.

    A share `hidden` of the frames is hidden, in runs of `run`. Numbers that were not hidden count
    `visible` as much.
    """

    hidden: float = 0.4
    run: int = 8
    visible: float = 0.5


@family(
    config=MaskedConfig, reference="He et al. 2022, doi:10.1109/CVPR52688.2022.01553", network=True
)
def masked(
    pieces: Pieces,
    config: MaskedConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """An encoder that fills in what was hidden; it has no clusters of its own."""
    with seeded(seed, device):
        begun = begin(pieces, config)
        objective = Masked(
            begun.encoder, Telling(config.latent, begun.scale, config.offsets), config
        )
    history = begun.train(objective, config.plan(), seed=seed, device=device, progress=progress)
    return Fitted(begun.encoder, scores=scores_of(history), reads=begun.reads,
                  training=history.rows)  # fmt: skip


class Masked(nn.Module):
    """What is minimised: the error in what was hidden and, less, in what was not."""

    def __init__(self, encoder: nn.Module, telling: Telling, config: MaskedConfig) -> None:
        super().__init__()
        self.encoder, self.telling, self.config = encoder, telling, config

    def forward(
        self, batch: Mapping[str, Tensor], share: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch; `share` of the training changes nothing."""
        x = batch["x"]
        hidden = hide(x, self.config.hidden, self.config.run)
        latent = self.encoder(x.masked_fill(hidden, torch.nan))
        weight = torch.where(hidden, 1.0, self.config.visible)
        return self.telling(latent, x, weight), {}


def hide(x: Tensor, share: float, run: int) -> Tensor:
    """Frames of windows that are hidden, (window, 1, frame), in runs, about `share` of all."""
    chance = 1 - (1 - share) ** (1 / run)
    begins = (torch.rand(len(x), 1, x.shape[-1] + run - 1, device=x.device) < chance).to(x.dtype)
    begun: Tensor = begins.unfold(-1, run, 1)
    return begun.amax(dim=-1) > 0
