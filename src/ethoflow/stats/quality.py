"""How good tracks are: what is missing, what the tracker doubts, what jumps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.engine.gather import gather_blocks
from ethoflow.schema import Data, as_dataset

LOW_CONFIDENCE = 0.6


def track_quality(data: Data) -> pd.DataFrame:
    """Share of missing and of low-confidence frames, one row per recording, animal and body part.

    Parameters
    ----------
    data
        Tracks or poses.

    Returns
    -------
    DataFrame
        recording, individual, bodypart; n_frames; missing: share of frames without a position;
        low_confidence: share of frames with a confidence under 0.6 (NaN when the tracker gives
        none).

    Raises
    ------
    DataError
        There are no positions.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> float(track_quality(simulate.still_then_running()).missing.max())
    0.0
    """
    ds = as_dataset(data, needs=["position"])
    names = [name for name in ("position", "confidence") if name in ds]
    counts: dict[int, Array] = {}
    for row, _, part in gather_blocks(ds, names, _count):
        counts[row] = counts.get(row, 0) + part
    recordings = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else [""]
    shape = (4, ds.sizes["individual"], ds.sizes["bodypart"])
    records = []
    for row, recording in enumerate(recordings):
        total, missing, low, known = counts.get(row, np.zeros(shape))
        for i, individual in enumerate(ds.individual.values):
            for b, bodypart in enumerate(ds.bodypart.values):
                records.append({
                    "recording": str(recording),
                    "individual": str(individual),
                    "bodypart": str(bodypart),
                    "n_frames": int(total[i, b]),
                    "missing": _share(missing[i, b], total[i, b]),
                    "low_confidence": _share(low[i, b], known[i, b]),
                })  # fmt: skip
    return pd.DataFrame(records)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _count(values: Mapping[str, Array]) -> Array:
    """Frames, missing ones, doubtful ones and those with a confidence; dims (4, animal, part)."""
    position = values["position"]
    gone = np.isnan(position).any(axis=-2).sum(axis=-1)
    total = np.full(gone.shape, position.shape[-1])
    confidence = values.get("confidence", np.full((*gone.shape, 1), np.nan))
    known = ~np.isnan(confidence)
    low = (known & (confidence < LOW_CONFIDENCE)).sum(axis=-1)
    return np.stack([total, gone, low, known.sum(axis=-1)])
