"""How many swaps are found, missed, and found wrongly: by how hard they are; and what it costs.

python benchmarks/identities.py                 # simulated, all cases
python benchmarks/identities.py --case partial --seeds 30 31
python benchmarks/identities.py --cost          # 1 h x 3 animals x 11 points
python benchmarks/identities.py --real FOLDER   # real files, animals exchanged at known frames
"""

from __future__ import annotations

import argparse
import itertools
import resource
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

import ethoflow as ef
from ethoflow import simulate
from ethoflow.identities.scoring import Score, score_swaps


def keep(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """Tracks as they are."""
    return ds


def drop_points(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """Three of ten points missing, some body parts more than others."""
    share = xr.DataArray(rng.uniform(0.0, 0.6, ds.sizes["bodypart"]), dims="bodypart")
    gone = xr.DataArray(rng.random(ds.confidence.shape), dims=ds.confidence.dims) < share
    return ds.assign(position=ds.position.where(~gone), confidence=ds.confidence.where(~gone))


def doubt(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """One point of four is wrong for some frames, and has a low confidence."""
    shape = tuple(ds.confidence.sizes[dim] for dim in ("recording", "individual", "bodypart"))
    blocks = rng.random((*shape, ds.sizes["time"] // 5 + 1)) < 0.25
    wrong = xr.DataArray(
        blocks.repeat(5, axis=-1)[..., : ds.sizes["time"]],
        dims=("recording", "individual", "bodypart", "time"),
    )
    away = xr.DataArray(rng.normal(0, 15, ds.position.shape), dims=ds.position.dims)
    position = ds.position.where(~wrong, ds.position + away).astype(np.float32)
    return ds.assign(position=position, confidence=ds.confidence.where(~wrong, 0.2))


def in_mm(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """In millimetres."""
    return ef.calibrate(ds, px_per_mm=1.6)


class Case(NamedTuple):
    """What is simulated, how animals are swapped, and what is made worse."""

    settings: Mapping[str, Any]
    kinds: Sequence[str] = simulate.swaps.KINDS
    worsen: Callable[[xr.Dataset, np.random.Generator], xr.Dataset] = keep


THREE, FOUR = {"n_individuals": 3}, {"n_individuals": 4, "size": "500 mm"}

CASES: Mapping[str, Case] = {
    "2 animals": Case({}),
    "3 animals": Case(THREE),
    "4 animals": Case(FOUR),
    "one size, seen": Case({"alike": True}, ["contact", "occlusion", "short"]),
    "both unseen 1-3 s": Case({}, ["hidden"]),
    "one size, unseen 1-3 s": Case({"alike": True}, ["hidden"]),
    "one away 10-120 s": Case({}, ["refuge"]),
    "one size, one away": Case({"alike": True}, ["refuge"]),
    "one size, both away 5-30 s": Case({"alike": True}, ["shelter"]),
    "circles of three": Case(THREE, ["three"]),
    "back after 0.6-4 s": Case({}, ["back"]),
    "some points wrong": Case({}, worsen=doubt),
    "30 % of points missing": Case({}, worsen=drop_points),
    "noise twice as large": Case({"noise": 0.6}),
    "some body parts only": Case({}, ["part"]),
    "29.97 fps": Case({"fps": 29.97}),
    "mm": Case({}, worsen=in_mm),
}


def run(case: Case, seed: int, minutes: float, n_swaps: int) -> tuple[Score, Score]:
    """How what is found of one recording holds, with swaps and without."""
    simulation = simulate.simulate_cohort(
        1, **{"n_individuals": 2, "duration": f"{minutes:g} min", "seed": seed, **case.settings}
    )
    made = simulate.swap_animals(simulation, n_swaps, kinds=case.kinds, seed=seed)
    scores = []
    for tracks, truth in ((made.tracks, made.edits), (made.unswapped, made.edits[:0])):
        worse = case.worsen(tracks, np.random.default_rng(seed))
        scores.append(score_swaps(ef.find_swaps(worse), truth, tracks.sizes["time"]))
    return scores[0], scores[1]


def accuracy(names: Sequence[str], seeds: Sequence[int], minutes: float, n_swaps: int) -> None:
    """Print a row for each case."""
    columns = ("true", "found", "undecided", "missed", "false", "recall", "precision")
    print(f"| case | {' | '.join(columns)} | false without swaps (undecided) | h |")
    for name in names:
        with_swaps, without = np.zeros(5, int), np.zeros(5, int)
        for seed in seeds:
            one, other = run(CASES[name], seed, minutes, n_swaps)
            with_swaps += one
            without += other
        true, found, undecided, false, _ = with_swaps.tolist()
        row = [true, found, undecided, true - found - undecided, false]
        row += [f"{found / max(true, 1):.2f}", f"{found / max(found + false, 1):.2f}"]
        row += [f"{without[3]} ({without[4]})", f"{len(seeds) * minutes / 60:.2f}"]
        print(f"| {name} | {' | '.join(map(str, row))} |", flush=True)


REAL = {
    "3 mice, 12 points (JABS)": ("jabs-pose/sample_pose_est_v5.h5", 30.0),
    "2 flies, 13 points (SLEAP)": ("sleap-flies/courtship_predictions.analysis.h5", 30.0),
    "2 flies, 2 points (SLEAP)": ("sleap-flies/clip.predictions.slp", 30.0),
    "3 mice, 1 point (SLEAP)": (
        "many-formats-animovement/sleap/SLEAP_three-mice_Aeon_mixed-labels.analysis.h5",
        30.0,
    ),
    "8 fish, 1 point (idtracker.ai)": (
        "many-formats-animovement/idtrackerai/trajectories_csv/trajectories.csv",
        28.0,
    ),
}
"""Tracks of several animals that are at hand; the frames per second are guessed where unknown."""

N_EXCHANGED = 4
"""Exchanges in one trial on a real recording."""


def exchange(
    ds: xr.Dataset, rng: np.random.Generator, unseen: float
) -> tuple[xr.Dataset, Any, Any]:
    """A real recording hidden around moments at which two animals are near, and exchanged there.

    Moments are drawn from the tenth of the time in which two animals are nearest, 3 s apart.
    """
    fps, names = float(ds.fps), [str(name) for name in ds.individual.values]
    middle = ds.position.median("bodypart").transpose("individual", "space", "time").values
    chances = []
    for i, j in itertools.combinations(range(len(names)), 2):
        apart = np.hypot(*(middle[i] - middle[j])[:2])
        near = np.flatnonzero(apart <= np.nanquantile(apart, 0.1))
        chances += [(int(frame), i, j) for frame in near]
    length, rows = round(unseen * fps), []
    margin = round(2 * fps)
    position = ds.position.transpose("individual", "bodypart", "space", "time").copy(deep=True)
    for k in rng.permutation(len(chances)).tolist():
        frame, i, j = chances[k]
        first = frame - length // 2
        free = all(abs(frame - row["start_frame"]) > 3 * fps + length for row in rows)
        if not free or not margin < first < ds.sizes["time"] - margin - length:
            continue
        position[[i, j], ..., first : first + length] = np.nan
        rows.append(
            {"start_frame": first + length, "stop_frame": ds.sizes["time"], "a": names[i],
             "b": names[j], "hidden_from": first, "hidden_to": first + length}
        )  # fmt: skip
        if len(rows) == N_EXCHANGED:
            break
    truth = pd.DataFrame(rows)
    hidden = ds.assign(position=position.transpose(*ds.position.dims))
    values = hidden.transpose(..., "time").copy(deep=True)
    for row in sorted(rows, key=lambda one: one["start_frame"]):
        pair = [names.index(row["a"]), names.index(row["b"])]
        for name in ("position", "confidence"):
            if name in values:
                array = values[name].transpose("individual", ..., "time").values
                array[pair, ..., row["start_frame"] :] = array[
                    pair[::-1], ..., row["start_frame"] :
                ]
    return hidden, values, truth


def real(folder: str, seeds: Sequence[int]) -> None:
    """Print what is found as the files are, and of exchanges at known frames."""
    print(
        "| file | min | accepted, undecided as it is | unseen | true | found | undecided |"
        " missed | false | false without |"
    )
    for title, (path, fps) in REAL.items():
        ds = ef.read(f"{folder}/{path}", fps=fps)
        n_frames = ds.sizes["time"]
        found = ef.find_swaps(ds)
        status = found["status"].value_counts()
        ds = ef.swap_identities(ds, found) if "accepted" in status else ds
        ds = ds[[name for name in ("position", "confidence") if name in ds]]
        before = score_swaps(ef.find_swaps(ds), found[:0], n_frames)
        for unseen in (0.0, 0.3, 1.0):
            total, without = np.zeros(5, int), np.zeros(5, int)
            for seed in seeds:
                hidden, exchanged, truth = exchange(ds, np.random.default_rng(seed), unseen)
                total += score_swaps(ef.find_swaps(exchanged), truth, n_frames)
                without += score_swaps(ef.find_swaps(hidden), truth[:0], n_frames)
            true, right, unsure, false, _ = total.tolist()
            cells = [
                f"{n_frames / fps / 60:.2f}",
                f"{status.get('accepted', 0)}, {status.get('undecided', 0)}",
            ]
            cells += [
                f"{unseen:g} s",
                true,
                right,
                unsure,
                true - right - unsure,
                false,
                f"{without[3]} ({before.false} before)",
            ]
            print(f"| {title} | {' | '.join(map(str, cells))} |", flush=True)


def cost(minutes: float) -> None:
    """Print the seconds and the memory that a recording of three animals takes."""
    tracks = simulate.simulate_cohort(1, n_individuals=3, duration="10 min", fps=30, seed=1).tracks
    repeats = round(minutes / 10)
    long = xr.concat([tracks.isel(time=slice(18_000))] * repeats, "time")
    seconds = np.arange(long.sizes["time"]) / 30
    long = long.assign_coords(
        time=("time", seconds, tracks.time.attrs), n_frames=("recording", [seconds.size])
    )
    ef.find_swaps(tracks.isel(time=slice(600)))  # compiles
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    found = ef.find_swaps(long)
    spent = time.process_time() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    held = long.position.nbytes / 2**20
    print(
        f"{minutes:g} min x 3 animals x 11 points: {spent:.1f} CPU s, {more:.0f} MiB more "
        f"(positions are {held:.0f} MiB), {len(found)} suspects"
    )


def main() -> None:
    """Read what is wanted, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--seeds", nargs="*", type=int, default=[40, 41, 42])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--swaps", type=int, default=14)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--real", metavar="FOLDER")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.cost:
        cost(asked.minutes if asked.minutes != 10 else 60)
    elif asked.real:
        real(asked.real, asked.seeds)
    else:
        accuracy(asked.case, asked.seeds, asked.minutes, asked.swaps)


if __name__ == "__main__":
    main()
