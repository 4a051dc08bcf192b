"""False positives and power on simulated cohorts, a short form of `benchmarks/statistics.py`."""

from __future__ import annotations

import pytest
from benchmarks.statistics import CAGES, MATES, bound, measure


def test_false_positives_are_those_that_chance_gives() -> None:
    found = measure(150, ["default"], 0.0, (0.5,))
    assert len(found) == len(CAGES) * len(MATES)
    assert found["default"].max() <= bound(150, len(found))
    assert 0.02 <= found["default"].mean() <= 0.06


def test_cage_mates_as_units_would_be_found_out() -> None:
    found = measure(150, ["animals as units"], 0.0, (0.5,))
    assert found["animals as units"].mean() > 2 * 0.06


def test_power_is_that_of_the_t_test() -> None:
    found = measure(100, ["default", "t test"], 2.0, (0.3,))
    assert found["default"].mean() > 0.4
    assert (found["t test"] - found["default"]).max() <= 0.05 + 0.05  # of a hundred cohorts
    assert (found["t test"] - found["default"]).mean() == pytest.approx(0, abs=0.05)
