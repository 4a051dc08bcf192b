"""A fully convolutional encoder: residual blocks of growing dilation, one pass over a signal.

After Bai, Kolter & Koltun 2018, arXiv:1803.01271 (there causal, here centred).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ethoflow.networks.entry import Entry, Exit


@dataclass(frozen=True)
class ConvolutionalSettings:
    """Sizes of a convolutional encoder; one residual block per dilation."""

    n_inputs: int
    latent: int = 48
    width: int = 48
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4)


class Convolutional(nn.Module):
    """(batch, component, frame) to (batch, latent, frame), the same at every frame.

    Nothing in it looks at more than `receptive_field` frames to either side. Norms are over the
    channels of one frame: a network in training and one in use compute the same, and no frame
    changes the statistics of another.

    Examples
    --------
    >>> import torch
    >>> network = Convolutional(ConvolutionalSettings(n_inputs=15))
    >>> network(torch.zeros(2, 15, 100)).shape, network.receptive_field
    (torch.Size([2, 48, 100]), 14)
    """

    tile = 1

    def __init__(self, settings: ConvolutionalSettings) -> None:
        super().__init__()
        self.settings = settings
        self.entry = Entry(settings.n_inputs, settings.width)
        self.blocks = nn.ModuleList(
            Block(settings.width, settings.kernel, dilation) for dilation in settings.dilations
        )
        self.exit = Exit(settings.width, settings.latent)

    @property
    def receptive_field(self) -> int:
        """Frames to either side that a frame depends on."""
        return self.settings.kernel // 2 * sum(self.settings.dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Latent of every frame; `x` is NaN where nothing was seen."""
        rows = self.entry(x)
        for block in self.blocks:
            rows = block(rows)
        out: Tensor = self.exit(rows)
        return out


class Block(nn.Module):
    """A dilated convolution in time, added to what came in; (batch, frame, channel)."""

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        # Of two dims, because that of one takes no rows of channels and is up to three times
        # slower.
        self.convolution = nn.Conv2d(
            width, width, (1, kernel), padding=(0, kernel // 2 * dilation), dilation=(1, dilation)
        )
        rows_of_channels = self.convolution.weight.data.contiguous(
            memory_format=torch.channels_last
        )
        self.convolution.weight.data = rows_of_channels
        self.norm = nn.LayerNorm(width)

    def forward(self, rows: Tensor) -> Tensor:
        """Channels of every frame."""
        wide = self.convolution(rows.transpose(1, 2).unsqueeze(2))
        changed: Tensor = self.norm(wide.squeeze(2).transpose(1, 2))
        return rows + changed.relu_()
