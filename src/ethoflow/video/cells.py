"""One example in a grid: a few seconds around one animal, over and over."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.io.video_frames import each_frame
from ethoflow.io.video_index import FrameIndex
from ethoflow.one_recording import arena_outline
from ethoflow.video.canvas import DARK, FLOOR, Body, draw_path, draw_skeletons
from ethoflow.video.lettering import (
    GROUND,
    INK,
    PALE,
    Colour,
    Image,
    draw_text,
    shorten,
)
from ethoflow.video.places import Placing, blocks_of

CAPTION, SMALL = 36, 12
RIM = 3
BODIES = 3.2
"""Side of a cell, in lengths of the animal."""
SMOOTHED = 0.5
"""Time over which the path of the cell's middle is smoothed, s."""


@dataclass(frozen=True)
class Cell:
    """An example: its frames, where they are in the video, which are of the bout.

    Attributes
    ----------
    ds
        The frames that are shown.
    points
        Px of the video, dims (time, individual, bodypart, space).
    middle
        Of the cell, px of the video, dims (time, space).
    side
        Of the cell, px of the video.
    within
        Whether each frame is of the bout, dims (time,).
    index, numbers
        The video and its frames, -1 where there is none; without one an empty floor.
    said
        Two lines: the recording, and the animal and the time.
    """

    ds: xr.Dataset
    points: Array
    middle: Array
    side: float
    within: Array
    index: FrameIndex | None
    numbers: Array
    placing: Placing
    said: tuple[str, str]

    def play(self, size: int, colour: Colour) -> Generator[Image, None, None]:
        """Pictures of the cell, again and again; a rim in colour while the bout lasts."""
        body = Body.of(self.ds, 2 * size)
        outline = arena_outline(self.ds)
        outline = None if outline is None else self.placing.place(outline[:, :2])
        strip = self._caption(size)
        while True:
            found: Iterator[Image] = iter(())
            if self.index is not None:
                found = each_frame(self.index, self.numbers[self.numbers >= 0].tolist())
            for step, number in enumerate(self.numbers):
                scale = size / self.side
                move = (self.side / 2 - self.middle[step]) * scale - 0.5
                picture = np.full(
                    (size, size, 3), FLOOR if self.index is None else GROUND, np.uint8
                )
                if number >= 0:
                    way = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
                    cv2.warpAffine(next(found), way, (size, size), picture, cv2.INTER_LINEAR,
                                   cv2.BORDER_CONSTANT, GROUND)  # fmt: skip
                elif outline is not None:
                    draw_path(picture, outline * scale + move, DARK)
                draw_skeletons(picture, self.points[step] * scale + move, body)
                ink = colour if self.within[step] else (70, 66, 64)
                cv2.rectangle(picture, (1, 1), (size - 2, size - 2), ink, RIM)
                yield np.concatenate([picture, strip])

    def _caption(self, size: int) -> Image:
        strip = np.full((CAPTION, size, 3), GROUND, np.uint8)
        for line, (text, ink) in enumerate(zip(self.said, (INK, PALE), strict=True)):
            draw_text(strip, shorten(text, SMALL, size - 8), (4, 14 + 15 * line), SMALL, ink)
        return strip


def middle_path(points: Array, fps: float) -> Array:
    """The middle of what is seen over time, smoothed and carried over gaps: where to look.

    Parameters
    ----------
    points
        Dims (time, bodypart, space).
    """
    seen = np.asarray(np.isfinite(points).all(axis=-1))
    with np.errstate(invalid="ignore"):
        middle = np.where(seen[..., None], points, 0).sum(axis=1) / seen.sum(axis=1)[:, None]
    known = np.flatnonzero(np.isfinite(middle).all(axis=1))
    if not len(known):
        return np.zeros_like(middle)
    times = np.arange(len(middle))
    whole = np.stack([np.interp(times, known, middle[known, i]) for i in range(2)], axis=1)
    reach = max(round(SMOOTHED * fps / 2), 1)
    wide = np.pad(whole, ((reach, reach), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, 2 * reach + 1, axis=0)
    return np.asarray(windows.mean(axis=-1))


def body_length(points: Array) -> float:
    """The longest extent of an animal, the median over time; NaN where one point is all."""
    seen = np.asarray(np.isfinite(points).all(axis=-1))
    kept = points[seen.sum(axis=1) > 1]
    if not len(kept):
        return float("nan")
    extent = np.nanmax(kept, axis=1) - np.nanmin(kept, axis=1)
    return float(np.median(np.hypot(extent[:, 0], extent[:, 1])))


def points_of(ds: xr.Dataset, placing: Placing) -> Array:
    """Points of a few seconds, px of the video, dims (time, individual, bodypart, space)."""
    return placing.place(np.concatenate([block for _, block in blocks_of(ds)]))
