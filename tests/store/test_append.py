"""Recordings that join a store later bring metadata of their own kind; what is missing stays so."""

from __future__ import annotations

import contextlib
import warnings

import dask
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import store
from ethoflow.schema import DataError
from tests.watch import WATCH, StoppedError, stop_at


def cohort(*names, **columns):
    tracks = xr.concat(
        [
            ef.from_arrays(np.ones((1, 1, 2, 5)), fps=25, bodyparts=["nose"], recording=name)
            for name in names
        ],
        "recording", coords="different", compat="equals", join="exact",
    )  # fmt: skip
    return tracks.assign_coords({key: ("recording", values) for key, values in columns.items()})


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ({"dose": [1, 2]}, {"dose": [0.5, 1.5]}, [1, 2, 0.5, 1.5]),
        ({"dose": [1, 2]}, {}, [1, 2, np.nan, np.nan]),
        ({}, {"dose": [3, 4]}, [np.nan, np.nan, 3, 4]),
        ({"dose": [0.5, 1.5]}, {}, [0.5, 1.5, np.nan, np.nan]),
        ({}, {"dose": ["x", "y"]}, ["", "", "x", "y"]),
        ({"dose": ["x", "y"]}, {}, ["x", "y", "", ""]),
        ({"dose": [True, False]}, {}, [1, 0, np.nan, np.nan]),
    ],
)
def test_metadata_of_recordings_that_join_later(tmp_path, first, second, wanted):
    path = tmp_path / "c.zarr"
    ef.write(cohort("a", "b", **first), path)
    ef.write(cohort("c", "d", **second), path)
    for found in (ef.open(path, "tracks"), xr.open_zarr(path, group="tracks").load()):
        assert "dose" in found.coords
        pd.testing.assert_series_equal(
            pd.Series(list(found.dose.values)), pd.Series(wanted), check_dtype=False
        )
        assert found.recording.values.tolist() == ["a", "b", "c", "d"]
        assert found.n_frames.values.tolist() == [5] * 4
        assert set(found.data_vars) == {"position", "confidence"}
    assert ef.write(cohort("c", "d", **second), path).written == 0


def test_metadata_of_another_kind_are_refused_before_anything_changes(tmp_path):
    path = tmp_path / "c.zarr"
    ef.write(cohort("a", "b", dose=[1.5, np.nan]), path)
    for other in ({"dose": ["high", "low"]}, {"dose": np.array(["2024-01-01"] * 2, "M8[D]")}):
        with pytest.raises(DataError, match="dose as numbers per recording for a, b, these"):
            ef.write(cohort("c", "d", **other), path)
    per_animal = cohort("c", "d").assign_coords(dose=(("recording", "individual"), [[1.0], [2.0]]))
    with pytest.raises(DataError, match="have it as numbers per recording and individual"):
        ef.write(per_animal, path)
    found = ef.open(path, "tracks")
    assert found.recording.values.tolist() == ["a", "b"]
    np.testing.assert_array_equal(found.dose, [1.5, np.nan])
    ef.write(cohort("a", "b", "c", dose=["low", "high", ""]), path)
    assert ef.open(path, "tracks").dose.values.tolist() == ["low", "high", ""]


def test_dates_and_durations(tmp_path):
    days = np.array(["2024-03-01", "NaT"], "M8[ns]")
    ef.write(cohort("a", "b", born=days, fasted=np.array([90, 30], "m8[m]")), tmp_path / "c.zarr")
    found = ef.open(tmp_path / "c.zarr", "tracks")
    assert found.born.values.tolist() == ["2024-03-01", ""]
    assert found.fasted.values.tolist() == [5400, 1800]


def test_dates_keep_parts_of_seconds(tmp_path):
    begun = np.array(["2024-03-01T09:00:00.5", "2024-03-01T09:10:00"], "M8[ms]")
    ef.write(cohort("a", "b", begun=begun), tmp_path / "c.zarr")
    found = ef.open(tmp_path / "c.zarr", "tracks").begun.values
    np.testing.assert_array_equal(found.astype("M8[ms]"), begun)


@pytest.mark.parametrize(
    "tags",
    [
        np.array([2**60 + 1, 2**60 + 2]),
        np.array([2**53 + 1, 1]),
        np.array([1, -(2**53) - 1]),
        np.array([1, -(2**63)]),
        np.array([1, 2**64 - 1], np.uint64),
    ],
)
def test_whole_numbers_that_floats_do_not_hold_are_refused(tmp_path, tags):
    largest = max(tags.tolist(), key=abs)
    for ds in (
        cohort("a", "b", tag=tags),
        cohort("a", "b").assign(tag=("recording", tags)),
        cohort("a", "b").assign_coords(tag=(("recording", "individual"), tags[:, None])),
    ):
        with pytest.raises(ef.DataError, match=f"tag has the whole number {largest}, .* as text"):
            ef.write(ds, tmp_path / "c.zarr")


def test_whole_numbers_that_floats_hold_are_kept(tmp_path):
    tags = [2**53, -(2**53)]
    ef.write(cohort("a", "b", tag=tags), tmp_path / "c.zarr")
    assert [int(tag) for tag in ef.open(tmp_path / "c.zarr", "tracks").tag.values] == tags


@pytest.mark.parametrize("at", range(1, 200, 12))
def test_an_append_that_was_interrupted_is_finished_by_the_same_call(tmp_path, at):
    path = tmp_path / "c.zarr"
    ef.write(cohort("a", "b", dose=[1, 2], sex=["f", "m"]), path)
    with (
        dask.config.set(scheduler="sync"),
        WATCH.on(path, stop_at(at)),
        contextlib.suppress(KeyboardInterrupt, StoppedError),
    ):
        ef.write(cohort("c", "d", weight=[7, 8]), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", store.IncompleteGroup)
        assert ef.open(path, "tracks").sizes["recording"] in (2, 4)
    ef.write(cohort("c", "d", weight=[7, 8]), path)
    found = ef.open(path, "tracks").load()
    assert found.recording.values.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(found.dose, [1, 2, np.nan, np.nan])
    np.testing.assert_array_equal(found.weight, [np.nan, np.nan, 7, 8])
    assert found.sex.values.tolist() == ["f", "m", "", ""]
    assert (found.position == 1).all()
    assert found.n_frames.values.tolist() == [5] * 4


def test_recordings_in_two_units_are_refused(tmp_path):
    path = tmp_path / "c.zarr"
    ef.write(cohort("a"), path)
    other = cohort("b")
    other.position.attrs["units"] = "mm"
    with pytest.raises(DataError, match="has position in px for a, these data have it in mm"):
        ef.write(other, path)
    assert ef.open(path, "tracks").position.attrs["units"] == "px"


def test_dims_without_names_have_one_length(tmp_path):
    def embedding(size, recording="a", name="embedding"):
        ds = cohort(recording)
        values = np.zeros((1, size, ds.sizes["time"]), np.float32)
        return ds[["confidence"]].assign({name: (("recording", "latent", "time"), values)})

    ef.write(embedding(8), tmp_path / "c.zarr")
    for other in (embedding(16, name="other"), embedding(16, "b")):
        with pytest.raises(ef.DataError, match="8 places along latent, these data have 16"):
            ef.write(other, tmp_path / "c.zarr")
    ef.write(embedding(16), tmp_path / "c.zarr")
    assert ef.open(tmp_path / "c.zarr", "tracks").sizes["latent"] == 16
