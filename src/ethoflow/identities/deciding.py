"""Who is who over a whole recording: the likeliest course through all moments of doubt.

Between moments nobody is exchanged. At each, every option has its odds; between them, the
proportions of what is in each slot speak for one animal or another. The course with the largest sum
is found exactly (Viterbi), and each decision is held against the best course with another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.identities.moments import Moment
from ethoflow.identities.proportions import Lengths, compare

MOST_ANIMALS = 6
"""Animals up to which all courses are compared; of more each moment is decided by itself."""

RARE = 5.0
"""How much rarer than none an exchange is while all are seen, in natural logarithms of odds."""

FORGOTTEN = 1.0
"""Time in s out of sight after which a tracker knows little of who was who."""

CLEAR = 10.0
"""Odds, in natural logarithms, from which on motion alone is taken to be right at first."""

ROUNDS = 8
"""Times that the animals' proportions are taken anew from who is who."""


class Decision(NamedTuple):
    """What is taken to have happened at a moment.

    `option` is the likeliest; `other` the likeliest but for it; `odds` how much better the first
    is, all in all, and `proportions` the share in that of the animals' proportions.
    """

    moment: Moment
    option: tuple[int, ...]
    other: tuple[int, ...]
    odds: float
    motion: float
    heading: float
    proportions: float


def decide(moments: Sequence[Moment], lengths: Lengths, n_animals: int) -> list[Decision]:
    """A decision for every moment."""
    if not moments:
        return []
    if n_animals > MOST_ANIMALS:
        return [_alone(moment) for moment in moments]
    stretches, usable = _stretches(moments, lengths, n_animals)
    n_stretches = len(moments) + 1
    decisions, start = _decide(moments, np.zeros((n_animals, n_animals, n_stretches)))
    learnt = _longest_clear(decisions, stretches)
    for _ in range(ROUNDS):
        holders = _holders(decisions, start)[:, stretches]
        said = compare(lengths, holders, usable, learnt)
        sums = np.zeros((n_animals, n_animals, n_stretches))
        for i, slot in itertools.product(range(n_animals), repeat=2):
            sums[i, slot] = np.bincount(stretches, weights=said[i, slot], minlength=n_stretches)
        before, (decisions, start) = decisions, _decide(moments, sums)
        if learnt.all() and [d.option for d in before] == [d.option for d in decisions]:
            break
        learnt = np.ones_like(learnt)
    return decisions


def _stretches(moments: Sequence[Moment], lengths: Lengths, n_animals: int) -> tuple[Array, Array]:
    """The stretch between moments in which each second is, and which slots can be used there."""
    n_seconds = lengths.values.shape[-1]
    starts = np.arange(n_seconds) * lengths.frames
    stretches = np.searchsorted([moment.after for moment in moments], starts, side="right")
    usable = np.ones((n_animals, n_seconds), bool)
    for moment in moments:
        first, last = moment.before // lengths.frames, moment.after // lengths.frames
        usable[list(moment.animals), first : last + 1] = False
    return stretches, usable


def _longest_clear(decisions: Sequence[Decision], stretches: Array) -> Array:
    """The seconds of the longest time in which motion alone says who is who.

    An animal's proportions are first taken there: of a whole recording they may be those of two.
    """
    unclear = [k for k, decision in enumerate(decisions, 1) if decision.odds < CLEAR]
    pieces = np.searchsorted(unclear, stretches, side="right")
    longest = np.argmax(np.bincount(pieces)) if len(pieces) else 0
    return np.asarray(pieces == longest)


def _holders(decisions: Sequence[Decision], start: Array) -> Array:
    """The slot of each animal in every stretch, dims (animal, stretch)."""
    held = [start]
    for decision in decisions:
        held.append(np.asarray(decision.option)[held[-1]])
    return np.stack(held, axis=1)


def _alone(moment: Moment) -> Decision:
    odds = [p + m + h for p, m, h in _options(moment)]
    best, second = np.argsort(odds)[::-1][:2]
    return _decision(moment, int(best), int(second), odds[best] - odds[second])


def _options(moment: Moment) -> list[tuple[float, float, float]]:
    """What speaks for each option: how common it is, motion, heading."""
    common = [_prior(moment, option) for option in moment.options]
    return list(zip(common, moment.motion, moment.heading, strict=True))


def _prior(moment: Moment, option: tuple[int, ...]) -> float:
    if list(option) == sorted(option):
        return 0.0
    return -RARE * float(np.exp(-moment.lost(option) / (FORGOTTEN * moment.fps)))


def _decision(moment: Moment, best: int, second: int, odds: float) -> Decision:
    """A decision, its evidence counted for an exchange: of the best option, or of the second."""
    shown, against = (second, best) if best == 0 else (best, second)
    motion = moment.motion[shown] - moment.motion[against]
    heading = moment.heading[shown] - moment.heading[against]
    prior = _prior(moment, moment.options[shown]) - _prior(moment, moment.options[against])
    signed = -odds if best == 0 else odds
    return Decision(
        moment,
        moment.options[best],
        moment.options[second],
        float(odds),
        float(motion),
        float(heading),
        float(signed - motion - heading - prior),
    )


def _decide(moments: Sequence[Moment], sums: Array) -> tuple[list[Decision], Array]:
    """The best course, for each moment the best with another decision; and who is where at first.

    Which animal is which is free at the start: names come from the first frame, proportions from
    where most is seen.
    """
    n = len(sums)
    states = np.array(list(itertools.permutations(range(n))))
    code = n ** np.arange(n)
    places = np.zeros(n**n, int)
    places[states @ code] = np.arange(len(states))
    here = np.stack(
        [sums[np.arange(n), state].sum(axis=0) for state in states]
    )  # dims (state, stretch)
    gains, following = [], []
    for moment in moments:
        options = np.array(moment.options)
        gains.append([p + m + h for p, m, h in _options(moment)])
        following.append(places[options[:, states] @ code])  # dims (option, state)
    forward = np.full((len(moments) + 1, len(states)), -np.inf)
    forward[0] = here[:, 0]
    for k, (gain, after) in enumerate(zip(gains, following, strict=True)):
        for option, value in enumerate(gain):
            np.maximum.at(forward[k + 1], after[option], forward[k] + value)
        forward[k + 1] += here[:, k + 1]
    backward = np.zeros((len(moments) + 1, len(states)))
    for k in range(len(moments) - 1, -1, -1):
        ahead = backward[k + 1] + here[:, k + 1]
        backward[k] = np.max(
            [ahead[after] + value for value, after in zip(gains[k], following[k], strict=True)],
            axis=0,
        )
    decisions = []
    start = state = int(np.argmax(here[:, 0] + backward[0]))
    for k, moment in enumerate(moments):
        ahead = backward[k + 1] + here[:, k + 1]
        # The best of all courses with each option here, whatever they decide elsewhere.
        best = [
            float(np.max(forward[k] + value + ahead[after]))
            for value, after in zip(gains[k], following[k], strict=True)
        ]
        chosen = int(
            np.argmax([v + ahead[a[state]] for v, a in zip(gains[k], following[k], strict=True)])
        )
        others = [one for one in range(len(best)) if one != chosen]
        second = max(others, key=lambda one: best[one])
        decisions.append(_decision(moment, chosen, second, best[chosen] - best[second]))
        state = int(following[k][chosen][state])
    return decisions, states[start]
