"""Clusters of a latent: a hidden Markov model on what an encoder makes of a signal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ethoflow.cluster.families.hmm import HmmConfig, fit_states, scores_of
from ethoflow.cluster.family import Fitted, Pieces
from ethoflow.cluster.hmm import Gaussians, GaussiansSettings, Prior, Stretches, begin
from ethoflow.cluster.merging import tree_of
from ethoflow.cluster.numbers import known_frames
from ethoflow.cluster.projection import fit_projection
from ethoflow.engine.declare import Array

MOST_COMPONENTS = 15


@dataclass(frozen=True)
class OnLatentSettings:
    """Sizes of a latent, its whitened components, and how many clusters there are."""

    latent: int
    components: int
    clusters: int


class OnLatent(nn.Module):
    """(batch, latent, frame) to log scores (batch, cluster, frame), by whitened components."""

    centre: Tensor
    axes: Tensor

    def __init__(self, settings: OnLatentSettings) -> None:
        super().__init__()
        self.settings = settings
        self.register_buffer("centre", torch.zeros(settings.latent))
        self.register_buffer("axes", torch.zeros(settings.latent, settings.components))
        self.states = Gaussians(GaussiansSettings(settings.clusters, settings.components))

    def whitened(self, latent: Tensor) -> Tensor:
        """(batch, component, frame)."""
        return ((latent.transpose(1, 2) - self.centre) @ self.axes).transpose(1, 2)

    def forward(self, latent: Tensor) -> Tensor:
        """Log scores of every frame."""
        scores: Tensor = self.states(self.whitened(latent))
        return scores


def with_states(fitted: Fitted, pieces: Pieces, clusters: int, *, seed: int) -> Fitted:
    """A fitted encoder with the clusters of a hidden Markov model on its whitened latent."""
    encoder = fitted.encoder.cpu().eval()
    with torch.inference_mode():
        given = torch.from_numpy(np.ascontiguousarray(pieces.read(fitted.reads)))
        latent = encoder(given).numpy().copy()
    latent[~np.broadcast_to(known_frames(pieces)[:, None], latent.shape)] = np.nan
    found = fit_projection(np.concatenate(list(latent), axis=-1), MOST_COMPONENTS)
    spread = np.where(found["spread"] > 0, found["spread"], np.inf)
    axes = found["axes"] / spread[:, None] / np.sqrt(found["variance"])
    emission = OnLatent(OnLatentSettings(latent.shape[1], axes.shape[1], clusters))
    emission.centre.copy_(torch.from_numpy(found["centre"]))
    emission.axes.copy_(torch.from_numpy(axes))
    with torch.inference_mode():
        signal = emission.whitened(torch.from_numpy(latent)).numpy()
    own = replace(pieces, signal=np.nan_to_num(signal), seen=~np.isnan(signal).any(axis=1))
    data, path = fit_states(own, HmmConfig(clusters), seed=seed)
    states, expected = path[-1].states, path[-1].expected
    emission.states = Gaussians.of(states)
    return replace(
        fitted,
        emission=emission,
        transitions=states.transitions.log().numpy(),
        start=states.use.log().numpy(),
        scores={**scores_of(data, states, expected), **fitted.scores},
    )


def tree_of_latent(pieces: Pieces, share: Array) -> Array:
    """Merges of clusters by their Gaussians on the signal, as rows: two clusters and what is lost.

    `share` (piece, cluster, frame) is the share of each cluster in a frame, 0 where unknown.
    """
    data = Stretches.of(torch.from_numpy(pieces.read("signal")))
    given = torch.from_numpy(np.ascontiguousarray(share.transpose(0, 2, 1), np.float32))
    merges = tree_of(begin(data, torch.nan_to_num(given), Prior()))
    return np.array(merges, np.float64).reshape(-1, 3)
