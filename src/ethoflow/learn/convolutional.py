"""A small temporal convolutional network: the odds of every behaviour in every frame.

After Bai, Kolter & Koltun 2018, arXiv:1803.01271 (there causal, here centred).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.networks.convolutional import Convolutional, ConvolutionalSettings

FARTHEST = 6.0
"""Spreads beyond which a number is no more told from one that far away: tracks that jump."""


@dataclass(frozen=True)
class TcnSettings:
    """Sizes of the network; one residual block per dilation. `dropout` is a share of channels."""

    n_inputs: int
    n_behaviours: int
    width: int = 32
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    dropout: float = 0.2


class Tcn(nn.Module):
    """(batch, column, frame) to the logarithm of the odds, (batch, behaviour, frame).

    Columns are given as they are, NaN where they are missing. They are bent (the inverse
    hyperbolic sine: small numbers as they are, large ones as their logarithm), less their mean and
    in spreads; `fit_scales` says which. Beyond the ends of what is given nothing is seen.

    Examples
    --------
    >>> network = Tcn(TcnSettings(n_inputs=5, n_behaviours=2))
    >>> network(torch.zeros(1, 5, 100)).shape, network.receptive_field
    (torch.Size([1, 2, 100]), 30)
    """

    bend: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, settings: TcnSettings) -> None:
        super().__init__()
        self.settings = settings
        for name, number in (("bend", 1.0), ("centre", 0.0), ("spread", 1.0)):
            self.register_buffer(name, torch.full((settings.n_inputs, 1), number))
        self.encoder = Convolutional(
            ConvolutionalSettings(
                settings.n_inputs, settings.width, settings.width, settings.kernel,
                settings.dilations,
            )
        )  # fmt: skip
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(settings.width, settings.n_behaviours)

    @property
    def receptive_field(self) -> int:
        """Frames to either side that a frame depends on."""
        return self.encoder.receptive_field

    def fit_scales(self, columns: Tensor) -> None:
        """Take bend, mean and spread of columns, (column, frame), that are trained on."""
        self.bend = columns.abs().nanmedian(dim=1, keepdim=True).values.nan_to_num(1.0)
        self.bend = torch.where(self.bend > 0, self.bend, 1.0)
        bent = (columns / self.bend).asinh()
        self.centre = bent.nanmean(dim=1, keepdim=True).nan_to_num(0.0)
        spread = (bent - self.centre).square().nanmean(dim=1, keepdim=True).sqrt()
        self.spread = torch.where(spread > 0, spread, 1.0)  # NaN is not above 0

    def forward(self, x: Tensor) -> Tensor:
        """Odds of every frame."""
        scaled = ((x / self.bend).asinh() - self.centre) / self.spread
        look = self.receptive_field
        around = functional.pad(scaled.clamp(-FARTHEST, FARTHEST), (look, look), value=torch.nan)
        latent = self.encoder(around)[..., look : look + x.shape[-1]].relu().transpose(1, 2)
        odds: Tensor = self.head(self.dropout(latent)).transpose(1, 2)
        return odds


class Labelling(nn.Module):
    """What is minimised: cross-entropy of the labels, of frames that have one.

    `weights` (behaviour, 2, 1) is how much a frame without and with each behaviour counts, so that
    rare ones weigh as much as frequent ones. The first and last frames of a window, which
    do not see all around them, are no part of it.
    """

    weights: Tensor

    def __init__(self, network: Tcn, weights: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("weights", weights)

    def forward(
        self, batch: Mapping[str, Tensor], share: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch; `share` of the training changes nothing."""
        said = inner(batch["y"], self.network.receptive_field)
        odds = inner(self.network(batch["x"]), self.network.receptive_field)
        there = said.nan_to_num(0.0)
        counted = torch.where(there > 0, self.weights[:, 1], self.weights[:, 0])
        counted = counted.masked_fill(said.isnan(), 0.0)
        lost = functional.binary_cross_entropy_with_logits(odds, there, reduction="none")
        return (lost * counted).sum() / counted.sum().clamp_min(1e-6), {}


def inner(x: Tensor, look: int) -> Tensor:
    """All but so many frames at both ends."""
    return x[..., look : x.shape[-1] - look]
