"""Columns say with which parameters they were made, and none is made otherwise than asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.errors import DataError, UnknownName, WrongUse
from tests.strategies import make_poses

SHORT: Any = {"straightness": {"window": "200 ms"}}


def first(matrix: xr.DataArray) -> str:
    return str(matrix.feature.values[0])


def test_a_scaler_is_not_of_another_window() -> None:
    ds = make_poses(1, 80)
    short = ef.feature_matrix(ds, "straightness", parameters=SHORT)
    usual = ef.feature_matrix(ds, "straightness")
    assert (first(short), first(usual)) == (
        "straightness (window 0.2 s) Nose",
        "straightness Nose",
    )
    scaler = ef.fit_scaler(short)
    with pytest.raises(DataError, match="other features"):
        ef.apply_scaler(usual, scaler)
    seconds = ef.feature_matrix(ds, "straightness", parameters={"straightness": {"window": 0.2}})
    np.testing.assert_array_equal(ef.apply_scaler(seconds, scaler), ef.apply_scaler(short, scaler))


def test_settings_are_told_however_a_column_came(tmp_path) -> None:
    ds = make_poses(2, 80)
    name = "straightness (window 0.2 s) Nose"
    made = ef.features.straightness(ds, window="0.2 s")
    lazy = ef.features.straightness(ds.chunk(time=20), window=0.2)
    ef.write(ds.assign(straightness=made), tmp_path / "s.zarr", group="poses")
    stored = ef.open(tmp_path / "s.zarr", "poses")
    for data in (ds.assign(straightness=made), ds.assign(straightness=lazy), stored, stored.load()):
        assert first(ef.feature_matrix(data, "straightness")) == name
    assert first(ef.feature_matrix(ds, [made.rename("mine")])) == "mine (window 0.2 s) Nose"
    windows = ef.windowed(ds, "straightness", window="1 s", parameters=SHORT, min_seen=0.8)
    given = first(ef.feature_matrix(ds, [windows]))
    assert given == "straightness (min_seen 0.8, window 0.2 s) Nose, mean of 1 s"
    deep = ef.feature_matrix(
        ds, ["stops", "turning"],
        parameters={"stopped": {"max_speed": "5 cm/s"}, "turning": {"window": "2 s"}},
    )  # fmt: skip
    assert deep.feature.values.tolist() == [
        "stops (stopped max_speed 50 mm/s)", "turning (window 2 s)"
    ]  # fmt: skip
    assert not deep.circular.any()


def test_parameters_are_used_or_refused() -> None:
    ds = make_poses(1, 80)
    wrong: Any = {"straigthness": {"window": "0.2 s"}}
    for function in (ef.feature_matrix, ef.windowed):
        with pytest.raises(UnknownName, match="Did you mean 'straightness'"):
            function(ds, "straightness", parameters=wrong)
        there = ds.assign(straightness=ef.features.straightness(ds))
        with pytest.raises(WrongUse, match="drop_vars"):
            function(there, "straightness", parameters=SHORT)
        same = there.assign(straightness=ef.features.straightness(ds, window="0.2 s"))
        xr.testing.assert_equal(
            function(same, "straightness", parameters=SHORT),
            function(ds, "straightness", parameters=SHORT),
        )
    own = ds.assign(straightness=ef.features.straightness(ds).assign_attrs(source="by hand"))
    with pytest.raises(WrongUse, match="drop_vars"):
        ef.feature_matrix(own, "straightness", parameters=SHORT)
    speeds = ds.assign(smoothed_speed=ef.features.smoothed_speed(ds, window="2 s"))
    with pytest.raises(WrongUse, match="made by smoothed_speed"):
        ef.annotate(speeds, ["freezing"], parameters={"smoothed_speed": {"window": "0.2 s"}})
