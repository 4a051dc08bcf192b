"""When frames were taken: from times of a camera to a regular clock, and from one rate to another.

Nothing here runs unless it is asked for, and what it does is noted with the recording.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ethoflow.io.stack import Float32, Tracks
from ethoflow.io.times import Times, begin, check_unit, settle_rate
from ethoflow.schema import DataError, check_fps

_MOST_FRAMES = 1000
"""Longest recording that times may stand for, in frames per row of the table."""


def place_frames(times: Times, fps: float | None = None) -> tuple[npt.NDArray[np.int64], float]:
    """Frame number of each time on a regular clock that starts at the first, and its rate.

    A step of two frame intervals is a dropped frame. Without `fps` the rate is the number of frames
    the times stand for over the time they take.

    Raises
    ------
    DataError
        The times do not lie on a regular clock (off by half a frame or more).

    Examples
    --------
    >>> import numpy as np
    >>> place_frames(np.array([5.0, 5.1, 5.2, 5.4]))
    (array([0, 1, 2, 4]), 10.0)
    """
    if len(times) < 2:
        if fps is None:
            raise DataError("one time gives no frame rate: give fps as well.")
        return np.zeros(len(times), np.int64), fps
    step = float(np.median(np.diff(times))) if fps is None else 1 / fps
    frames = np.concatenate([[0], np.cumsum(np.maximum(np.rint(np.diff(times) / step), 0))])
    if fps is None:
        rate = float(frames[-1] / (times[-1] - times[0]))
        fps = settle_rate(round(rate, 9), times)
    frames = np.rint((times - times[0]) * fps)
    off = np.abs((times - times[0]) * fps - frames).max()
    if (np.diff(frames) < 1).any() or off > 0.4:
        raise DataError(
            f"the times do not lie on a regular clock of {fps:g} frames per second (off by up to "
            f"{off:.2f} frames): give resample_fps, to interpolate at regular times."
        )
    if frames[-1] > _MOST_FRAMES * len(times):
        raise DataError(
            f"{len(times)} times span {frames[-1]:.0f} frames at {fps:g} fps: are they in s?"
        )
    return frames.astype(np.int64), fps


def apply_times(tracks: Tracks, times: Times, fps: float | None = None) -> Tracks:
    """`tracks` with every row at the frame its time says; dropped frames are NaN.

    Raises
    ------
    DataError
        There is not one time for each row, or no regular clock.
    """
    _check_length(tracks, times)
    frames, rate = place_frames(times, fps)
    lost = int(frames[-1]) + 1 - len(frames)
    notes = (f"its times have {lost} dropped frames, which are missing.",) if lost else ()

    def spread(values: Float32) -> Float32:
        placed = np.full((*values.shape[:-1], int(frames[-1]) + 1), np.nan, np.float32)
        placed[..., frames] = values
        return placed

    return _change(tracks, spread, rate, times, notes)


def _check_length(tracks: Tracks, times: Times) -> None:
    n_frames = tracks.position.shape[-1]
    if len(times) != n_frames:
        raise DataError(
            f"{len(times)} times for {n_frames} frames: needed one each. Are they the times of "
            "another video, or were frames cut off?"
        )


def resample(tracks: Tracks, times: Times, fps: float, *, anti_alias: bool = True) -> Tracks:
    """`tracks` at `fps` frames per second, from the first of `times` (s) to the last.

    A new frame lies on the straight line between the two old frames around it, where both were
    seen, and is missing else. With `anti_alias`, going to a lower rate, it is the mean of that line
    over the frame's own interval; where that reaches into what was not seen, over as much of it as
    was seen on both sides of its middle. Confidence is treated as positions are.

    Raises
    ------
    DataError
        There is not one time for each row, or the rate makes far more frames than there are.
    """
    _check_length(tracks, times)
    fps = check_fps(fps, "resampling")
    since = times - times[0]
    n_new = count_resampled(float(since[-1]), fps)
    if n_new > _MOST_FRAMES * len(since):
        raise DataError(
            f"resampling {len(since)} frames to {fps:g} frames per second makes {n_new}: is the "
            "rate in frames per second?"
        )
    old_fps = 1 / float(np.median(np.diff(since))) if len(since) > 1 else fps
    averaged = anti_alias and fps < old_fps * (1 - 1e-9)
    new: Times = np.arange(n_new, dtype=np.float64) / fps

    def change(values: Float32) -> Float32:
        points = _interpolate(values, since, new)
        return _average(values, points, since, new, 0.5 / fps) if averaged else points

    how = "mean over each new frame" if averaged else "straight line between frames"
    note = f"resampled from {old_fps:g} to {fps:g} fps ({how})."
    return _change(tracks, change, fps, times, (note,))


def contradict(stated: float | None, given: float | None) -> list[str]:
    """A note where the frame rate a file states and the one that was given differ.

    Raises
    ------
    DataError
        They differ as units do, a thousandfold.

    Examples
    --------
    >>> contradict(30, 25)
    ['it states 30 frames per second; the 25 that were given are used.']
    """
    if stated is None or given is None or abs(given / stated - 1) < 1e-3:
        return []
    check_unit(stated, given, "the times it holds")
    return [f"it states {stated:g} frames per second; the {given:g} that were given are used."]


def check_resampling(fps: float) -> float:
    """A frame rate that recordings can be brought to.

    Raises
    ------
    DataError
        It is no number of frames per second, or none that tracks of animals have.
    """
    rate = check_fps(fps, "resample_fps")
    if not 0.001 <= rate <= 10_000:
        raise DataError(
            f"resample_fps must lie between 0.001 and 10,000 frames per second, found {fps!r}."
        )
    return rate


def count_resampled(seconds: float, fps: float) -> int:
    """Frames at `fps` from the first to the last, `seconds` later."""
    return int(np.floor(seconds * fps + 1e-6)) + 1


def set_clock(
    tracks: Tracks,
    fps: float | None,
    *,
    times: Times | None = None,
    resample_fps: float | None = None,
    anti_alias: bool = True,
) -> Tracks:
    """`tracks` on the clock asked for: of their own rate, of `times`, or at `resample_fps`."""
    if times is None:
        if fps is None:
            raise DataError("resampling needs the frame rate of the tracks: give fps.")
        if resample_fps in (None, fps):
            return replace(tracks, fps=fps)
        times = tracks.origin(fps) + np.arange(tracks.position.shape[-1]) / fps
    elif resample_fps is None:
        return apply_times(tracks, times, fps)
    assert resample_fps is not None
    return resample(tracks, times, resample_fps, anti_alias=anti_alias)


def _interpolate(values: Float32, since: Times, new: Times) -> Float32:
    if len(since) == 1:
        return values[..., [0] * len(new)]
    right = np.clip(np.searchsorted(since, new - 1e-9), 1, len(since) - 1)
    left = right - 1
    share = ((new - since[left]) / (since[right] - since[left])).astype(np.float32)
    share[np.abs(share) < 1e-5], share[np.abs(share - 1) < 1e-5] = 0, 1
    mixed: Float32 = values[..., left] * (1 - share) + values[..., right] * share
    mixed[..., ~_follows(since)[left]] = np.nan
    # On an old frame its neighbour does not matter, seen or not.
    np.copyto(mixed, values[..., left], where=share == 0)
    np.copyto(mixed, values[..., right], where=share == 1)
    return mixed


def _follows(since: Times) -> npt.NDArray[np.bool_]:
    """Whether the camera dropped no frame between each frame and the next."""
    steps = np.diff(since)
    # Cameras whose rate varies have more than one usual step; the longer one is no gap.
    follows: npt.NDArray[np.bool_] = steps < 1.5 * np.quantile(steps, 0.75)
    return follows


def _average(values: Float32, points: Float32, since: Times, new: Times, half: float) -> Float32:
    """Mean of the straight lines between seen frames, `half` (s) to both sides of each of `new`.

    The window is as much shorter as seen lines end on the nearer side; without any width it is the
    point itself.
    """
    steps = np.diff(since)
    seen = ~np.isnan(values[..., 1:]) & ~np.isnan(values[..., :-1]) & _follows(since)
    left = np.where(seen, values[..., :-1], 0).astype(np.float64)
    rise = np.where(seen, np.diff(values), 0).astype(np.float64)
    area = np.concatenate(
        [np.zeros((*left.shape[:-1], 1)), np.cumsum((left + rise / 2) * steps, -1)], -1
    )
    at = np.clip(np.searchsorted(since, new, "right") - 1, 0, len(steps) - 1)
    begins = np.maximum.accumulate(np.where(seen, since[0], since[1:]), -1)[..., at]
    ends = np.minimum.accumulate(np.where(seen, since[-1], since[:-1])[..., ::-1], -1)[..., ::-1]
    width = np.minimum(np.minimum(new - begins, ends[..., at] - new), half)

    def up_to(edges: Times) -> Times:
        """Area under the lines from the first frame to each of `edges`."""
        k = np.clip(np.searchsorted(since, edges, "right") - 1, 0, len(steps) - 1)
        into = edges - since[k]
        start, slope = (np.take_along_axis(a, k, -1) for a in (left, rise / steps))
        whole: Times = np.take_along_axis(area, k, -1) + into * (start + slope * into / 2)
        return whole

    wide = width > 1e-6 * half
    safe = np.where(wide, width, half)
    mean = (up_to(new + np.where(wide, width, 0)) - up_to(new - np.where(wide, width, 0))) / (
        2 * safe
    )
    return np.where(wide, mean, points).astype(np.float32)


def _change(
    tracks: Tracks,
    change: Callable[[Float32], Float32],
    fps: float,
    times: Times,
    notes: tuple[str, ...],
) -> Tracks:
    sd = tracks.position_sd
    start, of_clock = begin(times)
    return replace(
        tracks,
        position=change(tracks.position),
        confidence=None if tracks.confidence is None else change(tracks.confidence),
        position_sd=None if sd is None else change(sd),
        fps=fps,
        start=start,
        notes=(*tracks.notes, *notes, *of_clock),
    )
