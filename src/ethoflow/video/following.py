"""Whether the points of the tracks lie on what moves in the video: else it is another one."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import combinations

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
"""Frames, evenly spaced, that are compared with each other."""
FEWEST = 6
"""Pairs of frames between which an animal has moved, without which nothing is said."""
TOP = 90.0
"""Percentile of the changes between two frames above which a place has changed."""
MATCHING = 0.4
"""Share of the points that must lie where it has changed; by chance it is 0.1."""
MOVED = 1.0
"""How far, in sizes of an animal, it has to be from where it was."""
LEAST = 4.0
"""The same for an animal of one point, in two px."""
SMALL, CLEAR = 99.8, 20.0
"""Percentile of the changes of a picture, and the grey levels from which on something moves."""


def tell_if_elsewhere(
    ds: xr.Dataset, index: FrameIndex, numbers: Array, placing: Placing
) -> Sequence[str]:
    """A sentence where the points of an animal that moved do not lie on what has changed.

    Two frames of a video differ where an animal was and where it is. Tracks of another video, from
    another second on, or of another size of the picture, lie anywhere.

    Parameters
    ----------
    ds
        One recording.
    index
        The video.
    numbers
        The frame of the video for each of `ds`, -1 where there is none.
    placing
        Gives px of the video.
    """
    known = np.flatnonzero(numbers >= 0)
    steps = np.unique(known[np.linspace(0, len(known) - 1, LOOKED_AT).astype(int)])
    points = np.stack([_points(ds, int(step), placing) for step in steps])
    try:
        shown = [
            cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (5, 5), 0)[::2, ::2]
            for frame in each_frame(index, numbers[steps].tolist())
        ]
    except DataError:
        return []  # whoever shows that frame says so
    shares = _shares(np.stack(shown).astype(np.float32), points / 2)
    if len(shares) < FEWEST or np.mean(shares) >= MATCHING:
        return []
    return [
        f"{recording_title(ds)}: the points do not lie on what moves in {index.video.path.name} "
        f"({np.mean(shares):.0%} of them where the picture has changed, of {LOOKED_AT} frames). Is "
        "it the video that was tracked, of the same size and from its beginning?"
    ]


def _points(ds: xr.Dataset, step: int, placing: Placing) -> Array:
    """Points of a frame, px of the video, dims (individual, bodypart, space)."""
    ((_, block),) = blocks_of(ds.isel(time=slice(step, step + 1)))
    return placing.back(block.reshape(-1, 2)).reshape(block.shape[1:])


def _shares(frames: Array, points: Array) -> list[float]:
    """For each animal and pair of frames between which it moved: its points that have changed."""
    seen = np.asarray(np.isfinite(points).all(axis=-1))
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of animals that are not seen
        middles = np.nanmean(points, axis=2)
        sizes = np.nanmedian(np.nanmax(points, axis=2) - np.nanmin(points, axis=2), axis=(0, 2))
    found = []
    for one, other in combinations(range(len(frames)), 2):
        apart = np.linalg.norm(middles[one] - middles[other], axis=-1) > np.maximum(
            MOVED * sizes, LEAST
        )
        if not apart.any():
            continue
        changed = np.abs(frames[one] - frames[other])
        if np.percentile(changed, SMALL) < CLEAR:
            continue
        limit = np.percentile(changed, TOP)
        for animal in np.flatnonzero(apart):
            both = np.concatenate([p[s] for p, s in ((points[f, animal], seen[f, animal])
                                                     for f in (one, other))])  # fmt: skip
            x, y = np.rint(both).astype(int).T
            inside = (x >= 0) & (y >= 0) & (x < changed.shape[1]) & (y < changed.shape[0])
            there = changed[y[inside], x[inside]]
            found.append(float((there > limit).sum() / len(both)))
    return found
