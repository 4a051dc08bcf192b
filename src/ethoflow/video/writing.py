"""Videos into files: whole or not at all, and counted again."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from ethoflow.disk import beside, clear_parts
from ethoflow.io.video_index import index_frames
from ethoflow.place import local_path
from ethoflow.schema import DataError
from ethoflow.video.lettering import Image

CODECS = {".webm": ("VP90", "VP9"), ".mp4": ("avc1", "H.264")}
"""Endings and what stands behind them: browsers play both."""

_opening = threading.Lock()

Write = Callable[[Image], None]


def check_target(path: str | Path) -> Path:
    """Where a video goes.

    Raises
    ------
    DataError
        Its ending is of no format that is written here.
    """
    found = local_path(path, "videos")
    if found.suffix not in CODECS:
        raise DataError(f"videos are written as .webm (VP9) or .mp4 (H.264), found {found.name!r}.")
    return found


@contextmanager
def writing_video(path: Path, fps: float, width: int, height: int) -> Iterator[Write]:
    """A function that takes frames one by one, in BGR; the file is there once all are written.

    Raises
    ------
    DataError
        This OpenCV has no encoder for it, or not all frames could be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_parts(path.parent)
    with beside(path) as part:
        writer = _open_writer(part, fps, width, height)
        count = 0

        def write(image: Image) -> None:
            nonlocal count
            writer.write(image)
            count += 1

        try:
            yield write
        finally:
            writer.release()
        if not count:
            raise DataError(f"{path}: nothing to write, no frame was chosen.")
        found = _count(part)
        if found != count:
            raise DataError(
                f"{path}: of {count} frames {found} could be written. Is there room on the disk?"
            )


def _count(part: Path) -> int:
    """Frames that a file has, 0 where it cannot be opened: encoders do not say that they failed."""
    try:
        return index_frames(part).n_frames
    except DataError:
        return 0


def _open_writer(part: Path, fps: float, width: int, height: int) -> Any:
    """An encoder for the ending of a file."""
    code, name = CODECS[part.suffix]
    with _opening, _without_words():
        writer = cv2.VideoWriter(
            str(part), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), float(fps), (width, height)
        )
    if not writer.isOpened():
        way = (
            "write .webm (VP9) instead"
            if part.suffix == ".mp4"
            else "pip install -U opencv-python-headless"
        )
        raise DataError(f"this OpenCV has no encoder for {name}: {way}.")
    return writer


@contextmanager
def _without_words() -> Iterator[None]:
    """Without what FFmpeg prints on opening an encoder: of tags, and of devices that are not there.

    It prints past Python, so that the stream of errors itself is turned away for that moment.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no such stream
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
