"""Which frames to label next: those that a classifier is least sure of, from all recordings."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.learn.classifier import Classifier, check_behaviour
from ethoflow.learn.predicting import probability_name
from ethoflow.schema import Data
from ethoflow.units import Quantity, to_frames

TO_LABEL = "to_label"


def next_to_label(
    classifier: Classifier,
    data: Data,
    behaviour: str | None = None,
    *,
    count: int = 20,
    length: Quantity = "5 s",
) -> xr.Dataset:
    """Intervals that a classifier is least certain of, as the label `to_label`.

    The recordings take turns, each with its least certain interval that is left, so that what is
    labelled next is not all of one. How uncertain a frame is: the entropy of its probability, a
    mean over the interval. Unknown frames and intervals that begin with them are left out.
    ``ef.find_bouts`` makes a table of them, and ``ef.export(found, folder, "BORIS aggregated
    events")`` files that BORIS opens.

    Parameters
    ----------
    classifier
        Of `fit` or `open_classifier`.
    data
        Recordings, labelled or not.
    behaviour
        Of which the classifier is uncertain; the only one where there is one.
    count
        How many intervals, default 20; fewer where there is no room for so many.
    length
        Of each, default 5 s.

    Raises
    ------
    DataError
        No recording is as long as an interval.
    """
    name = check_behaviour(classifier, behaviour)
    probability = classifier.predict(data)[probability_name(name, classifier.behaviours)]
    frames = to_frames(length, float(probability.fps), name="length")
    if frames < 1 or count < 1:
        raise DataError("next_to_label needs one interval or more, of a frame or longer.")
    if "recording" not in probability.dims:
        probability = probability.expand_dims("recording")
    values = probability.load().transpose("recording", ..., "time")
    chosen = np.zeros(values.shape, np.float32)
    queues = [_rank(one, frames) for one in values.values]
    if not any(queues):
        raise DataError(f"no recording has {frames} known frames in a row: give a shorter length.")
    left = count
    while left and any(queues):
        for row, queue in enumerate(queues):
            if left and queue:
                place, start = queue.pop(0)
                chosen[(row, *place)][start : start + frames] = 1
                left -= 1
    made = values.copy(data=np.where(np.isnan(values), np.nan, chosen))
    made.attrs = {"kind": "label", "long_name": "to label next"}
    found = made.rename(TO_LABEL).to_dataset().assign_attrs(label_source="classifier")
    if "recording" not in getattr(data, "dims", ()):
        found = found.isel(recording=0)
    return found


def _rank(probability: Array, frames: int) -> list[tuple[tuple[int, ...], int]]:
    """Place and first frame of the intervals of a recording, the least certain first."""
    p = np.clip(probability.astype(np.float64), 1e-9, 1 - 1e-9)
    entropy = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    n = entropy.shape[-1] // frames
    means = entropy[..., : n * frames].reshape(*entropy.shape[:-1], n, frames).mean(axis=-1)
    order = np.argsort(-means, axis=None, kind="stable")
    known = ~np.isnan(means.ravel()[order])
    found = []
    for flat in order[known]:
        *place, block = np.unravel_index(flat, means.shape)
        found.append((tuple(map(int, place)), int(block) * frames))
    return found
