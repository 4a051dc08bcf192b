"""Metadata never replace results: columns called as anything of ours change no number."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.engine.registry import declarations
from ethoflow.io.metadata import join_metadata
from ethoflow.io.reader import TrackingNote
from ethoflow.labels import bouts, budget
from ethoflow.labels.rows import MetadataAside
from ethoflow.schema import COORDINATES, DIMS, TABLE_COLUMNS, VARIABLES, DataError
from ethoflow.stats.quality import track_quality
from tests.strategies import make_tracks, stack

READ_OTHERWISE = {"recording", "individual", "animal", "fps"}
ODD = ("position x", "body weight", "pixels/mm", "a/b", "a_b", "__x", "50%", ".hidden", "a%20b")


def taken() -> list[str]:
    """Every name that something of ours has."""
    names = {*declarations(), *TABLE_COLUMNS, *VARIABLES, *COORDINATES, *DIMS}
    return sorted(names - READ_OTHERWISE)


@pytest.fixture
def cohort() -> xr.Dataset:
    tracks = [make_tracks(1, 300, name="a"), make_tracks(2, 200, name="b")]
    return stack(tracks)


def with_columns(ds: xr.Dataset, names: list[str]) -> xr.Dataset:
    cells = {name: [f"{i}", f"{i + 0.5}"] for i, name in enumerate(names)}
    joined, _ = join_metadata(ds, pd.DataFrame({"recording": ["a", "b"], **cells}))
    return joined


def results(ds: xr.Dataset) -> dict[str, xr.Dataset | pd.DataFrame]:
    """All that can be computed and written down."""
    poses = ef.clean(ef.calibrate(ds, ef.circle(0, 0, 100, size="400 mm")))
    labels = ef.annotate(poses)
    return {
        "poses": poses,
        "features": ef.features.compute(poses)[0],
        "labels": labels,
        "bouts": ef.find_bouts(labels),
        "budget": ef.time_budget(labels),
        "quality": track_quality(ds),
        "table": ef.to_table(poses),
        "label table": ef.to_table(labels),
    }


def assert_same(with_metadata: dict, without: dict) -> None:
    for name, expected in without.items():
        found = with_metadata[name]
        if isinstance(expected, pd.DataFrame):
            pd.testing.assert_frame_equal(found[expected.columns], expected)
            assert not found.columns.duplicated().any()
        else:
            assert set(found.data_vars) == set(expected.data_vars)
            for variable in expected.data_vars:
                np.testing.assert_array_equal(found[variable], expected[variable])


@pytest.mark.filterwarnings("ignore::ethoflow.labels.SkippedRule")
def test_columns_of_any_name_change_nothing(cohort, tmp_path):
    ds = with_columns(cohort, [*taken(), *ODD])
    assert ds.metadata_speed.values.tolist() != ds["body weight"].values.tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error", MetadataAside)  # said when they were joined
        found = results(ds)
        assert_same(found, results(cohort))
    for name in ("bouts", "budget"):
        assert {"metadata_start", "metadata_share", "body weight"} <= set(found[name].columns)
    ef.write(ds, tmp_path / "c.zarr")
    stored = ef.open(tmp_path / "c.zarr")["tracks"].to_dataset()
    assert set(stored.data_vars) == set(cohort.data_vars)
    missing = {str(name).replace("/", "_") for name in ds.coords} - set(map(str, stored.coords))
    assert not missing
    assert_same(results(stored), results(cohort))
    labels = ef.annotate(cohort, ["moving"], parameters={"moving": {"min_speed": "30 px/s"}})
    other = labels.assign_coords(start=("recording", [1, 2]))  # not by a table
    with pytest.warns(MetadataAside):
        ef.find_bouts(other)


def test_names_of_tables_are_known():
    own = {*bouts.COLUMNS, *budget.COLUMNS, *track_quality(make_tracks(1, 9)).columns}
    assert own | set(ef.to_table(make_tracks(1, 9)).columns) <= TABLE_COLUMNS


def test_what_was_renamed_is_said(tmp_path, make_table):
    for name in "ab":
        make_table().to_csv(tmp_path / f"{name}.csv")
    table = tmp_path / "animals.tsv"
    table.write_text("recording\tspeed\tdose\nb\t3\t1\na\t7\t2\n")
    with pytest.warns(
        TrackingNote, match=r"animals.tsv has a column called .*: speed is metadata_"
    ):
        ds = ef.read_cohort(tmp_path / "?.csv", fps=25, metadata=table)
    assert ds.metadata_speed.values.tolist() == [7, 3]
    assert ds.dose.values.tolist() == [2, 1]


def test_no_computation_reads_metadata(cohort):
    """Neither by a name of ours that got in without a table, nor by one of a rule declared late."""
    ds = cohort.assign_coords(speed=("recording", [7.0, 3.0]), dose=("recording", [1.0, 2.0]))
    plain = ef.features.acceleration(cohort)
    np.testing.assert_array_equal(ef.features.acceleration(ds), plain)
    moved = ef.features.speed(ds)
    assert moved.metadata_speed.values.tolist() == [7, 3]
    np.testing.assert_array_equal(moved, ef.features.speed(cohort))

    @ef.feature(dims=("time",))
    def dose_of_speed(speed, dose):
        """Never computed."""
        return speed[0] * dose

    with pytest.raises(DataError, match="'dose' is metadata, .*reset_coords"):
        dose_of_speed(ds)
    assert dose_of_speed(ds.reset_coords("dose")).sizes["time"] == 300

    @ef.behaviour(scope="individual")
    def dose_given(speed):
        """A rule whose name a column had before it was declared."""
        return speed[0] > 0

    ds = ds.rename(dose="dose_given")
    labels = ef.annotate(ds, [dose_given])
    assert labels.metadata_dose_given.values.tolist() == [1, 2]
    assert labels.dose_given.dims == ("recording", "individual", "time")
