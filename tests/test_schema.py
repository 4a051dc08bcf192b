"""What a dataset must be, and how it is put in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.schema import DIMS, VARIABLES, as_dataset, count_frames, first_frame, ordered
from tests.conftest import no_compute
from tests.strategies import make_poses, stack


def small(**options: object) -> xr.Dataset:
    settings = {"fps": 25, "bodyparts": ["nose", "tailbase"], **options}
    return ef.from_arrays(np.zeros((2, 2, 2, 10)), **settings)  # type: ignore[arg-type]


def test_arrays_become_a_dataset() -> None:
    ds = small(animals=["B", "W"], recording="day_1")
    assert ds.position.dims == ("individual", "bodypart", "space", "time")
    assert ds.position.dtype == np.float32
    np.testing.assert_array_equal(ds.time, np.arange(10) / 25)
    assert ds.animal.values.tolist() == ["B", "W"]
    assert ds.individual.values.tolist() == ["individual_0", "individual_1"]
    assert ds.role.values.tolist() == ["nose", "tail_base"]
    assert int(ds.n_frames) == 10
    assert np.isnan(ds.confidence).all()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"fps": 0}, "fps must be"), ({"fps": np.nan}, "fps must be"),
        ({"fps": None}, "frame rate is not known"),
        ({"bodyparts": ["nose"]}, "2 body parts in the array, 1 names"),
        ({"bodyparts": ["nose", "nose"]}, "named twice: nose"),
        ({"confidence": np.zeros((2, 2, 9))}, "confidence needs the shape"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(options: dict[str, object], match: str) -> None:
    with pytest.raises(ef.DataError, match=match):
        small(**options)


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ef.DataError, match="individual, bodypart, space, time"):
        ef.from_arrays(np.zeros((2, 2, 10)), fps=25, bodyparts=["a", "b"])


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda ds: ds.isel(time=slice(None, None, 2)), "time advances by"),
        (lambda ds: ds.isel(time=[0, 1, 2, 4, 5]), "time"),
        (lambda ds: ds.isel(time=slice(None, None, -1)), "time advances by"),
        (lambda ds: ds.drop_vars("fps"), "needed the coordinates"),
        (lambda ds: ds.drop_vars("time"), "needed the coordinates"),
        (lambda ds: ds.assign_coords(fps=29.97), "time advances by"),
        (lambda ds: ds.assign_coords(fps=-25.0), "positive"),
        (lambda ds: ds.sel(bodypart="nose"), "bodypart"),
        (lambda ds: ds.isel(time=3), "dimension time"),
        (lambda ds: ds.isel(individual=[0, 1, 1]), "two individuals have one name: individual_1"),
        (lambda ds: ds.isel(bodypart=[0, 0]), "two bodyparts have one name: nose"),
        (lambda ds: ds.sel(space="x"), "dimension space"),
    ],
)
def test_faulty_datasets_are_refused(spoil: object, match: str) -> None:
    with pytest.raises(ef.DataError, match=match):
        as_dataset(spoil(small(fps=30)))  # type: ignore[operator]


def test_ntsc_video_is_not_30_frames_per_second() -> None:
    ds = small(fps=30_000 / 1001)
    assert as_dataset(ds).identical(ds)
    with pytest.raises(ef.DataError):
        as_dataset(ds.assign_coords(fps=30.0))


def test_dims_are_put_in_order() -> None:
    ds = make_poses(1, 10).transpose("time", "vertex", "space", "bodypart", "individual")
    found = as_dataset(ds)
    assert found.position.dims == ("individual", "bodypart", "space", "time")
    assert found.arena.dims == ("vertex", "space")
    assert ordered(["time", "odd", "recording"]) == ["recording", "odd", "time"]
    for variable in VARIABLES.values():
        assert list(variable.dims) == ordered(variable.dims)
    assert DIMS[-1] == "time"


def test_one_animal_by_name_is_a_dataset_of_one() -> None:
    ds = stack([make_poses(1, 10, name="a"), make_poses(2, 8, name="b")])
    one, listed = (as_dataset(ds.sel(individual=i)) for i in ("individual_1", ["individual_1"]))
    xr.testing.assert_identical(one, listed)


OF_NOBODY = {"huddle": ("time",), "lit": (), "size_of": ("region",), "crowded": ("region", "time")}


def with_shared() -> xr.Dataset:
    """Labels and numbers made by hand: of each animal, and without the dim `individual`."""
    ds = make_poses(1, 10)
    sizes = {"region": 2, "time": 10, "individual": ds.sizes["individual"]}
    dims = {**OF_NOBODY, "resting": ("individual", "time"), "weight": ("individual",)}
    label = {"kind": "label", "units": "1"}
    return ds.assign({
        n: (d, np.ones([sizes[dim] for dim in d]), label if "time" in d else {})
        for n, d in dims.items()
    })  # fmt: skip


def stored(ds: xr.Dataset, folder: Path) -> xr.Dataset:
    ef.write(ds, folder / "c.zarr", "labels/own")
    return ef.open(folder / "c.zarr", "labels/own")


@pytest.mark.parametrize(
    "through",
    [
        lambda ds, folder: as_dataset(ds),
        stored,
        lambda ds, folder: stored(ds, folder).load(),
        lambda ds, folder: stored(ds, folder).isel(recording=0),
        lambda ds, folder: ef.clean(ds),
    ],
)
def test_what_all_share_is_not_made_that_of_the_animal_that_is_picked(
    tmp_path: Path, through: Callable[[xr.Dataset, Path], xr.Dataset]
) -> None:
    found = through(with_shared(), tmp_path)
    one, listed = (as_dataset(found.sel(individual=i)) for i in ("individual_1", ["individual_1"]))
    xr.testing.assert_identical(one, listed)
    for name in OF_NOBODY:
        assert "individual" not in one[name].dims
    assert one.resting.sizes["individual"] == one.weight.sizes["individual"] == 1
    budget = ef.time_budget(found[["huddle", "resting", "crowded"]].sel(individual="individual_1"))
    of = dict(zip(budget.behaviour, budget.individual, strict=False))
    assert of == {"huddle": "", "crowded": "", "resting": "individual_1"}


def test_labels_by_hand_of_one_animal_are_its() -> None:
    ds = with_shared()[["resting"]]
    assert as_dataset(ds.sel(individual="individual_1")).resting.dims == ("individual", "time")


def test_names_are_here_even_where_they_were_chunked() -> None:
    ds = make_poses(1, 10).chunk(time=3)
    with no_compute():
        found = as_dataset(ds)
    assert found.role.chunks is None
    assert found.position.chunks is not None


def test_frames_are_counted_within_the_slice() -> None:
    ds = stack([make_poses(1, 100, name="a"), make_poses(2, 60, name="b")])
    assert count_frames(ds).tolist() == [100, 60]
    assert count_frames(ds.isel(time=slice(30, 70))).tolist() == [40, 30]
    assert count_frames(ds.isel(time=slice(80, 90))).tolist() == [10, 0]
    assert count_frames(ds.sel(recording="b")).tolist() == [60]
    assert count_frames(ds.sel(recording="b").isel(time=slice(50, 80))).tolist() == [10]
    assert first_frame(ds.isel(time=slice(30, 70))) == 30
    assert first_frame(ds.isel(time=slice(0, 0))) == 0


def test_long_recordings_keep_their_frame_numbers() -> None:
    fps, frames = 29.97, 10_000_000
    ds = small(fps=fps).assign_coords(time=np.arange(frames, frames + 10) / fps)
    assert first_frame(as_dataset(ds)) == frames


def test_roles_by_hand() -> None:
    ds = ef.assign_roles(small(), {"centre": "tailbase"})
    assert ds.role.values.tolist() == ["nose", "centre"]
    with pytest.raises(ValueError, match="Spot"):
        ef.assign_roles(small(), {"centre": "Spot"})


def test_coordinates_are_taken_by_name_and_not_by_place() -> None:
    ds = ef.simulate.still_then_running()
    turned = ds.isel(space=[1, 0])
    for name in ("heading", "speed", "angular_velocity"):
        feature = getattr(ef.features, name)
        np.testing.assert_array_equal(feature(turned), feature(ds))
    assert ef.clean(turned).space.values.tolist() == ["x", "y"]
