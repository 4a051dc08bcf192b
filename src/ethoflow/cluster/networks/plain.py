"""Encoders without weights: the signal itself, its past, and statistics of windows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class SameSettings:
    """How many components there are."""

    n_inputs: int


class Same(nn.Module):
    """(batch, component, frame) as it is: the latent of models on the signal."""

    tile = 1
    receptive_field = 0

    def __init__(self, settings: SameSettings) -> None:
        super().__init__()
        self.settings = settings

    def forward(self, x: Tensor) -> Tensor:
        """The signal; a frame with a missing component is missing."""
        return x.masked_fill(x.isnan().any(1, keepdim=True), torch.nan)


@dataclass(frozen=True)
class LaggedSettings:
    """How many frames of the past come behind the present one."""

    n_inputs: int
    lags: int = 2


class Lagged(nn.Module):
    """(batch, component, frame) to (batch, component of now and of each lag, frame)."""

    tile = 1

    def __init__(self, settings: LaggedSettings) -> None:
        super().__init__()
        self.settings = settings

    @property
    def receptive_field(self) -> int:
        """Frames to either side that a frame depends on."""
        return self.settings.lags

    def forward(self, x: Tensor) -> Tensor:
        """Present and past; missing where one of them is."""
        wide = functional.pad(x, (self.settings.lags, 0), value=torch.nan)
        n = x.shape[-1]
        at = [wide[..., self.settings.lags - lag :][..., :n] for lag in
              range(self.settings.lags + 1)]  # fmt: skip
        both = torch.cat(at, dim=1)
        return both.masked_fill(both.isnan().any(1, keepdim=True), torch.nan)


@dataclass(frozen=True)
class WindowStatisticsSettings:
    """Half the width of the windows."""

    n_inputs: int
    half: int = 6


class WindowStatistics(nn.Module):
    """(batch, component, frame) to (batch, mean and spread of each component, frame)."""

    tile = 1

    def __init__(self, settings: WindowStatisticsSettings) -> None:
        super().__init__()
        self.settings = settings

    @property
    def receptive_field(self) -> int:
        """Frames to either side that a frame depends on."""
        return self.settings.half

    def forward(self, x: Tensor) -> Tensor:
        """Statistics of the frames seen around each; missing where it is missing itself."""
        missing = x.isnan().any(1, keepdim=True)
        seen = (~missing).to(x.dtype).expand_as(x)
        filled = x.masked_fill(missing, 0.0)
        count = self._sum(seen).clamp_min(1)
        mean = self._sum(filled) / count
        spread = (self._sum(filled.square()) / count - mean.square()).clamp_min(0).sqrt()
        return torch.cat([mean, spread], dim=1).masked_fill(missing, torch.nan)

    def _sum(self, x: Tensor) -> Tensor:
        wide = 2 * self.settings.half + 1
        return functional.avg_pool1d(x, wide, 1, self.settings.half) * wide
