"""How a network is trained on labelled tracks, and what it says of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, WrongUse, no_such
from ethoflow.learn.calibrating import Calibration
from ethoflow.learn.folds import By, groups_of
from ethoflow.learn.samples import Track

if TYPE_CHECKING:
    from ethoflow.learn.convolutional import Tcn

PIECE = 400
"""Frames of the pieces that tracks are cut into, beside what a network sees around them."""
TILE = 4096
"""Frames that a network is given at a time, always the same of a recording."""
RAREST = 0.02
"""Share of a class below which it gets no more weight."""


@dataclass(frozen=True)
class TcnChoices:
    """Settings of the network and of its training.

    `reach` is how far it sees to either side, s, by kernels of `kernel` frames; `networks` are trained that each have other frames
    held out to see when to stop, and their odds are averaged. The others are as in
    `ethoflow.networks.training.Plan`.
    """

    width: int = 32
    kernel: int = 5
    reach: float = 0.6
    dropout: float = 0.2
    networks: int = 3
    steps: int = 120
    batch: int = 8
    length: int = 192
    rate: float = 3e-3
    decay: float = 1e-2
    held_out: float = 0.15
    every: int = 20
    patience: int = 3

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> TcnChoices:
        """Settings by name, the others at their defaults.

        Raises
        ------
        WrongUse
            There is no such setting.

        Examples
        --------
        >>> TcnChoices.read({"width": 16}).width
        16
        """
        known = asdict(cls())
        for name in given:
            if name not in known:
                raise WrongUse(no_such("setting of the network", name, known))
        return cls(**given)


def dilations_of(choices: TcnChoices, fps: float) -> tuple[int, ...]:
    """Dilations of blocks that together see about `reach` seconds to either side.

    Examples
    --------
    >>> dilations_of(TcnChoices(reach=0.6), 50), dilations_of(TcnChoices(reach=0.6), 25)
    ((1, 2, 4, 8), (1, 2, 4))
    """
    blocks = max(round(float(np.log2(choices.reach * fps / (choices.kernel // 2) + 1))), 1)
    return tuple(2**block for block in range(blocks))


def need_torch() -> None:
    """Refuse where PyTorch is not installed.

    Raises
    ------
    DataError
        It is not.
    """
    try:
        import safetensors
        import torch
    except ImportError as error:
        raise DataError(
            "a network needs PyTorch: pip install 'ethoflow[cluster]'. model='boosting' does not."
        ) from error
    del torch, safetensors


@dataclass(frozen=True)
class Networks:
    """Networks that were trained, and a row of numbers for every look at how each did."""

    networks: tuple[Tcn, ...]
    history: tuple[Mapping[str, float], ...]

    def probability(self, track: Track, frames: Array) -> Array:
        """Probability of every behaviour in the frames of a mask, (behaviour, frame)."""
        n = track.x.shape[-1]
        look = self.networks[0].receptive_field
        parts = [
            probability_of(self.networks, track.x[:, max(first - look, 0) : first + TILE + look])[
                :, min(first, look) :
            ][:, :TILE]
            for first in range(0, n, TILE)
        ]
        found: Array = np.concatenate(parts, axis=-1)[:, frames]
        return found

    def calibrated(self, found: Sequence[Calibration]) -> Networks:
        """Networks whose odds are put right: a calibration is within their last layer."""
        import torch

        slope, offset = (
            torch.tensor([getattr(one, name) for one in found], dtype=torch.float32)
            for name in ("slope", "offset")
        )
        with torch.no_grad():
            for network in self.networks:
                network.head.weight *= slope[:, None]
                network.head.bias.mul_(slope).add_(offset)
        return self


def probability_of(networks: Sequence[Any], x: Array) -> Array:
    """Probability by the mean odds of networks, (behaviour, frame), of columns (column, frame)."""
    import torch

    with torch.inference_mode():
        given = torch.from_numpy(np.ascontiguousarray(x, np.float32))[None]
        odds = torch.stack([network(given)[0] for network in networks]).double().mean(dim=0)
        found: Array = odds.sigmoid().numpy()
    return found


def train_networks(
    tracks: Sequence[Track],
    masks: Sequence[Array],
    behaviours: Sequence[str],
    *,
    choices: TcnChoices,
    by: By,
    fps: float,
    seed: int,
) -> Networks:
    """Networks trained on the labelled frames in `masks`; they tell all behaviours at once."""
    import torch

    from ethoflow.learn.convolutional import Labelling, Tcn, TcnSettings
    from ethoflow.networks.training import Plan, seeded, train

    x = np.concatenate([t.x[:, m] for t, m in zip(tracks, masks, strict=True)], axis=-1)
    settings = TcnSettings(
        len(x), len(behaviours), choices.width, choices.kernel, dilations_of(choices, fps),
        choices.dropout,
    )  # fmt: skip
    weights = torch.from_numpy(_weights(tracks, masks, behaviours))
    plan = Plan(
        steps=choices.steps, batch=choices.batch, length=choices.length, rate=choices.rate,
        decay=choices.decay, held_out=choices.held_out, every=choices.every,
        patience=choices.patience,
    )  # fmt: skip
    made, history = [], []
    for number in range(choices.networks):
        own = seed + 1000 * number
        with seeded(own):
            network = Tcn(settings)
        network.fit_scales(torch.from_numpy(np.ascontiguousarray(x, np.float32)))
        arrays, group = _pieces(tracks, masks, behaviours, network.receptive_field, by)
        turned = np.roll(np.arange(len(group)), number * len(group) // choices.networks)
        done = train(
            Labelling(network, weights), {n: one[turned] for n, one in arrays.items()},
            group[turned], plan, seed=own, gap=network.receptive_field,
        )  # fmt: skip
        with torch.no_grad():  # what the weights of the classes added to the odds
            network.head.bias -= (weights[:, 1] / weights[:, 0]).log()[:, 0]
        made.append(network)
        history += [{"network": float(number), **row} for row in done.rows]
    return Networks(tuple(made), tuple(history))


def _weights(tracks: Sequence[Track], masks: Sequence[Array], behaviours: Sequence[str]) -> Array:
    """How much a frame without and with each behaviour counts, (behaviour, 2, 1)."""
    found = []
    for name in behaviours:
        said = np.concatenate([t.states[name][m] for t, m in zip(tracks, masks, strict=True)])
        share = float(np.mean(said[said >= 0] == 1)) if (said >= 0).any() else 0.5
        share = min(max(share, RAREST), 1 - RAREST)
        found.append([[0.5 / (1 - share)], [0.5 / share]])
    return np.array(found, np.float32)


def _pieces(
    tracks: Sequence[Track], masks: Sequence[Array], behaviours: Sequence[str], look: int, by: By
) -> tuple[dict[str, Array], Array]:
    """Columns and labels of pieces of tracks, and what is held out together of each.

    A piece has `look` frames more at both ends, that are seen and have no labels in it. What lies
    beyond a track is missing.
    """
    seats = [track.seat for track in tracks]
    groups = groups_of(seats, "recording" if by == "block" else by)
    x, y, own = [], [], []
    for track, mask, group in zip(tracks, masks, groups, strict=True):
        n = track.x.shape[-1]
        said = np.stack([track.states[name] for name in behaviours])
        said = np.where(mask & (said >= 0), said, np.nan)
        columns = np.pad(track.x, ((0, 0), (look, PIECE + look)), constant_values=np.nan)
        said = np.pad(said, ((0, 0), (0, PIECE)), constant_values=np.nan)
        for first in range(0, n, PIECE):
            labels = said[:, first : first + PIECE]
            if not np.isnan(labels).all():
                x.append(columns[:, first : first + PIECE + 2 * look])
                y.append(np.pad(labels, ((0, 0), (look, look)), constant_values=np.nan))
                own.append(group)
    found = {"x": np.stack(x).astype(np.float32), "y": np.stack(y).astype(np.float32)}
    return found, np.array(own)
