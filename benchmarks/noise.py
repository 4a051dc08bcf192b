"""F1 of the rules against the script of simulated mice, by the noise of the tracker.

python benchmarks/noise.py                # the table of docs/behaviours.md
python benchmarks/noise.py --noise 0 0.3 --recordings 1 --seconds 60
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import xarray as xr

import ethoflow as ef

RULES = (
    "moving", "immobile", "freezing", "climbing", "nose_to_nose", "nose_to_tail", "side_by_side",
    "contact", "following",
)  # fmt: skip
TOUCHING = ("nose_to_nose", "nose_to_tail", "side_by_side")
USUAL = 0.3
"""mm: the standard deviation of every coordinate, of a usual tracker."""


def scripted(truth: xr.Dataset) -> xr.Dataset:
    """The script, with what rules have beside it: freezing is to keep still, contact any touch."""
    sides = [
        values
        for name in TOUCHING
        for values in (truth[name].values, truth[name].values.swapaxes(1, 2))
    ]
    touch = np.fmax.reduce(sides)
    unknown = np.any([np.isnan(side) for side in sides], axis=0) & (touch != 1)
    contact = (truth.following.dims, np.where(unknown, np.nan, touch))
    return truth.assign(freezing=truth.immobile, contact=contact)


def f1_of(labels: xr.Dataset, truth: xr.Dataset, name: str) -> float:
    """F1 over the frames that both know."""
    found = labels[name].values
    told = truth[name].transpose(*labels[name].dims).values
    known = ~np.isnan(found) & ~np.isnan(told)
    yes, true = found[known] == 1, told[known] == 1
    return float(2 * (yes & true).sum() / max(yes.sum() + true.sum(), 1))


def scores(noise: float, recordings: int, seconds: float) -> dict[str, float]:
    """F1 by rule."""
    made = ef.simulate.simulate_cohort(
        recordings, n_individuals=2, duration=seconds, fps=25, seed=7, noise=noise
    )
    floor = made.arena
    arena = ef.circle(floor.x, floor.y, floor.radius, size=floor.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = ef.annotate(ef.clean(ef.calibrate(made.tracks, arena)), RULES)
    truth = scripted(made.truth)
    return {name: f1_of(labels, truth, name) for name in RULES}


def main() -> None:
    """Print a row for each rule, a column for each noise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noise", type=float, nargs="+", default=[0, 0.3, 0.6, 1.0, 1.5, 2.0])
    parser.add_argument("--recordings", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=150)
    options = parser.parse_args()
    found = [scores(one, options.recordings, options.seconds) for one in options.noise]
    heads = [f"{one:g} (usual)" if one == USUAL else f"{one:g}" for one in options.noise]
    print("| noise, mm |", " | ".join(heads), "|")
    print("|" + "---|" * (len(heads) + 1))
    for name in RULES:
        print(f"| {name} |", " | ".join(f"{one[name]:.2f}" for one in found), "|")


if __name__ == "__main__":
    main()
