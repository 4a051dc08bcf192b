"""Signals whose states are known: what a network should find is in them by construction."""

from __future__ import annotations

import numpy as np

from ethoflow.cluster.family import Pieces


def states(n_pieces: int, n_frames: int, n_states: int, seed: int = 0) -> np.ndarray:
    """States that last 20 to 60 frames, (piece, frame)."""
    rng = np.random.default_rng(seed)
    out = np.zeros((n_pieces, n_frames), int)
    for row in out:
        at = 0
        while at < n_frames:
            n = rng.integers(20, 60)
            row[at : at + n] = rng.integers(n_states)
            at += n
    return out


def switching(
    n_pieces: int = 8, n_frames: int = 250, n_states: int = 4, seed: int = 0
) -> tuple[Pieces, np.ndarray]:
    """Six components around the mean of the state, with noise; two pieces of a recording each."""
    rng = np.random.default_rng(seed + 1)
    state = states(n_pieces, n_frames, n_states, seed)
    means = 2.0 * rng.normal(size=(n_states, 6))
    signal = np.moveaxis(means[state], -1, 1) + rng.normal(size=(n_pieces, 6, n_frames))
    return (
        Pieces(
            signal.astype(np.float32),
            np.ones((n_pieces, n_frames), bool),
            np.arange(n_pieces) // 2,
            25.0,
        ),
        state,
    )
