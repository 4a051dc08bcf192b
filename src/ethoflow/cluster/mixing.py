"""A mixture of Gaussians: states of frames, without regard to time."""

from __future__ import annotations

import numpy as np

from ethoflow.cluster.hmm import Prior, States, Stretches, expect, maximise, start_from_means
from ethoflow.networks.progress import Progress

ENOUGH = 1e-5
"""Share by which the likelihood has to grow for another round."""


def fit_mixture(
    data: Stretches,
    clusters: int,
    prior: Prior,
    *,
    rounds: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[States, float]:
    """States whose next is any, by its use alone, and the log likelihood of all frames.

    By expectation and maximisation, begun at the means that k-means finds.
    """
    states = without_time(start_from_means(data, clusters, prior, seed))
    before = -np.inf
    for done in range(rounds):
        found = expect(data, states)
        if found.likelihood - before < ENOUGH * abs(found.likelihood):
            break
        before = found.likelihood
        states = without_time(maximise(data, found.share, found.steps, prior))
        if progress is not None:
            progress(done + 1, rounds, {"likelihood": before})
    return states, before


def without_time(states: States) -> States:
    """States whose next is any, by its use alone."""
    return States(
        states.mean, states.covariance, states.use.expand_as(states.transitions), states.use,
        states.frames,
    )  # fmt: skip
