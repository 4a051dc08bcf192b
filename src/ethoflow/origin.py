"""The clock a recording was made on, beside the time that counts from its first frame.

A clip of a video, or a recording with the times of its camera, begins at some second of a longer
clock. That second is the coordinate ``origin``; what people scored, and what goes out to other
programs, is on that clock.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.schema import first_frame

Seconds = npt.NDArray[np.float64]
Frames = npt.NDArray[np.int64]


def origins(ds: xr.Dataset) -> Seconds:
    """Time 0 of each recording on its own clock, s; 0 where nothing is known.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> origins(simulate.still_then_running()).tolist()
    [0.0]
    """
    found = np.zeros(ds.sizes.get("recording", 1))
    if "origin" in ds.coords:
        found[:] = np.nan_to_num(np.asarray(ds.origin.values, np.float64))
    return found


def on_clock(origin: float, frames: Frames, fps: float) -> Seconds:
    """Times at which frames of a recording begin, on its own clock, s.

    Where the origin is that of a frame, they are exactly those of the frames of the whole video.

    Examples
    --------
    >>> on_clock(100 / 30, np.array([20]), 30.0).tolist() == [120 / 30]
    True
    """
    number = number_at(origin, fps)
    if abs(origin * fps - number) < 1e-6:
        return (number + frames) / fps
    return origin + frames / fps


def clock_times(ds: xr.Dataset) -> Seconds:
    """Times of the frames of one recording on its own clock, s."""
    frames = first_frame(ds) + np.arange(ds.sizes["time"])
    return on_clock(float(origins(ds)[0]), frames, float(ds.fps))


def clock_frame(ds: xr.Dataset) -> int:
    """Number of the first frame of one recording, counted from 0 on its own clock."""
    return number_at(float(origins(ds)[0]), float(ds.fps)) + first_frame(ds)


def clock_end(ds: xr.Dataset) -> float:
    """Time on its own clock at which one recording ends, s."""
    end = np.array([first_frame(ds) + ds.sizes["time"]])
    return float(on_clock(float(origins(ds)[0]), end, float(ds.fps))[0])


def number_at(time: float, fps: float) -> int:
    """Number of the frame that begins at a time of the clock, the nearest where none does."""
    return round(time * fps)


def begin_at_slice(ds: xr.Dataset) -> Seconds:
    """The origins that the recordings of a slice have once its first frame is at time 0, s."""
    if not ds.sizes.get("time"):
        return origins(ds)
    first = np.array([first_frame(ds)])
    return np.concatenate([on_clock(o, first, float(ds.fps)) for o in origins(ds)])
