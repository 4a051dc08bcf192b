"""Deep clusterers in use: whatever the chunks and the company, and as they were before saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from tests.cluster.test_clusterer import cohort, recording

SMALL = {"latent": 4, "width": 16, "steps": 3, "length": 64, "batch": 4}
ENCODERS = {
    "recurrent": {"encoder": "recurrent"},
    "transformer": {"encoder": "transformer"},
    "skeleton": {"graph": True},
    "recurrent over the skeleton": {"encoder": "recurrent", "graph": True},
}
FAMILY = {"recurrent": "vade", "transformer": "vqvae", "skeleton": "masked"}


@pytest.fixture(scope="module")
def two() -> xr.Dataset:
    """One recording is longer than a tile of 1,024 frames, and one ends within the first."""
    one = recording(0, "a", 1300)
    one.position[..., 200:230] = np.nan
    one.position[:, 1, :, 1000:1060] = np.nan
    return cohort(one, recording(1, "b", 700))


@pytest.mark.parametrize("name", ENCODERS)
def test_chunks_company_and_saving_do_not_show(name: str, two: xr.Dataset, tmp_path: Path) -> None:
    settings = {**SMALL, **ENCODERS[name]}
    model = ef.cluster.fit(two, 2, FAMILY.get(name, "masked"), settings=settings)
    whole = model.predict(two)
    assert whole.cluster.isel(recording=1, time=slice(700)).notnull().all()
    assert whole.cluster.isel(recording=0, time=slice(205, 225)).isnull().all()
    for frames in (333, 1024):
        lazy = model.predict(two.chunk(recording=1, time=frames)).compute()
        xr.testing.assert_identical(lazy, whole)
    alone = model.predict(recording(1, "b", 700))
    model.save(tmp_path / "model")
    opened = ef.cluster.load(tmp_path / "model")
    assert opened.digest == model.digest
    xr.testing.assert_identical(opened.predict(two), whole)
    for variable in ("cluster", "membership", "embedding"):
        within = whole[variable].isel(recording=1, time=slice(700)).values
        np.testing.assert_array_equal(np.squeeze(alone[variable].values), np.squeeze(within))
