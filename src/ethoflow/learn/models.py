"""What is trained: trees for each behaviour by itself, or networks for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import WrongUse
from ethoflow.learn import boosting
from ethoflow.learn.calibrating import Calibration
from ethoflow.learn.folds import By
from ethoflow.learn.network import (
    TcnChoices,
    describe_networks,
    dilations_of,
    need_torch,
    train_networks,
)
from ethoflow.learn.samples import Track, labelled

if TYPE_CHECKING:
    from ethoflow.learn.network import Networks

Kind: TypeAlias = Literal["boosting", "tcn"]
KINDS = ("boosting", "tcn")


@dataclass(frozen=True)
class Plan:
    """How classifiers are trained and tested.

    `embargo` and `max_frames` are frames; of more labelled frames trees take every so manieth.
    """

    model: Kind
    by: By
    folds: int
    embargo: int
    max_frames: int
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    fps: float = 25.0


class Trained(Protocol):
    """A model after training."""

    def probability(self, track: Track, frames: Array) -> Array:
        """Probability of every behaviour in the frames of a mask, (behaviour, frame).

        It says nothing of frames that are not known; the caller leaves them out.
        """
        ...


@dataclass(frozen=True)
class Trees:
    """Trees of one behaviour."""

    arrays: Mapping[str, Array]

    def probability(self, track: Track, frames: Array) -> Array:
        """Probability in the frames of a mask, (1, frame)."""
        return boosting.probability(self.arrays, track.x[:, frames])[None]

    def calibrated(self, found: Sequence[Calibration]) -> Trees:
        """Trees whose odds are put right."""
        (one,) = found
        return Trees(boosting.calibrated(self.arrays, one))


def describe_models(models: Sequence[Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays of trees or networks, and what a recipe says of them."""
    first = models[0]
    if isinstance(first, Trees):
        held = {f"b{i}_{n}": one for i, own in enumerate(models) for n, one in own.arrays.items()}
        return held, {"arrays": list(first.arrays)}
    return describe_networks(first)


def check_model(kind: str, settings: Mapping[str, Any]) -> None:
    """Refuse what is no model, or what cannot be trained here.

    Raises
    ------
    WrongUse
        There is no such model, or no such setting of it.
    DataError
        What trains it is not installed.
    """
    if kind not in KINDS:
        raise WrongUse(f"model is 'boosting' or 'tcn', found {kind!r}.")
    if kind == "boosting":
        boosting.need_sklearn()
    else:
        need_torch()
        TcnChoices.read(settings)


def learnt_together(kind: Kind, behaviours: Sequence[str]) -> list[tuple[str, ...]]:
    """Behaviours that one model tells.

    Examples
    --------
    >>> learnt_together("boosting", ["a", "b"]), learnt_together("tcn", ["a", "b"])
    ([('a',), ('b',)], [('a', 'b')])
    """
    return [tuple(behaviours)] if kind == "tcn" else [(name,) for name in behaviours]


def sight(kind: Kind, settings: Mapping[str, Any], fps: float) -> int:
    """Frames to either side that a model looks at, beyond what its columns do."""
    if kind == "boosting":
        return 0
    choices = TcnChoices.read(settings)
    return choices.kernel // 2 * sum(dilations_of(choices, fps))


def room_for(kind: Kind) -> float:
    """Bytes of columns that lie in memory: networks stream more of them, trees thin them out."""
    if kind == "boosting":
        return np.inf
    from ethoflow.networks import streams  # torch is heavy

    return streams.ROOM


def train(
    tracks: Sequence[Track], masks: Sequence[Array], behaviours: Sequence[str], plan: Plan
) -> Trees | Networks:
    """The model trained on the labelled frames in `masks`."""
    usable = labelled(tracks, behaviours, masks)
    if plan.model == "tcn":
        return train_networks(
            tracks, usable, behaviours, choices=TcnChoices.read(plan.settings), by=plan.by,
            fps=plan.fps, seed=plan.seed,
        )  # fmt: skip
    (behaviour,) = behaviours
    return grow_trees(tracks, usable, behaviour, plan)


def grow_trees(
    tracks: Sequence[Track], usable: Sequence[Array], behaviour: str, plan: Plan
) -> Trees:
    """Trees of one behaviour, grown on the labelled frames of the masks `usable`."""
    step = max(-(-sum(int(one.sum()) for one in usable) // plan.max_frames), 1)
    rows = [np.flatnonzero(one)[::step] for one in usable]
    x = np.concatenate([track.x[:, own].T for track, own in zip(tracks, rows, strict=True)])
    y = np.concatenate([t.states[behaviour][own] for t, own in zip(tracks, rows, strict=True)])
    return Trees(boosting.grow(x, y, settings=plan.settings, seed=plan.seed))
