"""Videos: frames as lazy arrays, labelled videos, examples of behaviours side by side.

They need OpenCV, which comes with ``pip install "ethoflow[video]"``.
"""

from __future__ import annotations

from ethoflow.schema import DataError

try:
    import cv2  # noqa: F401
except ImportError as error:
    raise DataError('videos need OpenCV: pip install "ethoflow[video]".') from error

from ethoflow.io.video_frames import frames
from ethoflow.io.video_index import VideoNote
from ethoflow.video.bout_grid import examples
from ethoflow.video.labelling import labelled

__all__ = ["VideoNote", "examples", "frames", "labelled"]


def __dir__() -> list[str]:
    return sorted(__all__)
