"""Time budgets against sums over frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.schema import is_symmetric
from tests.strategies import chunkings, make_poses, stack, states

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
    counted = ["time", "n_bouts", "n_cut", "mean_bout", "latency_to_first", "n_intervals"]
    assert budget[counted].iloc[1].isna().all()
    assert budget.latency_cut.tolist()[1]


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


# By bins.


def labels_of(state: list[float] | np.ndarray, fps: float = 10.0, name: str = "a") -> xr.Dataset:
    """A label `resting` of one animal."""
    values = np.asarray(state, np.float32)
    ds = ef.from_arrays(
        np.zeros((1, 1, 2, values.size)), fps=fps, bodyparts=["nose"], recording=name
    ).drop_vars(["position", "confidence"])
    label = xr.DataArray(values[np.newaxis], dims=("individual", "time"), attrs={"kind": "label"})
    return ds.assign(resting=label)


def count(state: np.ndarray, start: int, stop: int) -> dict[str, float]:
    """What a walk from frame to frame finds in a window; frames beyond the ends are unknown."""
    found = dict.fromkeys(("observed", "time", "n_bouts", "n_cut", "bouts"), 0.0)
    found |= {"latency": np.nan, "cut": False, "n_intervals": 0.0, "intervals": 0.0}
    for t in range(start, stop):
        here = state[t] if 0 <= t < state.size else np.nan
        found["observed"] += not np.isnan(here)
        found["time"] += here == 1
        if np.isnan(found["latency"]):
            if here == 1:
                found["latency"] = t - start
            elif np.isnan(here):
                found["cut"] = True
        if here != 1 or (t > 0 and state[t - 1] == 1):
            continue
        end = t
        while end < state.size and state[end] == 1:
            end += 1
        before = t
        while before > 0 and state[before - 1] == 0:
            before -= 1
        found["n_bouts"] += 1
        found["bouts"] += end - t
        is_seen = [0 <= at < state.size and not np.isnan(state[at]) for at in (t - 1, end)]
        found["n_cut"] += not all(is_seen)
        if before < t and before > 0 and state[before - 1] == 1:
            found["n_intervals"] += 1
            found["intervals"] += t - before
    return found


def assert_counted(row: object, expected: dict[str, float], fps: float) -> None:
    assert row.observed * fps == pytest.approx(expected["observed"])
    if not expected["observed"]:
        assert np.isnan([row.time, row.share, row.n_bouts, row.n_cut, row.mean_bout]).all()
        return
    assert row.time * fps == pytest.approx(expected["time"])
    assert row.share == pytest.approx(expected["time"] / expected["observed"])
    assert (row.n_bouts, row.n_cut) == (expected["n_bouts"], expected["n_cut"])
    bouts = expected["bouts"] / expected["n_bouts"] if expected["n_bouts"] else np.nan
    np.testing.assert_allclose(row.mean_bout * fps, bouts)
    np.testing.assert_allclose(row.latency_to_first * fps, expected["latency"])
    assert row.latency_cut == expected["cut"]
    assert row.n_intervals == expected["n_intervals"]
    n = expected["n_intervals"]
    np.testing.assert_allclose(row.mean_interval * fps, expected["intervals"] / n if n else np.nan)


@given(data=st.data(), state=states().filter(len), width=st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_bins_are_a_walk_through_their_frames(
    data: st.DataObject, state: np.ndarray, width: int
) -> None:
    values = np.where(state < 0, np.nan, state).astype(float)
    ds = labels_of(values)
    table = ef.time_budget(ds.chunk(time=data.draw(chunkings(state.size))), bin=f"{width} frames")
    assert table.bin.tolist() == list(range(-(-state.size // width)))
    for row in table.itertuples():
        start = row.bin * width
        assert_counted(row, count(values, start, min(start + width, state.size)), 10.0)
        assert row.start == pytest.approx(start / 10)
        assert row.stop == pytest.approx(min(start + width, state.size) / 10)
    (whole,) = ef.time_budget(ds).itertuples()
    assert_counted(whole, count(values, 0, state.size), 10.0)
    for name in ("observed", "time", "n_bouts", "n_cut", "n_intervals"):
        assert np.nansum(table[name]) == pytest.approx(np.nansum([getattr(whole, name)]))


def test_a_bout_across_a_border_counts_where_it_begins() -> None:
    table = ef.time_budget(labels_of([0, 0, 0, 1, 1, 1, 1, 1, 0, 0]), bin="0.5 s")
    assert table.time.tolist() == [0.2, 0.3]
    assert table.n_bouts.tolist() == [1, 0]
    assert table.mean_bout[0] == pytest.approx(0.5)
    assert np.isnan(table.mean_bout[1])
    assert table.latency_to_first.tolist() == pytest.approx([0.3, 0])


def test_a_latency_behind_unseen_frames_is_marked() -> None:
    nan = np.nan
    for state, latency, cut in (
        ([0, 0, 1, 0], 0.2, False),
        ([0, nan, 1, 0], 0.2, True),
        ([0, 1, nan, 1], 0.1, False),
        ([0, 0, 0, 0], nan, False),
        ([0, 0, nan, 0], nan, True),
        ([1, 1, nan, 0], 0.0, False),
    ):
        (row,) = ef.time_budget(labels_of(state)).itertuples()
        np.testing.assert_allclose(row.latency_to_first, latency)
        assert row.latency_cut == cut


def test_what_is_never_shown_is_none_and_what_is_never_seen_is_missing() -> None:
    shown, unseen = ef.time_budget(
        labels_of([0, 0, 0, np.nan, np.nan, np.nan]), bin=0.3
    ).itertuples()
    assert (shown.time, shown.share, shown.n_bouts, shown.observed) == (0, 0, 0, 0.3)
    assert unseen.observed == 0
    assert np.isnan([unseen.time, unseen.share, unseen.n_bouts, unseen.n_intervals]).all()


def test_bins_keep_their_length_at_a_rate_that_is_not_whole() -> None:
    fps, n_frames = 30000 / 1001, 3 * 3600 * 30
    ds = labels_of(np.zeros(n_frames), fps)
    table = ef.time_budget(ds.chunk(time=50_000), bin="1 min")
    frames = np.round(table.observed * fps).astype(int)
    assert frames.sum() == n_frames
    assert set(frames[:-1]) == {1798, 1799}
    np.testing.assert_allclose(table.start, 60.0 * np.arange(len(table)))
    assert table.stop.iloc[-1] == pytest.approx(n_frames / fps)
    begins = np.concatenate([[0], np.cumsum(frames)[:-1]]) / fps
    assert np.abs(begins - table.start).max() <= 0.5 / fps + 1e-6


def test_a_recording_shorter_than_a_bin_has_one_and_shorter_ones_have_fewer() -> None:
    parts = [make_poses(21, 120, name="a"), make_poses(22, 20, name="b")]
    ds = ef.annotate(stack(parts), ["moving"]).assign_coords(origin=("recording", [0.0, 100.0]))
    table = ef.time_budget(ds, bin="1 s")
    one = table[table.individual == table.individual[0]]
    assert one[one.recording == "a"].start.tolist() == [0, 1, 2, 3, 4]
    (short,) = one[one.recording == "b"].itertuples()
    assert (short.start, short.stop) == (100.0, pytest.approx(100.8))
    assert short.observed <= 0.8
    for name in "ab":
        alone = ef.time_budget(ds.sel(recording=[name]), bin="1 s")
        own = table[table.recording == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, own, check_dtype=False)
    late = ef.time_budget(ds.isel(time=slice(80, None)), bin="1 s")
    assert late[late.recording == "a"].start.tolist()[0] == 3.2
    (none,) = late[
        (late.recording == "b") & (late.individual == one.individual.iloc[0])
    ].itertuples()
    assert none.observed == 0
    assert np.isnan(none.time)


@pytest.mark.parametrize(
    ("bin", "message"),
    [("10 ms", "a frame .* or longer"), (0, "a frame .* or longer"), ("3 mm", "needs a value in s"),
     (-1, "zero or more"), (float("inf"), "zero or more")],
)  # fmt: skip
def test_bins_that_are_none_are_refused(bin: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ef.time_budget(labels_of([0, 1]), bin=bin)


def test_pairs_categories_and_metadata_are_in_every_bin() -> None:
    ds = labels().assign_coords(treatment=("recording", ["stress", "control"]))
    table, whole = ef.time_budget(ds, bin="1 s"), ef.time_budget(ds)
    n_bins = {"a": 5, "b": 3}
    assert len(table) == sum(n_bins[name] for name in whole.recording)
    key = ["recording", "individual", "partner", "behaviour"]
    sums = table.groupby(key)[["observed", "time"]].sum(min_count=1)
    expected = whole.set_index(key)[["observed", "time"]].sort_index()
    pd.testing.assert_frame_equal(sums, expected)
    assert dict(zip(table.recording, table.treatment, strict=True)) == {
        "a": "stress", "b": "control"
    }  # fmt: skip
