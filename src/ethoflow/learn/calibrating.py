"""Probabilities that are as often right as they say: a model's own are too sure of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ethoflow.engine.declare import Array

ROUNDS = 50
NEAREST = 1e-9
"""To 0 and 1: odds beyond are of no use."""


@dataclass(frozen=True)
class Calibration:
    """The odds of a model, as logarithms, times `slope` and plus `offset`.

    Platt 1999, in Advances in Large Margin Classifiers. A slope below 1 takes back what a model
    says too surely; the order of frames stays.
    """

    slope: float = 1.0
    offset: float = 0.0

    def of(self, probability: Array) -> Array:
        """Probabilities put right; missing stays missing."""
        found: Array = _logistic(self.slope * odds(probability) + self.offset)
        return found


def odds(probability: Array) -> Array:
    """Logarithm of the odds."""
    p = np.clip(probability, NEAREST, 1 - NEAREST)
    found: Array = np.log(p) - np.log1p(-p)
    return found


def _logistic(x: Array) -> Array:
    found: Array = 1 / (1 + np.exp(-x))
    return found


def calibrate(probabilities: Sequence[Array], states: Sequence[Array]) -> Calibration:
    """The calibration that fits what people say, 1, 0 and -1 for unknown, best.

    The probabilities have to be of frames that the model had not seen. Nothing is changed where
    these show one class only; where the model is worse than chance it is given no say.

    Examples
    --------
    >>> surely = np.repeat([0.001, 0.999], 100)
    >>> right = (np.arange(200) % 10 > 0) == (surely > 0.5)
    >>> calibrate([surely], [right.astype(int)]).of(np.array([0.999])).round(1)
    array([0.9])
    """
    every, said = np.concatenate([*probabilities]), np.concatenate([*states])
    known = ~np.isnan(every) & (said >= 0)
    z, y = odds(every[known]), said[known] == 1
    n, there = len(y), int(y.sum())
    if there in (0, n) or np.ptp(z) == 0:
        return Calibration()
    # Not quite 1 and 0, so that the slope is finite where the two are told apart without fault.
    target = np.where(y, (there + 1) / (there + 2), 1 / (n - there + 2))
    slope, offset = _fit_logistic(z, target)
    share = there / n
    return (
        Calibration(slope, offset) if slope > 0 else Calibration(0.0, float(odds(np.array(share))))
    )


def _fit_logistic(z: Array, target: Array) -> tuple[float, float]:
    """Slope and offset of least cross-entropy: Newton's steps, halved until they help."""
    x = np.stack([z, np.ones_like(z)])
    weights = np.zeros(2)
    least = _cross_entropy(weights, x, target)
    for _ in range(ROUNDS):
        p = _logistic(weights @ x)
        curvature = (x * (p * (1 - p))) @ x.T + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, x @ (p - target))
        while (found := _cross_entropy(weights - step, x, target)) > least and np.any(step):
            step = np.where(np.abs(step) > NEAREST, step / 2, 0.0)
        weights, gained, least = weights - step, least - found, found
        if gained <= NEAREST * abs(least):
            break
    return float(weights[0]), float(weights[1])


def _cross_entropy(weights: Array, x: Array, target: Array) -> float:
    z = weights @ x
    return float(np.sum(np.logaddexp(0, z) - target * z))
