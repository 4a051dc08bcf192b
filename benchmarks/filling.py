"""How far off filled points are, by the length of the gap: the simulator and real recordings.

    python benchmarks/filling.py [FOLDER OF REAL FILES]

Scales of the real ones: 3.2 px/mm of `demo1` and 1.4 px/mm of `demo5`, as their authors give them;
1.25 px/mm of `jabs` is taken from the length of the mice.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import xarray as xr

import ethoflow as ef
from ethoflow.cleaning import score_filling

REAL = {
    "demo1": ("freezing-behaviordepot/demo1/demo1_tracking.csv", 50.0, 3.2),
    "demo5": ("freezing-behaviordepot/demo5/demo5_tracking.csv", 29.385, 1.4),
    "jabs": ("jabs-pose/sample_pose_est_v5.h5", 30.0, 1.25),
}


def simulated() -> xr.Dataset:
    """Two recordings of two mice, with more long gaps than there are by default."""
    simulation = ef.simulate.simulate_cohort(2, duration="3 min", gaps=6.0, seed=5)
    return ef.calibrate(simulation.tracks, px_per_mm=simulation.px_per_mm)


def main() -> None:
    """Print a table for each."""
    warnings.simplefilter("ignore")
    recordings = {"simulated": simulated()}
    for name, (path, fps, scale) in REAL.items() if len(sys.argv) > 1 else ():
        tracks = ef.read(Path(sys.argv[1]) / path, fps=fps)
        recordings[name] = ef.calibrate(tracks, px_per_mm=scale)
    for name, ds in recordings.items():
        print(name)
        print(
            score_filling(ef.clean(ds, max_gap=None, window=None), repeats=2).round(3), flush=True
        )


if __name__ == "__main__":
    main()
