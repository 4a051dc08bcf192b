"""From the probability of every cluster in every frame to one cluster a frame."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

LEAST = 1e-20
"""Probabilities below which none goes: a network that is sure is not that sure."""


def decode(
    membership: Array, transitions: Array | None, use: Array, evidence: float = 1.0
) -> Array:
    """Most probable cluster of every frame, -1 where nothing is known; dims (time,).

    Parameters
    ----------
    membership
        Probability of every cluster without regard to time, (cluster, time); NaN where unknown.
    transitions
        Probability of the next cluster, (cluster, cluster) from row to column; None where every
        frame is decided by itself.
    use
        Share of frames of every cluster, which `membership` has in it already.
    evidence
        Power of what each frame says: below 1 where neighbouring frames say the same again.
    """
    known: Array = np.asarray(~np.isnan(membership).any(axis=0))
    states = np.full(membership.shape[-1], -1, np.int16)
    if transitions is None:
        states[known] = membership[:, known].argmax(axis=0)
        return states
    chances = np.ascontiguousarray(transitions, np.float64)
    likely = _likelihood(membership, known, use) ** evidence
    ahead = np.empty_like(likely)
    _forward(likely, chances, use.astype(np.float64), ahead)
    found = np.empty(len(likely), np.int64)
    _backward(likely, chances, ahead, found)
    states[known] = found[known]
    return states


def _likelihood(membership: Array, known: Array, use: Array) -> Array:
    """Likelihood of every frame under every cluster, (time, cluster), against the best of them.

    Frames that are unknown say nothing.
    """
    wide = np.ones(membership.shape[::-1])
    given = np.maximum(membership[:, known].T.astype(np.float64), LEAST) / use
    wide[known] = given / given.max(axis=1, keepdims=True)
    return wide


@jit
def _forward(likely: Array, transitions: Array, use: Array, ahead: Array) -> None:
    """Share of every cluster given all frames up to each."""
    frames, n = likely.shape
    for t in range(frames):
        total = 0.0
        for k in range(n):
            before = use[k]
            if t > 0:
                before = 0.0
                for j in range(n):
                    before += ahead[t - 1, j] * transitions[j, k]
            ahead[t, k] = before * likely[t, k]
            total += ahead[t, k]
        for k in range(n):
            ahead[t, k] /= total


@jit
def _backward(likely: Array, transitions: Array, ahead: Array, found: Array) -> None:
    """The most probable cluster of every frame given all frames."""
    frames, n = likely.shape
    behind, later = np.ones(n), np.empty(n)
    for back in range(frames):
        t = frames - 1 - back
        if back > 0:
            total = 0.0
            for j in range(n):
                later[j] = 0.0
                for k in range(n):
                    later[j] += transitions[j, k] * likely[t + 1, k] * behind[k]
                total += later[j]
            for j in range(n):
                behind[j] = later[j] / total
        best = -1.0
        for k in range(n):
            if ahead[t, k] * behind[k] > best:
                best = ahead[t, k] * behind[k]
                found[t] = k
