"""How a signal with gaps enters a network, and how it leaves it.

Within a network the channels of a frame lie together, (batch, frame, channel): layers over the
channels are then matrix products and norms of contiguous rows, which is what processors do best.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Entry(nn.Module):
    """(batch, component, frame) to (batch, frame, width); what is NaN enters as 0.

    One more component holds the share of components that were seen, so that a gap is no mean pose.
    """

    def __init__(self, n_inputs: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(n_inputs + 1, width)

    def forward(self, x: Tensor) -> Tensor:
        """Channels of every frame."""
        missing = x.isnan()
        share = 1 - missing.to(x.dtype).mean(dim=1, keepdim=True)
        rows = torch.cat([x.masked_fill(missing, 0.0), share], dim=1).transpose(1, 2)
        out: Tensor = self.project(rows)
        return out


class Exit(nn.Module):
    """(batch, frame, width) to (batch, latent, frame)."""

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, latent)

    def forward(self, rows: Tensor) -> Tensor:
        """Latent of every frame."""
        out: Tensor = self.project(rows)
        return out.transpose(1, 2)
