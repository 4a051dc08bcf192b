"""Alignment: where things lie afterwards, the way back, and what does not turn with an animal."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from tests.conftest import no_compute
from tests.strategies import make_poses, stack


def test_a_turned_body_lies_as_it_was_built() -> None:
    turn = np.linspace(0, 7, 90)
    built = np.array([[0.0, 0], [30, 0], [10, 5]])
    x = 200 + built[:, :1] * np.cos(turn) - built[:, 1:] * np.sin(turn)
    y = 100 + built[:, :1] * np.sin(turn) + built[:, 1:] * np.cos(turn)
    ds = ef.from_arrays(
        np.stack([x, y], 1)[np.newaxis], fps=25, bodyparts=["centre", "nose", "ear"], units="mm"
    )
    found = ef.align(ds, along="nose")
    np.testing.assert_allclose(
        found.position[0], np.broadcast_to(built[..., np.newaxis], (3, 2, 90)), atol=2e-4
    )
    up = ef.align(ds, along=("centre", "nose"), axis="y").position[0]
    np.testing.assert_allclose(up[1], np.broadcast_to([[0], [30]], (2, 90)), atol=2e-4)
    np.testing.assert_allclose(np.unwrap(found.frame_angle[0]), turn, atol=1e-5)


@pytest.mark.parametrize("asked", [
    {}, {"along": "nose"}, {"centre": "tail_base", "along": ("tail_base", "nose"), "axis": "y"},
    {"centre": "arena"}, {"centre": (10.0, -5.0), "along": "nose"},
    {"along": "nose", "by": "individual_1"},
])  # fmt: skip
def test_the_way_back_and_chunks(asked: dict[str, object]) -> None:
    ds = make_poses(1)
    there = ef.align(ds, **asked)
    back = ef.unalign(there)
    known = there.position.notnull()
    np.testing.assert_allclose(back.position.where(known), ds.position.where(known), atol=1e-3)
    assert known.any()
    assert not [name for name in ("arena", "frame_centre", "frame_angle") if name in back]
    for chunk in (1, 7, 50):
        with no_compute():
            lazy = ef.align(ds.chunk(time=chunk), **asked)
        np.testing.assert_array_equal(lazy.position, there.position)
        np.testing.assert_array_equal(ef.unalign(lazy).position, back.position)


def test_distances_do_not_change_and_directions_do() -> None:
    ds = make_poses(1)
    found = ef.align(ds, along="nose")
    one, other = (ef.features.bodypart_distance(each) for each in (ds, found))
    both = one.notnull() & other.notnull()
    np.testing.assert_allclose(one.where(both), other.where(both), atol=1e-3)
    with pytest.raises(ef.DataError, match="arena"):
        ef.features.wall_distance(found)


@pytest.mark.parametrize("asked", [{"along": "nose"}, {"centre": (10.0, -5.0)}])
def test_what_lies_along_the_axes_of_the_room_is_left_out(asked: dict[str, object]) -> None:
    """A spread along x is none along the axis of an animal, nor do landmarks go with it."""
    ds = ef.clean(make_poses(1), fill="kalman", smoothing="kalman")
    fixed = xr.DataArray(np.ones((1, 2)), dims=("landmark", "space"), attrs={"units": "mm"})
    found = ef.align(ds.assign(landmark_position=fixed), **asked)
    assert "position_sd" in ds
    assert not {"position_sd", "landmark_position"} & set(found.data_vars)
    assert {"filled", "removed", "confidence"} <= set(found.data_vars)


def test_in_the_frame_of_another() -> None:
    ds = make_poses(1)
    found = ef.align(ds, along=("tail_base", "nose"), by="individual_0").position
    pairs = ef.features.pose_of_other(ds)
    np.testing.assert_allclose(pairs[0, 1], found[1], atol=1e-3)
    seen = ef.features.bearing(ds)[0, 1]
    centre = found[1].sel(bodypart="Center")
    apart = np.angle(np.exp(1j * (np.arctan2(centre[1], centre[0]) - seen)))
    assert float(np.nanmax(np.abs(apart))) < 1e-3


def test_alone_and_in_a_cohort() -> None:
    alone = [make_poses(2, 60, name="short"), make_poses(3, 110, name="long")]
    lazy = ef.align(stack(alone).chunk(recording=1, time=31), "arena", along="nose")
    one = ef.align(alone[0], "arena", along="nose")
    np.testing.assert_array_equal(lazy.position[0, ..., :60], one.position)


def test_what_cannot_be_aligned_is_refused() -> None:
    ds = make_poses(1)
    with pytest.raises(ef.DataError, match="three"):
        ef.align(make_poses(1, n_space=3))
    with pytest.raises(ef.DataError, match="already"):
        ef.align(ef.align(ds))
    with pytest.raises(ef.DataError, match="Did you mean"):
        ef.align(ds, "Centre_")
    with pytest.raises(ef.DataError, match="arena"):
        ef.align(ds.drop_vars(["arena", "arena_centre", "arena_radius"]), "arena")
    with pytest.raises(ef.DataError, match="not aligned"):
        ef.unalign(ds)
    with pytest.raises(ef.DataError, match="individual"):
        ef.align(ds, by="mouse")


def test_what_asks_how_animals_go_in_the_room_refuses_frames_that_go_with_them(tmp_path) -> None:
    tracks = ef.simulate.simulate_cohort(1, duration="4 s", seed=1, n_individuals=2).tracks
    poses = ef.calibrate(tracks, px_per_mm=1.6)
    own = ef.align(poses, "centre", along="nose")
    ef.write(own, tmp_path / "own.zarr", "poses")
    stored = ef.open(tmp_path / "own.zarr", "poses")
    for ds in (own, ef.clean(own), stored, ef.align(poses, (0.0, 0.0), along="nose")):
        for asked in (
            lambda ds: ef.annotate(ds, ["moving"]),
            ef.summarise,
            ef.find_swaps,
            lambda ds: ef.learn.open_classifier("immobility").predict(ds),
            ef.assays.forced_swim,
            ef.cluster.fit,
        ):
            with pytest.raises(ef.DataError, match="frames that go with the animals"):
                asked(ds)
    still = ef.align(poses, (100.0, 80.0))
    xr.testing.assert_identical(
        ef.annotate(still, ["moving"]).moving.compute(), ef.annotate(poses, ["moving"]).moving
    )
    assert "moving" in ef.annotate(ef.unalign(own), ["moving"])
