"""CPU seconds of regions on one core: one region for one point of an hour at 30 fps, float32.

From arrays in memory, and lazily (one chunk, in this thread).

    python benchmarks/regions.py
    python benchmarks/regions.py --minutes 6
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import dask
import numpy as np
import xarray as xr

import ethoflow as ef
from features import compute, seconds

SHAPES: Mapping[str, ef.Arena | list[ef.Arena]] = {
    "circle": ef.circle(200, 200, 90),
    "square": ef.polygon([(100, 100), (300, 100), (300, 300), (100, 300)]),
    "square with a hole": [
        ef.polygon([(100, 100), (300, 100), (300, 300), (100, 300)]),
        ef.polygon([(150, 150), (250, 150), (250, 250), (150, 250)]),
    ],
    "ellipse": ef.ellipse(200, 200, 90, 60, angle=30),
}
TASKS: Mapping[str, Callable[[xr.Dataset], Any]] = {
    "inside": ef.features.in_region,
    "distance": ef.features.region_distance,
}


def make_point(n_frames: int) -> xr.Dataset:
    """A point on a random path, in mm."""
    path = 200 + np.cumsum(np.random.default_rng(0).normal(0, 0.7, (1, 1, 2, n_frames)), axis=-1)
    return ef.from_arrays(path.astype(np.float32), fps=30, bodyparts=["centre"], units="mm")


def main() -> None:
    """Print the seconds of every shape and task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--repeats", type=int, default=4)
    given = parser.parse_args()
    point = make_point(int(given.minutes * 60 * 30))
    with dask.config.set(scheduler="synchronous"):
        for shape, outline in SHAPES.items():
            ds = ef.mark_regions(point, {"one": outline}, units="mm")
            lazy = ds.chunk(time=-1)
            for name, task in TASKS.items():
                task(ds.isel(time=slice(500)))  # compiles
                here = seconds(partial(task, ds), given.repeats)
                later = seconds(partial(compute, task, lazy), given.repeats)
                print(f"{shape:20} {name:10} {here:6.3f} s   lazily {later:6.3f} s")


if __name__ == "__main__":
    main()
