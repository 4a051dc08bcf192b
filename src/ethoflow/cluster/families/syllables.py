"""The default: a merged hidden Markov model, and a network that learns what it says.

The hidden Markov model finds the clusters, their number of frames, and how they follow each other;
a small convolutional network is taught its soft states. The network sees half a second around a
frame where the model sees Gaussians, is sure where a point is missing, runs densely over blocks,
and its hidden layer is the embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.cluster.families.hmm import HmmConfig, fit_states, scores_of
from ethoflow.cluster.family import Fitted, Pieces, family
from ethoflow.cluster.hmm import States, Stretches, expect, log_density
from ethoflow.cluster.networks.head import Head, HeadSettings
from ethoflow.engine.declare import Array
from ethoflow.networks.convolutional import Convolutional, ConvolutionalSettings
from ethoflow.networks.progress import Progress
from ethoflow.networks.streams import Source
from ethoflow.networks.training import Plan, seeded, train

DILATIONS, USUAL_FPS = (1, 2, 4), 25.0


@dataclass(frozen=True)
class SyllablesConfig:
    """Settings of the default clusterer.

    The first five are those of the hidden Markov model. The network is trained for `steps` steps of
    `batch` stretches; `noise`, `gain`, `bias` and `drop` are how much its input is disturbed, and
    `smoothing` the share by which its teacher is less sure. `evidence` is the power of what a frame
    says when clusters are decoded in time: the network sees 29 frames at a time, of which
    neighbours share most. That is at 25 frames per second; at higher rates it looks as far in
    seconds, at more frames.
    """

    clusters: int = 10
    most: int = 0
    spread: float = 0.02
    stay: float = 20.0
    again: int = 6
    width: int = 48
    steps: int = 600
    batch: int = 16
    length: int = 128
    rate: float = 3e-3
    noise: float = 0.3
    gain: float = 0.1
    bias: float = 0.1
    drop: float = 0.1
    smoothing: float = 0.05
    evidence: float = 0.3


@family(config=SyllablesConfig, reference="docs/clusterers.md", network=True)
def syllables(
    pieces: Pieces,
    config: SyllablesConfig,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """A hidden Markov model's states, as a network has learnt them."""
    own = HmmConfig(config.clusters, config.most, config.spread, config.stay, config.again)
    data, path = fit_states(pieces, own, seed=seed, device=device, progress=progress)
    states, found = path[-1].states, path[-1].expected
    share = np.ascontiguousarray(found.share.transpose(1, 2).cpu().numpy())
    apart = max(round(pieces.fps / USUAL_FPS), 1)
    with seeded(seed, device):
        encoder = Convolutional(
            ConvolutionalSettings(
                pieces.n_components, latent=config.width, width=config.width,
                dilations=tuple(apart * dilation for dilation in DILATIONS),
            )
        )  # fmt: skip
        head = Head(HeadSettings(config.width, config.clusters))
        student = Student(encoder, head, config)
    batch, length = max(config.batch // apart, 1), apart * config.length
    plan = Plan(steps=config.steps, batch=batch, length=length, rate=config.rate)
    source, recording = taught_on(pieces, states, share)
    history = train(
        student, source, recording, plan, seed=seed, device=device, gap=encoder.receptive_field,
        progress=progress,
    )  # fmt: skip
    student.to("cpu")
    scores = scores_of(data, states, found)
    taught = {f"student_{name}": value for name, value in history.best.items()}
    return Fitted(
        encoder, head, states.transitions.log().cpu().numpy(), None,
        evidence=config.evidence / apart, scores={**scores, **taught}, training=history.rows,
    )  # fmt: skip


def taught_on(
    pieces: Pieces, states: States, share: Array
) -> tuple[Mapping[str, Array] | Source, Array]:
    """What the network is taught: the sample with its `share`, or all pieces that are on disk."""
    if pieces.shelf is None:
        return {"x": pieces.read("signal"), "share": share}, pieces.recording

    def said(x: Array) -> Array:
        with torch.inference_mode():
            data = Stretches.of(torch.from_numpy(x).to(states.mean.device), squares=False)
            found = expect(data, states, density_of_rows).share
            return found.transpose(1, 2).cpu().numpy()

    pieces.shelf.derive("share", states.n, said, of="x")
    return pieces.shelf, pieces.shelf.recording


def density_of_rows(data: Stretches, mean: Tensor, covariance: Tensor) -> Tensor:
    """Log density of all frames, (row, state), of stretches without the products of components."""
    return log_density(data.x.flatten(0, 1), mean, covariance)


class Student(nn.Module):
    """What is minimised: the cross entropy to the teacher's shares, of a disturbed signal."""

    def __init__(self, encoder: nn.Module, head: nn.Module, config: SyllablesConfig) -> None:
        super().__init__()
        self.encoder, self.head, self.config = encoder, head, config

    def forward(
        self, batch: Mapping[str, Tensor], share: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a batch, and the share of frames in which both say the same."""
        signal, wanted = batch["x"], batch["share"]
        known = ~signal.isnan().any(dim=1)
        if self.training:
            signal = self._disturbed(signal)
        told = functional.log_softmax(self.head(self.encoder(signal)), dim=1)
        soft = (1 - self.config.smoothing) * wanted + self.config.smoothing / wanted.shape[1]
        lost = -(soft * told).sum(dim=1)
        weight = known.to(lost.dtype)
        loss = (lost * weight).sum() / weight.sum().clamp_min(1)
        same = (told.argmax(1) == wanted.argmax(1)) & known
        return loss, {"agreement": same.sum() / known.sum().clamp_min(1)}

    def _disturbed(self, signal: Tensor) -> Tensor:
        """More noise, more or less of each component, and some components gone."""
        n, components, _ = signal.shape
        own = self.config

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, device=signal.device)

        gain = 1 + own.gain * normal(n, components, 1)
        bias = own.bias * normal(n, components, 1)
        kept = torch.rand(n, components, 1, device=signal.device) >= own.drop
        return (signal * gain + bias + own.noise * torch.randn_like(signal)) * kept
