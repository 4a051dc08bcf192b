"""Numbers that say whether clusters are used, and whether there is enough to find them in."""

from __future__ import annotations

import numpy as np

from ethoflow.cluster.family import Pieces
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError

OCCUPIED = 0.005
"""Share of the frames from which on a cluster counts as used."""
PER_CLUSTER = 20
"""Frames for each cluster below which none can be found."""


def use_of(use: Array) -> dict[str, float]:
    """Clusters that are used, and the entropy of their use against the highest there is."""
    share = np.asarray(use, np.float64)
    share = share[share > 0] / share.sum()
    even = np.log(len(use)) if len(use) > 1 else 1.0
    return {
        "occupied": float((share >= OCCUPIED).sum()),
        "evenness": float(-(share * np.log(share)).sum() / even),
    }


def known_frames(pieces: Pieces) -> Array:
    """Where anything is seen, (piece, frame)."""
    known: Array = np.asarray(pieces.mask.any(axis=1))
    return known


def check_frames(pieces: Pieces, clusters: int) -> None:
    """Refuse what is too little for so many clusters.

    Raises
    ------
    DataError
        It is; the message has both numbers.
    """
    known = int(known_frames(pieces).sum())
    needed = PER_CLUSTER * clusters
    if known < needed:
        raise DataError(
            f"{clusters} clusters (states, before they are merged) need {needed:,} known frames "
            f"at least, and {known:,} were sampled: give longer or more recordings, or a smaller "
            "n_clusters."
        )
