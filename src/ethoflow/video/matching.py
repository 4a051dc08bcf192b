"""Which frame of a video belongs to each frame of the tracks, or why that cannot be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.geometry.pictures import MARGIN, OUTSIDE
from ethoflow.io.video_index import SAME_RATE, FrameIndex
from ethoflow.origin import number_at, origins
from ethoflow.schema import DataError, first_frame

FITS = 1.5
"""Frames by which two lengths may differ that are of one stretch of time."""


@dataclass(frozen=True)
class Match:
    """Frames of the video for those of the tracks, -1 where it has none; and what was noticed."""

    numbers: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()


def match_frames(ds: xr.Dataset, index: FrameIndex, begin: float | None = None) -> Match:
    """The frame of the video that each frame of one recording was tracked in.

    As many frames at the same rate are the same frames. Tracks of a part of a video begin at their
    `origin`, or where `begin` says. Tracks at another rate that last as long were resampled, and
    get the frame nearest in time.

    Parameters
    ----------
    ds
        One recording, or a slice of it.
    index
        Its video.
    begin
        Second of the video at which the recording (its time 0) begins; what is then beyond either
        end has no frame.

    Raises
    ------
    DataError
        Rates or lengths contradict each other.
    """
    fps = float(ds.fps)
    first, size = first_frame(ds), ds.sizes["time"]
    total = int(ds.n_frames.values) if "n_frames" in ds.coords else first + size
    origin = float(origins(ds)[0])
    frames = first + np.arange(size)
    told = (
        f"the tracks have {total} frames at {fps:.5g} per second"
        + (f" and begin at second {origin:g}" if origin else "")
        + f", the video {index.video.path.name} {index.n_frames} at {index.fps:.5g}"
    )
    same = abs(fps / index.fps - 1) <= SAME_RATE
    counts = total == index.n_frames
    if begin is not None:
        return _from(begin, frames, fps, index, told)
    if counts and (same or not index.even):
        return Match(frames)
    if not index.even:
        raise DataError(
            f"{told} in the mean, at no constant rate: nobody can say which frame is which. Encode "
            "the video anew at a constant rate (ffmpeg -i OLD -r 30 NEW) and track that."
        )
    if counts:
        raise DataError(
            f"{told}: as many frames at another rate, so one of the rates is wrong, and with it "
            f"every time and speed. Read the tracks again with fps={index.fps:.5g} (--fps)."
        )
    lasts = abs(total / fps - index.n_frames / index.fps) <= FITS / min(fps, index.fps)
    if not origin and not (lasts and not same):
        raise DataError(
            f"{told}: nobody can say which frame is which. Give the video that was tracked, or say "
            "at which of its seconds the tracks begin, as in begin=0 (--begin 0)."
        )
    found = _from(origin, frames, fps, index, told)
    if (found.numbers < 0).any():
        raise DataError(
            f"{told}: they would go beyond the video. Give the video they were tracked in, or say "
            "at which of its seconds they begin, as in begin=0 (--begin 0)."
        )
    return found


def _from(begin: float, frames: Array, fps: float, index: FrameIndex, told: str) -> Match:
    """Frames counted from a second of the video, or nearest in time where rates differ."""
    notes = []
    if abs(fps / index.fps - 1) <= SAME_RATE and index.even:
        numbers = number_at(begin, index.fps) + frames
    else:
        times = begin + frames / fps
        shown = index.times - index.times[0]
        after = np.searchsorted(shown, times).clip(1, max(index.n_frames - 1, 1))
        near = np.stack([after - 1, after.clip(max=index.n_frames - 1)])
        numbers = near[np.abs(shown[near] - times).argmin(axis=0), np.arange(len(times))]
        beyond = (times < -0.5 / index.fps) | (times > shown[-1] + 1 / index.fps)
        numbers = np.where(beyond, -1, numbers)
        notes.append(f"{told}: each frame of the tracks is shown on the one nearest in time.")
    lost = (numbers < 0) | (numbers >= index.n_frames)
    if lost.any():
        notes.append(f"{told}: {int(lost.sum())} frames of the tracks lie beyond the video.")
    return Match(np.where(lost, -1, numbers).astype(np.int64), tuple(notes))


def check_inside(points: Array, index: FrameIndex, recording: str) -> Sequence[str]:
    """What is to be said of points in px that lie outside of the picture.

    Parameters
    ----------
    points
        Px, dims (..., space).

    Raises
    ------
    DataError
        More than a twentieth of those seen do.
    """
    seen = points[np.isfinite(points).all(axis=-1)]
    if not len(seen):
        return []
    size = np.array([index.video.width, index.video.height])
    share = ((seen < -MARGIN * size) | (seen > (1 + MARGIN) * size)).any(axis=1).mean()
    what = (
        f"{recording}: {share:.1%} of the points lie outside the picture of "
        f"{index.video.path.name} ({size[0]} x {size[1]} px)"
    )
    if share > OUTSIDE:
        raise DataError(
            f"{what}: the tracks are of a video of another size, or of another video. Give the one "
            "that was tracked."
        )
    return [f"{what}."] if share else []
