"""Recordings that join a store later bring metadata of their own kind; what is missing stays so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef


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
        ({"dose": [1, 2]}, {"dose": ["x", "y"]}, ["1", "2", "x", "y"]),
        ({"dose": ["x", "y"]}, {"dose": [0.5, 2.0]}, ["x", "y", "0.5", "2"]),
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
