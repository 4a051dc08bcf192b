"""What does not move in a video: the median of frames, few of them however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.io.video import look_at, recode
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
    if not path.is_file():
        raise DataError(f"no video {path}.")
    n_frames = look_at(path).n_frames
    places = _near_whole_frames(path, n_frames)
    if len(places) >= FEWEST:
        found = list(_at(path, places))
    elif n_frames <= SHORT:
        found = list(_among_all(path, _evenly(n_frames, N_FRAMES)))
    else:
        found = list(_at(path, _evenly(n_frames, FEWEST)))
    if not found:
        raise DataError(f"{path}: no frame of this video can be decoded. {recode(path)}")
    return np.asarray(np.median(np.stack(found), axis=0), np.uint8)


def _evenly(n_frames: int, wanted: int) -> list[int]:
    return [
        int(place) for place in np.unique(np.linspace(0, max(n_frames - 1, 0), wanted).astype(int))
    ]


def _near_whole_frames(path: Path, n_frames: int) -> list[int]:
    """Places a little after the whole frames before even places; none where they are not told."""
    import cv2

    packets = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
    found = set()
    try:
        for place in _evenly(n_frames, N_FRAMES) if packets.isOpened() else ():
            packets.set(cv2.CAP_PROP_POS_FRAMES, place)
            if packets.grab() and packets.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME):
                whole = max(int(packets.get(cv2.CAP_PROP_POS_FRAMES)), 0)
                found.add(min(whole + BEHIND, n_frames - 1))
    finally:
        packets.release()
    return sorted(found)


def _at(path: Path, places: list[int]) -> Iterator[Image]:
    """Frames at places that are sought one by one, those that can be read."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    try:
        for place in places:
            capture.set(cv2.CAP_PROP_POS_FRAMES, place)
            read, frame = capture.read()
            if read:
                yield cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    finally:
        capture.release()


def _among_all(path: Path, places: list[int]) -> Iterator[Image]:
    """Frames at places of a video that is decoded as far as it can be."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    try:
        for place in range(places[-1] + 1):
            if not capture.grab():
                return
            if place in places:
                read, frame = capture.retrieve()
                if read:
                    yield cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    finally:
        capture.release()
