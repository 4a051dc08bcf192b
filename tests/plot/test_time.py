"""Pictures along time: the recording's own clock, gaps, ends, and extremes of long recordings."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.plot.decimation import keep_extremes


def two(lengths: tuple[int, int] = (40, 20), fps: float = 10.0) -> xr.Dataset:
    """Labels of two recordings: the behaviour is shown for the second second; some are unknown."""
    shown = np.zeros((2, 1, max(lengths)), np.float32)
    shown[:, :, 10:20] = 1
    shown[0, 0, 30:35] = np.nan
    shown[1, :, lengths[1] :] = np.nan
    return xr.Dataset(
        {"grooming": (("recording", "individual", "time"), shown, {"kind": "label"})},
        {
            "recording": ["long", "short"], "individual": ["a"],
            "time": ("time", np.arange(max(lengths)) / fps, {"units": "s"}), "fps": fps,
            "n_frames": ("recording", list(lengths)), "treatment": ("recording", ["drug", "none"]),
            "origin": ("recording", [100.0, 0.0]),
        },
    )  # fmt: skip


def test_time_is_that_of_the_recordings_own_clock() -> None:
    table = ef.plot.ethogram(two().isel(recording=[0])).data
    assert table[table.known][["start", "stop"]].values.tolist() == [[101.0, 102.0]]
    assert table[~table.known][["start", "stop"]].values.tolist() == [[103.0, 103.5]]
    both = ef.plot.cohort_ethogram(two()).data
    bouts = ef.find_bouts(two())
    assert sorted(both[both.known].start) == sorted(bouts.start)


def test_the_padding_of_a_shorter_recording_is_not_unknown() -> None:
    table = ef.plot.cohort_ethogram(two(), by="treatment").data
    assert float(table[table.group == "none"].stop.max()) == 2.0
    assert not len(table[(table.group == "none") & ~table.known])
    with pytest.raises(ef.DataError, match="no coordinate 'treatmant'"):
        ef.plot.cohort_ethogram(two(), by="treatmant")
    with pytest.raises(ef.DataError, match="no behaviour 'groming'"):
        ef.plot.cohort_ethogram(two(), behaviours=["groming"])


def test_a_trace_has_its_gaps_and_its_clock() -> None:
    speed = xr.DataArray(
        np.arange(40, dtype=float)[None], dims=("individual", "time"), name="speed",
        attrs={"units": "mm/s"},
        coords={"individual": ["a"], "time": np.arange(40) / 10, "fps": 10.0, "origin": 100.0},
    ).copy()  # fmt: skip
    speed[0, 5:9] = np.nan
    picture = ef.plot.traces(speed, labels=two().isel(recording=0))
    assert picture.data.time.iloc[[0, -1]].tolist() == [100.0, 103.9]
    np.testing.assert_array_equal(picture.data.value.isna(), np.isin(np.arange(40), range(5, 9)))


def test_behind_a_trace_are_the_labels_of_its_animal() -> None:
    import holoviews as hv

    shown = np.zeros((2, 40), np.float32)
    shown[0, 10:20], shown[1, 30:35] = 1, 1
    along = {"time": ("time", np.arange(40) / 10, {"units": "s"}), "fps": 10.0, "recording": "one"}
    seats = {"individual": ["a", "b"], "animal": ("individual", ["m1", "m2"])}
    labels = xr.Dataset(
        {"grooming": (("individual", "time"), shown, {"kind": "label"})}, {**along, **seats}
    )
    speed = xr.DataArray(
        np.ones((2, 40)), {**along, **seats}, ("individual", "time"), "speed", {"units": "mm/s"}
    )

    def starts(labels: xr.Dataset, individual: str) -> list[float]:
        picture = ef.plot.traces(speed, labels=labels, individual=individual)
        drawn = picture.figure.traverse(lambda one: one, [hv.Rectangles])
        return [x for one in drawn if one.label == "grooming" for x in one.data["start"]]

    for order in ([0, 1], [1, 0]):
        assert starts(labels.isel(individual=order), "a") == [1.0]
        assert starts(labels.isel(individual=order), "m2") == [3.0]
    assert starts(labels.isel(individual=[1]), "a") == []
    with pytest.raises(ef.DataError, match="labels are of the recording 'other'"):
        starts(labels.assign_coords(recording="other"), "a")
    with pytest.raises(ef.DataError, match="a is 'm1' in the tracks and 'm2' in the labels"):
        starts(labels.assign_coords(animal=("individual", ["m2", "m1"])), "a")


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=300),
    st.integers(2, 60),
)
def test_extremes_are_kept_and_nothing_is_made_up(values: list[float], most: int) -> None:
    given_ = np.array(values)
    times, kept = keep_extremes(np.arange(len(values), dtype=float), given_, most)
    known = ~np.isnan(kept)
    np.testing.assert_array_equal(kept[known], given_[times[known].astype(int)])
    assert (np.diff(times) >= 0).all()
    if not np.isnan(given_).all():
        assert np.nanmin(kept) == np.nanmin(given_)
        assert np.nanmax(kept) == np.nanmax(given_)
    assert len(kept) <= max(most + 2, len(values) if len(values) <= most else 0)


def test_a_long_gap_stays_a_gap_when_points_are_few() -> None:
    values = np.ones(10_000)
    values[4000:5000] = np.nan
    times, kept = keep_extremes(np.arange(10_000.0), values, 400)
    gap = times[np.isnan(kept)]
    assert len(gap)
    assert gap.min() >= 4000
    assert gap.max() < 5000
