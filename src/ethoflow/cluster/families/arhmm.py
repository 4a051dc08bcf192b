"""An autoregressive hidden Markov model: in every state the next frame follows from the last ones.

After Wiltschko et al. 2015, Neuron 88:1121. The joint Gaussian of a frame and its past has the
regression of one on the other in it, so states are fitted as those of any other Gaussians.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.cluster.hmm import (
    Gaussians,
    GaussiansSettings,
    Prior,
    States,
    Stretches,
    improve,
    log_density,
    start_from_means,
)
from ethoflow.cluster.networks.plain import Lagged, LaggedSettings
from ethoflow.cluster.numbers import check_frames, use_of
from ethoflow.networks.progress import Progress


@dataclass(frozen=True)
class ArhmmConfig:
    """Settings of an autoregressive hidden Markov model; `lags` are frames of the past."""

    clusters: int = 10
    lags: int = 1
    spread: float = 0.02
    stay: float = 20.0
    rounds: int = 60


@family(config=ArhmmConfig, reference="Wiltschko et al. 2015, Neuron 88:1121")
def arhmm(
    pieces: Pieces,
    config: ArhmmConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """States begun by k-means on frames and their past; no state is merged."""
    check_frames(pieces, config.clusters)
    encoder = Lagged(LaggedSettings(pieces.n_components, config.lags))
    data = Stretches.of(encoder(torch.from_numpy(pieces.read("signal")).to(device)))
    prior = Prior(spread=config.spread, stay=config.stay)
    n = pieces.n_components

    def density(data: Stretches, mean: Tensor, covariance: Tensor) -> Tensor:
        return next_given_past(data.x.flatten(0, 1), mean, covariance, n)

    states = start_from_means(data, config.clusters, prior, seed)
    states, found = improve(data, states, prior, config.rounds, density=density)
    scores = {"likelihood": found.likelihood / float(data.seen.sum())}
    return Fitted(
        encoder,
        Following.of(states, n),
        states.transitions.log().cpu().numpy(),
        states.use.log().cpu().numpy(),
        {**scores, **use_of(states.use.cpu().numpy())},
    )


def next_given_past(x: Tensor, mean: Tensor, covariance: Tensor, n: int) -> Tensor:
    """Log density of the first `n` components given the others, (row, state)."""
    past = log_density(x[:, n:], mean[:, n:], covariance[:, n:, n:])
    return log_density(x, mean, covariance) - past


@dataclass(frozen=True)
class FollowingSettings:
    """How many clusters, components of a frame and its past, and of the frame alone."""

    clusters: int
    components: int
    now: int


class Following(nn.Module):
    """(batch, component of now and past, frame) to log scores (batch, cluster, frame)."""

    def __init__(self, settings: FollowingSettings) -> None:
        super().__init__()
        self.settings = settings
        self.joint = Gaussians(GaussiansSettings(settings.clusters, settings.components))

    @classmethod
    def of(cls, states: States, now: int) -> Following:
        """The regressions of states, weighed by their use."""
        n, d = states.mean.shape
        module = cls(FollowingSettings(n, d, now))
        module.joint = Gaussians.of(states)
        return module

    def forward(self, latent: Tensor) -> Tensor:
        """Log scores of every frame; equal, but for the use, where a frame or its past is unknown.

        The first frames of a recording have no past.
        """
        rows = latent.transpose(1, 2)
        seen = ~rows.isnan().any(-1, keepdim=True)
        flat = torch.nan_to_num(rows).reshape(-1, rows.shape[-1])
        scores = next_given_past(flat, self.joint.mean, self.joint.covariance, self.settings.now)
        wide = scores.reshape(*rows.shape[:2], -1) * seen + self.joint.log_use
        return wide.transpose(1, 2)
