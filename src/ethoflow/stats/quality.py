"""How good tracks are: what is missing, what the tracker doubts, what jumps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ethoflow.engine import feature, summary
from ethoflow.engine.declare import Array, missing_like
from ethoflow.engine.gather import gather_blocks
from ethoflow.schema import LOW_CONFIDENCE, Data, as_dataset


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
        low_confidence: share of the frames in which the point was seen with a confidence under 0.6
        (NaN when the tracker gives none); jumps: share of steps from one frame to the next that are
        longer than the animal, as the median diagonal of the box around its body parts (NaN with a
        single body part).

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
    counts = _add_blocks(gather_blocks(ds, names, _count))
    steps = ds[[]].assign(step_in_lengths=step_in_lengths(ds).rename("step_in_lengths"))
    jumps = _add_blocks(gather_blocks(steps, ["step_in_lengths"], _count_jumps))
    recordings = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else [""]
    shape = (ds.sizes["individual"], ds.sizes["bodypart"])
    records = []
    for row, recording in enumerate(recordings):
        total, missing, low, known = counts.get(row, np.zeros((4, *shape)))
        far, known_steps = jumps.get(row, np.zeros((2, *shape)))
        for i, individual in enumerate(ds.individual.values):
            for b, bodypart in enumerate(ds.bodypart.values):
                records.append({
                    "recording": str(recording),
                    "individual": str(individual),
                    "bodypart": str(bodypart),
                    "n_frames": int(total[i, b]),
                    "missing": _share(missing[i, b], total[i, b]),
                    "low_confidence": _share(low[i, b], known[i, b]),
                    "jumps": _share(far[i, b], known_steps[i, b]),
                })  # fmt: skip
    return pd.DataFrame(records)


@feature(dims=("time",), units="position")
def extent(position: Array) -> Array:
    """How large the animal is in a frame: the diagonal of the box around all its body parts."""
    diagonal: Array = np.sqrt(np.square(np.ptp(position, axis=0)).sum(axis=-2))
    return diagonal


@summary(units="position")
def usual_extent(extent: Array) -> Array:
    """Median of the extent over the frames in which every body part was seen."""
    known = extent[~np.isnan(extent)]
    return np.asarray(np.median(known) if known.size else np.nan)


@feature(dims=("bodypart", "time"), halo=1)
def step_in_lengths(position: Array, usual_extent: Array) -> Array:
    """How far a body part moved since the frame before, in lengths of the animal."""
    moved = missing_like((*position.shape[:-2], position.shape[-1]))
    length = float(usual_extent)
    if length > 0:
        moved[..., 1:] = np.sqrt(np.square(np.diff(position)).sum(axis=-2)) / np.float32(length)
    return moved


def _add_blocks(gathered: list[tuple[int, int, Array]]) -> dict[int, Array]:
    """Sums over the blocks of each recording."""
    sums: dict[int, Array] = {}
    for row, _, part in gathered:
        sums[row] = sums.get(row, 0) + part
    return sums


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _count(values: Mapping[str, Array]) -> Array:
    """Frames, missing ones, doubtful ones and seen ones with a confidence; (4, animal, part)."""
    position = values["position"]
    gone = np.isnan(position).any(axis=-2).sum(axis=-1)
    total = np.full(gone.shape, position.shape[-1])
    confidence = values.get("confidence", np.full((*gone.shape, 1), np.nan))
    known = ~np.isnan(confidence) & ~np.isnan(position).any(axis=-2)
    low = (known & (confidence < LOW_CONFIDENCE)).sum(axis=-1)
    return np.stack([total, gone, low, known.sum(axis=-1)])


def _count_jumps(values: Mapping[str, Array]) -> Array:
    """Steps longer than the animal, and steps known; dims (2, animal, part)."""
    steps = values["step_in_lengths"]
    with np.errstate(invalid="ignore"):
        return np.stack([(steps > 1).sum(axis=-1), (~np.isnan(steps)).sum(axis=-1)])
