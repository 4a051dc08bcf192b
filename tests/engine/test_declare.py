"""What a declaration may say, and what is refused when it is made or used."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.engine import builtin, find
from tests.strategies import make_poses


def test_a_declaration_looks_like_its_function() -> None:
    following = find("following")
    assert following.__name__ == "following"
    assert list(inspect.signature(following).parameters) == [
        "dataset", "max_distance", "min_speed", "window", "min_bout", "max_gap",
        "majority", "hysteresis", "max_hold",
    ]  # fmt: skip
    assert following.__wrapped__ is following.function
    assert "following" in repr(following)


@pytest.mark.parametrize("kind", ["feature", "summary", "behaviour"])
def test_everything_is_found_under_its_name(kind: str) -> None:
    module = ef.behaviours if kind == "behaviour" else ef.features
    for name in module.available():
        assert getattr(module, name) is find(name)
        assert name in dir(module)
    with pytest.raises(AttributeError, match="nonsense"):
        module.nonsense  # noqa: B018


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(KeyError, match="speed"):
        find("spede")


def declare(function: Any, **settings: Any) -> Any:
    return ef.feature(**{"dims": ("time",), **settings})(function)


def test_faulty_declarations_are_refused() -> None:
    def needs_default(position: Any, *, limit: float) -> None: ...

    def takes_more(position: Any, **options: Any) -> None: ...

    def reads_nothing(*, limit: float = 1.0) -> None: ...

    def reads_partner(position: Any, partner_position: Any) -> None: ...

    def plain(position: Any) -> None: ...

    for function, match in (
        (needs_default, "needs a default"),
        (takes_more, "positional inputs"),
        (reads_nothing, "reads nothing"),
        (reads_partner, "scope='pair'"),
    ):
        with pytest.raises(TypeError, match=match):
            declare(function)
    with pytest.raises(TypeError, match="no parameter"):
        declare(plain, parameter_units={"limit": "mm"})
    with pytest.raises(TypeError, match="no such input"):
        declare(plain, roles={"velocity": ("nose",)})
    with pytest.raises(TypeError, match="no such input"):
        declare(plain, optional=("velocity",))


def test_two_functions_of_one_name_are_an_error() -> None:
    def speed(position: Any) -> None: ...

    with pytest.raises(ValueError, match="declared twice"):
        declare(speed)
    assert find("speed") is builtin()["speed"]


def test_a_wrong_result_names_the_function() -> None:
    @ef.feature(dims=("bodypart", "time"))
    def wrong_shape(position: Any) -> Any:
        """Too many dims."""
        return position

    @ef.behaviour(roles=("nose",))
    def wrong_kind(position: Any) -> Any:
        """Numbers, not booleans."""
        return position[0, 0]

    with pytest.raises(ef.DataError, match="wrong_shape gave the shape"):
        wrong_shape(make_poses(1, 20))
    with pytest.raises(ef.DataError, match="wrong_kind gives labels"):
        wrong_kind(make_poses(1, 20))


@pytest.mark.parametrize("chunk", [None, 7])
def test_a_kernel_cannot_change_its_inputs(chunk: int | None) -> None:
    @ef.feature(dims=("bodypart", "time"))
    def careless(position: Any) -> Any:
        """Writes where it should read."""
        position -= 1
        return position[:, 0]

    ds = make_poses(1, 20)
    before = ds.copy(deep=True)
    with pytest.raises(ValueError, match="read-only"):
        careless(ds.chunk(time=chunk) if chunk else ds).compute()
    xr.testing.assert_identical(ds, before)


def test_the_partner_sees_a_pair_quantity_from_its_own_side() -> None:
    @ef.feature(scope="pair", dims=("time",), roles=("nose",))
    def ahead(position: Any, partner_position: Any) -> Any:
        """How far along x the partner's nose is from the own."""
        return partner_position[0, 0] - position[0, 0]

    @ef.feature(scope="pair", dims=("time",))
    def both_ways(ahead: Any, partner_ahead: Any) -> Any:
        """What the two see adds up to nothing."""
        return ahead + partner_ahead

    ds = make_poses(1, 30, n_individuals=3, gaps=False)
    nose = ds.position.sel(bodypart="Nose", space="x")
    np.testing.assert_array_equal(ahead(ds)[2, 0], nose[0] - nose[2])
    assert (both_ways(ds).values[[0, 1, 2], [1, 2, 0]] == 0).all()


def test_a_quantity_of_pairs_in_a_function_of_one_animal() -> None:
    def nearest_centre(centre_distance: Any) -> Any:
        """Distance to the nearest other centre."""
        return np.nanmin(centre_distance, axis=0)

    ds = make_poses(1, 30, n_individuals=3, gaps=False)
    with pytest.raises(TypeError, match="optional"):
        declare(nearest_centre)(ds)
    found = declare(nearest_centre, optional=("centre_distance",))(ds)
    np.testing.assert_array_equal(found, ef.features.centre_distance(ds).min("partner"))


def test_a_variable_nobody_has() -> None:
    @ef.feature(dims=("time",))
    def of_nothing(weather: Any) -> Any:
        """Reads what is not there."""
        return weather

    with pytest.raises(ef.DataError, match="of_nothing needs the variable 'weather'"):
        of_nothing(make_poses(1, 20))
    bare = make_poses(1, 20).drop_vars(["arena", "arena_radius", "arena_centre"])
    with pytest.raises(ef.DataError, match=r"ef\.calibrate"):
        ef.features.wall_distance(bare)


def test_missing_body_parts_are_named() -> None:
    ds = make_poses(1, 20).sel(bodypart=["Nose", "Left_ear"])
    with pytest.raises(ef.DataError, match=r"'tail_base'.*Nose \(nose\).*skeleton="):
        ef.features.heading(ds)


@pytest.mark.parametrize(
    ("text", "match"),
    [("x = 1", "declares nothing"), ("import nonsense_package", "cannot be run"),
     ("def broken(:", "cannot be run")],
)  # fmt: skip
def test_a_faulty_rule_file_is_named(tmp_path: Path, text: str, match: str) -> None:
    file = tmp_path / "faulty.py"
    file.write_text(text)
    for _ in range(2):
        with pytest.raises(ValueError, match=match):
            ef.load_rules(file)
    with pytest.raises(FileNotFoundError, match="absent"):
        ef.load_rules(tmp_path / "absent.py")
