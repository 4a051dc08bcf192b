"""Testing: models trained on some frames, probabilities of others, and what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.learn.calibrating import Calibration, calibrate
from ethoflow.learn.deciding import Decision, choose_decision
from ethoflow.learn.folds import By, Fold, Seat, groups_of, split
from ethoflow.learn.models import Plan, train
from ethoflow.learn.samples import Track, labelled

Raw: TypeAlias = Mapping[str, list[Array]]
"""Probabilities as models say them, by behaviour, for each track."""
INNER = 3
"""Folds within training frames on which calibration, threshold and filters are chosen."""


@dataclass(frozen=True)
class HeldOut:
    """Probabilities of frames that were not trained on, and the labels decided from them."""

    probability: list[Array]
    states: list[Array]

    @classmethod
    def empty(cls, like: Sequence[Array]) -> HeldOut:
        """As long as `like`, and nothing known."""
        return cls(
            [np.full(len(one), np.nan) for one in like],
            [np.full(len(one), -1, np.int8) for one in like],
        )

    def take(self, settled: Settled, raw: Sequence[Array], fold: Fold) -> None:
        """Add the tested frames of a fold, as what was settled in its training frames has them."""
        for out, states, one, test in zip(
            self.probability, self.states, raw, fold.test, strict=True
        ):
            found = settled.calibration.of(np.where(test, one, np.nan))
            out[test] = found[test]
            states[test] = settled.decision.states(found)[test]


def out_of_fold(
    tracks: Sequence[Track], behaviours: Sequence[str], folds: Sequence[Fold], plan: Plan
) -> Raw:
    """Probabilities of every tested frame by a model that did not see it; NaN elsewhere."""
    found = {name: [np.full(track.x.shape[-1], np.nan) for track in tracks] for name in behaviours}
    for fold in folds:
        model = train(tracks, fold.train, behaviours, plan)
        for row, (track, test) in enumerate(zip(tracks, fold.test, strict=True)):
            if not test.any():
                continue
            said = np.where(track.known[test], model.probability(track, test), np.nan)
            for name, one in zip(behaviours, said, strict=True):
                found[name][row][test] = one
    return found


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
    tracks: Sequence[Track], behaviours: Sequence[str], masks: Sequence[Array], plan: Plan
) -> dict[str, Settled]:
    """What fits the labels in `masks` best, by folds within them.

    Folds that leave one class of a behaviour to train on say nothing of it, and are left out.
    """
    by: By = plan.by if _several([track.seat for track in tracks], masks, plan.by) else "block"
    folds = split([track.seat for track in tracks], masks, by, INNER, plan.embargo)
    shown = [{n for n in behaviours if _shows_both(tracks, n, fold.train)} for fold in folds]
    raw = out_of_fold(
        tracks, behaviours, [f for f, some in zip(folds, shown, strict=True) if some], plan
    )
    for fold, some in zip(folds, shown, strict=True):
        for name in set(behaviours) - some:
            for one, test in zip(raw[name], fold.test, strict=True):
                one[test] = np.nan
    return {name: settle(raw[name], tracks, name, masks) for name in behaviours}


def cross_validate(
    tracks: Sequence[Track], behaviours: Sequence[str], plan: Plan
) -> tuple[dict[str, HeldOut], dict[str, Settled]]:
    """Labels of frames that neither model, calibration nor threshold had seen; and what all settle.

    The behaviours are told by one model. What is settled is chosen on the tested frames of all
    folds, for the model that is trained on everything.
    """
    usable = labelled(tracks, behaviours)
    folds = split([track.seat for track in tracks], usable, plan.by, plan.folds, plan.embargo)
    tested, raw = hold_out(tracks, behaviours, folds, plan)
    return tested, {name: settle(raw[name], tracks, name, usable) for name in behaviours}


def hold_out(
    tracks: Sequence[Track], behaviours: Sequence[str], folds: Sequence[Fold], plan: Plan
) -> tuple[dict[str, HeldOut], Raw]:
    """What is found of the tested frames of every fold, and the probabilities as the models say.

    In every fold calibration, threshold and filters are chosen within its training frames, by folds
    of their own.
    """
    raw = out_of_fold(tracks, behaviours, folds, plan)
    tested = {name: HeldOut.empty(one) for name, one in raw.items()}
    for fold in folds:
        settled = settle_within(tracks, behaviours, fold.train, plan)
        for name in behaviours:
            tested[name].take(settled[name], raw[name], fold)
    return tested, raw


def _shows_both(tracks: Sequence[Track], behaviour: str, masks: Sequence[Array]) -> bool:
    own = labelled(tracks, [behaviour], masks)
    seen = [track.states[behaviour][mask] for track, mask in zip(tracks, own, strict=True)]
    return set(np.unique(np.concatenate(seen)).tolist()) == {0, 1}


def _several(seats: Sequence[Seat], masks: Sequence[Array], by: By) -> bool:
    own = groups_of(seats, by) if by != "block" else []
    return len({g for g, mask in zip(own, masks, strict=False) if mask.any()}) > 1
