"""Coordinates: what each means, and how time and names are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

COORDINATES = {
    "recording": "name of the recording: the stem of its file",
    "individual": "slot or role of an animal in the recording",
    "bodypart": "the tracker's own name of the point",
    "space": "x, y (, z)",
    "time": "seconds from the first frame, frame / fps",
    "fps": "frames per second (scalar)",
    "n_frames": "frames the recording has; shorter recordings are padded with NaN",
    "origin": "second of the recording's own clock (video, camera, session) at time 0",
    "role": "what a body part is, in the words rules use: nose, centre, tail_base, ...",
    "made_of": "the body parts that one stands for; empty where the tracker itself gives the point",
    "animal": "who sits in the slot: the statistical unit; empty where the slot is empty",
    "digest": "digest of the file the recording was read from",
    "source_file": "name of that file",
}

ORIGIN = {"units": "s", "long_name": "time 0 on the recording's own clock"}
"""Attributes of the coordinate `origin`."""


def make_time(n_frames: int, fps: float) -> xr.Variable:
    """Seconds from the first frame: frame / fps."""
    return xr.Variable(
        "time",
        np.arange(n_frames, dtype=np.float64) / fps,
        {"units": "s", "long_name": "time from the first frame"},
    )


def text(values: Sequence[str] | npt.NDArray[np.generic]) -> npt.NDArray[np.object_]:
    """Names as an object array: the variable-length text that xarray and Zarr keep."""
    names = np.empty(len(values), dtype=object)
    names[:] = [str(value) for value in values]
    return names
