"""Frames: their rate, regular in time, and which of a recording a dataset has."""

from __future__ import annotations

from numbers import Real

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.errors import DataError


def check_fps(fps: float | None, where: str) -> float:
    """The frame rate as a float, or an error that says how to give one."""
    if fps is None:
        raise DataError(
            f"{where}: the frame rate is not known: tracking files rarely hold it. "
            "Give it in frames per second, as fps=25 (--fps 25 on the command line, fps: 25 in a "
            "project file), or take that of the videos beside, as fps='video'."
        )
    if not isinstance(fps, Real) or isinstance(fps, bool) or not np.isfinite(fps) or fps <= 0:
        raise DataError(f"{where}: fps must be a positive number, found {fps!r}.")
    return float(fps)


def check_time(ds: xr.Dataset) -> None:
    """Raise unless `time` is regular and agrees with `fps`."""
    if "time" not in ds.dims:
        return
    if "fps" not in ds.coords or "time" not in ds.coords:
        raise DataError(
            "needed the coordinates time (seconds) and fps (scalar) along the dimension time; "
            "ef.read and ef.from_arrays give both."
        )
    fps = ds.fps.values
    if fps.ndim or not fps > 0:
        raise DataError(f"fps must be one positive number for the whole dataset, found {fps}.")
    time = ds.time.values
    if time.size < 2:
        return
    step = (time[-1] - time[0]) / (time.size - 1)
    if not np.isclose(step * float(fps), 1, rtol=1e-4):
        raise DataError(
            f"time advances by {step:.6g} s per frame, fps = {float(fps):g} needs {1 / fps:.6g} s. "
            "Take every frame (no step in a time slice), or set the right fps."
        )
    if not np.allclose(np.diff(time), step, rtol=0, atol=1e-3 * step + 1e-9 * abs(time[-1])):
        raise DataError("time is not regular: frames are missing or repeated in this slice.")


def first_frame(ds: xr.Dataset) -> int:
    """Frame number, in the whole recording, of the first frame of `ds`."""
    return round(float(ds.time.values[0]) * float(ds.fps)) if ds.sizes["time"] else 0


def count_frames(ds: xr.Dataset) -> npt.NDArray[np.int64]:
    """Frames each recording of `ds` has within the time `ds` spans, one per recording."""
    size, n_recordings = ds.sizes["time"], ds.sizes.get("recording", 1)
    if "n_frames" not in ds.coords:
        return np.full(n_recordings, size, np.int64)
    counts = np.asarray(ds.n_frames.values, np.int64) - first_frame(ds)
    return np.clip(np.broadcast_to(counts, n_recordings), 0, size)


def own_frames(ds: xr.Dataset) -> xr.Dataset:
    """One recording, without the padding that a longer one of its cohort has given it."""
    return ds.isel(time=slice(int(count_frames(ds)[0])))
