"""CPU seconds of cleaning on one core: an hour of two animals x 12 points, float32, with gaps.

From arrays in memory, and lazily (one chunk, in this thread).

    python benchmarks/cleaning.py
    python benchmarks/cleaning.py --minutes 6
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from functools import partial

import dask
import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow import cleaning

PARTS = 12

GAPS = 0.01
"""Share of the frames at which a gap of 1 to 12 frames begins."""


def make_tracks(n_frames: int) -> xr.Dataset:
    """Two animals on random paths, seen with gaps, jumps and low confidence."""
    rng = np.random.default_rng(0)
    path = np.cumsum(rng.normal(0, 0.5, (2, 1, 2, n_frames)), axis=-1)
    body = rng.normal(0, 30, (2, PARTS, 2, 1)) + rng.normal(0, 0.3, (2, PARTS, 2, n_frames))
    position = (path + body).astype(np.float32)
    jumps = rng.random((2, PARTS, n_frames)) < 0.002
    position += np.where(jumps, np.float32(80), np.float32(0))[:, :, np.newaxis]
    begins = rng.random((2, PARTS, n_frames)) < GAPS
    lengths = rng.integers(1, 13, begins.sum())
    for (animal, part, start), length in zip(np.argwhere(begins), lengths, strict=True):
        position[animal, part, :, start : start + length] = np.nan
    confidence = rng.beta(20, 1, (2, PARTS, n_frames)).astype(np.float32)
    return ef.from_arrays(
        position, fps=30, bodyparts=[f"part_{k}" for k in range(PARTS)], units="mm",
        confidence=confidence,
    )  # fmt: skip


TASKS: Mapping[str, Callable[[xr.Dataset], xr.Dataset]] = {
    "running median of 5": partial(cleaning.smooth, window="5 frames"),
    "Savitzky-Golay of 5": partial(cleaning.smooth_polynomial, window="5 frames"),
    "linear filling": cleaning.fill_gaps,
    "linear filling and marks": partial(ef.clean, min_confidence=None, max_jump=None, window=None),
    "PCHIP filling": cleaning.fill_pchip,
    "mask of low confidence": cleaning.mask_low_confidence,
    "jumps": cleaning.remove_jumps,
    "outliers (Hampel)": cleaning.remove_outliers,
    "all of clean": ef.clean,
}


def seconds(task: Callable[[], object], repeats: int) -> float:
    """The best of several runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return min(times)


def _compute(task: Callable[[xr.Dataset], xr.Dataset], ds: xr.Dataset) -> None:
    task(ds).compute()


def main() -> None:
    """Print the seconds of every task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--repeats", type=int, default=4)
    given = parser.parse_args()
    ds = make_tracks(int(given.minutes * 60 * 30))
    lazy = ds.chunk(time=-1)
    few = ds.isel(time=slice(500))
    with dask.config.set(scheduler="synchronous"):
        for name, task in TASKS.items():
            task(few)  # compiles
            here = seconds(partial(task, ds), given.repeats)
            later = seconds(partial(_compute, task, lazy), given.repeats)
            print(f"{name:28} {here:6.3f} s   lazily {later:6.3f} s")


if __name__ == "__main__":
    main()
