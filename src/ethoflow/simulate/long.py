"""Recordings of any length, stretch by stretch, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from ethoflow.simulate.arena import Array


def repeat_recording(tracks: xr.Dataset, n_frames: int) -> Iterator[tuple[int, Array, Array]]:
    """A recording of `n_frames` frames that plays `tracks` forwards, backwards, forwards, ...

    So the animals never jump where one run ends and the next begins.

    Parameters
    ----------
    tracks
        One recording.
    n_frames
        How long the result is.

    Yields
    ------
    tuple
        Number of the first frame, position and confidence of the stretch, dims as in `tracks`.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> one = simulate.still_then_running()
    >>> [(start, part.shape[-1]) for start, part, _ in repeat_recording(one, 450)]
    [(0, 200), (200, 200), (400, 50)]
    """
    position, confidence = tracks.position.values, tracks.confidence.values
    length = position.shape[-1]
    for number, start in enumerate(range(0, n_frames, length)):
        way = slice(None, None, -1 if number % 2 else 1)
        count = min(length, n_frames - start)
        yield (
            start,
            np.ascontiguousarray(position[..., way][..., :count]),
            np.ascontiguousarray(confidence[..., way][..., :count]),
        )
