"""What does not move in a video: the median of frames, few of them however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.io.video import recode
from ethoflow.io.video_frames import each_frame
from ethoflow.io.video_index import FrameIndex, index_frames
from ethoflow.schema import DataError

Image: TypeAlias = npt.NDArray[Any]

N_FRAMES = 31
"""Frames, evenly spaced, whose median shows the arena without the animal."""

FEWEST = 11
"""Frames that are enough, where more would have to be decoded one after the other."""

SHORT = 3000
"""Frames up to which a video is decoded from end to end sooner than in places."""

BEHIND = 18
"""Frames after a whole one to which a decoder goes on from it, and not from an earlier one."""


def median_frame(path: str | Path) -> Image:
    """The median of frames of a video, evenly spaced, in grey: what does not move.

    Frames near those that a codec keeps whole are taken, which need none before them; where there
    are too few of these, frames at even distances.

    Raises
    ------
    DataError
        The video cannot be opened, or no frame of it be decoded.
    """
    path = Path(path)
    index = index_frames(path, exact=False)
    places = _near_whole_frames(index)
    if len(places) < FEWEST:
        places = _evenly(index.n_frames, N_FRAMES if index.n_frames <= SHORT else FEWEST)
    found = list(_in_grey(index, places))
    if not found:
        raise DataError(f"{path}: no frame of this video can be decoded. {recode(path)}")
    return np.asarray(np.median(np.stack(found), axis=0), np.uint8)


def _evenly(n_frames: int, wanted: int) -> list[int]:
    if not n_frames:
        return []
    places = np.unique(np.linspace(0, n_frames - 1, wanted).astype(int))
    return [int(place) for place in places]


def _near_whole_frames(index: FrameIndex) -> list[int]:
    """Places a little after the whole frames before even places."""
    if not len(index.whole):
        return []
    even = np.array(_evenly(index.n_frames, N_FRAMES))
    before = index.whole[np.searchsorted(index.whole, even, "right").clip(1) - 1]
    places = np.unique((before + BEHIND).clip(max=index.n_frames - 1))
    return [int(place) for place in places]


def _in_grey(index: FrameIndex, places: list[int]) -> Iterator[Image]:
    """Frames at places, those that can be decoded."""
    import cv2

    while places:
        try:
            for frame in each_frame(index, places):
                places = places[1:]
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        except DataError:
            places = places[1:]
