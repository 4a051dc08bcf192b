"""Stops: walks with pauses of known number and length."""

from __future__ import annotations

import numpy as np
import xarray as xr

import ethoflow as ef

FPS = 25


def walk(*stretches: tuple[float, int]) -> xr.Dataset:
    """A point that goes at some speeds, in mm/s, each for some frames."""
    steps = np.concatenate([np.full(n, speed / FPS) for speed, n in stretches])
    x = steps.cumsum()
    position = np.stack([x, 0 * x]).astype(np.float32)[np.newaxis, np.newaxis]
    return ef.from_arrays(position, fps=FPS, bodyparts=["centre"], units="mm")


def frames(labels: xr.DataArray) -> list[list[int]]:
    """First and last frame of every stretch of ones."""
    there = np.flatnonzero(np.diff((labels.values[0] == 1).astype(int), prepend=0, append=0))
    return there.reshape(-1, 2).tolist()


WALK = walk((100, 50), (0, 30), (100, 50), (0, 4), (100, 50), (5, 12), (100, 54))


def test_stops_of_known_length() -> None:
    # A pause is one frame shorter in the central difference than in the steps.
    assert frames(ef.features.stopped(WALK)) == [[50, 79], [184, 195]]
    assert frames(ef.features.stopped(WALK, min_stop="0.1 s")) == [[50, 79], [130, 133], [184, 195]]
    assert frames(ef.features.stopped(WALK, max_speed="4 mm/s")) == [[50, 79]]
    assert frames(ef.features.stopped(WALK, min_stop="2 s")) == []


def test_how_many_begin_in_a_window() -> None:
    n = WALK.sizes["time"]
    stops = ef.features.stops(WALK, window="4 s").values[0]
    begin = np.zeros(n)
    begin[[50, 184]] = 1
    half = 50
    # The step from frame t - 1 to t belongs to windows that hold both.
    expected = [begin[t - half + 1 : t + half + 1].sum() for t in range(half, n - half)]
    np.testing.assert_array_equal(stops[half:-half], expected)
    assert np.isnan(stops[:half]).all()
    assert np.isnan(stops[-half:]).all()


def test_what_is_not_seen_is_unknown() -> None:
    # The stop from 50 to 79 is cut by a gap to three frames, which stay: it may have been longer.
    gap = WALK.position.where((WALK.time < 53 / FPS) | (WALK.time >= 100 / FPS))
    ds = WALK.assign(position=gap.assign_attrs(WALK.position.attrs))
    found = ef.features.stopped(ds).values[0]
    assert np.isnan(found[52:101]).all()
    assert found[50:52].tolist() == [1, 1]
    counted = ef.features.stops(ds, window="0.8 s").values[0]
    assert np.isnan(counted[43:110]).all()
    assert counted[[39, 41]].tolist() == [0, 1]


def test_turned_moved_mirrored_and_in_other_units() -> None:
    expected = ef.features.stopped(WALK).values
    turn = np.array([[0.6, -0.8], [0.8, 0.6]], np.float32)
    for matrix in (turn, turn * [[1], [-1]]):
        moved = np.einsum("ij,abjt->abit", matrix, WALK.position.values) + 700
        ds = ef.from_arrays(moved.astype(np.float32), fps=FPS, bodyparts=["centre"], units="mm")
        np.testing.assert_array_equal(ef.features.stopped(ds).values, expected)
    pixels = ef.from_arrays(WALK.position.values * 2, fps=FPS, bodyparts=["centre"])
    found = ef.features.stopped(pixels, max_speed="40 px/s").values
    np.testing.assert_array_equal(found, expected)
