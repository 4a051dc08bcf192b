"""Which frames a video has, when each is shown, and which can be sought.

The packets of a file are counted and their times read without decoding them, which takes a second
for an hour. Where that does not agree with what a decoder gives, every frame is decoded once.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ethoflow.errors import near_file
from ethoflow.io.video import Video, look_at, recode
from ethoflow.schema import DataError

Seconds = npt.NDArray[np.float64]

SAME_RATE = 1e-3
"""Share by which two frame rates may differ that are one."""
UNEVEN = 0.2
"""Share of a frame by which a step in time may be longer or shorter in an even video."""
ROUNDED = 1.01e-3
"""Rounding of times in files that keep them in ms, s."""
SAME_TIME = 1e-4
"""Times that differ by less are those of one frame, s."""


class VideoNote(UserWarning):
    """What a video file says of itself that its frames contradict."""


@dataclass(frozen=True)
class FrameIndex:
    """The frames of a video in the order they are shown.

    Attributes
    ----------
    video
        What the file states.
    fps
        Rate of the frames; the mean where they are not even in time.
    times
        When each is shown, s from the beginning of the file, dims (frame,).
    whole
        Numbers of the frames that a codec keeps whole, which need none before them.
    even
        Whether all last equally long.
    sought
        Whether a frame is known by its time after a jump; else videos are decoded from the start.
    exact
        Whether frames are those of their numbers; else, as nobody asked for it, near ones.
    stamp
        Size and time of change of the file.
    """

    video: Video
    fps: float
    times: Seconds
    whole: npt.NDArray[np.int64]
    even: bool
    sought: bool
    exact: bool
    stamp: tuple[int, int]

    @property
    def n_frames(self) -> int:
        """Frames that can be decoded."""
        return len(self.times)

    def notes(self) -> Iterator[str]:
        """Where the file contradicts its frames, a sentence each."""
        name, stated = self.video.path.name, self.video.n_frames
        if stated > 0 and stated != self.n_frames:
            early = stated > self.n_frames and self.even
            less = ": it was cut, ends too early or is damaged" if early else ""
            yield (
                f"{name} states {stated} frames, and {self.n_frames} can be decoded{less}. Those "
                "that are there count."
            )
        if not self.even:
            steps = np.diff(self.times)
            yield (
                f"{name} has no constant frame rate: its frames are {steps.min() * 1000:.3g} to "
                f"{steps.max() * 1000:.3g} ms apart, {self.fps:.4g} per second in the mean. Times "
                "are those of the file; tracks that count its frames have another clock."
            )
        elif abs(self.fps / self.video.fps - 1) > SAME_RATE:
            yield (
                f"{name} states {self.video.fps:.5g} frames per second, and its frames come at "
                f"{self.fps:.5g}. The times of the frames count."
            )

    def tell(self, stacklevel: int = 3) -> None:
        """Warn of what the file contradicts itself in."""
        for note in self.notes():
            warnings.warn(note, VideoNote, stacklevel=stacklevel)


def index_frames(path: str | Path, *, exact: bool = True) -> FrameIndex:
    """The frames of a video.

    Parameters
    ----------
    path
        The video.
    exact
        Whether all frames are decoded once where packets are not enough to know each.

    Raises
    ------
    DataError
        There is no such file, it cannot be opened, or no frame of it be decoded.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no video {path}.{near_file(path)}")
    return _index(path, stamp_of_video(path), exact)


def stamp_of_video(path: Path) -> tuple[int, int]:
    """Size of a file, and when it was changed."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@functools.lru_cache(maxsize=256)
def _index(path: Path, stamp: tuple[int, int], exact: bool) -> FrameIndex:
    video = look_at(path)
    times, whole = _read_packets(path)
    sought = _is_as_decoded(path, times, whole)
    if exact and not sought:
        times = _decode_times(path)
        whole = np.zeros(min(len(times), 1), np.int64)
    if not len(times) and exact:
        raise DataError(f"{path}: no frame of this video can be decoded. {recode(path)}")
    fps, even = _rate_of(times, video.fps)
    return FrameIndex(video, fps, times, whole, even, sought, exact or sought, stamp)


def open_video(path: Path) -> Any:
    """An open video, at its first frame; OpenCV and the decoder are those of `look_at`."""
    import cv2

    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    return capture if capture.isOpened() else cv2.VideoCapture(str(path))


def time_of(capture: Any) -> float:
    """When the frame that was grabbed last is shown, s."""
    import cv2

    return float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000


def seek(capture: Any, number: int) -> None:
    """Go to a frame, or near it: `time_of` says where that was after the next is grabbed."""
    import cv2

    capture.set(cv2.CAP_PROP_POS_FRAMES, number)


def _read_packets(path: Path) -> tuple[Seconds, npt.NDArray[np.int64]]:
    """Times of all packets in the order they are shown, and which are whole; none if not told."""
    import cv2

    packets = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
    times, keys = [], []
    try:
        while packets.isOpened() and packets.grab():
            times.append(time_of(packets))
            keys.append(bool(packets.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME)))
    finally:
        packets.release()
    order = np.argsort(np.asarray(times), kind="stable")
    return np.asarray(times, np.float64)[order], np.flatnonzero(np.asarray(keys, bool)[order])


def _is_as_decoded(path: Path, times: Seconds, whole: npt.NDArray[np.int64]) -> bool:
    """Whether the first frames and all from the last whole one on come at the packets' times."""
    if not len(times) or (np.diff(times) <= SAME_TIME).any() or not len(whole):
        return False
    capture = open_video(path)
    try:
        first = [time_of(capture) for _ in range(min(3, len(times))) if capture.grab()]
        if not _agree(np.asarray(first), times[: len(first)]):
            return False
        seek(capture, int(whole[-1]))
        last = _grab_times(capture)
    finally:
        capture.release()
    return 0 < len(last) <= len(times) and _agree(last, times[-len(last) :])


def _agree(found: Seconds, expected: Seconds) -> bool:
    return len(found) == len(expected) and bool((np.abs(found - expected) < SAME_TIME).all())


def _decode_times(path: Path) -> Seconds:
    capture = open_video(path)
    try:
        return _grab_times(capture)
    finally:
        capture.release()


def _grab_times(capture: Any) -> Seconds:
    found = []
    while capture.grab():
        found.append(time_of(capture))
    return np.asarray(found, np.float64)


def _rate_of(times: Seconds, stated: float) -> tuple[float, bool]:
    """Frames per second, and whether they are even in time; the stated rate where it fits."""
    if len(times) < 2 or not times[-1] > times[0]:
        return stated, True
    for fps in (stated, (len(times) - 1) / float(times[-1] - times[0])):
        steps = np.abs(np.diff(times) - 1 / fps)
        drift = np.abs(times - times[0] - np.arange(len(times)) / fps)
        if steps.max() <= max(UNEVEN / fps, ROUNDED) and drift.max() <= 0.5 / fps:
            return fps, True
    return (len(times) - 1) / float(times[-1] - times[0]), False
