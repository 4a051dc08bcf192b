"""A transformer whose frames attend to those near them only.

After Vaswani et al. 2017, arXiv:1706.03762; attention within a band after Beltagy et al. 2020,
arXiv:2004.05150; places relative to each other after Shaw et al. 2018, arXiv:1803.02155.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.networks.entry import Entry, Exit

FAR = -1e4
"""Added to what is not to be attended to; finite, so that a row of nothing else has numbers."""


@dataclass(frozen=True)
class TransformerSettings:
    """Sizes of a transformer; `reach` is how many frames to either side a layer attends to."""

    n_inputs: int
    latent: int = 48
    width: int = 48
    heads: int = 4
    layers: int = 2
    reach: int = 8


class Transformer(nn.Module):
    """(batch, component, frame) to (batch, latent, frame), the same at every frame.

    Cost grows with the length of a signal, not with its square.

    Examples
    --------
    >>> network = Transformer(TransformerSettings(n_inputs=15))
    >>> network(torch.zeros(2, 15, 100)).shape, network.receptive_field
    (torch.Size([2, 48, 100]), 16)
    """

    tile = 1

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        self.settings = settings
        self.entry = Entry(settings.n_inputs, settings.width)
        self.layers = nn.ModuleList(
            _Layer(settings.width, settings.heads, settings.reach) for _ in range(settings.layers)
        )
        self.exit = Exit(settings.width, settings.latent)

    @property
    def receptive_field(self) -> int:
        """Frames to either side that a frame depends on."""
        return self.settings.layers * self.settings.reach

    def forward(self, x: Tensor) -> Tensor:
        """Latent of every frame; `x` is NaN where nothing was seen."""
        rows = self.entry(x)
        for layer in self.layers:
            rows = layer(rows)
        out: Tensor = self.exit(rows)
        return out


class _Layer(nn.Module):
    """Attention within a band, and a network on each frame; (batch, frame, channel)."""

    def __init__(self, width: int, heads: int, reach: int) -> None:
        super().__init__()
        self.heads, self.reach = heads, reach
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked = nn.Linear(width, 3 * width)
        self.told = nn.Linear(width, width)
        self.nearness = nn.Parameter(torch.zeros(heads, 2 * reach + 1))
        self.frame = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Channels of every frame."""
        rows = rows + self.told(self._attend(self.asked(self.before(rows))))
        out: Tensor = rows + self.frame(self.between(rows))
        return out

    def _attend(self, asked: Tensor) -> Tensor:
        """Frames in groups of `reach`, each with the group before it and the one after."""
        reach, heads = self.reach, self.heads
        batch, n_frames, width = asked.shape
        groups = -(-n_frames // reach)
        padded = functional.pad(asked, (0, 0, reach, groups * reach - n_frames + reach))
        # (batch, group, head, frame, channel); keys and values three groups long
        query, key, value = padded.view(batch, -1, 3, heads, width // 3 // heads).unbind(2)
        query = query[:, reach:-reach].unfold(1, reach, reach).transpose(3, 4)
        near, told = (one.unfold(1, 3 * reach, reach).transpose(3, 4) for one in (key, value))
        band = self._band(groups, n_frames, query)
        found = functional.scaled_dot_product_attention(query, near, told, attn_mask=band)
        return found.transpose(2, 3).flatten(1, 2)[:, :n_frames].flatten(2)

    def _band(self, groups: int, n_frames: int, like: Tensor) -> Tensor:
        """What is added to the likeness of two frames, (group, head, frame, frame)."""
        reach = self.reach
        own = torch.arange(reach, device=like.device)
        other = torch.arange(3 * reach, device=like.device) - reach
        apart = other - own[:, None]
        bias = self.nearness[:, apart.clamp(-reach, reach) + reach]
        bias = bias.masked_fill(apart.abs() > reach, FAR)
        frame = torch.arange(groups, device=like.device)[:, None] * reach + other
        outside = (frame < 0) | (frame >= n_frames)
        return (bias + FAR * outside[:, None, None]).to(like.dtype)
