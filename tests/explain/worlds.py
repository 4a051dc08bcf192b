"""Feature matrices and labels of which it is known why each frame has its label."""

from __future__ import annotations

import numpy as np
import xarray as xr

NAMES = ("speed", "copy of speed", "span", "noise")
UNITS = ("mm/s", "mm/s", "mm", "1")


def matrix(n_recordings=4, n_frames=600, n_individuals=1, seed=0, **coords):
    """Speed and its copy, span and noise; smooth in time, so that frames are like each other."""
    random = np.random.default_rng(seed)
    shape = (n_recordings, n_individuals, len(NAMES), n_frames + 20)
    white = np.cumsum(random.normal(size=shape), axis=-1)
    x = (white[..., 20:] - white[..., :-20]) / np.sqrt(20)
    x[:, :, 0] = 50 + 20 * x[:, :, 0]
    x[:, :, 1] = 2 * x[:, :, 0] + random.normal(0, 0.5, x[:, :, 0].shape)
    x[:, :, 2] = 40 + 5 * x[:, :, 2]
    names = np.array([f"m{i}" for i in range(n_recordings)], object)
    animals = np.array([[f"m{i}{j}" for j in range(n_individuals)] for i in range(n_recordings)],
                       object)  # fmt: skip
    return xr.DataArray(
        x.astype(np.float32),
        dims=("recording", "individual", "feature", "time"),
        coords={
            "recording": names,
            "individual": np.array([f"individual_{j}" for j in range(n_individuals)], object),
            "animal": (("recording", "individual"), animals),
            "feature": np.array(NAMES, object),
            "unit": ("feature", np.array(UNITS, object)),
            "circular": ("feature", np.zeros(len(NAMES), bool)),
            "time": ("time", np.arange(n_frames) / 25.0, {"units": "s"}),
            "fps": 25.0,
            "n_frames": ("recording", np.full(n_recordings, n_frames)),
            **coords,
        },
        attrs={"units": "mixed"},
    )


def labels(x, **flags):
    """Labels (recording, individual, time) as 1, 0 and NaN."""
    coords = {n: c for n, c in x.coords.items() if "feature" not in c.dims}
    made = {
        name: (("recording", "individual", "time"), np.asarray(v, np.float32), {"kind": "label"})
        for name, v in flags.items()
    }
    return xr.Dataset(made, coords, {"label_source": "human"})


def clusters(x, codes, names):
    """Clusters by number, as clusterers give them."""
    coords = {n: c for n, c in x.coords.items() if "feature" not in c.dims}
    attrs = {"kind": "category", "flag_values": list(range(len(names))),
             "flag_meanings": " ".join(names)}  # fmt: skip
    array = (("recording", "individual", "time"), np.asarray(codes, np.float32), attrs)
    return xr.Dataset({"cluster": array}, coords, {"label_source": "clusters"})


def column(x, name):
    """Values of one feature, dims (recording, individual, time)."""
    return x.sel(feature=name).values
