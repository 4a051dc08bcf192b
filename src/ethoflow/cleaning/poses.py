"""What a pose model knows of a point that was not seen, from those that were.

Poses are the points of one animal in one frame as complex numbers, x + iy. The model is the mean
shape, and how the points of two poses some frames apart, each turned and moved onto that shape,
vary together. Whatever points were seen, what they say of a missing one follows from these by
linear algebra: the shape is turned onto the seen points alone, so that neither the centre nor the
nose has to be among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ethoflow.engine.declare import Array

LAGS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Frames between two poses of which it is known how they vary together."""

TIMES = (1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 192.0, 1e4)
"""Frames after which a deviation is forgotten: the terms of a covariance in time."""

WEAK = 1e-4
"""Share of the greatest variance below which a direction of the seen points says nothing."""


def rotation_of(shape: Array, points: Array) -> Array:
    """Rotations, dims (time,), that turn a shape onto centred poses, dims (bodypart, time)."""
    away = np.angle((shape.conj()[:, np.newaxis] * points).sum(axis=0))
    turned: Array = np.exp(1j * away)
    return turned


def terms_of(lag: Any) -> Array:
    """Covariance in time of each term: noise of single frames, and smooth ones (Matern, 3/2)."""
    apart = np.abs(np.asarray(lag, np.float64))[..., np.newaxis]
    reach = np.sqrt(3) * apart / np.array(TIMES)
    smooth = (1 + reach) * np.exp(-reach)
    return np.concatenate([(apart == 0).astype(np.float64), smooth], axis=-1)


@dataclass(frozen=True)
class Guess:
    """What a set of seen points says of one that is missing.

    `deviations` turns what the seen points are off the shape into what the missing one is;
    `oddity` into numbers of mean square 1 in usual poses. `terms`, dims (2, term), is how strong
    each term of the covariance in time is of what remains unexplained, along the body and across.
    """

    shape: Array
    seen: Array
    missing: int
    deviations: Array
    oddity: Array
    terms: Array

    def place(self, points: Array) -> tuple[Array, Array, Array, Array]:
        """Origin, rotation, place in the body, and oddity; of poses, dims (bodypart, time)."""
        own = points[self.seen]
        centre = own.mean(axis=0)
        shape = self.shape[self.seen]
        middle = shape.mean()
        turn = rotation_of(shape - middle, own - centre)
        off = (own - centre) / turn - (shape - middle)[:, np.newaxis]
        off = np.concatenate([off.real, off.imag])
        x, y = self.deviations @ off
        odd = np.square(self.oddity @ off).mean(axis=0) if len(self.oddity) else np.zeros(len(turn))
        return centre, turn, self.shape[self.missing] - middle + x + 1j * y, odd


@dataclass
class Poses:
    """A model, with what has been worked out of it."""

    shape: Array
    covariance: Array
    bends: Array
    known: dict[tuple[bytes, int], Guess] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Mapping[str, Array]) -> Poses:
        """That of the arrays of a model."""
        return cls(model["shape"][0] + 1j * model["shape"][1], model["covariance"], model["bends"])

    def off_line(self, part: int, length: int) -> float:
        """Mean square of how far a body part is off the middle of a line across such a gap."""
        half = (length + 1) / 2
        return float(np.interp(half, LAGS[1:], self.bends[1:, part]))

    def guess(self, seen: Array, missing: int) -> Guess:
        """What the points in the mask `seen` say of another one."""
        key = (seen.tobytes(), missing)
        if key not in self.known:
            self.known[key] = self._guess(seen, missing)
        return self.known[key]

    def _guess(self, seen: Array, missing: int) -> Guess:
        n = len(self.shape)
        held, wanted = np.flatnonzero(seen), np.array([missing, n + missing])
        held = np.concatenate([held, n + held])
        align = self._align(seen, held)
        every = align @ self.covariance[0] @ align.T
        values, vectors = np.linalg.eigh(every[np.ix_(held, held)])
        strong = values > WEAK * values.max(initial=0)
        vectors, values = vectors[:, strong], values[strong]
        deviations = every[np.ix_(wanted, held)] @ (vectors / values) @ vectors.T
        left = align[wanted] - deviations @ align[held]
        over_time = np.einsum("ki,lij,kj->kl", left, self.covariance, left)
        terms = np.stack([fit_terms(row) for row in over_time])
        return Guess(self.shape, seen, missing, deviations, (vectors / np.sqrt(values)).T, terms)

    def _align(self, seen: Array, held: Array) -> Array:
        """From deviations on all points to those where the shape is laid on the seen ones."""
        n = len(self.shape)
        away = self.shape - self.shape[seen].mean()
        moves = np.zeros((2 * n, 3))
        moves[:n, 0] = moves[n:, 1] = 1
        moves[:n, 2], moves[n:, 2] = -away.imag, away.real
        align: Array = np.eye(2 * n)
        align[:, held] -= moves @ np.linalg.pinv(moves[held])
        return align


def fit_terms(covariance: Array) -> Array:
    """Strengths of the terms that make a covariance over `LAGS`, none of them negative."""
    from scipy.optimize import nnls  # heavy

    if not covariance[0] > 0:
        none: Array = np.zeros(len(TIMES) + 1)
        return none
    weight = 1 / (1 + 0.1 * np.arange(len(LAGS)))
    design = terms_of(LAGS) * weight[:, np.newaxis]
    strengths, _ = nnls(design, covariance / covariance[0] * weight)
    total = strengths.sum()
    strengths = strengths / total if total > 0 else np.eye(len(strengths))[0]
    strengths[0] += 1e-6
    found: Array = strengths * covariance[0]
    return found
