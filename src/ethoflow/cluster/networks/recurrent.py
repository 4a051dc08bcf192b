"""A recurrent encoder that runs both ways over tiles of the frame grid.

After Cho et al. 2014, doi:10.3115/v1/D14-1179.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.networks.entry import Entry, Exit


@dataclass(frozen=True)
class RecurrentSettings:
    """Sizes of a recurrent encoder; `tile` and `margin` are frames."""

    n_inputs: int
    latent: int = 48
    width: int = 48
    tile: int = 64
    margin: int = 16


class Recurrent(nn.Module):
    """(batch, component, frame) to (batch, latent, frame), tile by tile.

    What a recurrent network says of a frame depends on where it began. Here it begins `margin`
    frames before a tile and, backwards, as many after it, with nothing remembered: a frame has one
    result wherever a block of a recording begins, as long as that is on the grid of tiles.

    Examples
    --------
    >>> network = Recurrent(RecurrentSettings(n_inputs=15))
    >>> network(torch.zeros(2, 15, 100)).shape, network.tile, network.receptive_field
    (torch.Size([2, 48, 100]), 64, 79)
    """

    def __init__(self, settings: RecurrentSettings) -> None:
        super().__init__()
        self.settings = settings
        self.entry = Entry(settings.n_inputs, settings.width)
        self.both_ways = nn.GRU(
            settings.width, settings.width // 2, batch_first=True, bidirectional=True
        )
        self.exit = Exit(2 * (settings.width // 2), settings.latent)

    @property
    def tile(self) -> int:
        """Frames of the grid on which the first frame has to lie."""
        return self.settings.tile

    @property
    def receptive_field(self) -> int:
        """Frames to either side that a frame may depend on."""
        return self.settings.tile + self.settings.margin - 1

    def forward(self, x: Tensor) -> Tensor:
        """Latent of every frame; `x` is NaN where nothing was seen."""
        tile, margin = self.settings.tile, self.settings.margin
        batch, _, n_frames = x.shape
        n_tiles = -(-n_frames // tile)
        after = n_tiles * tile - n_frames + margin
        rows = self.entry(functional.pad(x, (margin, after), value=torch.nan))
        tiles = rows.unfold(1, tile + 2 * margin, tile).transpose(2, 3).flatten(0, 1)
        heard, _ = self.both_ways(tiles)
        inside = heard[:, margin : margin + tile].reshape(batch, n_tiles * tile, -1)
        out: Tensor = self.exit(inside[:, :n_frames])
        return out
