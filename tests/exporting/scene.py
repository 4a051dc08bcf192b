"""One recording for every consumer: a clip with gaps, two animals, labels partly unknown.

Nothing in it is symmetric: a mirrored axis, a swapped animal, a shifted frame or a gap that became
0 changes what a consumer reads.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import ethoflow as ef

FPS = 29.97
FIRST = 100
"""Frame of its video that the clip begins at."""
PARTS = ["nose", "left_ear", "centre", "tail_base"]


def make_tracks(n_frames: int = 60, units: str = "px", recording: str = "clip") -> xr.Dataset:
    """Two animals, `b` before `a`, on different paths, with gaps and a confidence of their own."""
    rng = np.random.default_rng(7)
    shape = (2, len(PARTS), 2, n_frames)
    position = (np.array([100.0, 400.0]).reshape(1, 1, 2, 1) + rng.normal(0, 30, shape)).astype(
        "f4"
    )
    position[0, 1, :, 10:20] = np.nan
    position[1, 2, :, -3:] = np.nan
    position[:, :, :, 30] = np.nan
    return ef.from_arrays(
        position,
        fps=FPS,
        confidence=rng.random((2, len(PARTS), n_frames)).astype("f4"),
        bodyparts=PARTS,
        animals=["b", "a"],
        recording=recording,
        units=units,
    ).assign_coords(origin=FIRST / FPS)


def with_labels(tracks: xr.Dataset) -> xr.Dataset:
    """Beside the tracks: `running`, unknown in frames 20 to 24; `rearing`, which never occurs."""
    n_frames = tracks.sizes["time"]
    state = np.zeros((2, n_frames), np.float32)
    state[0, 3:9] = state[0, 28:] = state[1, :5] = 1
    state[0, 20:25] = np.nan
    base = tracks.confidence[:, 0].drop_vars(["bodypart", "role"], errors="ignore")
    running, rearing = base.copy(data=state), base.copy(data=np.zeros_like(state))
    for label in (running, rearing):
        label.attrs = {"kind": "label", "units": "1", "source": "made()"}
    return tracks.assign(running=running, rearing=rearing)
