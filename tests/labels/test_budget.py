"""Time budgets against sums over frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.schema import is_symmetric
from tests.strategies import make_poses, stack

FPS = 25.0


def labels() -> xr.Dataset:
    recordings = [make_poses(21, 120, name="a"), make_poses(22, 70, name="b")]
    return ef.annotate(stack(recordings))


@pytest.mark.parametrize(
    "chunks", [None, {"recording": 1, "time": 11}, {"recording": 2, "time": 50}]
)
@pytest.mark.parametrize(
    "selection", [{}, {"time": slice(30, 100)}, {"recording": [1]}, {"individual": [1]}]
)
def test_shares_are_means_over_observed_frames(
    selection: dict[str, object], chunks: dict[str, int] | None
) -> None:
    ds = labels().isel(selection)
    budget = ef.time_budget(ds.chunk(chunks) if chunks else ds)
    bouts = ef.find_bouts(ds)
    n_animals = ds.sizes["individual"]
    # Two animals are a pair; both directions of it for what has one, and what was picked of it.
    rows = {name: 1 if is_symmetric(array) else n_animals for name, array in ds.data_vars.items()}
    assert len(budget) == ds.sizes["recording"] * sum(rows.values())
    assert {name for name, n in rows.items() if n == 1 or n_animals == 1} >= {"side_by_side"}
    for row in budget.itertuples():
        state = ds[row.behaviour].sel(recording=row.recording, individual=row.individual)
        state = state.sel(partner=row.partner) if row.partner else state
        assert row.observed == pytest.approx(int(state.notnull().sum()) / FPS)
        assert row.time == pytest.approx(float(state.sum()) / FPS)
        np.testing.assert_allclose(row.share, float(state.mean()), rtol=1e-6)
        same = bouts[
            (bouts.recording == row.recording)
            & (bouts.individual == row.individual)
            & (bouts.partner == row.partner)
            & (bouts.behaviour == row.behaviour)
        ]
        assert row.n_bouts == len(same)
        np.testing.assert_allclose(row.mean_bout, same.duration.mean())


def test_the_mean_over_time_is_the_share() -> None:
    ds = labels()
    budget = ef.time_budget(ds[["moving"]]).set_index(["recording", "individual"])
    mean = ds.moving.mean("time").to_series()
    np.testing.assert_allclose(budget.share.loc[mean.index], mean, rtol=1e-6)


def test_who_was_never_seen_has_no_share() -> None:
    ds = make_poses(1, 40)
    ds.position.values[1] = np.nan
    budget = ef.time_budget(ef.annotate(ds, ["moving"]))
    assert budget.observed.tolist()[1] == 0
    assert np.isnan(budget.share[1])
    assert budget.n_bouts.tolist()[1] == 0


def test_an_empty_recording_is_listed() -> None:
    ds = labels()
    late = ds.isel(time=slice(80, None))  # the second recording has ended
    budget = ef.time_budget(late[["moving"]])
    assert budget.recording.tolist() == ["a", "a", "b", "b"]
    assert budget.observed.tolist()[2:] == [0, 0]


def test_lazy_is_eager() -> None:
    ds = stack([make_poses(21, 120, name="a"), make_poses(22, 70, name="b")])
    eager = ef.time_budget(ef.annotate(ds))
    lazy = ef.time_budget(ef.annotate(ds.chunk(recording=1, time=17)))
    pd.testing.assert_frame_equal(lazy, eager)
