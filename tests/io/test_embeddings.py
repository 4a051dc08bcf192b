"""Embeddings from outside: on the frames of the tracks, or refused; never stretched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from tests.strategies import make_poses, stack


def alone(n_frames: int = 50) -> xr.Dataset:
    return make_poses(1, n_frames, n_individuals=1)


def ramp(n: int, latents: int = 2) -> np.ndarray:
    """Vectors that say which they are."""
    return np.arange(n)[:, np.newaxis] + 1000.0 * np.arange(latents)


def test_one_vector_a_frame() -> None:
    found = ef.add_embedding(alone(), ramp(50)).embedding
    assert found.dims == ("individual", "latent", "time")
    assert found.latent.values.tolist() == ["latent_0", "latent_1"]
    np.testing.assert_array_equal(found[0], ramp(50).T)
    assert found.dtype == np.float32


@pytest.mark.parametrize("suffix", ["npy", "npz", "h5"])
def test_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "npy":
        np.save(path, ramp(50))
    elif suffix == "npz":
        np.savez(path, embedding=ramp(50), labels=np.zeros(50))
    else:
        with h5py.File(path, "w") as file:
            file["deep/embedding"] = ramp(50)
    np.testing.assert_array_equal(ef.add_embedding(alone(), path).embedding[0], ramp(50).T)
    with pytest.raises(ef.DataError, match="no file"):
        ef.add_embedding(alone(), tmp_path / "b.npy")
    path.write_text("text")
    with pytest.raises(ef.DataError, match="HDF5"):
        ef.add_embedding(alone(), path)


def test_several_arrays_in_a_file_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=ramp(50), two=ramp(50) + 1)
    with pytest.raises(ef.DataError, match="key"):
        ef.add_embedding(alone(), tmp_path / "a.npz")
    found = ef.add_embedding(alone(), tmp_path / "a.npz", key="two").embedding
    np.testing.assert_array_equal(found[0], ramp(50).T + 1)


def test_another_rate_is_stated() -> None:
    slow = ef.add_embedding(alone(), ramp(10), fps=5).embedding[0, 0].values  # tracks at 25
    for t in range(50):
        assert slow[t] in {np.floor(t / 5 + 0.5), np.nan} or (np.isnan(slow[t]) and t > 47)
    fast = ef.add_embedding(alone(), ramp(100), fps=50).embedding[0, 0].values
    np.testing.assert_array_equal(fast, 2 * np.arange(50))


def test_an_offset_is_stated() -> None:
    found = ef.add_embedding(alone(), ramp(30), start="0.4 s").embedding[0, 0].values
    np.testing.assert_array_equal(found[10:40], np.arange(30))
    assert np.isnan(found[:10]).all()
    assert np.isnan(found[40:]).all()


@pytest.mark.parametrize(
    ("n", "asked", "said"),
    [
        (49, {}, "49 vectors for 50 frames"),
        (100, {}, "fps"),
        (100, {"fps": 30}, "3.333 s"),
        (10, {"fps": 25}, "start"),
        (50, {"start": "1 s"}, "beyond"),
        (50, {"start": -1}, "beyond"),
        (50, {"fps": 0}, "above 0"),
        (50, {"individual": "b"}, "individual"),
        (50, {"name": "position"}, "already"),
    ],
)
def test_what_does_not_fit_is_refused(n: int, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ef.DataError, match=said):
        ef.add_embedding(alone(), ramp(n), **asked)


def test_of_several_animals_it_is_said_whose() -> None:
    ds = make_poses(1, 50)
    with pytest.raises(ef.DataError, match="whose"):
        ef.add_embedding(ds, ramp(50))
    one = ef.add_embedding(ds, ramp(50), individual="individual_1").embedding
    assert one[0].isnull().all()
    np.testing.assert_array_equal(one[1], ramp(50).T)
    both = ef.add_embedding(ds, np.stack([ramp(50), ramp(50) + 1])).embedding
    np.testing.assert_array_equal(both[1], ramp(50).T + 1)
    with pytest.raises(ef.DataError, match="animals"):
        ef.add_embedding(ds, np.zeros((3, 50, 2)))


def test_an_array_with_names_goes_by_its_names() -> None:
    ds = make_poses(1, 50, n_individuals=2).assign_coords(recording="m1")
    names, times = ds.individual.values, ds.time.values
    vectors = xr.DataArray(
        np.stack([ramp(50), ramp(50) + 1]), {"individual": names, "time": times},
        ("individual", "time", "latent"),
    )  # fmt: skip
    found = ef.add_embedding(ds, vectors).embedding
    xr.testing.assert_identical(
        ef.add_embedding(ds, vectors.isel(individual=[1, 0])).embedding, found
    )
    part = {"time": slice(10, 30)}
    late = ef.add_embedding(ds.isel(part), vectors.isel(part)).embedding
    np.testing.assert_array_equal(late, found.isel(part))
    with pytest.raises(ef.DataError, match="vectors are of x, y, the tracks of"):
        ef.add_embedding(ds, vectors.assign_coords(individual=["x", "y"]))
    with pytest.raises(ef.DataError, match="times of the vectors are not those of the tracks"):
        ef.add_embedding(ds.isel(time=slice(20)), vectors.isel(part))
    begin = f"{times[10]} s"
    given = ef.add_embedding(ds, vectors.isel(part), start=begin).embedding
    np.testing.assert_array_equal(given.isel(part), found.isel(part))
    with pytest.raises(ef.DataError, match="vectors are of 'm2'"):
        ef.add_embedding(ds, vectors.assign_coords(recording="m2"))


def test_a_cohort_and_its_use_as_a_feature(tmp_path: Path) -> None:
    parts = [make_poses(2, 60, name="short"), make_poses(3, 110, name="long")]
    given = {"short": np.stack([ramp(60)] * 2), "long": np.stack([ramp(110)] * 2)}
    ds = ef.add_embedding(stack(parts).chunk(recording=1, time=40), given)
    assert ds.embedding.dims == ("recording", "individual", "latent", "time")
    assert ds.embedding[0, ..., 60:].isnull().all()
    matrix = ef.feature_matrix(ds, ["body_span", "embedding"])
    assert matrix.feature.values.tolist() == [
        "body_span", "embedding latent_0", "embedding latent_1",
    ]  # fmt: skip
    np.testing.assert_array_equal(matrix[1, 0, 1], np.arange(110))
    ef.write(ds, tmp_path / "a.zarr", group="poses")
    stored = ef.open(tmp_path / "a.zarr")["poses"]["embedding"]
    np.testing.assert_array_equal(stored.values, ds.embedding.values)
    with pytest.raises(ef.DataError, match="None"):
        ef.add_embedding(stack(parts), {"short": given["short"]})
    half = ef.add_embedding(stack(parts), {"short": given["short"], "long": None})
    assert half.embedding[1].isnull().all()
    with pytest.raises(ef.DataError, match="Did you mean"):
        ef.add_embedding(stack(parts), {"shor": given["short"]})
