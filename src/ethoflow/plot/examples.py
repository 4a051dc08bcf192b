"""Simulated animals that the examples of all pictures are drawn from."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.explain import Cards, Surrogate, surrogate
from ethoflow.explain import cards as cards_of
from ethoflow.features.kinematics import speed
from ethoflow.geometry.arena import circle, polygon
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
def halved() -> xr.Dataset:
    """The same with three regions, two of which meet in the third."""
    ds = poses()
    x, y = (float(ds.arena_centre.isel(recording=0).sel(space=axis)) for axis in "xy")
    radius = float(ds.arena_radius.isel(recording=0))
    left = [(x - radius, y - radius), (x, y - radius), (x, y + radius), (x - radius, y + radius)]
    right = [(2 * x - a, b) for a, b in left]
    regions = {"centre": circle(x, y, radius / 2), "left": polygon(left), "right": polygon(right)}
    return mark_regions(ds, regions, units="mm")


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
    return simulate_cohort(1, n_individuals=1, duration="30 s", fps=25, seed=5).tracks.isel(
        recording=0
    )


@cache
def swapped() -> tuple[xr.Dataset, pd.DataFrame]:
    """A recording in which identities were swapped, and the suspects of it."""
    whole = simulate_cohort(1, duration="1 min", seed=1)
    tracks = swap_animals(whole, 1, kinds=["contact"]).tracks
    return tracks, find_swaps(tracks).head(2)


@cache
def busy() -> xr.Dataset:
    """Labels of forty recordings of one mouse each, half of them treated."""
    made = simulate_cohort(40, n_individuals=1, duration="40 s", fps=25, seed=11)
    floor = made.arena
    assert isinstance(floor, CircleArena)
    tracks = calibrate(made.tracks, circle(floor.x, floor.y, floor.radius, size=floor.size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return annotate(tracks, ["climbing", "immobile", "moving"]).compute()


@cache
def startled() -> xr.Dataset:
    """The same, but that all stay still for some seconds after 12 s and 28 s, treated ones less."""
    found = busy()[["immobile", "moving"]].copy(deep=True)
    for row, treatment in enumerate(found.treatment.values):
        for at in (12.0, 28.0):
            begin, end = at + 0.1 * (row % 5), at + (3.0 if treatment == "treated" else 7.0)
            still = (found.time >= begin) & (found.time < end - 0.3 * (row % 4))
            found.immobile[{"recording": row, "time": still.values}] = 1.0
            found.moving[{"recording": row, "time": still.values}] = 0.0
    return found


@cache
def wide() -> pd.DataFrame:
    """Shares of time, a row for each of forty mice; treated ones move half as much."""
    shares = time_budget(busy()).pivot(
        index=["recording", "animal", "treatment"], columns="behaviour", values="share"
    )
    treated = shares.index.get_level_values("treatment") == "treated"
    shares.loc[treated, "moving"] *= 0.5
    return shares.reset_index()


@cache
def embedded() -> xr.Dataset:
    """Two latents of the first recording, made of speed, and whether each animal moves."""
    own = speeds().speed.isel(bodypart=0, drop=True).rolling(time=9, center=True).median()
    wave = np.sin(own.time * 0.8) * 20
    latent = xr.concat([own, own.rolling(time=25, center=True).mean() + wave], "latent")
    return xr.Dataset({"embedding": latent, "moving": labels().isel(recording=0).moving})


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
def explained() -> Surrogate:
    """Why they move: trees on a few features."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return surrogate(
            poses(), labels(), ["moving"], max_rows=2000, settings={"max_iter": 20}, folds=3,
            features=["smoothed_speed", "body_span", "angular_velocity", "centre_distance"],
        )  # fmt: skip


@cache
def training() -> pd.DataFrame:
    """What a small network did while it was trained to find clusters."""
    from ethoflow.cluster import fit  # torch comes with it

    settings = {"steps": 120, "width": 16, "batch": 8, "length": 64}
    return fit(one(), 4, "vqvae", max_frames=3000, settings=settings).training


@cache
def cards() -> Cards:
    """What is known of it."""
    beside = {"rules": labels()[["climbing", "immobile", "side_by_side"]]}
    return cards_of(explained(), labels(), poses=poses(), by="treatment", beside=beside)
