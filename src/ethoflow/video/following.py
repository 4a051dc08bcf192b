"""Whether the points of the tracks lie on what moves in the video: else it is another one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.io.video_frames import each_frame
from ethoflow.io.video_index import FrameIndex
from ethoflow.one_recording import recording_title
from ethoflow.video.places import Placing, blocks_of

LOOKED_AT = 12
"""Frames, evenly spaced, that are compared."""
FEWEST = 6
"""Frames with points in them without which nothing is said."""
BETTER = 1.3
"""How many times as much must have changed at the points as there in other frames."""
MOVED = 0.5
"""Share of an animal's size by which it has to be elsewhere in another frame."""
CHANGED = 2.0
"""Grey levels that change by noise alone."""


def tell_if_elsewhere(
    ds: xr.Dataset, index: FrameIndex, numbers: Array, placing: Placing
) -> Sequence[str]:
    """A sentence where the points of frames lie no better on what moved than those of others.

    Frames of a video differ from their median where the animals are. Tracks of another video, from
    another second on, or of another size of the picture, lie anywhere.

    Parameters
    ----------
    ds
        The frames that are shown.
    index
        The video.
    numbers
        The frame of the video for each, -1 where there is none.
    placing
        Gives px of the video.
    """
    known = np.flatnonzero(numbers >= 0)
    steps = np.unique(known[np.linspace(0, len(known) - 1, LOOKED_AT).astype(int)])
    points = [_points(ds, int(step), placing) for step in steps]
    kept = [place for place, found in enumerate(points) if len(found)]
    if len(kept) < FEWEST:
        return []
    try:
        wanted = numbers[steps[kept]].tolist()
        grey = [cv2.cvtColor(f, cv2.COLOR_BGR2GRAY) for f in each_frame(index, wanted)]
    except DataError:
        return []  # whoever shows that frame says so
    frames = np.stack(grey).astype(np.float32)
    changed = np.abs(frames - np.median(frames, axis=0))
    own, other = _changes(changed, [points[place] for place in kept])
    if (
        not len(own)
        or max(own.mean(), other.mean()) < CHANGED
        or own.mean() > BETTER * other.mean()
    ):
        return []
    return [
        f"{recording_title(ds)}: the points do not lie on what moves in {index.video.path.name} "
        f"(where they are it changes by {own.mean():.0f} grey levels, and by {other.mean():.0f} at "
        "the same places in other frames). Is it the video that was tracked, of the same size and "
        "from its beginning?"
    ]


def _points(ds: xr.Dataset, step: int, placing: Placing) -> Array:
    """Points that are seen in a frame, px of the video."""
    ((_, block),) = blocks_of(ds.isel(time=slice(step, step + 1)))
    points = placing.back(block.reshape(-1, 2))
    return points[np.isfinite(points).all(axis=-1)]


def _changes(changed: Array, points: Sequence[Array]) -> tuple[Array, Array]:
    """What changed at the points of each frame, and at the same places in others.

    Others are those in which the animals are elsewhere.
    """
    middles = np.stack([found.mean(axis=0) for found in points])
    size = np.median([np.ptp(found, axis=0).max() for found in points])
    own, other = [], []
    for number, found in enumerate(points):
        apart = np.linalg.norm(middles - middles[number], axis=1) > max(MOVED * size, 4)
        if not apart.any():
            continue
        x, y = np.rint(found).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < changed.shape[2]) & (y < changed.shape[1])
        if inside.any():
            there = changed[:, y[inside], x[inside]].mean(axis=1)
            own.append(there[number])
            other.append(there[apart].mean())
    return np.array(own), np.array(other)
