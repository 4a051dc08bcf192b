"""Names along derived dims: two that differ are never taken, written or shown as one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Members
from ethoflow.errors import DataError, WrongUse
from tests.strategies import make_poses, stack

CHUNKS = (None, 25)


def finder(names: tuple[str, ...], start: tuple[int, ...], end: tuple[int, ...]) -> Any:
    def find(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        return Members(names, {"start_position": start, "end_position": end})

    return find


def _length(start_position: Any, end_position: Any) -> Any:
    return np.sqrt(np.square(start_position - end_position).sum(axis=-2))


FRONT = {"pair": finder(("p", "q"), (0, 1), (2, 3))}
BACK = {"pair": finder(("x", "y"), (4, 5), (6, 7))}


@ef.feature(dims=("pair", "time"), units="position", over=FRONT)
def front_length(start_position: Any, end_position: Any) -> Any:
    """Two lengths."""
    return _length(start_position, end_position)


@ef.feature(dims=("pair", "time"), units="position", over=BACK)
def back_length(start_position: Any, end_position: Any) -> Any:
    """Two other lengths."""
    return _length(start_position, end_position)


@ef.feature(dims=("pair", "time"), units="position")
def twice_front(front_length: Any) -> Any:
    """Twice the lengths."""
    return front_length * 2


def poses(chunk: int | None = None, seed: int = 1, name: str = "a") -> xr.Dataset:
    ds = make_poses(seed, 60, name=name)
    return ds if chunk is None else ds.chunk(time=chunk)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("dims", [("pair", "time"), ("time",)])
def test_inputs_of_other_members_are_not_taken_together(
    chunk: int | None, dims: tuple[str, ...]
) -> None:
    @ef.feature(dims=dims)
    def difference(front_length: Any, back_length: Any) -> Any:
        """A difference of what does not belong together."""
        found = front_length - back_length
        return found if "pair" in dims else found.sum(axis=0)

    with pytest.raises(WrongUse, match=r"different pairs \(p, q; x, y\)"):
        difference(poses(chunk))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_dim_of_the_dataset_does_not_name_derived_members(chunk: int | None) -> None:
    beside = xr.DataArray(np.zeros(2, np.float32), dims="pair", coords={"pair": ["l", "r"]})
    found = twice_front(poses(chunk).assign(beside=beside))
    assert found.pair.values.tolist() == ["p", "q"]


def test_roles_are_not_sought_among_derived_body_parts() -> None:
    def two(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        return Members(("u", "v"), {"position": (5, 6)})

    @ef.feature(dims=("bodypart", "time"), units="position", over={"bodypart": two})
    def across(position: Any) -> Any:
        """Where two points are."""
        return position[:, 0]

    @ef.feature(dims=("time",), units="position", roles=("nose",))
    def nose_across(across: Any) -> Any:
        """Where the nose is."""
        return across[0]

    with pytest.raises(WrongUse, match="body parts of its own: u, v"):
        nose_across(poses())


@pytest.mark.parametrize("place", [-1, 11])
def test_places_lie_along_the_dim(place: int) -> None:
    @ef.feature(
        dims=("pair", "time"), units="position", over={"pair": finder(("p",), (0,), (place,))}
    )
    def one_length(start_position: Any, end_position: Any) -> Any:
        """A length."""
        return _length(start_position, end_position)

    with pytest.raises(WrongUse, match=f"must be 0 to 10, found {place}"):
        one_length(poses())


def written(path: Path, **variables: xr.DataArray) -> xr.Dataset:
    ef.write(xr.Dataset(variables), path, "features")
    return ef.open(path, "features")


@pytest.mark.parametrize("chunk", CHUNKS)
def test_other_members_are_not_written_beside_those_that_stay(
    tmp_path: Path, chunk: int | None
) -> None:
    path = tmp_path / "s.zarr"
    written(path, front=front_length(poses(chunk)))
    with pytest.raises(DataError, match="has the pairs p, q for front"):
        written(path, back=back_length(poses(chunk)))
    assert ef.open(path, "features").pair.values.tolist() == ["p", "q"]


@pytest.mark.parametrize("chunk", CHUNKS)
def test_recordings_of_other_members_are_not_appended(tmp_path: Path, chunk: int | None) -> None:
    path = tmp_path / "s.zarr"
    written(path, length=front_length(poses(chunk)))
    with pytest.raises(DataError, match="has the pairs p, q"):
        written(path, length=back_length(poses(chunk, 2, "b")))


def test_all_that_has_the_members_may_change_them(tmp_path: Path) -> None:
    path = tmp_path / "s.zarr"
    written(path, length=front_length(poses()), speed=ef.features.speed(poses()))
    there = written(path, length=back_length(poses()))
    assert there.pair.values.tolist() == ["x", "y"]
    np.testing.assert_array_equal(there.length[0], back_length(poses()))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_what_was_renamed_stays_renamed(tmp_path: Path, chunk: int | None) -> None:
    found = front_length(poses(chunk))
    sides = found.assign_coords(pair=["left", "right"])
    there = written(
        tmp_path / "s.zarr",
        sides=sides,
        couples=found.rename(pair="couple"),
        pixels=sides.assign_attrs(units="px"),
    )
    assert there.pair.values.tolist() == ["left", "right"]
    assert there.couples.dims == ("recording", "individual", "couple", "time")
    assert there.pixels.attrs["units"] == "px"
    np.testing.assert_array_equal(there.couples.values, there.sides.values)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_one_number_for_all_animals(tmp_path: Path, chunk: int | None) -> None:
    @ef.summary(scope="group", units="position")
    def mean_place(position: Any) -> Any:
        """Mean of all coordinates."""
        return np.nanmean(position)

    ds = stack([poses(), poses(None, 2, "b")])
    found = mean_place(ds if chunk is None else ds.chunk(time=chunk))
    assert found.dims == ("recording",)
    expected = [np.nanmean(one.position).astype(np.float32) for one in (poses(), poses(None, 2))]
    np.testing.assert_array_equal(found.values, expected)
    there = written(tmp_path / "s.zarr", mean_place=found)
    np.testing.assert_array_equal(there.mean_place.values, expected)


@ef.feature(scope="group", dims=("individual", "time"), units="position", roles=("centre",))
def away_from_middle(position: Any) -> Any:
    """Distance of each animal to the middle of those that are there."""
    away = position[:, 0] - position[:, 0].mean(axis=0, keepdims=True)
    return np.sqrt(np.square(away).sum(axis=1))


def truncated(ds: xr.Dataset) -> xr.Dataset:
    return ds.assign_coords(n_frames=40)


def without_one(ds: xr.Dataset) -> xr.Dataset:
    animals = ds.animal.values.copy()
    animals[1] = ""
    return ds.assign_coords(animal=("individual", animals))


@pytest.mark.parametrize("change", [truncated, without_one])
def test_what_was_computed_before_a_change_is_what_it_was(tmp_path: Path, change: Any) -> None:
    found = []
    for chunk in CHUNKS:
        ds = poses(chunk)
        given = change(ds.assign(away=away_from_middle(ds), speed=ef.features.speed(ds)))
        ef.write(given, tmp_path / f"{chunk}.zarr", "features")
        found.append(ef.open(tmp_path / f"{chunk}.zarr", "features")[["away", "speed"]].load())
    xr.testing.assert_equal(found[0], found[1])


def test_who_is_absent_elsewhere_makes_nothing_stale(tmp_path: Path) -> None:
    path = tmp_path / "s.zarr"
    one, other = poses(), poses(None, 2, "b")
    both = stack([one, other])
    ef.write(away_from_middle(both.chunk(time=25)).to_dataset(), path, "features")
    absent = stack([one, without_one(other)]).chunk(time=25)
    written = ef.write(away_from_middle(absent).to_dataset(), path, "features")
    assert (written.written, written.fresh) == (1, 1)
