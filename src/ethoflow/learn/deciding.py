"""From probabilities to bouts: the threshold and the filters that fit one behaviour best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from ethoflow.engine.bouts import filter_bouts, find_runs, take_majority
from ethoflow.engine.declare import Array
from ethoflow.labels.comparison.frames import f1, sum_frames

THRESHOLDS = tuple(round(0.1 + 0.05 * step, 2) for step in range(17))
MAJORITIES = (0.0, 0.25, 0.5)
FILTERS = ((0.0, 0.0), (0.25, 0.0), (0.25, 0.125), (0.5, 0.125), (0.5, 0.25))
"""Shortest bout and longest gap, in median bouts."""


@dataclass(frozen=True)
class Decision:
    """A label is there where the probability is `min_probability` or more, bouts then filtered.

    `majority`, `min_bout` and `max_gap` are frames here, s in a saved classifier.
    """

    min_probability: float = 0.5
    majority: float = 0
    min_bout: float = 0
    max_gap: float = 0

    def states(self, probability: Array) -> Array:
        """Labels along time, 1, 0 and -1 where there is no probability."""
        known = probability == probability
        state = np.where(known, probability >= self.min_probability, -1).astype(np.int8)
        state = take_majority(state, int(self.majority))
        return filter_bouts(state, int(self.max_gap), int(self.min_bout))

    def in_seconds(self, fps: float) -> dict[str, float]:
        """Parameters of a rule."""
        share = self.min_probability
        return {n: v if v == share else v / fps for n, v in asdict(self).items()} | {
            "min_probability": share
        }


def median_bout(states: Sequence[Array]) -> float:
    """Median length of the bouts of people, frames; 0 where there are none."""
    lengths = [np.diff(find_runs(state)).ravel() for state in states]
    every = np.concatenate(lengths) if lengths else np.empty(0)
    return float(np.median(every)) if every.size else 0.0


def choose_decision(probabilities: Sequence[Array], states: Sequence[Array]) -> Decision:
    """The decision with the best F1 over frames; of equals the first, which filters least.

    `states` are what people say, 1, 0 and -1 for unknown; both run along the same frames.
    """
    best, found = -1.0, Decision()
    for decision in candidates(median_bout(states)):
        score = score_f1([decision.states(one) for one in probabilities], states)
        if score > best:
            best, found = score, decision
    return found


def candidates(bout: float) -> Iterator[Decision]:
    """Decisions to choose from, by the median bout in frames; those near 0.5 come first."""
    order = sorted(THRESHOLDS, key=lambda one: (abs(one - 0.5), one))
    lengths = [(round(m * bout), round(b * bout), round(g * bout))
               for m, (b, g) in product(MAJORITIES, FILTERS)]  # fmt: skip
    for (majority, least, gap), threshold in product(dict.fromkeys(lengths), order):
        yield Decision(threshold, majority, least, gap)


def score_f1(found: Sequence[Array], states: Sequence[Array]) -> float:
    """F1 over all frames that both know; -1 where it is not defined."""
    total = {name: np.zeros(1) for name in ("both", "only_a", "only_b", "neither")}
    for one, other in zip(states, found, strict=True):
        if len(one):
            sums = sum_frames(one, other, len(one))
            total = {name: total[name] + sums[name] for name in total}
    value = float(f1(total)[0])
    return value if value == value else -1.0
