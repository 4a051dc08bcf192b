"""Training: trees on some frames, probabilities of others, and what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.learn import boosting
from ethoflow.learn.calibrating import Calibration, calibrate
from ethoflow.learn.deciding import Decision, choose_decision
from ethoflow.learn.folds import By, Fold, Seat, groups_of, split
from ethoflow.learn.samples import Track

Kind: TypeAlias = Literal["boosting"]
INNER = 3
"""Folds within training frames on which calibration, threshold and filters are chosen."""


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

    def take(self, settled: Settled, raw: Sequence[Array], fold: Fold) -> None:
        """Add the tested frames of a fold, as what was settled in its training frames has them."""
        for out, states, one, test in zip(
            self.probability, self.states, raw, fold.test, strict=True
        ):
            found = settled.calibration.of(np.where(test, one, np.nan))
            out[test] = found[test]
            states[test] = settled.decision.states(found)[test]


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


@dataclass(frozen=True)
class Settled:
    """What makes labels of the odds of a model: a calibration, threshold and filters."""

    calibration: Calibration = field(default_factory=Calibration)
    decision: Decision = field(default_factory=Decision)


def settle(
    probability: Sequence[Array], tracks: Sequence[Track], behaviour: str, masks: Sequence[Array]
) -> Settled:
    """What fits the labels in `masks` best, given probabilities by models that had not seen them.

    Nothing is chosen where there are none of these.
    """
    states = [
        np.where(mask & ~np.isnan(one), track.states[behaviour], -1).astype(np.int8)
        for track, mask, one in zip(tracks, masks, probability, strict=True)
    ]
    if not any((one >= 0).any() for one in states):
        return Settled()
    found = calibrate(probability, states)
    return Settled(found, choose_decision([found.of(one) for one in probability], states))


def settle_within(
    tracks: Sequence[Track], behaviour: str, masks: Sequence[Array], plan: Plan
) -> Settled:
    """What fits the labels in `masks` best, by folds within them.

    Folds that leave one class to train on say nothing, and are left out.
    """
    by: By = plan.by if _several([track.seat for track in tracks], masks, plan.by) else "block"
    folds = [
        fold
        for fold in split([track.seat for track in tracks], masks, by, INNER, plan.embargo)
        if _shows_both(tracks, behaviour, fold.train)
    ]
    return settle(out_of_fold(tracks, behaviour, folds, plan), tracks, behaviour, masks)


def cross_validate(tracks: Sequence[Track], behaviour: str, plan: Plan) -> tuple[HeldOut, Settled]:
    """Labels of frames that neither model, calibration nor threshold had seen; and what all settle.

    What is settled is chosen on the tested frames of all folds, for the model that is trained on
    everything.
    """
    usable = labelled(tracks, behaviour)
    folds = split([track.seat for track in tracks], usable, plan.by, plan.folds, plan.embargo)
    tested, raw = hold_out(tracks, behaviour, folds, plan)
    return tested, settle(raw, tracks, behaviour, usable)


def hold_out(
    tracks: Sequence[Track], behaviour: str, folds: Sequence[Fold], plan: Plan
) -> tuple[HeldOut, list[Array]]:
    """What is found of the tested frames of every fold, and the probabilities as the models say.

    In every fold calibration, threshold and filters are chosen within its training frames, by folds
    of their own.
    """
    raw = out_of_fold(tracks, behaviour, folds, plan)
    tested = HeldOut(
        [np.full(len(one), np.nan) for one in raw], [np.full(len(one), -1, np.int8) for one in raw]
    )
    for fold in folds:
        tested.take(settle_within(tracks, behaviour, fold.train, plan), raw, fold)
    return tested, raw


def _shows_both(tracks: Sequence[Track], behaviour: str, masks: Sequence[Array]) -> bool:
    seen = [t.states[behaviour][m] for t, m in zip(tracks, labelled(tracks, behaviour, masks),
                                                   strict=True)]  # fmt: skip
    return set(np.unique(np.concatenate(seen)).tolist()) == {0, 1}


def _several(seats: Sequence[Seat], masks: Sequence[Array], by: By) -> bool:
    own = groups_of(seats, by) if by != "block" else []
    return len({g for g, mask in zip(own, masks, strict=False) if mask.any()}) > 1
