"""Heading, segments and body length of bodies of known shape."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from tests.strategies import BODY, make_poses


def stick(angle: np.ndarray, length: np.ndarray | float = 80.0) -> xr.Dataset:
    """A mouse of two points, turned by `angle`."""
    forward = np.stack([np.cos(angle), np.sin(angle)]) * length / 2
    position = np.stack([forward, -forward])[np.newaxis] + 100
    return ef.from_arrays(position, fps=25, bodyparts=["nose", "tailbase"], units="mm")


def test_heading_is_the_angle_of_the_body() -> None:
    angle = np.linspace(-3.1, 3.1, 200)
    found = ef.features.heading(stick(angle)).values[0]
    np.testing.assert_allclose(found, angle, atol=1e-5)


@pytest.mark.parametrize(("x", "y", "angle"), [(1, 0, 0), (0, 1, np.pi / 2), (0, -1, -np.pi / 2)])
def test_heading_runs_from_x_to_y(x: float, y: float, angle: float) -> None:
    position = np.array([[x, y], [0.0, 0.0]])[np.newaxis, ..., np.newaxis]
    ds = ef.from_arrays(position, fps=25, bodyparts=["nose", "tailbase"])
    assert ef.features.heading(ds).values[0, 0] == pytest.approx(angle)


def test_segments_of_a_rigid_body() -> None:
    ds = make_poses(1, 60)
    ds = ds.assign(position=ds.position.round(3).assign_attrs(units="mm"))
    lengths = ef.features.segment_length(ds)
    for name in lengths.segment.values:
        one, other = name.split("-")
        apart = np.subtract(BODY[one], BODY[other])
        found = lengths.sel(segment=name)
        np.testing.assert_allclose(found.mean(), np.hypot(*apart), atol=0.3)
        gone = ds.position.sel(bodypart=[one, other]).isnull().any(["bodypart", "space"])
        np.testing.assert_array_equal(np.isnan(found), gone)
    assert "Nose-Tail_base" in lengths.segment.values


def test_segments_without_known_parts_are_none() -> None:
    ds = ef.from_arrays(np.zeros((1, 2, 2, 5)), fps=25, bodyparts=["paw", "elbow"])
    assert ef.features.segment_length(ds).shape == (1, 0, 5)
    assert ef.features.segment_length(ds.chunk(time=2)).compute().shape == (1, 0, 5)


@pytest.mark.parametrize("chunk", [None, 777])
@pytest.mark.parametrize("n_frames", [1, 10, 4999, 5001, 12345])
def test_body_length_is_a_median_over_evenly_spaced_frames(
    n_frames: int, chunk: int | None
) -> None:
    rng = np.random.default_rng(n_frames)
    ds = stick(rng.uniform(-3, 3, n_frames), rng.normal(80, 10, n_frames))
    gone = rng.random(n_frames) < 0.3
    gone[0] = False
    ds.position.values[0, 0][:, gone] = np.nan
    span = ef.features.body_span(ds).values[0]
    complete = span[~np.isnan(span)]
    assert complete.size == (~gone).sum()
    if complete.size > 5000:
        complete = complete[[i * complete.size // 5000 for i in range(5000)]]
    found = ef.features.body_length(ds.chunk(time=chunk) if chunk else ds)
    assert found.dims == ("individual",)
    np.testing.assert_array_equal(found.values, np.float32([np.median(complete)]))


def test_nobody_has_no_length() -> None:
    ds = stick(np.zeros(5))
    ds.position.values[...] = np.nan
    assert np.isnan(ef.features.body_length(ds)).all()
