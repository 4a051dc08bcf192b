"""Bins of time: which frames each has, and where it begins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ethoflow.errors import DataError
from ethoflow.units import Quantity, convert, same_dimension, to_frames, unit_of

ROUNDING = 1e-6
"""Frames by which a time may miss the middle of a frame, for the digits it is written with."""

MOST_BINS = 1_000_000
"""Bins of one recording that anybody means."""


def frame_at(time: npt.NDArray[Any] | float, rate: float) -> npt.NDArray[np.int64]:
    """The first frame whose middle is not before a time, s since the beginning of frame 0.

    Examples
    --------
    >>> frame_at(np.array([0.0, 0.5, 0.52, 1.0]), 25.0).tolist()
    [0, 12, 13, 25]
    """
    return np.ceil(np.asarray(time) * rate - 0.5 - ROUNDING).astype(np.int64)


def bin_width(bin: Quantity, fps: float, longest: int, *, name: str = "bin") -> float:
    """Length of a bin, s; not rounded to frames where it was given as a time.

    Parameters
    ----------
    bin
        As it was given.
    fps
        Frames per second.
    longest
        Frames of the longest recording that is divided.
    name
        What the bin is, for the message.

    Raises
    ------
    DataError
        A bin is shorter than a frame, or there are more bins than anybody means.
    UnitError
        It is no duration.

    Examples
    --------
    >>> bin_width("1 min", 29.385, 1000), bin_width("10 frames", 25.0, 1000)
    (60.0, 0.4)
    """
    to_frames(bin, fps, name=name)  # refuses what is no duration
    unit = unit_of(bin, name=name, unit="s") or "s"
    in_frames = same_dimension(unit, "frame")
    width = convert(bin, "frame", name=name) / fps if in_frames else convert(bin, "s", name=name)
    if width * fps < 1 - ROUNDING:
        raise DataError(
            f"{name} must be a frame (1/{fps:g} s) or longer, found {bin!r}; '1 min' is a minute."
        )
    if longest > MOST_BINS * width * fps:
        raise DataError(
            f"{name}={bin!r} divides a recording into more than {MOST_BINS} bins: take a longer "
            "one, as in '1 min'."
        )
    return width


def bin_edges(width: float, fps: float, n_frames: int) -> npt.NDArray[np.int64]:
    """Frames at which the bins of a recording begin, and that at which it ends.

    A frame is in the bin in which its middle lies, so that bins keep their length whatever the
    frame rate. A recording without frames has one bin without any.

    Examples
    --------
    >>> bin_edges(1.0, 2.5, 7).tolist()
    [0, 2, 5, 7]
    """
    most = math.ceil(n_frames / (width * fps)) + 1
    begins = frame_at(width * np.arange(most), fps)
    begins = begins[begins < n_frames] if n_frames else begins[:1]
    return np.append(begins, n_frames)
