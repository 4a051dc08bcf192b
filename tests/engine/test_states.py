"""Labels, flags and categories: what is unknown never becomes absent, or the first of its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.errors import DataError, WrongUse
from tests.strategies import make_poses

SIDES = ("left", "right")


def poses(n_frames: int = 60) -> xr.Dataset:
    return make_poses(1, n_frames)


@pytest.mark.parametrize("tile", [0, 16])
@pytest.mark.parametrize("code", [np.iinfo(np.int64).min, -40_000, -2])
def test_numbers_below_0_are_unknown_however_low(tile: int, code: int) -> None:
    @ef.feature(
        dims=("time",), gives="category", categories=SIDES, optional=("position",), tile=tile
    )
    def which(position: Any) -> Any:
        """A category that is never known: NaN as a whole number is the lowest there is."""
        return np.full(position.shape[-1], code)

    assert np.isnan(which(poses())).all()


@ef.summary(dims=("bodypart",), units="position/s")
def usual_speed(speed: Any) -> Any:
    """Median of each body part; NaN where it was never seen."""
    return np.array([np.median(s[~np.isnan(s)]) if (~np.isnan(s)).any() else np.nan for s in speed])


@ef.summary()
def nothing(position: Any) -> Any:
    """A number that nobody knows."""
    return np.nan


def never_seen() -> xr.Dataset:
    ds = poses().copy(deep=True)
    ds.position[0, 2] = np.nan
    return ds


@pytest.mark.parametrize("chunk", [None, 7])
@pytest.mark.parametrize("kind", ["label", "flag", "category"])
def test_a_missing_number_of_an_animal_makes_states_unknown(kind: Any, chunk: int | None) -> None:
    def faster(body_span: Any, usual_speed: Any) -> Any:
        """Something compared with the numbers of all body parts."""
        found = body_span > usual_speed.max()
        return found.astype(int) if kind == "category" else found

    names = SIDES if kind == "category" else ()
    declared = ef.feature(dims=("time",), gives=kind, categories=names)(faster)
    ds = never_seen()
    found = declared(ds if chunk is None else ds.chunk(time=chunk)).values
    assert np.isnan(found[0]).all()
    assert not np.isnan(found[1]).all()


def test_states_of_each_body_part_miss_its_own_number_alone() -> None:
    @ef.feature(dims=("bodypart", "time"), gives="flag")
    def faster_part(speed: Any, usual_speed: Any) -> Any:
        """Faster than it usually is."""
        return speed > usual_speed[:, np.newaxis]

    ds = never_seen()
    unknown = np.isnan(faster_part(ds).values[0])
    np.testing.assert_array_equal(unknown, np.isnan(ef.features.speed(ds).values[0]))


def test_a_category_rests_on_a_number_that_is_there() -> None:
    @ef.feature(dims=("time",), gives="category", categories=SIDES)
    def way_to_look(body_span: Any, nothing: Any) -> Any:
        """Which side of a number that nobody knows."""
        return np.where(body_span < nothing, 0, 1)

    assert np.isnan(way_to_look(poses())).all()


@pytest.mark.parametrize("names", [("to the left", "to_the_left"), ("left", " ")])
def test_names_that_files_would_mix_up_are_refused(names: tuple[str, ...]) -> None:
    @ef.feature(dims=("time",), gives="category", categories=names)
    def mixed_up(body_span: Any) -> Any:
        """Which side."""
        return (body_span > 0).astype(int)

    with pytest.raises(WrongUse, match="each category needs a name of its own"):
        mixed_up(poses())


@ef.behaviour(min_bout=0, max_gap=0)
def long_body(body_span: Any) -> Any:
    """The body is there at all."""
    return body_span > 0


@pytest.mark.parametrize("chunk", [None, 25])
@pytest.mark.parametrize("change", [lambda label: label * 0.5, lambda label: label + label])
def test_what_was_computed_from_labels_is_not_written_as_one(
    tmp_path: Path, change: Any, chunk: int | None
) -> None:
    ds = poses()
    found = change(long_body(ds if chunk is None else ds.chunk(time=chunk)))
    assert found.attrs["kind"] == "label"
    with pytest.raises(DataError, match="changed is marked as a label"):
        ef.write(found.to_dataset(name="changed"), tmp_path / "s.zarr", "labels/rules")
    found.attrs.pop("kind")
    ef.write(found.to_dataset(name="changed"), tmp_path / "s.zarr", "labels/rules")
    there = ef.open(tmp_path / "s.zarr", "labels/rules").changed[0]
    np.testing.assert_array_equal(there, found)


@pytest.mark.parametrize("chunk", [None, 25])
def test_a_number_keeps_its_name_in_recordings_that_stay(tmp_path: Path, chunk: int | None) -> None:
    def posture(body_span: Any) -> Any:
        """How long the body is."""
        return (body_span > 80).astype(int)

    one, other = make_poses(1, 60), make_poses(2, 60, name="b")
    names, path = ("curled", "stretched"), tmp_path / "s.zarr"
    for ds, categories, way in ((one, names, ""), (other, names[::-1], "0 curled, 1 stretched")):
        found = ef.feature(dims=("time",), gives="category", categories=categories)(posture)
        given = found(ds if chunk is None else ds.chunk(time=chunk)).to_dataset()
        if way:
            with pytest.raises(DataError, match=way):
                ef.write(given, path, "labels/rules")
        else:
            ef.write(given, path, "labels/rules")
    assert ef.open(path, "labels/rules").posture.flag_meanings == "curled stretched"
