"""Whole recordings and cohorts: the animals' script, what a tracker saw of it, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.schema import UNORDERED, DataError, make_time, make_tracks, text
from ethoflow.simulate.arena import Array, CircleArena, Mask, PolygonArena, make_ground, picture
from ethoflow.simulate.body import Mouse, bodyparts, make_points
from ethoflow.simulate.script import TRANSITION, Play, play
from ethoflow.simulate.social import MUTUAL, SOCIALS
from ethoflow.simulate.solo import Stage
from ethoflow.simulate.tracker import Tracked, Tracker, track
from ethoflow.units import Quantity, to_frames

SINGLE = ("moving", "immobile", "climbing")
"""Scripted behaviours of one animal."""


@dataclass(frozen=True)
class Simulation:
    """Simulated recordings, and what is true of them.

    Attributes
    ----------
    tracks
        What a reader would give, dims (recording, individual, bodypart, space, time), px.
    truth
        The script, a variable per behaviour: 1 where it is scripted, 0 where not, NaN in the
        transitions before and after an act of two, where an animal is absent, and on the diagonal.
    clean
        Positions without any error, mm, dims as in `tracks`.
    corruption
        Which points a burst, a gap, a swap or an absence touched, in [0, 1].
    script
        One row per scripted bout: recording, individual, partner, behaviour, start, stop (s).
    arena, px_per_mm
        The arena in px, and the scale.
    """

    tracks: xr.Dataset
    truth: xr.Dataset
    clean: xr.DataArray
    corruption: xr.Dataset
    script: pd.DataFrame
    arena: CircleArena | PolygonArena
    px_per_mm: float


def simulate_cohort(
    n_recordings: int = 4,
    *,
    n_individuals: int = 2,
    duration: Quantity | Sequence[Quantity] = "2 min",
    fps: float = 25.0,
    skeleton: int = 11,
    arena: str | Sequence[Sequence[float]] = "circle",
    size: Quantity = "380 mm",
    px_per_mm: float = 1.6,
    noise: float = 0.3,
    bursts: float = 3.0,
    gaps: float = 3.0,
    swaps: float = 0.0,
    absent: float = 0.0,
    alike: bool = False,
    sociability: float = 0.5,
    seed: int = 0,
) -> Simulation:
    """Recordings of mice that follow a script, as a tracker sees them, with the script as truth.

    Every second recording is of treated animals, which seek each other half as often (or as
    `sociability` says). A recording depends on the settings, the seed and its own number alone.

    Parameters
    ----------
    n_recordings, n_individuals
        How many recordings, and mice in each.
    duration
        Length of all recordings, or of each; s or a string, default 2 min.
    fps
        Frames per second, default 25.
    skeleton
        11 or 14 points.
    arena
        ``"circle"``, ``"square"``, or the corners of a polygon in mm.
    size
        Diameter or side of the two with a name, default 380 mm.
    px_per_mm
        Scale of the picture, default 1.6 px/mm.
    noise
        Standard deviation of each tracked coordinate, mm, default 0.3 mm.
    bursts
        Bursts of low confidence per animal and minute, default 3.
    gaps
        Gaps per body part and minute, default 3.
    swaps
        Identity swaps per minute, default 0.
    absent
        Share of each recording at whose end the last animal is away, default 0.
    alike
        Whether the animals of a recording are of one size.
    sociability
        How often treated animals seek each other, where 1 is as often as the others; with 0 they
        are always alone.
    seed
        The same seed gives the same cohort.

    Raises
    ------
    DataError
        A number that makes no sense, an unknown skeleton, or an arena that is too small.

    Examples
    --------
    >>> simulation = simulate_cohort(2, duration="20 s", seed=1)
    >>> dict(simulation.tracks.sizes)
    {'recording': 2, 'individual': 2, 'bodypart': 11, 'space': 2, 'time': 500}
    """
    _check_counts(n_recordings, n_individuals, fps)
    if not 0 <= sociability <= 1:
        raise DataError(f"sociability must be between 0 and 1, found {sociability}.")
    durations = [duration] if isinstance(duration, int | float | str) else list(duration)
    frames = [to_frames(item, fps, name="duration") for item in durations]
    frames = frames * n_recordings if len(frames) == 1 else frames
    if len(frames) != n_recordings or min(frames) < 1:
        raise DataError(f"needed one duration, or one of each recording; found {duration!r}.")
    ground = make_ground(arena, size)
    tracker = Tracker(noise, bursts, gaps, swaps, absent)
    parts = [
        _simulate_one(
            number,
            n,
            Stage(ground, _mice(seed, number, n_individuals, alike), float(fps)),
            tracker,
            skeleton,
            px_per_mm,
            sociability,
            seed,
        )
        for number, n in enumerate(frames)
    ]
    return _stack(parts, picture(ground, px_per_mm), px_per_mm)


def simulate_recording(
    *, n_individuals: int = 2, duration: Quantity = "2 min", fps: float = 25.0, seed: int = 0
) -> Simulation:
    """One recording; `simulate_cohort` has all the settings.

    Examples
    --------
    >>> simulate_recording(duration="20 s").tracks.sizes["recording"]
    1
    """
    return simulate_cohort(1, n_individuals=n_individuals, duration=duration, fps=fps, seed=seed)


def _check_counts(n_recordings: int, n_individuals: int, fps: float) -> None:
    if n_recordings < 1 or n_individuals < 1:
        raise DataError("a cohort needs one recording and one animal at least.")
    if not fps > 0:
        raise DataError(f"fps must be a positive number, found {fps}.")


def _rng(seed: int, number: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, number, purpose])


def _mice(seed: int, number: int, count: int, alike: bool) -> tuple[Mouse, ...]:
    halves = _rng(seed, number, 0).uniform(36, 42, count)
    return tuple(Mouse(float(half)) for half in (halves[:1].repeat(count) if alike else halves))


@dataclass(frozen=True)
class _Recording:
    """One simulated recording before it joins its cohort."""

    name: str
    treatment: str
    tracks: xr.Dataset
    clean: Array
    tracked: Tracked
    play: Play
    fps: float


def _simulate_one(
    number: int,
    frames: int,
    stage: Stage,
    tracker: Tracker,
    skeleton: int,
    px_per_mm: float,
    sociability: float,
    seed: int,
) -> _Recording:
    treated = number % 2 == 1
    rng = _rng(seed, number, 1)
    played = play(stage, rng, frames, sociability=sociability if treated else 1.0)
    clean = np.stack(
        [make_points(p, mouse, skeleton) for p, mouse in zip(played.poses, stage.mice, strict=True)]
    )
    tracked = track(clean, tracker, stage.fps, _rng(seed, number, 2))
    name = f"mouse_{number:02d}" if len(stage.mice) == 1 else f"session_{number:02d}"
    letters = [f"{name}_{chr(ord('a') + i)}" for i in range(len(stage.mice))]
    ds = make_tracks(
        (tracked.position * px_per_mm).astype(np.float32),
        fps=stage.fps,
        bodyparts=bodyparts(skeleton),
        confidence=tracked.confidence.astype(np.float32),
        recording=name,
        animals=letters,
        source_software="ethoflow simulator",
    )
    treatment = "treated" if treated else "control"
    return _Recording(name, treatment, ds, clean, tracked, played, stage.fps)


def make_truth(play: Play, absent: Mask, fps: float) -> dict[str, Array]:
    """The script as arrays (individual[, partner], time): 1, 0, NaN in transitions and absences."""
    n, frames = play.poses.shape[:2]
    truth = {name: np.zeros((n, frames)) for name in SINGLE}
    truth |= {name: np.zeros((n, n, frames)) for name in SOCIALS}
    margin = round(TRANSITION * fps)
    near = np.zeros((n, n, frames), bool)
    acting = np.zeros((n, n, frames), bool)
    reach = np.zeros((n, frames), bool)
    for line in play.lines:
        where = slice(max(line.start - margin, 0), line.stop + margin)
        if line.partner < 0:
            truth[line.behaviour][line.individual, line.start : line.stop] = 1
            if line.behaviour == "climbing":
                reach[line.individual, where] = True
            continue
        truth[line.behaviour][line.individual, line.partner, line.start : line.stop] = 1
        for pair in ((line.individual, line.partner), (line.partner, line.individual)):
            near[(*pair, where)] = True
            acting[(*pair, slice(line.start, line.stop))] = True
    for name in SOCIALS:
        truth[name][near & ~acting] = np.nan
        truth[name][np.arange(n), np.arange(n)] = np.nan
        truth[name][absent[:, None] | absent[None, :]] = np.nan
    truth["climbing"][reach & (truth["climbing"] == 0)] = np.nan
    for name in SINGLE:
        truth[name][absent] = np.nan
    return truth


def _stack(
    parts: list[_Recording], arena: CircleArena | PolygonArena, px_per_mm: float
) -> Simulation:
    longest = max(part.tracks.sizes["time"] for part in parts)
    first = parts[0].tracks
    coords = {
        **{n: first[n].variable for n in ("individual", "bodypart", "space", "role", "fps")},
        "time": make_time(longest, parts[0].fps),
        "recording": text([part.name for part in parts]),
        "n_frames": ("recording", np.array([p.tracks.sizes["time"] for p in parts], np.int64)),
        "animal": (("recording", "individual"), np.stack([p.tracks.animal.values for p in parts])),
        "treatment": ("recording", text([part.treatment for part in parts])),
    }
    lead = ("recording", "individual")
    points = (*lead, "bodypart", "time")
    tracks = xr.Dataset(
        {
            name: (
                ("recording", *first[name].dims),
                _pad([p.tracks[name].values for p in parts], longest),
                first[name].attrs,
            )
            for name in ("position", "confidence")
        },
        coords=coords,
        attrs=first.attrs,
    )
    clean = xr.DataArray(
        _pad([part.clean for part in parts], longest),
        dims=tracks.position.dims,
        coords=tracks.position.coords,
        attrs={"units": "mm"},
    )
    corruption = xr.Dataset(
        {
            "burst": (points, _pad([p.tracked.burst for p in parts], longest)),
            "gap": (points, _pad([p.tracked.gap for p in parts], longest)),
            "swap": (("recording", "time"), _pad([p.tracked.swap for p in parts], longest)),
            "absent": ((*lead, "time"), _pad([p.tracked.absent for p in parts], longest)),
        },
        coords=coords,
    )
    script = pd.concat([_tabulate(part) for part in parts], ignore_index=True)
    return Simulation(
        tracks, _stack_truth(parts, tracks, longest), clean, corruption, script, arena, px_per_mm
    )


def _stack_truth(parts: list[_Recording], tracks: xr.Dataset, longest: int) -> xr.Dataset:
    truths = [make_truth(part.play, part.tracked.absent, part.fps) for part in parts]
    variables = {}
    for name in (*SINGLE, *SOCIALS):
        pair = ("partner",) if name in SOCIALS else ()
        variables[name] = (
            ("recording", "individual", *pair, "time"),
            _pad([truth[name] for truth in truths], longest).astype(np.float32),
            {
                **({} if name not in MUTUAL else UNORDERED),
                **{"kind": "label", "units": "1"},
                "long_name": f"{name.replace('_', ' ')} as scripted",
            },
        )
    coords = tracks.drop_vars(["position", "confidence", "bodypart", "space", "role"]).coords
    truth = xr.Dataset(variables, coords=coords, attrs={"label_source": "script"})
    return truth.assign_coords(partner=tracks.individual.values)


def _pad(arrays: Sequence[np.ndarray], longest: int) -> np.ndarray:
    padded = []
    for array in arrays:
        whole = np.full((*array.shape[:-1], longest), np.nan, dtype=np.float32)
        whole[..., : array.shape[-1]] = array
        padded.append(whole)
    return np.stack(padded)


def _tabulate(part: _Recording) -> pd.DataFrame:
    slots = [str(slot) for slot in part.tracks.individual.values]
    return pd.DataFrame(
        [
            (
                part.name,
                slots[line.individual],
                slots[line.partner] if line.partner >= 0 else "",
                line.behaviour,
                line.start / part.fps,
                line.stop / part.fps,
            )
            for line in part.play.lines
        ],
        columns=["recording", "individual", "partner", "behaviour", "start", "stop"],
    )
