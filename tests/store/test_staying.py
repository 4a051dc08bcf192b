"""What stays beside recordings that are appended keeps its values, its digits and its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ethoflow as ef
from tests.strategies import stack

THIRD = 1.1234567890123457


def tracks(name: str, frames: int = 5, **more: Any) -> xr.Dataset:
    ds = ef.from_arrays(
        np.ones((2, 3, 2, frames)), fps=25, bodyparts=["nose", "left", "right"], recording=name
    )
    return stack([ds]).assign(more)


def refused(path: Path, ds: xr.Dataset, said: str) -> None:
    before = ef.open(path, "tracks").load()
    with pytest.raises(ef.DataError, match=said):
        ef.write(ds, path)
    xr.testing.assert_identical(ef.open(path, "tracks").load(), before)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (5.0, 7.0, "limit 5.0 for a, these data have 7.0, and all recordings share it"),
        (5, 7, "limit 5 for a"),
        (2**53, 2**53 + 1, "limit 9007199254740992 for a, these data have 9007199254740993"),
        ("soft", "hard", "limit soft for a, these data have hard"),
        (True, False, "limit 1.0 for a"),
        (np.nan, 0.0, "limit nan for a, these data have 0.0"),
        (0.1, np.float32(0.1), "limit 0.1 for a, these data have 0.1000000014"),
        (5, 5.5, "limit as whole numbers for all recordings at once for a, .* as numbers"),
        (5.0, "5", "have it as text for all recordings at once"),
        (("bodypart", [1.0, 2, 3]), ("bodypart", [1.0, 2, 4]), "limit 3.0 for a, .* have 4.0"),
        (("individual", [1.0, 2]), ("individual", [np.nan, 2]), "limit 1.0 for a, .* have nan"),
        (("bodypart", ["p", "q", "r"]), ("bodypart", ["p", "q", ""]), "limit r for a"),
        (5.0, ("recording", [5.0]), "numbers for all recordings at once for a, .* per recording"),
        (("recording", [5.0]), 5.0, "limit as numbers per recording for a"),
        (5.0, ("bodypart", [5.0, 5, 5]), "have it as numbers per bodypart"),
    ],
)
def test_another_value_of_what_all_share_is_refused(
    tmp_path: Path, first: Any, second: Any, said: str
) -> None:
    one, other = tracks("a", limit=first), tracks("b", limit=second)
    ef.write(one, tmp_path / "c.zarr")
    refused(tmp_path / "c.zarr", other, said)
    ef.write(other.assign_coords(recording=["a"]), tmp_path / "c.zarr")
    xr.testing.assert_equal(
        ef.open(tmp_path / "c.zarr", "tracks").limit.reset_coords(drop=True).astype("O"),
        other.assign_coords(recording=["a"]).limit.reset_coords(drop=True).astype("O"),
    )


def test_another_value_of_a_coordinate_is_refused(tmp_path: Path) -> None:
    clock = np.arange(5.0)
    ef.write(tracks("a").assign_coords(limit=5.0, clock=("time", clock)), tmp_path / "c.zarr")
    refused(tmp_path / "c.zarr", tracks("b").assign_coords(limit=7.0), "limit 5.0 for a")
    longer = tracks("b", 7).assign_coords(clock=("time", np.arange(7.0) + 1))
    refused(tmp_path / "c.zarr", longer, "clock 0.0 for a")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    shape=st.sampled_from([(), ("bodypart",), ("individual", "bodypart")]),
    dtype=st.sampled_from([np.float32, np.float64, np.int64, np.uint8]),
    data=st.data(),
)
def test_equal_values_of_what_all_share_stay(
    tmp_path_factory: pytest.TempPathFactory, shape: tuple[str, ...], dtype: Any, data: Any
) -> None:
    path = tmp_path_factory.mktemp("shared") / "c.zarr"
    sizes = {"bodypart": 3, "individual": 2}
    values = data.draw(arrays(dtype, [sizes[dim] for dim in shape]))
    for name in ("a", "b"):
        ef.write(tracks(name, limit=(shape, values)), path)
    found = ef.open(path, "tracks").limit
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, values)


def test_what_others_never_had_is_not_made_theirs(tmp_path: Path) -> None:
    ef.write(tracks("a"), tmp_path / "c.zarr")
    refused(tmp_path / "c.zarr", tracks("b", limit=7.0), "has no limit for a, .* per recording")
    refused(tmp_path / "c.zarr", tracks("b", limit=("bodypart", [1.0, 2, 3])), "has no limit")
    ef.write(tracks("b", limit=("recording", [7.0])), tmp_path / "c.zarr")
    found = ef.open(tmp_path / "c.zarr", "tracks")
    np.testing.assert_array_equal(found.limit, [np.nan, 7.0])


def test_roles_may_be_given_anew(tmp_path: Path) -> None:
    for name, roles in (("a", ["nose", "", ""]), ("b", ["nose", "left_ear", ""])):
        ds = tracks(name).assign_coords(role=("bodypart", np.array(roles, object)))
        ef.write(ds, tmp_path / "c.zarr")
    assert ef.open(tmp_path / "c.zarr", "tracks").role.values.tolist() == roles


@pytest.mark.parametrize("lengths", [(5, 9), (9, 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.int64, object])
def test_what_runs_along_time_alone_is_as_long_as_the_longest(
    tmp_path: Path, lengths: tuple[int, int], dtype: Any
) -> None:
    for name, frames in zip("ab", lengths, strict=True):
        clock = np.arange(100, 100 + frames).astype(str if dtype is object else dtype)
        ef.write(
            tracks(name, frames).assign_coords(clock=("time", clock.astype(dtype))),
            tmp_path / "c.zarr",
        )
    found = ef.open(tmp_path / "c.zarr", "tracks")
    assert found.clock.values.astype(float).tolist() == list(range(100, 109))
    ef.write(tracks("c", 12), tmp_path / "c.zarr")
    found = ef.open(tmp_path / "c.zarr", "tracks").clock.values
    assert found[:9].astype(float).tolist() == list(range(100, 109))
    assert [str(value) for value in found[9:]] == (["nan"] * 3 if dtype is not object else [""] * 3)


@pytest.mark.parametrize("types", [(np.float64, np.float32), (np.float32, np.float64)])
@pytest.mark.parametrize("dims", [("recording",), ("recording", "bodypart")])
def test_numbers_keep_their_digits(tmp_path: Path, types: Any, dims: tuple[str, ...]) -> None:
    shape = (1, 3)[: len(dims)]
    for name, dtype in zip("ab", types, strict=True):
        ef.write(tracks(name, gain=(dims, np.full(shape, THIRD, dtype))), tmp_path / "c.zarr")
    found = ef.open(tmp_path / "c.zarr", "tracks").gain
    for row, dtype in enumerate(types):
        assert (found[row] == np.float64(dtype(THIRD))).all()


NUMBER: dict[str, Any] = {}
FLAG, LABEL = {"kind": "flag"}, {"kind": "label"}
ON_OFF = {"kind": "category", "flag_values": [0, 1], "flag_meanings": "off on"}
OFF_ON = {**ON_OFF, "flag_meanings": "on off"}
PAIRS = [
    (FLAG, LABEL),
    (LABEL, NUMBER),
    (NUMBER, LABEL),
    (LABEL, ON_OFF),
    (ON_OFF, OFF_ON),
    (LABEL, LABEL),
    (ON_OFF, ON_OFF),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("dims", [("recording", "time"), ("recording",), ("bodypart",)])
def test_numbers_keep_what_they_stand_for(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], dims: tuple[str, ...]
) -> None:
    sizes = {"recording": 1, "time": 5, "bodypart": 3}
    values = np.ones([sizes[dim] for dim in dims], np.float32)
    ef.write(tracks("a", state=(dims, values, first)), tmp_path / "c.zarr")
    other = tracks("b", state=(dims, values, second))
    if first == second:
        ef.write(other, tmp_path / "c.zarr")
        found = ef.open(tmp_path / "c.zarr", "tracks").state.attrs
        assert first.items() <= found.items()
    else:
        refused(tmp_path / "c.zarr", other, "has state (as a|with the categories) .* for a")


@pytest.mark.parametrize("second", [{"units": "kg"}, {}])
@pytest.mark.parametrize("dims", ["recording", "bodypart"])
@pytest.mark.parametrize("coordinate", [False, True])
def test_numbers_keep_their_unit(
    tmp_path: Path, second: dict[str, str], dims: str, coordinate: bool
) -> None:
    values = np.ones(1 if dims == "recording" else 3)
    one = tracks("a", weight=(dims, values, {"units": "g"}))
    other = tracks("b", weight=(dims, values, second))
    if coordinate:
        one, other = one.set_coords("weight"), other.set_coords("weight")
    ef.write(one, tmp_path / "c.zarr")
    refused(tmp_path / "c.zarr", other, "has weight in g for a, these data have it (in kg|without)")
    assert ef.open(tmp_path / "c.zarr", "tracks").weight.attrs["units"] == "g"


def test_numbers_along_time_keep_their_dims(tmp_path: Path) -> None:
    dims = ("recording", "row", "column", "time")
    turned = ("recording", "column", "row", "time")
    ef.write(tracks("a", image=(dims, np.ones((1, 2, 2, 5)))), tmp_path / "c.zarr")
    other = tracks("b").drop_vars(["position", "confidence"])
    for others in (turned, ("recording", "row", "time"), ("recording", "row")):
        image = np.ones([{"recording": 1, "time": 5}.get(dim, 2) for dim in others])
        said = "has image as numbers per recording and row and column and time for a"
        refused(tmp_path / "c.zarr", other.assign(image=(others, image)), said)
