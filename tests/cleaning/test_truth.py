"""Cleaning scored by truth: motion that is known, with gaps, noise and planted jumps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import product

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.cleaning import fill_gaps, remove_jumps, smooth
from tests.conftest import LONG

FPS = (25.0, 30.0, 59.94)
CLEANERS: dict[str, Callable[[xr.Dataset], xr.Dataset]] = {
    "clean": ef.clean,
    "smooth": smooth,
    "remove_jumps": remove_jumps,
    "fill_gaps": fill_gaps,
    "pchip": partial(ef.clean, fill="pchip", smoothing="polynomial"),
    "kalman": partial(ef.clean, fill="kalman", smoothing="kalman"),
}

SYMMETRIC = ("clean", "smooth", "remove_jumps", "fill_gaps")
"""Cleaners that see as much to the left as to the right; a polynomial may see one side."""


def record(position: np.ndarray, fps: float, chunk: int | None = None) -> xr.Dataset:
    """One point, dims (space, time), as a recording in mm."""
    ds = ef.from_arrays(position[np.newaxis, np.newaxis], fps=fps, bodyparts=["nose"], units="mm")
    return ds.chunk(time=chunk) if chunk else ds


# --- beside gaps and at the ends --------------------------------------------------------------


def check_straight(
    cleaner: str, pace: float, fps: float, gaps: list[tuple[int, int]], chunk: int | None = None
) -> None:
    """A steady run comes out as it was: no point lost, none moved, one speed."""
    way = pace * np.arange(160) / fps
    truth = np.stack([0.8 * way + 5, -0.6 * way])
    position = truth.copy()
    for start, length in gaps:
        position[:, start : start + length] = np.nan
    found = CLEANERS[cleaner](record(position, fps, chunk))
    values = found.position.values[0, 0]
    seen = ~np.isnan(position[0])
    np.testing.assert_array_equal(np.isnan(values[0]) & seen, False)
    there = ~np.isnan(values[0])
    np.testing.assert_allclose(values[:, there], truth[:, there], rtol=1e-6, atol=2e-3)
    speed = ef.features.speed(found).values[0, 0]
    np.testing.assert_allclose(speed[~np.isnan(speed)], pace, rtol=1e-3, atol=0.3)
    change = ef.features.acceleration(found).values[0, 0]
    np.testing.assert_allclose(change[~np.isnan(change)], 0, atol=25)  # of float32 positions


@pytest.mark.parametrize("cleaner", CLEANERS)
@given(
    pace=st.floats(0, 800),
    fps=st.sampled_from(FPS),
    gaps=st.lists(st.tuples(st.integers(0, 159), st.integers(1, 40)), max_size=4),
    chunk=st.sampled_from([None, 23]),
)
@settings(max_examples=10, deadline=None)
def test_a_steady_run_stays_as_it_is(
    cleaner: str, pace: float, fps: float, gaps: list[tuple[int, int]], chunk: int | None
) -> None:
    # Two frames alone, farther apart than a jump, do not say which of them is on the way.
    assume(pace / fps <= JUMP or shortest_stretch(gaps) > 2)
    check_straight(cleaner, pace, fps, gaps, chunk)


def shortest_stretch(gaps: list[tuple[int, int]]) -> int:
    """Fewest frames seen in a row."""
    seen = np.ones(160, bool)
    for start, length in gaps:
        seen[start : start + length] = False
    edges = np.flatnonzero(np.diff([False, *seen, False]))
    return int(np.diff(edges)[::2].min(initial=160))


JUMP = 20.0
"""How far a point may be off by default, mm."""

PACES = (0, 100, 300, 500, 800)
LENGTHS = (1, 2, 3, 4, 5, 6, 7, 10, 11, 20, 40)


@pytest.mark.slow
@pytest.mark.parametrize("cleaner", CLEANERS)
@pytest.mark.parametrize("fps", FPS)
def test_every_speed_beside_every_gap(cleaner: str, fps: float) -> None:
    for pace, length in [*product(PACES, LENGTHS)][:: 1 if LONG else 3]:
        check_straight(cleaner, pace, fps, [(70, length)])


def circle_errors(cleaner: str, pace: float, fps: float, n: int, gap: slice) -> np.ndarray:
    """How far the points seen on a circle of 200 mm are moved."""
    angle = pace * np.arange(n) / fps / 200 + 0.3
    truth = 200 * np.stack([np.cos(angle), np.sin(angle)])
    position = truth.copy()
    position[:, gap] = np.nan
    values = CLEANERS[cleaner](record(position, fps)).position.values[0, 0]
    errors: np.ndarray = np.hypot(*(values - truth))[~np.isnan(position[0])]
    assert not np.isnan(errors).any()
    return errors


@cache
def usual_error(cleaner: str, pace: float, fps: float) -> float:
    """The largest error on whole rounds, away from the ends."""
    n = max(int(3 * 400 * np.pi / max(pace, 50) * fps), 1000)
    return float(circle_errors(cleaner, pace, fps, n, slice(0, 0))[20:-20].max())


def check_circle(cleaner: str, pace: float, fps: float, length: int) -> None:
    found = circle_errors(cleaner, pace, fps, 160 + length, slice(80, 80 + length)).max()
    # Beside a gap that was filled by a straight line the median may see that line: it is then off
    # by no more than the line is.
    chord = (pace * (length + 1) / fps) ** 2 / (8 * 200.0)
    bridged = cleaner == "clean" and length <= np.floor(0.2 * fps + 0.5)
    assert found <= usual_error(cleaner, pace, fps) * 1.02 + 1e-3 + (chord if bridged else 0)


@pytest.mark.parametrize("cleaner", SYMMETRIC)
@pytest.mark.parametrize("length", [1, 4, 10, 40])
@pytest.mark.parametrize("pace", [60.0, 300.0, 800.0])
def test_a_circle_is_no_worse_beside_a_gap(cleaner: str, pace: float, length: int) -> None:
    check_circle(cleaner, pace, 25.0, length)


@pytest.mark.slow
@pytest.mark.parametrize("cleaner", SYMMETRIC)
@pytest.mark.parametrize("fps", FPS)
def test_no_circle_is_worse_beside_any_gap(cleaner: str, fps: float) -> None:
    for pace, length in product(PACES, LENGTHS):
        check_circle(cleaner, pace, fps, length)


# --- jumps ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """How well jumps were found, in frames."""

    found: int
    planted: int
    false: int
    sound: int
    ratio: float


def draw_run(rng: np.random.Generator, n: int, fps: float, pace: float) -> np.ndarray:
    """A path that wanders, stops and starts: as fast as `pace`, turning as an animal can."""
    forget = np.exp(-1 / fps / 0.3)
    most = min(3.0, 6000 / max(pace, 1)) / 1.5
    turn = np.zeros(n)
    for t in range(1, n):
        turn[t] = forget * turn[t - 1] + np.sqrt(1 - forget**2) * most * rng.normal()
    heading = np.cumsum(turn) / fps + rng.uniform(0, 2 * np.pi)
    stretch = int(0.8 * fps) + 1
    levels = rng.choice([0, 0.3, 1, 1], n // stretch + 1) * pace
    ramp = int(0.2 * fps)
    paces = np.pad(np.repeat(levels, stretch)[:n], ramp, mode="edge")
    paces = np.convolve(paces, np.ones(ramp) / ramp, "same")[ramp:-ramp]
    return np.cumsum(paces / fps * np.stack([np.cos(heading), np.sin(heading)]), axis=1)


def plant_jumps(
    rng: np.random.Generator, truth: np.ndarray, noise: float, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """`truth` with tracker noise and jumps of 20 to 300 mm and 1 to 10 frames; which they are.

    In half of them the point goes on moving with the animal, in half it stays where it jumped to.
    """
    n = truth.shape[1]
    jumped = np.zeros(n, bool)
    tracked = truth + rng.normal(0, noise, truth.shape)
    while jumped.mean() < share:
        start = int(rng.integers(n - 10))
        stop = start + int(rng.integers(1, 11))
        if jumped[max(start - 1, 0) : stop + 1].any():
            continue
        angle = rng.uniform(0, 2 * np.pi)
        away = rng.uniform(20, 300) * np.array([[np.cos(angle)], [np.sin(angle)]])
        if rng.random() < 0.5:
            tracked[:, start:stop] += away
        else:
            middle = truth[:, [(start + stop - 1) // 2]]
            tracked[:, start:stop] = middle + away + rng.normal(0, noise, (2, stop - start))
        jumped[start:stop] = True
    return tracked, jumped


def score(
    seed: int, *, fps: float, pace: float, noise: float, share: float, n_frames: int = 4000
) -> Score:
    rng = np.random.default_rng([seed, int(fps), int(pace), int(10 * noise), int(1000 * share)])
    truth = draw_run(rng, n_frames, fps, pace)
    tracked, jumped = plant_jumps(rng, truth, noise, share)
    masked = remove_jumps(record(tracked, fps))
    gone = np.isnan(masked.position.values[0, 0, 0])
    far = jumped & (np.hypot(*(tracked - truth)) > 20)
    filled = fill_gaps(masked, max_gap=0.4).position.values[0, 0]
    there = ~np.isnan(filled[0])
    raw, after = (np.square(x - truth)[:, there].sum() for x in (tracked, filled))
    return Score(
        found=int((gone & far).sum()),
        planted=int(far.sum()),
        false=int((gone & ~jumped).sum()),
        sound=int((~jumped).sum()),
        ratio=float(np.sqrt(after / raw)),
    )


def total(scores: list[Score]) -> tuple[float, float, float]:
    """Recall, share of false removals, worst ratio of errors after and before."""
    recall = sum(s.found for s in scores) / sum(s.planted for s in scores)
    false = sum(s.false for s in scores) / sum(s.sound for s in scores)
    return recall, false, max(s.ratio for s in scores)


@pytest.mark.parametrize("pace", [0.0, 300.0, 800.0])
def test_planted_jumps_are_found(pace: float) -> None:
    scores = [score(0, fps=30.0, pace=pace, noise=1.0, share=share) for share in (0.01, 0.05)]
    recall, false, ratio = total(scores)
    assert recall >= 0.95
    assert false <= 0.001
    assert ratio < 1


def test_jumps_in_pixels_with_a_threshold_in_pixels() -> None:
    rng = np.random.default_rng(0)
    tracked, _ = plant_jumps(rng, draw_run(rng, 1000, 30.0, 300.0), 1.0, 0.05)
    ds = record(tracked, 30.0)
    px = ds.assign(position=(ds.position * 4).assign_attrs(ds.position.attrs, units="px"))
    masked = remove_jumps(px, max_jump="80 px").position
    np.testing.assert_array_equal(masked / 4, remove_jumps(ds).position)


@pytest.mark.parametrize("chunk", [7, 60, 250])
def test_chunks_do_not_show_among_many_jumps(chunk: int) -> None:
    rng = np.random.default_rng(1)
    tracked, _ = plant_jumps(rng, draw_run(rng, 400, 25.0, 800.0), 2.0, 0.5)
    whole = remove_jumps(record(tracked, 25.0))
    assert np.isnan(whole.position).mean() > 0.2
    xr.testing.assert_identical(remove_jumps(record(tracked, 25.0, chunk)).compute(), whole)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.005, 0.05, 0.2])
@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("fps", FPS)
def test_planted_jumps_of_every_kind_are_found(fps: float, noise: float, share: float) -> None:
    paces = (0.0, 100.0, 300.0, 500.0, 800.0)
    scores = [
        score(k, fps=fps, pace=pace, noise=noise, share=share) for pace in paces for k in range(2)
    ]
    recall, false, ratio = total(scores)
    assert recall >= 0.97
    assert ratio < 0.6
    # Sound points that are alone between two jumps say little: a fifth of all points jump there.
    assert false <= (0.001 if share < 0.2 else 0.005)


# --- distances --------------------------------------------------------------------------------


def test_ways_are_nearer_to_the_true_one_once_smoothed() -> None:
    """The table of docs/cleaning.md at 50 fps and 1 mm of jitter, which alone doubles the way."""
    simulation = ef.simulate.simulate_cohort(1, n_individuals=1, duration="1 min", fps=50, seed=3)
    true = ef.calibrate(simulation.tracks, px_per_mm=simulation.px_per_mm)
    true = true.assign(position=simulation.clean.astype(np.float32).assign_attrs(units="mm"))
    jitter = np.random.default_rng(0).normal(0, 1, true.position.shape).astype(np.float32)
    raw = true.assign(position=true.position + jitter)
    raw.position.attrs["units"] = "mm"
    way = ef.summarise(true).distance_moved[0]
    for ds, low, high in (
        (raw, 2, 3),
        (ef.clean(raw), 1.05, 1.3),
        (ef.clean(raw, smoothing="kalman"), 0.97, 1.1),
        (ef.clean(true), 0.97, 1),
    ):
        assert low < ef.summarise(ds).distance_moved[0] / way < high
