"""Windows of features: plain formulas, around the circle, at ends and gaps, in any chunks."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from tests.conftest import no_compute
from tests.strategies import chunkings, make_poses, stack

NUMBERS = [
    "mean", "sd", "min", "max", "median", "quantile 0.9", "slope", "power 2-5 Hz",
    "autocorrelation 0.2 s",
]  # fmt: skip
ANGLES = ["mean", "sd", "concentration", "slope"]
WINDOWS = ["0.4 s", "1 s"]


def of_values(values: Any, fps: float = 25.0, units: str = "mm") -> tuple[xr.Dataset, xr.DataArray]:
    """A recording with one series of numbers per frame beside it."""
    values = np.atleast_2d(np.asarray(values, np.float32))
    n = values.shape[-1]
    ds = ef.from_arrays(np.zeros((len(values), 1, 2, n)), fps=fps, bodyparts=["centre"], units="mm")
    array = xr.DataArray(
        values, dims=("individual", "time"), name="height", attrs={"units": units},
        coords={"individual": ds.individual, "time": ds.time},
    )  # fmt: skip
    return ds, array


def around(values: np.ndarray, t: int, half: int) -> np.ndarray:
    return values[max(t - half, 0) : t + half + 1]


def test_numbers_are_those_of_plain_formulas() -> None:
    rng = np.random.default_rng(3)
    values = (300 + np.cumsum(rng.normal(0, 1, 160))).astype(np.float32)
    values[rng.random(160) < 0.15] = np.nan
    ds, array = of_values(values)
    names = NUMBERS[:7]
    found = ef.windowed(ds, array, window="0.6 s", statistic=names)[0, 0].values
    half, wide = 7, values.astype(np.float64)
    for t in range(160):
        every = np.arange(max(t - half, 0), min(t + half + 1, 160))
        frames = every[~np.isnan(wide[every])]
        seen = wide[frames]
        if len(seen) < 8:
            assert np.isnan(found[:, t]).all()
            continue
        line = np.polyfit((frames - t) / 25, seen - 300, 1)[0]
        expected = [
            seen.mean(), seen.std(), seen.min(), seen.max(), np.median(seen),
            np.quantile(seen, 0.9), line,
        ]  # fmt: skip
        np.testing.assert_allclose(found[:, t], expected, rtol=1e-5, atol=1e-5)


def test_power_of_a_wave_is_in_its_band_and_all_bands_are_the_variance() -> None:
    fps, half = 30.0, 15
    frequency = 3 * fps / (2 * half + 1)
    time = np.arange(200) / fps
    ds, array = of_values(50 + 4 * np.sin(2 * np.pi * frequency * time), fps)
    bands = ["power 2-4 Hz", "power 5-14.9 Hz", "power 0.1-15 Hz"]
    found = ef.windowed(ds, array, window="1 s", statistic=bands)[0, 0]
    np.testing.assert_allclose(found[0, half:-half], 8.0, rtol=1e-4)
    np.testing.assert_allclose(found[1, half:-half], 0.0, atol=1e-4)
    assert np.isnan(found[:, : half - 1]).all()
    assert found.attrs["units"] == "mm2"
    noise, series = of_values(np.random.default_rng(0).normal(0, 2, 90), fps)
    both = ef.windowed(noise, series, window="1 s", statistic=["sd", "power 0.1-15 Hz"])[0, 0]
    np.testing.assert_allclose(both[1, half:-half], both[0, half:-half] ** 2, rtol=1e-4)


def test_autocorrelation_of_a_wave() -> None:
    time = np.arange(300) / 25
    ds, array = of_values(np.sin(2 * np.pi * time))
    found = ef.windowed(
        ds, array, window="4 s", statistic=["autocorrelation 1 s", "autocorrelation 0.48 s"]
    )[0, 0, :, 100:200]
    np.testing.assert_allclose(found[0], 1.0, atol=1e-5)
    assert (found[1] < -0.95).all()
    assert found.attrs["units"] == "1"


def test_angles_are_never_averaged_along_a_line() -> None:
    swing = np.pi + 0.2 * np.sin(np.arange(200) / 3)
    ds, array = of_values((swing + np.pi) % (2 * np.pi) - np.pi, units="rad")
    found = ef.windowed(ds, array, window="2 s", statistic=ANGLES)[0, 0]
    assert (np.abs(found.sel(statistic="mean")) > 3.0).all()
    assert (found.sel(statistic="sd") < 0.2).all()
    assert (found.sel(statistic="concentration") > 0.97).all()
    assert found.unit.values.tolist() == ["rad", "rad", "1", "rad/s"]


def test_the_slope_of_an_angle_goes_round() -> None:
    turns = 3.0 * np.arange(200) / 25
    ds, array = of_values((turns + np.pi) % (2 * np.pi) - np.pi, units="rad")
    array[0, 100] = np.nan
    found = ef.windowed(ds, array, window="0.4 s", statistic="slope")[0, 0, 0].values
    seen = np.abs(np.arange(200) - 100) > 6
    np.testing.assert_allclose(found[seen], 3.0, rtol=1e-4)
    assert np.isnan(found[97:104]).all()


def test_turns_and_unsigned_angles_may_be_numbers() -> None:
    ds = make_poses(1, 120)
    found = ef.windowed(ds, "turning", statistic=["mean", "max"])
    assert found.attrs["units"] == "rad"
    with pytest.raises(ef.DataError, match="circular=False"):
        ef.windowed(ds, "joint_angle", statistic=["max"])
    assert ef.windowed(ds, "joint_angle", statistic="max", circular=False).sizes["statistic"] == 1


@pytest.mark.parametrize(("min_seen", "known"), [(0.5, 6), (0.6, 4), (0.7, 0), (1.0, 0)])
def test_as_much_has_to_be_seen_as_was_asked_for(min_seen: float, known: int) -> None:
    values = np.full(60, np.nan)
    values[20:26] = 1.0  # six of a window of nine, at most
    ds, array = of_values(values)
    found = ef.windowed(ds, array, window="0.32 s", statistic="mean", min_seen=min_seen)
    assert int(found.notnull().sum()) == known


def test_ends_of_a_recording_are_frames_that_are_not_seen() -> None:
    ds, array = of_values(np.arange(40.0))
    strict = ef.windowed(ds, array, window="0.4 s", statistic="mean", min_seen=1)[0, 0, 0]
    assert np.flatnonzero(strict.notnull()).tolist() == list(range(5, 35))
    half = ef.windowed(ds, array, window="0.4 s", statistic="mean")[0, 0, 0].values
    assert half[0] == np.arange(6).mean()


@pytest.mark.parametrize("values", ["speed", "centre_distance", "segment_length", "polarisation"])
@pytest.mark.parametrize("chunk", [1, 7, 100, -1])
def test_chunks_do_not_show(values: str, chunk: int) -> None:
    asked = {"window": WINDOWS, "statistic": NUMBERS}
    with no_compute():
        lazy = ef.windowed(make_poses(1).chunk(time=chunk), values, **asked)
    xr.testing.assert_identical(lazy.compute(), ef.windowed(make_poses(1), values, **asked))


@given(data=st.data())
@settings(max_examples=10, deadline=None, derandomize=True)
def test_no_chunking_shows(data: st.DataObject) -> None:
    sizes = data.draw(chunkings(70))
    asked = {"window": [data.draw(st.sampled_from(["0.1 s", "9 frames", 2]))], "statistic": ANGLES}
    for ds in (make_poses(3, 70), make_poses(4, 70, gaps=False)):
        lazy = ef.windowed(ds.chunk(time=sizes), "heading", **asked)
        xr.testing.assert_identical(lazy.compute(), ef.windowed(ds, "heading", **asked))


def test_alone_and_in_a_cohort_and_stored(tmp_path: Any) -> None:
    alone = [make_poses(2, 60, name="short"), make_poses(3, 110, name="long")]
    asked = {"window": WINDOWS, "statistic": NUMBERS}
    together = ef.windowed(stack(alone).chunk(recording=1, time=31), "speed", **asked)
    for ds in alone:
        row = together.sel(recording=ds.recording.item()).isel(time=slice(ds.sizes["time"]))
        np.testing.assert_array_equal(row.values, ef.windowed(ds, "speed", **asked).values)
    ef.write(together.to_dataset(), tmp_path / "a.zarr", group="features")
    stored = ef.open(tmp_path / "a.zarr")["features"]["windowed_speed"]
    np.testing.assert_array_equal(stored.values, together.values)
    assert stored.unit.values.tolist() == together.unit.values.tolist()


def test_lazy_windows_travel_to_other_processes() -> None:
    lazy = ef.windowed(make_poses(1).chunk(time=30), "speed")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy)).values, lazy.values)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"window": "20 ms"}, "three"),
        ({"statistic": "men"}, "Did you mean 'mean'"),
        ({"statistic": "quantile 3"}, "share"),
        ({"statistic": "power 0.1-0.3 Hz"}, "steps"),
        ({"statistic": "autocorrelation 3 s"}, "shorter"),
        ({"statistic": "concentration"}, "angles"),
        ({"statistic": ["mean", "mean"]}, "two members"),
        ({"window": []}, "at least one"),
        ({"min_seen": 0}, "share"),
        ({"window": ["0.4 s", "0.4  s"]}, "two members"),
    ],
)
def test_what_cannot_be_had_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ef.DataError, match=said):
        ef.windowed(make_poses(1), "speed", **asked)


def test_arrays_of_other_frames_are_refused() -> None:
    ds, array = of_values(np.arange(50.0))
    with pytest.raises(ef.DataError, match="time"):
        ef.windowed(ds, array.isel(time=slice(40)))
    with pytest.raises(ef.DataError, match="time"):
        ef.windowed(ds, array.assign_coords(time=array.time + 1))
    with pytest.raises(ef.DataError, match="categor"):
        ef.windowed(make_poses(1), "side")
    with pytest.raises(ef.DataError, match="whole recording"):
        ef.windowed(make_poses(1), "body_length")
