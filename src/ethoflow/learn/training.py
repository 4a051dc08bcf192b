"""Training: trees on some frames, probabilities of others, and what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.learn import boosting
from ethoflow.learn.deciding import Decision, choose_decision, median_bout
from ethoflow.learn.folds import By, Fold, Seat, groups_of, split
from ethoflow.learn.samples import Track

Kind: TypeAlias = Literal["boosting"]
INNER = 3
"""Folds within the training frames on which threshold and filters are chosen."""


@dataclass(frozen=True)
class Plan:
    """How classifiers are trained and tested.

    `embargo` and `max_frames` are frames; of more labelled frames every so manieth is taken.
    """

    model: Kind
    by: By
    folds: int
    embargo: int
    max_frames: int
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HeldOut:
    """Probabilities of frames that were not trained on, and the labels decided from them."""

    probability: list[Array]
    states: list[Array]


def train(
    tracks: Sequence[Track], masks: Sequence[Array], behaviour: str, plan: Plan
) -> dict[str, Array]:
    """Arrays of the model trained on the labelled frames in `masks`."""
    usable = labelled(tracks, behaviour, masks)
    step = max(-(-sum(int(one.sum()) for one in usable) // plan.max_frames), 1)
    rows = [np.flatnonzero(one)[::step] for one in usable]
    x = np.concatenate([track.x[:, own].T for track, own in zip(tracks, rows, strict=True)])
    y = np.concatenate([t.states[behaviour][own] for t, own in zip(tracks, rows, strict=True)])
    return boosting.grow(x, y, settings=plan.settings, seed=plan.seed)


def labelled(
    tracks: Sequence[Track], behaviour: str, masks: Sequence[Array] | None = None
) -> list[Array]:
    """Frames with a label and with numbers, of those in `masks`."""
    own = [track.known & (track.states[behaviour] >= 0) for track in tracks]
    return own if masks is None else [a & b for a, b in zip(own, masks, strict=True)]


def out_of_fold(
    tracks: Sequence[Track], behaviour: str, folds: Sequence[Fold], plan: Plan
) -> list[Array]:
    """Probabilities of every tested frame by a model that did not see it; NaN elsewhere."""
    found = [np.full(track.x.shape[-1], np.nan) for track in tracks]
    for fold in folds:
        arrays = train(tracks, fold.train, behaviour, plan)
        for track, test, out in zip(tracks, fold.test, found, strict=True):
            if test.any():
                out[test] = _tested(arrays, track, test)
    return found


def _tested(arrays: Mapping[str, Array], track: Track, test: Array) -> Array:
    """Probabilities of tested frames, missing where nothing is seen."""
    found = boosting.probability(arrays, track.x[:, test])
    return np.where(track.known[test], found, np.nan)


def decide(
    probability: Sequence[Array], tracks: Sequence[Track], behaviour: str, masks: Sequence[Array]
) -> Decision:
    """Threshold and filters that fit the labels in `masks` best."""
    states = [
        np.where(mask, track.states[behaviour], -1).astype(np.int8)
        for track, mask in zip(tracks, masks, strict=True)
    ]
    return choose_decision(list(probability), states)


def cross_validate(tracks: Sequence[Track], behaviour: str, plan: Plan) -> tuple[HeldOut, Decision]:
    """Labels of frames that neither model, threshold nor filters had seen; and what all decide.

    In every fold the threshold and the filters are chosen within its training frames, by folds of
    their own. The decision that is returned is chosen on the tested frames of all folds, for the
    model that is trained on everything.
    """
    seats = [track.seat for track in tracks]
    usable = labelled(tracks, behaviour)
    folds = split(seats, usable, plan.by, plan.folds, plan.embargo)
    probability = out_of_fold(tracks, behaviour, folds, plan)
    states = [np.full(len(one), -1, np.int8) for one in probability]
    for fold in folds:
        by: By = plan.by if _several(seats, fold, plan.by) else "block"
        inner = split(seats, fold.train, by, INNER, plan.embargo)
        seen = out_of_fold(tracks, behaviour, inner, plan)
        decision = decide(seen, tracks, behaviour, fold.train)
        for out, one, test in zip(states, probability, fold.test, strict=True):
            own = decision.states(np.where(test, one, np.nan))
            out[test] = own[test]
    return HeldOut(probability, states), decide(probability, tracks, behaviour, usable)


def _several(seats: Sequence[Seat], fold: Fold, by: By) -> bool:
    own = groups_of(seats, by) if by != "block" else []
    return len({g for g, mask in zip(own, fold.train, strict=False) if mask.any()}) > 1


def bout_frames(tracks: Sequence[Track], behaviour: str) -> float:
    """Median bout of people, frames."""
    return median_bout([track.states[behaviour] for track in tracks])
