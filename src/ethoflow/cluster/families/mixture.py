"""PCA and a mixture of Gaussians on frames: what is found without regard to time."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.cluster.hmm import Gaussians, Prior, Stretches
from ethoflow.cluster.mixing import fit_mixture
from ethoflow.cluster.networks.plain import Same, SameSettings
from ethoflow.cluster.numbers import check_frames, use_of
from ethoflow.networks.progress import Progress


@dataclass(frozen=True)
class MixtureConfig:
    """Settings of a mixture of Gaussians."""

    clusters: int = 10
    spread: float = 0.02
    rounds: int = 100


@family(config=MixtureConfig, reference="Dempster et al. 1977, J. R. Stat. Soc. B 39:1")
def mixture(
    pieces: Pieces,
    config: MixtureConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """A mixture of Gaussians with full covariance; every frame is decided by itself."""
    check_frames(pieces, config.clusters)
    data = Stretches.of(torch.from_numpy(pieces.read("signal")).to(device))
    prior = Prior(spread=config.spread, stay=0.0)
    states, likelihood = fit_mixture(
        data, config.clusters, prior, rounds=config.rounds, seed=seed, progress=progress
    )
    scores = {"likelihood": likelihood / float(data.seen.sum()), **use_of(states.use.cpu().numpy())}
    return Fitted(
        Same(SameSettings(pieces.n_components)), Gaussians.of(states), None,
        states.use.log().cpu().numpy(), scores,
    )  # fmt: skip
