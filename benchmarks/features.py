"""CPU seconds of features on one core: an hour of two animals x 12 points, float32.

From arrays in memory, and lazily (one chunk, in this thread).

    python benchmarks/features.py
    python benchmarks/features.py --minutes 6
    python benchmarks/features.py --wide   # a matrix of 4,508 columns, block by block into a store
"""

from __future__ import annotations

import argparse
import itertools
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import dask
import numpy as np
import xarray as xr

import ethoflow as ef

PARTS = (
    "nose", "left_ear", "right_ear", "neck", "centre", "lower_back", "left_side", "right_side",
    "left_hip", "right_hip", "tail_base", "tail_tip",
)  # fmt: skip
JOINTS = tuple(itertools.islice(itertools.combinations(PARTS, 3), 30))
WINDOWS = ("0.2 s", "1 s", "2 s")
STATISTICS = ("mean", "sd", "min", "max", "median", "slope")


def make_poses(n_frames: int) -> xr.Dataset:
    """Two animals on random paths."""
    rng = np.random.default_rng(0)
    path = np.cumsum(rng.normal(0, 0.5, (2, 1, 2, n_frames)), axis=-1)
    body = rng.normal(0, 30, (2, len(PARTS), 2, 1)) + rng.normal(
        0, 0.3, (2, len(PARTS), 2, n_frames)
    )
    position = (path + body).astype(np.float32)
    return ef.from_arrays(position, fps=30, bodyparts=list(PARTS), units="mm")


WIDE: Mapping[str, Any] = {
    "features": (
        "speed", "acceleration", "bodypart_distance", "centre_distance", "approach_speed",
    ),
    "window": ("0.4 s", "1 s", "2 s", "4 s"),
    "statistic": (
        *STATISTICS, "quantile 0.1", "quantile 0.9", "power 2-5 Hz", "power 5-10 Hz",
        "power 10-15 Hz", "autocorrelation 0.1 s",
    ),
}  # fmt: skip


TASKS: Mapping[str, Callable[[xr.Dataset], Any]] = {
    "66 distances of each animal": ef.features.bodypart_distance,
    "speeds of all points": ef.features.speed,
    "30 joint angles": lambda ds: ef.features.joint_angle(ds, joints=JOINTS),
    "positions aligned": lambda ds: ef.align(ds, along="nose").position,
    "24 speeds, 3 windows, 6 statistics": lambda ds: ef.windowed(
        ds, "speed", window=WINDOWS, statistic=STATISTICS
    ),
    "matrix of 80 columns": lambda ds: ef.feature_matrix(
        ds, ["speed", "heading", "centre_distance", "bodypart_distance"]
    ),
}


def seconds(task: Callable[[], Any], repeats: int) -> float:
    """The best of several runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return min(times)


def compute(task: Callable[[xr.Dataset], Any], ds: xr.Dataset) -> None:
    """A task whose result is lazy, and its numbers."""
    task(ds).compute()


def write_wide(ds: xr.Dataset) -> None:
    """Print what a matrix of thousands of columns costs, from a store into a store."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/cohort.zarr"
        ef.write(ds, store, group="poses")
        start = time.process_time()
        matrix = ef.feature_matrix(ef.open(store, "poses"), **WIDE)
        ef.write(matrix.to_dataset(), store, group="windows")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = f"{time.process_time() - start:.1f} s, peak memory {peak:,.0f} MB"
    print(f"{matrix.sizes['feature']:,} columns of {ds.sizes['time']:,} frames: {cost}")


def main() -> None:
    """Print the seconds of every task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--wide", action="store_true")
    given = parser.parse_args()
    ds = make_poses(int(given.minutes * 60 * 30))
    if given.wide:
        write_wide(ds)
        return
    lazy = ds.chunk(time=-1)
    few = ds.isel(time=slice(500))
    with dask.config.set(scheduler="synchronous"):
        for name, task in TASKS.items():
            task(few)  # compiles
            here = seconds(partial(task, ds), given.repeats)
            later = seconds(partial(compute, task, lazy), given.repeats)
            print(f"{name:36} {here:6.3f} s   lazily {later:6.3f} s")


if __name__ == "__main__":
    main()
