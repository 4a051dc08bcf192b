"""How good tracks are: what is missing, what the tracker doubts, what jumps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.schema import Data, as_dataset
from ethoflow.stats.survey import Survey, each, survey

COLUMNS = ("recording", "individual", "bodypart", "n_frames", "missing", "low_confidence", "jumps")


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
        low_confidence: share of the frames in which the point was seen with a confidence under the
        threshold that `clean` takes for the tracker (NaN when the tracker gives none); jumps: share
        of steps from one frame to the next that are longer than the animal (NaN with a single body
        part). How long that is, to 1 %, is the median diagonal of the box around the body parts
        that move with each other: corners of a maze that were tracked as body parts do not count.

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
    return tabulate(ds, survey(ds))


def tabulate(ds: xr.Dataset, surveys: Mapping[int, Survey]) -> pd.DataFrame:
    """The table of `track_quality` from surveys made before."""
    records = [
        (name, str(slot), str(part), *_rates(found, i, b))
        for name, found in each(surveys, ds)
        for i, slot in enumerate(ds.individual.values)
        for b, part in enumerate(ds.bodypart.values)
    ]
    return pd.DataFrame(records, columns=list(COLUMNS))


def share_missing(ds: xr.Dataset, surveys: Mapping[int, Survey]) -> float:
    """Share of the points that are missing, of the animals that each recording has."""
    animals = np.atleast_2d(ds.animal.values) if "animal" in ds.coords else None
    seen, points = 0, 0
    for row, (_, found) in enumerate(each(surveys, ds)):
        if found is not None:
            here = slice(None) if animals is None else animals[row] != ""
            seen += int(found.seen[here].sum())
            points += found.seen[here].size * found.n_frames
    return share(points - seen, points)


def _rates(found: Survey | None, i: int, b: int) -> tuple[int, float, float, float]:
    if found is None:
        return 0, float("nan"), float("nan"), float("nan")
    jumps, steps = int(found.jumps[i, b]), int(found.steps[i, b])
    return (
        found.n_frames,
        share(found.n_frames - int(found.seen[i, b]), found.n_frames),
        share(int(found.low[i, b]), int(found.scored[i, b])),
        share(jumps, steps if jumps >= 0 else 0),
    )


def share(part: int, whole: int) -> float:
    """A part of a whole; NaN of nothing."""
    return part / whole if whole else float("nan")
