"""The table of activity: paths of known length through known regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from tests.strategies import make_poses, stack

FPS = 10.0


def walking(x: np.ndarray, name: str = "a") -> xr.Dataset:
    """An animal on the x axis, mm."""
    position = np.stack([x, 0 * x])[np.newaxis, np.newaxis]
    ds = ef.from_arrays(position, fps=FPS, bodyparts=["centre"], units="mm", recording=name)
    left = ef.polygon([(-1, -9), (50, -9), (50, 9), (-1, 9)])
    return ef.mark_regions(ds, {"left": left, "right": ef.circle(100, 0, 10)}, units="mm")


def test_a_walk_from_one_region_to_the_other() -> None:
    x = np.concatenate([np.zeros(10), np.arange(0, 101, 10.0), np.full(9, 100.0)])
    (row,) = ef.summarise(walking(x)).itertuples()
    assert row.distance_moved == 100
    assert row.time_seen == pytest.approx(3)
    assert row.mean_speed == pytest.approx(100 / 2.9)
    assert row.max_speed == pytest.approx(100)
    assert row.time_inside_left == pytest.approx(1.6)  # the outline counts
    assert row.time_inside_right == pytest.approx(1.1)
    assert (row.entries_left, row.entries_right) == (0, 1)
    assert (row.latency_left, row.latency_right) == (0, pytest.approx(1.9))
    assert (row.distance_inside_left, row.distance_inside_right) == (50, 10)


def test_bins_add_up_and_gaps_add_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 5, 95).cumsum()
    x[20:25] = np.nan
    ds = walking(x)
    (whole,) = ef.summarise(ds).itertuples()
    bins = ef.summarise(ds, bin="2 s")
    assert bins.start.tolist() == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(bins.distance_moved.sum(), whole.distance_moved, rtol=1e-5)
    np.testing.assert_allclose(bins.time_seen.sum(), 9.0, rtol=1e-5)
    np.testing.assert_allclose(bins.time_inside_left.sum(), whole.time_inside_left, rtol=1e-5)
    assert bins.entries_left.sum() == whole.entries_left
    steps = np.abs(np.diff(x.astype(np.float32)))
    np.testing.assert_allclose(whole.distance_moved, np.nansum(steps), rtol=1e-5)


def test_what_is_never_seen_is_unknown() -> None:
    (row,) = ef.summarise(walking(np.full(30, np.nan))).itertuples()
    assert row.time_seen == 0
    for name in ("distance_moved", "mean_speed", "time_inside_left", "entries_left"):
        assert np.isnan(getattr(row, name))


@pytest.mark.parametrize("chunk", [None, 7])
def test_a_cohort_is_its_recordings(chunk: int | None, tmp_path: Path) -> None:
    parts = [make_poses(1, 90, name="a"), make_poses(2, 40, name="b")]
    regions = {"disc": ef.circle(0, 0, 90)}
    alone = pd.concat(
        [ef.summarise(ef.mark_regions(p, regions, units="mm"), bin="1 s") for p in parts],
        ignore_index=True,
    )
    cohort = ef.mark_regions(stack(parts), regions, units="mm")
    ef.write(cohort, tmp_path / "c.zarr", "poses")
    for ds in (
        cohort.chunk(time=chunk) if chunk else cohort,
        ef.open(tmp_path / "c.zarr", "poses"),
    ):
        together = ef.summarise(ds, bin="1 s")
        columns = [c for c in alone if c in together]
        pd.testing.assert_frame_equal(together[columns], alone[columns], check_dtype=False)
        assert together.attrs["units"]["distance_moved"] == "mm"


@pytest.mark.parametrize("fps", [29.385, 59.99988, 30.0, 7.3])
@pytest.mark.parametrize("first", [0, 13])
def test_bins_are_those_of_time_budgets(fps: float, first: int) -> None:
    """Start, stop and frames, whatever the rate, the clock and the lengths of the recordings."""
    parts = [
        ef.from_arrays(
            np.cumsum(np.random.default_rng(n).normal(0, 3, (1, 3, 2, n)), -1), fps=fps,
            bodyparts=["nose", "left_ear", "tail_base"], units="mm", recording=f"r{n}",
        ).assign_coords(origin=n / fps)
        for n in (400, 150)
    ]  # fmt: skip
    ds = stack(parts).isel(time=slice(first, None))
    ds = ef.assign_roles(ds, {"centre": "left_ear"})
    table = ef.summarise(ds, bin="3.3 s")
    labels = ef.annotate(ds, ["moving"], parameters={"moving": {"min_speed": "1 mm/s"}})
    budget = ef.time_budget(labels, bin="3.3 s")
    keys = ["recording", "bin", "start", "stop"]
    pd.testing.assert_frame_equal(table[keys], budget[keys])
    known = np.isfinite(ds.position.sel(bodypart="left_ear").isel(individual=0)).all("space")
    frames = (np.arange(ds.sizes["time"]) + 0.5) / fps
    for row in table.itertuples():
        within = (frames > 3.3 * row.bin - 1e-9) & (frames <= 3.3 * (row.bin + 1) - 1e-9)
        seen = int(known.sel(recording=row.recording).values[within].sum())
        assert row.time_seen == pytest.approx(seen / fps, rel=1e-6)


def test_a_minute_is_a_minute_at_any_rate() -> None:
    """Bins of rounded frames would end 0.2 s off the clock after half an hour."""
    fps = 29.385
    table = ef.summarise(walking_at(fps, round(1800 * fps)), bin="1 min")
    np.testing.assert_array_equal(table.start, 60.0 * np.arange(30))
    np.testing.assert_array_equal(table.stop[:-1], table.start[1:])
    assert table.stop.iloc[-1] == pytest.approx(1800, abs=1 / fps)
    assert np.abs(table.time_seen - 60).max() < 1 / fps
    # A step at 25 min is in the bin that begins then.
    x = np.zeros(round(1800 * fps))
    x[int(1500 * fps) + 2 :] = 100
    moved = ef.summarise(walking_at(fps, x.size, x), bin="1 min").distance_moved
    assert moved.to_numpy().nonzero()[0].tolist() == [25]


def walking_at(fps: float, n: int, x: np.ndarray | None = None) -> xr.Dataset:
    position = np.zeros((1, 1, 2, n))
    position[0, 0, 0] = 0 if x is None else x
    return ef.from_arrays(position, fps=fps, bodyparts=["centre"], units="mm")


def test_a_latency_says_where_frames_before_it_are_unknown() -> None:
    x = np.concatenate([np.full(10, 70.0), np.full(5, np.nan), np.full(15, 100.0)])
    row = ef.summarise(walking(x)).iloc[0]
    assert row.latency_right == pytest.approx(1.5)
    assert (row.latency_cut_right, row.latency_cut_left) == (True, True)
    bins = ef.summarise(walking(x), bin="1 s")
    assert bins.latency_right.tolist()[1:] == [pytest.approx(0.5), 0]
    assert bins.latency_cut_right.tolist() == [False, True, False]
    assert bins.latency_cut_left.tolist() == [False, True, False]


def test_latencies_are_cut_as_those_of_budgets(tmp_path: Path) -> None:
    x = 50 + 60 * np.sin(np.arange(300) / 9)
    x[np.random.default_rng(3).random(300) < 0.05] = np.nan
    ds = walking(x)
    inside = ef.features.in_region(ds).sel(bodypart="centre", drop=True)
    labels = xr.Dataset({"inside": inside.assign_attrs(kind="label")})
    budget = ef.time_budget(labels.assign_coords(ds.coords), bin="4 s")
    table = ef.summarise(ds, bin="4 s")
    for region in ("left", "right"):
        own = budget[budget.region == region]
        np.testing.assert_array_equal(table[f"latency_cut_{region}"], own.latency_cut)
        np.testing.assert_allclose(table[f"latency_{region}"], own.latency_to_first, rtol=1e-6)
        np.testing.assert_allclose(table[f"time_inside_{region}"], own.time, rtol=1e-5)
    assert 0 < table.latency_cut_left.sum() < len(table)


@pytest.mark.parametrize(("bin", "said"), [("1 ms", "a frame"), ("-1 s", "duration"), (1e-9, "a")])
def test_bins_that_are_none_are_refused(bin: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ef.summarise(walking(np.zeros(30)), bin=bin)


def test_columns_that_would_have_one_name_are_refused() -> None:
    regions = {"a": ef.circle(0, 0, 9), "cut_a": ef.circle(50, 0, 9)}
    with pytest.raises(ef.DataError, match="two columns would be called 'latency_cut_a'"):
        ef.summarise(ef.mark_regions(walking(np.zeros(30)), regions, units="mm"))


def test_a_row_says_in_which_unit_its_distances_are() -> None:
    ds = walking(np.arange(30.0))
    assert set(ef.summarise(ds).length_unit) == {"mm"}
    px = ef.from_arrays(ds.position.values, fps=float(ds.fps), bodyparts=["centre"])
    table = ef.summarise(px, bin="1 s")
    assert set(table.length_unit) == {"px"}
    assert list(table)[:7] == [
        *("recording", "individual", "animal", "bin", "start", "stop", "length_unit"),
    ]
