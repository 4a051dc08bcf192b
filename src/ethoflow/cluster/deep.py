"""What deep families share: their settings, windows to tell of, and the encoder they begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ethoflow.cluster.family import Pieces, Reads
from ethoflow.cluster.networks.bodies import Kind
from ethoflow.cluster.networks.encoders import Encoder, make_encoder
from ethoflow.engine.declare import Array
from ethoflow.networks.progress import Progress
from ethoflow.networks.shelf import Shelf
from ethoflow.networks.training import History, Plan, train


@dataclass(frozen=True)
class DeepConfig:
    """Settings of every deep family.

    `encoder` is the network over time; with `graph` it reads poses through the skeleton. `latent`
    and `width` are channels. `offsets` are frames around a moment that its latent has to tell of;
    the rest is as in `Plan`.
    """

    clusters: int = 10
    encoder: Kind = "convolutional"
    graph: bool = False
    latent: int = 16
    width: int = 48
    steps: int = 600
    batch: int = 16
    length: int = 128
    rate: float = 2e-3
    patience: int = 8
    offsets: tuple[int, ...] = (-6, -3, 0, 3, 6)

    def plan(self, share: float = 1.0) -> Plan:
        """How to train, for a share of the steps."""
        steps = max(round(share * self.steps), 1)
        return Plan(
            steps=steps, batch=self.batch, length=self.length, rate=self.rate,
            patience=self.patience, every=max(steps // 20, 1),
        )  # fmt: skip


@dataclass(frozen=True)
class Begun:
    """An encoder before training, and what it is trained on."""

    encoder: Encoder
    reads: Reads
    x: Array
    scale: Tensor
    recording: Array
    n_parts: int
    shelf: Shelf | None = None

    def train(self, objective: nn.Module, plan: Plan, **more: Any) -> History:
        """Train what holds the encoder; blocks held out are beyond its reach."""
        gap = self.encoder.receptive_field
        if self.shelf is not None:
            return train(objective, self.shelf, self.shelf.recording, plan, gap=gap, **more)
        return train(objective, {"x": self.x}, self.recording, plan, gap=gap, **more)

    @torch.inference_mode()
    def latents(self, device: str, most: int = 64) -> tuple[Tensor, Tensor]:
        """Latent (piece, latent, frame) of at most `most` pieces, and which frames were seen."""
        take = np.unique(np.linspace(0, len(self.x) - 1, most).astype(int))
        x = torch.from_numpy(self.x[take]).to(device)
        self.encoder.eval()
        return self.encoder(x), ~x.isnan().all(dim=1)


def begin(pieces: Pieces, config: DeepConfig) -> Begun:
    """The encoder that `config` asks for; make it under `seeded`."""
    encoder, reads = make_encoder(
        pieces, config.encoder, graph=config.graph, latent=config.latent, width=config.width
    )
    x = np.ascontiguousarray(pieces.read(reads))
    spread = torch.from_numpy(x).nan_to_num(0.0).std(dim=(0, 2)).clamp_min(1e-6)
    n_parts = pieces.pose.shape[1] if reads == "pose" and pieces.pose is not None else 0
    return Begun(encoder, reads, x, spread[:, None], pieces.recording, n_parts, pieces.shelf)


class Telling(nn.Module):
    """From the latent of a frame to the numbers around it, and how far off they are.

    Only numbers that were seen are asked for: the missing neither leak in nor count.
    """

    scale: Tensor

    def __init__(self, latent: int, scale: Tensor, offsets: Sequence[int], width: int = 64) -> None:
        super().__init__()
        self.offsets = tuple(offsets)
        self.register_buffer("scale", scale)
        out = len(scale) * len(self.offsets)
        self.layers = nn.Sequential(nn.Linear(latent, width), nn.GELU(), nn.Linear(width, out))

    def forward(self, latent: Tensor, x: Tensor, weight: Tensor | None = None) -> Tensor:
        """Mean square error in units of `scale`, over what was seen of `x` around each frame.

        `weight` (window, 1, frame) is how much the numbers of a frame count.
        """
        told = self.layers(latent.transpose(1, 2)).transpose(1, 2)
        wanted = around(x / self.scale, self.offsets)
        seen = ~wanted.isnan()
        counted = seen.to(told.dtype)
        if weight is not None:
            counted = counted * around(weight, self.offsets, 0.0).repeat_interleave(
                len(self.scale), dim=1
            )
        away = (told - wanted.nan_to_num(0.0)).float().square()
        lost: Tensor = (away * counted).sum() / counted.sum().clamp_min(1.0)
        return lost


def around(x: Tensor, offsets: Sequence[int], fill: float = torch.nan) -> Tensor:
    """Numbers at `offsets` frames from each, one offset after the other as components.

    Examples
    --------
    >>> around(torch.arange(4.0)[None, None], (-1, 1))
    tensor([[[nan, 0., 1., 2.],
             [1., 2., 3., nan]]])
    """
    reach = max(abs(offset) for offset in offsets)
    padded = functional.pad(x, (reach, reach), value=fill)
    n = x.shape[-1]
    return torch.cat([padded[..., reach + o : reach + o + n] for o in offsets], dim=1)


def scores_of(history: History, **more: float) -> dict[str, float]:
    """Numbers of a training that are reported."""
    told = {name: value for name, value in history.best.items() if name != "step"}
    early = float(history.stopped_early)
    return {**told, "best_step": float(history.best_step), "stopped_early": early, **more}


def one_after_the_other(before: History, after: History) -> list[dict[str, float]]:
    """Rows of two trainings, steps counted on; of the first, before there are clusters, losses."""
    done = before.rows[-1]["step"]
    losses = ("step", "loss", "held_out")
    return [
        *({name: row[name] for name in losses if name in row} for row in before.rows),
        *({**row, "step": done + row["step"]} for row in after.rows),
    ]


def later(progress: Progress | None, done: int, of: int) -> Progress | None:
    """Progress of a second training that follows `done` of `of` steps."""
    if progress is None:
        return None
    return lambda step, _, numbers: progress(done + step, of, numbers)
