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
