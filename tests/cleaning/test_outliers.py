"""Points that are wrong go, each by its own sign, and sound ones stay."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.cleaning import remove_absent, remove_fast, remove_outliers, remove_stretched

N = 400


def body(seed: int, n_parts: int = 6) -> np.ndarray:
    """A body that walks and turns, dims (bodypart, space, time), mm."""
    rng = np.random.default_rng(seed)
    heading = np.cumsum(rng.normal(0, 0.05, N))
    centre = np.cumsum(4 * np.stack([np.cos(heading), np.sin(heading)]), axis=-1)
    place = rng.uniform(-40, 40, (n_parts, 2, 1))
    cos, sin = np.cos(heading), np.sin(heading)
    turned = np.stack(
        [place[:, 0] * cos - place[:, 1] * sin, place[:, 0] * sin + place[:, 1] * cos]
    )
    return centre + turned.swapaxes(0, 1) + rng.normal(0, 0.5, (n_parts, 2, N))


def record(position: np.ndarray) -> xr.Dataset:
    parts = [f"part_{i}" for i in range(len(position))]
    return ef.from_arrays(position[np.newaxis], fps=25, bodyparts=parts, units="mm")


def lost(found: xr.Dataset) -> np.ndarray:
    return found.position.isnull().any("space").values[0]


@given(seed=st.integers(0, 50), far=st.floats(250, 500))
@settings(max_examples=20, deadline=None)
def test_single_points_far_off_go_and_no_others(seed: int, far: float) -> None:
    position = body(seed)
    rng = np.random.default_rng(seed)
    wrong = np.zeros((6, N), bool)
    frames = np.arange(10, N - 10, 12)
    wrong[rng.integers(0, 6, frames.size), frames] = True
    angle = rng.uniform(0, 2 * np.pi, wrong.shape)
    away = far * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    planted = np.where(wrong[:, np.newaxis], position + away, position)
    found = lost(remove_outliers(record(planted), window="11 frames"))
    assert (found & wrong).sum() == wrong.sum()
    assert not (found & ~wrong).any()
    fast = lost(remove_fast(record(planted), max_speed="1500 mm/s"))
    np.testing.assert_array_equal(fast, wrong)


def test_sound_tracks_lose_nothing() -> None:
    for seed in range(10):
        ds = record(body(seed))
        for step in (remove_outliers, remove_fast, remove_stretched, remove_absent):
            assert not lost(step(ds)).any(), step.name


def test_a_resting_animal_is_no_outlier() -> None:
    position = np.zeros((1, 2, N))
    position[..., 200] = 3
    assert not lost(remove_outliers(record(position))).any()
    position[..., 200] = 30
    assert lost(remove_outliers(record(position))).sum() == 1


def test_an_animal_put_elsewhere_is_not_fast() -> None:
    position = np.zeros((1, 2, N))
    position[..., 200:] = 1000
    assert not lost(remove_fast(record(position))).any()


def test_a_point_far_from_the_body_goes_however_long_it_stays() -> None:
    position = body(3)
    position[2, :, 100:180] += 300
    expected = np.zeros((6, N), bool)
    expected[2, 100:180] = True
    np.testing.assert_array_equal(lost(remove_stretched(record(position))), expected)


def test_each_animal_is_measured_by_its_own_limbs() -> None:
    small, large = body(4), body(4)
    middle = large.mean(axis=0)
    large = middle + 3 * (large - middle)
    both = np.stack([small, large])
    ds = ef.from_arrays(both, fps=25, bodyparts=[f"part_{i}" for i in range(6)], units="mm")
    assert not remove_stretched(ds).position.isnull().any()


@given(n_seen=st.integers(0, 6), least=st.integers(0, 6))
@settings(max_examples=20, deadline=None)
def test_an_animal_of_too_few_points_is_absent(n_seen: int, least: int) -> None:
    position = body(5)
    position[n_seen:, :, 50] = np.nan
    found = lost(remove_absent(record(position), min_points=least))
    assert found[:, 50].all() == (n_seen < max(least, 1))
    assert found[:, 50].sum() == (6 if n_seen < least else 6 - n_seen)
    assert not np.delete(found, 50, axis=1).any()
