"""k-means on the mean and spread of windows: the oldest way, and a poor one for short bouts."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.cluster.hmm import Gaussians, GaussiansSettings, nearest_of_means
from ethoflow.cluster.networks.plain import WindowStatistics, WindowStatisticsSettings
from ethoflow.cluster.numbers import check_frames, use_of
from ethoflow.networks.progress import Progress


@dataclass(frozen=True)
class KmeansConfig:
    """Settings of k-means; `half` is half the width of the windows in frames."""

    clusters: int = 10
    half: int = 6
    rounds: int = 50


@family(config=KmeansConfig, reference="Lloyd 1982, IEEE Trans. Inf. Theory 28:129")
def kmeans(
    pieces: Pieces,
    config: KmeansConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """k-means on statistics of windows; every frame is decided by itself."""
    check_frames(pieces, config.clusters)
    encoder = WindowStatistics(WindowStatisticsSettings(pieces.n_components, config.half))
    with torch.inference_mode():
        latent = encoder(torch.from_numpy(pieces.read("signal")).to(device))
        rows = latent.transpose(1, 2).reshape(-1, latent.shape[1])
        rows = rows[~rows.isnan().any(1)]
        generator = torch.Generator().manual_seed(seed)
        near = nearest_of_means(rows, config.clusters, generator, config.rounds)
        n = torch.bincount(near, minlength=config.clusters)
        total = torch.zeros(config.clusters, rows.shape[1]).to(rows).index_add_(0, near, rows)
    # Gaussians of one spread in all directions, equally used, are nearest to their means.
    emission = Gaussians(GaussiansSettings(config.clusters, rows.shape[1]))
    emission.mean.copy_(total / n.clamp_min(1)[:, None])
    return Fitted(encoder, emission, None, None, use_of(n.cpu().numpy()))
