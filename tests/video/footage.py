"""Videos whose every frame says which one it is, and in which a dot goes a known way."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

WIDTH, HEIGHT = 128, 96
BITS = 10


def coded(number: int) -> np.ndarray:
    """A frame with its number in white and black blocks, and a ground that changes."""
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for bit in range(BITS):
        image[8:24, 4 + 12 * bit : 14 + 12 * bit] = 255 * (number >> bit & 1)
    image[40:] = number * 7 % 200
    return image


def number_in(frame: np.ndarray) -> int:
    """The number of a frame, of any channel order."""
    on = [frame[11:21, 7 + 12 * bit : 11 + 12 * bit].mean() > 170 for bit in range(BITS)]
    return sum(1 << bit for bit, found in enumerate(on) if found)


def encode(path: Path, *options: str, n: int = 150, fps: str = "25") -> Path:
    """A video of coded frames, made by the FFmpeg that comes with sleap-io."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    subprocess.run(
        [ffmpeg, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24",
         "-s", f"{WIDTH}x{HEIGHT}", "-r", fps, "-i", "-", *options, str(path)],
        input=b"".join(coded(number).tobytes() for number in range(n)), check=True,
    )  # fmt: skip
    return path


def write_frames(path: Path, frames: list[np.ndarray], fps: float = 25) -> Path:
    """A video of given frames in BGR, by OpenCV alone, every frame whole."""
    height, width = frames[0].shape[:2]
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def dot(at: np.ndarray, size: tuple[int, int] = (320, 240), radius: int = 7) -> np.ndarray:
    """A dark dot on a light floor; none where it is nowhere."""
    image = np.full((size[1], size[0], 3), 200, np.uint8)
    if np.isfinite(at).all():
        cv2.circle(image, tuple(round(float(v)) for v in at), radius, (30, 30, 30), -1)
    return image
