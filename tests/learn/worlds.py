"""Recordings and labels of which it is known what there is to learn."""

from __future__ import annotations

import numpy as np
import xarray as xr

import ethoflow as ef

QUICK = {"max_iter": 15}


def bursts(n_recordings=1, n_frames=1500, fps=25.0, seed=0, noise=0.2):
    """A body that runs in bursts and stands otherwise, and labels that say when: no other clue."""
    random = np.random.default_rng(seed)
    parts, runs = [], []
    for _ in range(n_recordings):
        lengths = random.integers(20, 60, n_frames)
        state = np.repeat(np.arange(n_frames) % 2, lengths)[:n_frames]
        way = np.cumsum(np.where(state == 1, 4.0, 0.0))
        centre = np.stack([way % 300, np.full(n_frames, 50.0)])
        shape = np.array([[40.0, 0], [20, 8], [20, -8], [0, 0], [-40, 0]])
        at = centre[None] + shape[:, :, None] + random.normal(0, noise, (5, 2, n_frames))
        parts.append(at[None])
        runs.append(state.astype(float))
    names = [f"m{i}" for i in range(n_recordings)]
    made = [
        ef.from_arrays(
            part, fps=fps, bodyparts=["nose", "left_ear", "right_ear", "centre", "tail_base"],
            units="mm",
        )
        for part in parts
    ]  # fmt: skip
    if n_recordings == 1:
        poses = made[0].assign_coords(recording="m0")
        return poses, as_labels(poses, runs[0][None])
    poses = xr.concat(made, "recording", coords="minimal", compat="override")
    poses = poses.assign_coords(recording=np.array(names, object))
    return poses, as_labels(poses, np.stack(runs)[:, None])


def as_labels(poses, values, name="running", **attrs):
    dims = (*(["recording"] if "recording" in poses.dims else []), "individual", "time")
    label = xr.DataArray(np.asarray(values, np.float32), dims=dims, attrs={"kind": "label"})
    kept = {n: c for n, c in poses.coords.items() if set(c.dims) <= set(dims)}
    return xr.Dataset({name: label}, coords=kept, attrs={"label_source": "human", **attrs})
