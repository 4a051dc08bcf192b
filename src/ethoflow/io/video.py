"""The video beside a table: its rate, size and length, and where they contradict the tracks."""

from __future__ import annotations

import functools
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ethoflow.io.stack import Tracks
from ethoflow.schema import DataError

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v", ".wmv", ".mpg", ".mpeg")


@dataclass(frozen=True)
class Video:
    """What a video file says of itself."""

    path: Path
    fps: float
    n_frames: int
    width: int
    height: int


def find_video(path: Path) -> Path | None:
    """The video that lies beside a tracker's file and belongs to it by name, if there is one.

    The video has the name of the file, or the part of it before ``DLC``, ``DeepCut`` or a dot.
    """
    stem = path.name
    parts = [match.start() for match in re.finditer(r"\.|DLC|DeepCut|_tracking|_tracked", stem)]
    names = {stem[:end].rstrip("_- ").casefold() for end in parts} - {""}
    try:
        beside = _videos_in(path.parent, path.parent.stat().st_mtime_ns)
    except OSError:
        return None
    fitting = [beside[name] for name in names if name in beside]
    return max(fitting, key=lambda item: len(item.stem), default=None)


@functools.lru_cache(maxsize=64)
def _videos_in(folder: Path, changed: int) -> dict[str, Path]:
    """Videos in a folder as it was when it `changed`: listed once for its thousand tables."""
    with os.scandir(folder) as items:
        names = sorted(item.name for item in items if item.name.lower().endswith(SUFFIXES))
    # Of two that differ only in their ending the first counts.
    return {(folder / name).stem.casefold(): folder / name for name in reversed(names)}


def look_at(path: Path) -> Video:
    """Rate, length and size that a video states, without decoding it.

    Raises
    ------
    DataError
        It cannot be opened, or OpenCV is missing.
    """
    try:
        import cv2
    except ModuleNotFoundError as error:
        raise DataError('videos need OpenCV: pip install "ethoflow[video]".') from error
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise DataError(f"{path}: this video cannot be opened. {recode(path)}")
        keys = (
            cv2.CAP_PROP_FPS,
            cv2.CAP_PROP_FRAME_COUNT,
            cv2.CAP_PROP_FRAME_WIDTH,
            cv2.CAP_PROP_FRAME_HEIGHT,
        )
        fps, n_frames, width, height = (float(capture.get(key)) for key in keys)
    finally:
        capture.release()
    if not 0 < fps < np.inf:
        raise DataError(f"{path}: this video states no frame rate. {recode(path)}")
    return Video(path, fps, int(n_frames), int(width), int(height))


def recode(path: Path) -> str:
    """How to make a video of one that cannot be opened, under a name that fits as well.

    Examples
    --------
    >>> recode(Path("a b.avi"))
    "Encode it anew: ffmpeg -i 'a b.avi' -c:v libx264 -crf 18 -pix_fmt yuv420p 'a b.mp4'"
    """
    new, after = path.with_suffix(".mp4"), ""
    if new == path:
        new = path.with_name(f"{path.stem}_new.mp4")
        after = ", and give the new file the name of the old one"
    files = [shlex.quote(str(item)) for item in (path, new)]
    codec = "-c:v libx264 -crf 18 -pix_fmt yuv420p"
    return f"Encode it anew: ffmpeg -i {files[0]} {codec} {files[1]}{after}"


def video_of(path: Path) -> Path:
    """The video beside a file, or an error that says what was looked for."""
    found = find_video(path)
    if found is None:
        raise DataError(
            f"no video beside the file: needed one named like {path.name!r} in {path.parent}. Give "
            "the frame rate as a number, fps=25."
        )
    return found


def look_beside(path: Path) -> Video | None:
    """The video beside a file, None where there is none that can be opened."""
    found = find_video(path)
    try:
        return None if found is None else look_at(found)
    except DataError:
        return None


def compare(n_frames: int, tracks: Tracks | None, video: Video, fps: float | None) -> Iterator[str]:
    """Where a recording and its video contradict each other, a sentence each.

    Parameters
    ----------
    n_frames
        Frames of the recording.
    tracks
        Its tracks, to look for points outside the picture.
    video
        What the video states.
    fps
        Frame rate of the recording, if it is known.
    """
    name = video.path.name
    if fps is not None and abs(fps / video.fps - 1) > 1e-3:
        yield f"the tracks have {fps:g} frames per second, the video {name} {video.fps:g}."
    if video.n_frames > 0 and video.n_frames != n_frames:
        yield f"the tracks have {n_frames} frames, the video {name} {video.n_frames}."
    if tracks is not None and tracks.units == "px" and video.width > 0:
        outside = _share_outside(tracks, video)
        if outside > 0:
            yield (
                f"{outside:.1%} of the points seen lie outside the picture of {name} "
                f"({video.width} x {video.height} px)."
            )


def _share_outside(tracks: Tracks, video: Video) -> float:
    x, y = tracks.position[:, :, 0], tracks.position[:, :, 1]
    seen = ~np.isnan(x)
    with np.errstate(invalid="ignore"):
        outside = (x < 0) | (y < 0) | (x > video.width) | (y > video.height)
    return float(outside.sum() / max(int(seen.sum()), 1))
