"""How a network is trained on labelled tracks, and what it says of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, WrongUse, no_such
from ethoflow.learn.calibrating import Calibration
from ethoflow.learn.folds import By
from ethoflow.learn.pieces import (
    class_weights,
    cut_pieces,
    cut_when_read,
    in_order,
    spread_held_out,
)
from ethoflow.learn.samples import Track
from ethoflow.learn.streaming import are_stored, spaced

if TYPE_CHECKING:
    from ethoflow.learn.convolutional import Tcn

TILE = 1024
"""Frames that a network is given at a time, always the same of a recording."""

LIMITS: Mapping[str, tuple[float, float, Any]] = {
    "reach": (0.01, 60.0, int | float),
    "dropout": (0.0, 0.9, int | float),
    "rate": (1e-6, 1.0, int | float),
    "decay": (0.0, 1.0, int | float),
    "held_out": (0.0, 0.5, int | float),
}
"""Of settings that are no whole numbers of 1 and more."""


@dataclass(frozen=True)
class TcnChoices:
    """Settings of the network and of its training.

    `reach` is how far it sees to either side, s, by kernels of `kernel` frames. `networks` are
    trained that each have other frames held out to see when to stop, and their odds are averaged.
    `length` is the labelled frames of a window, beside what is seen around them. The others are as
    in `ethoflow.networks.training.Plan`.
    """

    width: int = 32
    kernel: int = 5
    reach: float = 0.6
    dropout: float = 0.2
    networks: int = 2
    steps: int = 120
    batch: int = 8
    length: int = 128
    rate: float = 3e-3
    decay: float = 1e-2
    held_out: float = 0.25
    every: int = 20
    patience: int = 3

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> TcnChoices:
        """Settings by name, the others at their defaults.

        Raises
        ------
        WrongUse
            There is no such setting, or it cannot be so.

        Examples
        --------
        >>> TcnChoices.read({"width": 16}).width
        16
        """
        known = asdict(cls())
        for name in given:
            if name not in known:
                raise WrongUse(no_such("setting of the network", name, known))
        found = cls(**given)
        for name, value in asdict(found).items():
            low, high, kind = LIMITS.get(name, (1, np.inf, int))
            if not isinstance(value, kind) or not low <= value <= high:
                whole = "a whole number" if kind is int else "a number"
                raise WrongUse(f"{name} is {whole} from {low:g} to {high:g}, found {value!r}.")
        return found


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


def describe_networks(found: Networks) -> tuple[dict[str, Array], dict[str, Any]]:
    """Numbers of networks, and what a recipe says of them."""
    from ethoflow.networks.weights import describe, weights_of

    names = [f"network{number}" for number in range(len(found.networks))]
    own = dict(zip(names, found.networks, strict=True))
    arrays = {n: one for name, net in own.items() for n, one in weights_of(net, name).items()}
    return arrays, {
        "networks": names,
        **{name: describe(network) for name, network in own.items()},
        "look": found.networks[0].receptive_field,
        "tile": TILE,
        "training": [dict(row) for row in found.history],
    }


def probability_of(networks: Sequence[Any], x: Array, device: str = "cpu") -> Array:
    """Probability by the mean odds of networks, (behaviour, frame), of columns (column, frame)."""
    import torch

    from ethoflow.networks.placing import using

    with using(device):
        given = torch.from_numpy(np.array(x, np.float32, order="C"))[None].to(device)
        odds = torch.stack([network(given)[0] for network in networks]).double().mean(dim=0)
        found: Array = odds.sigmoid().cpu().numpy()
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
    from ethoflow.networks.stretches import FEWEST_PIECES
    from ethoflow.networks.training import Plan, seeded, train

    stored = are_stored(tracks)
    some = spaced(masks) if stored else masks
    x = np.concatenate([t.x[:, m] for t, m in zip(tracks, some, strict=True)], axis=-1)
    settings = TcnSettings(
        len(x), len(behaviours), choices.width, choices.kernel, dilations_of(choices, fps),
        choices.dropout,
    )  # fmt: skip
    weights = torch.from_numpy(class_weights(tracks, masks, behaviours))
    made, history = [], []
    for number in range(choices.networks):
        own = seed + 1000 * number
        with seeded(own):
            network = Tcn(settings)
        network.fit_scales(torch.from_numpy(np.ascontiguousarray(x, np.float32)))
        look = network.receptive_field
        cut = cut_when_read if stored else cut_pieces
        pieces, group = cut(tracks, masks, behaviours, look, by)
        plan = Plan(
            steps=choices.steps, batch=choices.batch, length=choices.length + 2 * look,
            rate=choices.rate, decay=choices.decay, every=choices.every, patience=choices.patience,
            held_out=choices.held_out if len(group) >= FEWEST_PIECES else 0.0,
        )  # fmt: skip
        turned = spread_held_out(group, choices.held_out, number / choices.networks)
        done = train(
            Labelling(network, weights), in_order(pieces, turned), group[turned], plan, seed=own,
            gap=look,
        )  # fmt: skip
        with torch.no_grad():  # what the weights of the classes added to the odds
            network.head.bias.sub_((weights[:, 1] / weights[:, 0]).log()[:, 0])
        made.append(network)
        history += [{"network": float(number), **row} for row in done.rows]
    return Networks(tuple(made), tuple(history))
