"""Simulated animals that the examples of all pictures are drawn from."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.cluster import fit as fit_clusters
from ethoflow.features.kinematics import speed
from ethoflow.geometry.arena import circle
from ethoflow.geometry.calibration import calibrate
from ethoflow.geometry.regions import mark_regions
from ethoflow.identities import find_swaps
from ethoflow.labels.annotation import annotate
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget
from ethoflow.learn import learning_curve
from ethoflow.simulate import CircleArena, simulate_cohort, swap_animals
from ethoflow.stats.transitions import transitions

BEHAVIOURS = ("climbing", "immobile", "moving", "side_by_side")


@cache
def poses() -> xr.Dataset:
    """Ten recordings of two mice each, in mm, with an arena and a region; one is shorter.

    One animal is not seen for five seconds of the first.
    """
    lengths = ["60 s"] * 9 + ["45 s"]
    made = simulate_cohort(10, n_individuals=2, duration=lengths, fps=25, seed=7)
    floor = made.arena
    assert isinstance(floor, CircleArena)
    tracks = calibrate(made.tracks, circle(floor.x, floor.y, floor.radius, size=floor.size))
    marked = mark_regions(tracks, {"centre": circle(floor.x, floor.y, floor.radius / 2)}).compute()
    marked.position[{"recording": 0, "individual": 0, "time": slice(500, 625)}] = np.nan
    return marked


@cache
def labels() -> xr.Dataset:
    """What they do, by rules."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return annotate(poses(), list(BEHAVIOURS)).compute()


@cache
def budget(bin: str | None = None) -> pd.DataFrame:
    """Time that each spends with each behaviour."""
    return time_budget(labels(), bin=bin)


@cache
def follow() -> pd.DataFrame:
    """What follows what."""
    return transitions(find_bouts(labels()[["climbing", "immobile", "moving"]]))


@cache
def one() -> xr.Dataset:
    """The first recording."""
    return poses().isel(recording=0)


@cache
def speeds() -> xr.Dataset:
    """How fast the animals of the first recording are."""
    return xr.Dataset({"speed": speed(one())})


@cache
def raw() -> xr.Dataset:
    """A recording as the tracker gave it."""
    return simulate_cohort(1, n_individuals=1, duration="30 s", fps=25, seed=3).tracks.isel(
        recording=0
    )


@cache
def swapped() -> tuple[xr.Dataset, pd.DataFrame]:
    """A recording in which identities were swapped, and the suspects of it."""
    whole = simulate_cohort(1, duration="1 min", seed=1)
    tracks = swap_animals(whole, 1, kinds=["contact"]).tracks
    return tracks, find_swaps(tracks).head(2)


@cache
def curve() -> pd.DataFrame:
    """How well a rule is learnt from more and more of one recording."""
    few = one().isel(individual=[0], time=slice(700, None))
    made = annotate(few, ["moving"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return learning_curve(
            few, made, shares=(0.1, 0.3, 1.0), features=["smoothed_speed"], windows=["0.3 s"],
            statistics=["mean"], folds=2, settings={"max_iter": 15},
        )  # fmt: skip


@cache
def training() -> pd.DataFrame:
    """What a small network did while it was trained to find clusters."""
    settings = {"steps": 120, "width": 16, "batch": 8, "length": 64}
    return fit_clusters(one(), 4, "vqvae", max_frames=3000, settings=settings).training
