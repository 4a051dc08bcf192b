"""What is said of a user's own functions: faults that would show in numbers later on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ethoflow as ef
from tests.conftest import LONG
from tests.strategies import make_poses
from tests.subjects import Subject, of_builtins, of_probes


def every(subjects: list[Subject], nth: int = 1) -> Any:
    one_of_each = [*{subject.item: subject for subject in subjects}.values()]
    return pytest.mark.parametrize("subject", one_of_each[::nth], ids=lambda one: one.name)


def check(subject: Subject) -> list[str]:
    ds = None if subject.reads_poses else subject.given(make_poses(1, 120))
    return ef.check(subject.item, ds, **subject.given_settings(make_poses(1, 120)))


@every(of_builtins(), nth=1 if LONG else 4)  # the contract tries the same of all of them
def test_what_comes_with_ethoflow_passes(subject: Subject) -> None:
    found = check(subject)
    assert not found or subject.name in {"to_mm", "mask_low_confidence"}, found


def said(function: Any) -> str:
    (sentence,) = ef.check(function)
    return sentence


def test_memory_beyond_the_halo() -> None:
    @ef.behaviour(roles={"speed": ("centre",)})
    def slower_than_before(speed: Any) -> Any:
        """Slower than ten frames ago."""
        before = np.roll(speed[0], 10)
        before[:10] = np.nan
        return speed[0] < before

    assert "needs more frames before or after than its halo of 0 frames" in said(slower_than_before)


def test_a_mean_of_a_block() -> None:
    @ef.feature(dims=("bodypart", "time"), units="position/s")
    def speed_above_mean(speed: Any) -> Any:
        """Speed above its own mean."""
        known = np.nan_to_num(speed)
        return speed - known.sum(axis=-1, keepdims=True) / max(known.shape[-1], 1)

    assert "halo='whole'" in said(speed_above_mean)


def test_chance() -> None:
    generator = np.random.default_rng(0)

    @ef.feature(dims=("bodypart", "time"))
    def noisy(speed: Any) -> Any:
        """Noise."""
        return generator.normal(size=speed.shape) + 0 * speed

    assert "random generator" in said(noisy)


def test_a_counter() -> None:
    count = [0]

    @ef.feature(dims=("bodypart", "time"))
    def counting(speed: Any) -> Any:
        """How often it was called."""
        count[0] += 1
        return 0 * speed + count[0]

    assert any("two results" in sentence for sentence in ef.check(counting))


def test_a_wrong_unit() -> None:
    @ef.feature(dims=("bodypart", "time"), units="position")
    def area_like(position: Any) -> Any:
        """An area that says it is a length."""
        return np.square(position).sum(axis=1)

    assert "units=" in said(area_like)


def test_a_threshold_without_a_unit() -> None:
    @ef.behaviour(roles=("centre",), min_bout=0, max_gap=0)
    def in_the_fast_lane(speed: Any, *, limit: float = 80.0) -> Any:
        """Faster than a limit in mm/s that does not say so."""
        return speed[0] > limit

    assert "name the unit of each parameter" in said(in_the_fast_lane)


def test_one_frame() -> None:
    @ef.feature(dims=("bodypart", "time"), units="position/s", halo=1)
    def slope(position: Any, *, fps: float) -> Any:
        """Slope of x, which wants two frames."""
        return np.gradient(position[:, 0], axis=-1) * fps

    assert any(sentence.startswith("on one frame: slope failed") for sentence in ef.check(slope))


def test_body_parts_that_are_not_computed_by_themselves() -> None:
    @ef.feature(dims=("bodypart", "time"), units="position", pointwise=("bodypart",))
    def from_middle(position: Any) -> Any:
        """Height above the mean of all."""
        return position[:, 1] - position[:, 1].max(axis=0)

    assert "Leave that out" in said(from_middle)


def test_body_parts_that_are_not_in_the_result() -> None:
    @ef.feature(dims=("time",), units="position", pointwise=("bodypart",))
    def first_x(position: Any) -> Any:
        """Where the first body part is."""
        return position[0, 0]

    assert not ef.check(first_x)


def test_animals_that_are_not_there() -> None:
    @ef.feature(scope="group", dims=("time",), units="position", roles=("centre",))
    def from_first_to_third(position: Any) -> Any:
        """How far the third animal is along x."""
        return np.abs(position[2, 0, 0] - position[0, 0, 0])

    assert "on a recording that lacks one of the animals" in said(from_first_to_third)


def test_a_function_that_cannot_be_tried() -> None:
    @ef.feature(dims=("time",))
    def of_weather(weather: Any) -> Any:
        """Reads what is not there."""
        return weather

    assert said(of_weather).startswith("it could not be tried: of_weather needs")


@every(of_probes())
def test_the_probes_pass(subject: Subject) -> None:
    assert not check(subject)


@ef.fit(merge=lambda one, other: {"last": other["last"]}, finish=lambda total: total)
def last_speed_seen(speed):
    """Of two stretches the later one counts."""
    return {"last": float(np.nanmax(speed, initial=0))}


def test_a_merge_that_depends_on_order_is_found() -> None:
    (found,) = ef.check(last_speed_seen)
    assert found.startswith("merged the other way round it gives another last")


def sums(position: Any) -> dict[str, float]:
    """Sum and number of what is seen."""
    seen = position[np.isfinite(position)]
    return {"sum": float(seen.sum()), "n": float(seen.size)}


def mean(total: dict[str, float]) -> dict[str, Any]:
    return {"mean": np.array(total["sum"] / max(total["n"], 1))}


def add(one: Any, other: Any) -> Any:
    return {name: one[name] + other[name] for name in one}


MERGES: dict[str, tuple[Any, str]] = {
    "sum": (add, ""),
    "largest": (lambda one, other: {n: max(one[n], other[n]) for n in one}, ""),
    "the first alone": (lambda one, other: one, "the other way round"),
    "the last alone": (lambda one, other: other, "the other way round"),
    "difference": (
        lambda one, other: {n: one[n] - other[n] for n in one},
        "the other way round",
    ),
    "half": (lambda one, other: {n: v / 2 for n, v in add(one, other).items()}, "in other groups"),
    "distance": (
        lambda one, other: {n: abs(one[n] - other[n]) for n in one},
        "in other groups",
    ),
}


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("scope", ["individual", "pair", "group"])
@pytest.mark.parametrize("tile", [7, 4096])
def test_a_merge_is_tried_in_other_orders_and_groups(merge: str, scope: Any, tile: int) -> None:
    function, said = MERGES[merge]
    found = ef.check(ef.fit(merge=function, finish=mean, scope=scope, tile=tile)(sums))
    assert [bool(said) and said in sentence for sentence in found] == [True] * bool(said)


def test_the_end_of_a_fit_is_given_its_parameters() -> None:
    def kernel(position: Any, *, scale: float = 2.0) -> dict[str, float]:
        """A mean in other units."""
        return sums(position)

    def scaled(total: dict[str, float], scale: float) -> dict[str, Any]:
        return {"mean": mean(total)["mean"] * scale}

    assert not ef.check(ef.fit(merge=add, finish=scaled)(kernel), scale=3.0)
    (found,) = ef.check(ef.fit(merge=MERGES["half"][0], finish=scaled)(kernel))
    assert "in other groups" in found


def test_one_animal_and_one_frame_can_be_tried() -> None:
    fit = ef.fit(merge=add, finish=mean, scope="group")(sums)
    assert not ef.check(fit, make_poses(0, 1, n_individuals=1))
    assert not ef.check(fit, make_poses(0, 3, n_individuals=1))
