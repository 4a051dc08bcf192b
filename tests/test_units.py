"""Quantities with units, at the boundary."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethoflow import units
from ethoflow.units import UnitError, convert, factor, resolve, same_dimension, to_frames, unit_of


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [
        ("3 cm", "mm", 30), ("3cm", "mm", 30), (" 1.5e1 mm ", "mm", 15), ("40", "mm/s", 40),
        ("4 cm/s", "mm/s", 40), ("4 cm s-1", "mm/s", 40), ("1 m/s2", "mm/s2", 1000),
        ("200 ms", "s", 0.2), ("2 min", "s", 120), ("30 px", "px", 30),
        ("90 deg", "rad", np.pi / 2),
        (7, "mm", 7), (np.float32(0.5), "s", 0.5), (np.int64(3), "mm", 3), ("-.5 mm", "mm", -0.5),
    ],
)  # fmt: skip
def test_quantities_become_numbers(value: object, unit: str, number: float) -> None:
    assert convert(value, unit, name="it") == pytest.approx(number)


@pytest.mark.parametrize(
    "value",
    ["3 kg", "3 px", "many", "3 nonsense", "", "mm", "1 2 mm", True, None, [3], float("nan")],
)
def test_other_things_raise_with_the_name(value: object) -> None:
    with pytest.raises(UnitError, match=r"max_distance|cannot read the unit"):
        convert(value, "mm", name="max_distance")


def test_pixels_are_no_length() -> None:
    assert not same_dimension("px", "mm")
    assert not same_dimension("px/s", "mm/s")
    assert same_dimension("cm s-1", "mm/s")
    with pytest.raises(UnitError, match="cannot read"):
        same_dimension("florp", "mm")


COMMON = [
    "m", "mm", "cm", "um", "mm/s", "cm s-1", "m s^-2", "mm/s2", "mm**2", "mm / s * s", "ms", "min",
    "h", "s", "px", "px/s", "px s-1", "frame", "frames", "body_length", "body_lengths/s", "rad",
    "rad/s", "1", "", "m m-1",
]  # fmt: skip


@pytest.mark.parametrize("one", COMMON)
@pytest.mark.parametrize("other", COMMON)
def test_the_table_of_units_agrees_with_pint(one: str, other: str) -> None:
    ours, theirs = units._read_known(one), units._unit(one)
    assert ours is not None
    assert same_dimension(one, other) == (
        theirs.dimensionality == units._unit(other).dimensionality
    )
    if same_dimension(one, other):
        wanted = units._registry().Quantity(1.0, theirs).to(units._unit(other)).magnitude
        assert factor(one, other) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("text", ["inch", "deg", "m2s", "1/s", "mm//s", "/s", "kg m", "mm s-", "M"])
def test_what_the_table_lacks_is_left_to_pint(text: str) -> None:
    assert units._read_known(text) is None


def test_the_table_and_pint_mix() -> None:
    assert factor("inch", "mm") == pytest.approx(25.4)
    assert not same_dimension("inch", "s")


def test_small_helpers() -> None:
    assert factor("mm", "mm") == 1
    assert factor("cm", "mm") == 10
    assert resolve("position/s2", "px") == "px/s2"
    assert unit_of("30 mm") == "mm"
    assert unit_of("30") == unit_of(30) == ""


@pytest.mark.parametrize(
    ("duration", "fps", "frames"),
    [
        (0.25, 30, 8), (0.1, 25, 3), ("120 ms", 25, 3), ("5 frames", 25, 5), (0, 25, 0),
        (1.0, 29.97, 30), (0.5, 25, 13), ("1 frame", 100, 1), (0.3, 5, 2), (0.7, 5, 4),
        ("2.5 frames", 25, 3), (0.02, 25, 1), (0.019, 25, 0),
    ],
)  # fmt: skip
def test_durations_are_rounded_half_up(duration: float | str, fps: float, frames: int) -> None:
    assert to_frames(duration, fps, name="min_bout") == frames


@given(st.integers(0, 4000), st.integers(1, 240))
def test_no_half_is_lost_to_binary_fractions(milliseconds: int, fps: int) -> None:
    exact = Fraction(milliseconds, 1000) * fps
    half_up = (exact + Fraction(1, 2)).__floor__()
    assert to_frames(milliseconds / 1000, fps, name="it") == half_up
    assert to_frames(f"{milliseconds} ms", fps, name="it") == half_up


@pytest.mark.parametrize(
    "duration", [-0.1, "-3 frames", float("inf"), float("nan"), "3 mm", "soon"]
)
def test_what_is_no_duration(duration: float | str) -> None:
    with pytest.raises(UnitError, match="max_gap"):
        to_frames(duration, 25, name="max_gap")
