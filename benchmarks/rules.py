"""Frames per CPU second of rules, from memory: two mice, 11 points, one thread.

python benchmarks/rules.py                # the usual rules, all rules, the preset deepof
python benchmarks/rules.py --each         # and every rule by itself
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

import ethoflow as ef

FPS = 30.0


def make_poses(n_frames: int) -> xr.Dataset:
    """Cleaned positions in mm with an arena, `n_frames` of them, in memory."""
    simulation = ef.simulate.simulate_recording(duration="5 min", fps=FPS, seed=1)
    floor = simulation.arena
    arena = ef.circle(floor.x, floor.y, floor.radius, size=floor.size)
    base = ef.clean(ef.calibrate(simulation.tracks.isel(recording=0), arena))
    rounds = -(-n_frames // base.sizes["time"])
    position = np.tile(base.position.values, rounds)[..., :n_frames]
    ds = ef.from_arrays(
        position, fps=FPS, bodyparts=list(base.bodypart.values), units="mm", recording="long"
    )
    beside = ("arena", "arena_centre", "arena_radius", "px_per_mm")
    return ds.assign({name: base[name].reset_coords(drop=True) for name in beside})


def measure(run: Callable[[], object], repeats: int = 3) -> float:
    """CPU seconds of the quickest of a few runs, after one that compiles."""
    run()
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        run()
        taken.append(time.process_time() - begun)
    return min(taken)


def annotate(
    ds: xr.Dataset, rules: str | Sequence[str] | None, preset: str | None = None
) -> xr.Dataset:
    """Labels, without a word on rules that the data do not fit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ef.annotate(ds, rules, preset=preset).compute(scheduler="synchronous")


def main() -> None:
    """Print a row for each set of rules."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=108_000)
    parser.add_argument("--each", action="store_true")
    options = parser.parse_args()
    ds = make_poses(options.frames)
    sets: dict[str, tuple[str | list[str] | None, str | None]] = {
        "usual": (None, None),
        "all": ("all", None),
        "preset deepof": (None, "deepof"),
    }
    if options.each:
        fits = annotate(ds, "all").data_vars
        sets |= {str(name): ([str(name)], None) for name in fits}
    for name, (rules, preset) in sets.items():
        count = len(annotate(ds, rules, preset).data_vars)
        taken = measure(lambda rules=rules, preset=preset: annotate(ds, rules, preset))
        print(f"{name:24s} {count:3d} rules {options.frames / taken:>12,.0f} frames/CPU s")


if __name__ == "__main__":
    main()
