"""False positives and power on simulated cohorts, a short form of `benchmarks/statistics.py`."""

from __future__ import annotations

import pytest
from benchmarks.statistics import CAGES, MATES, bound, measure

from tests.conftest import LONG

COHORTS = 150 if LONG else 45
"""Of every kind: over all kinds together 630 at least, of which 6 % are known within 2 points."""


def test_false_positives_are_those_that_chance_gives() -> None:
    found = measure(COHORTS, ["default"], 0.0, (0.5,))
    assert len(found) == len(CAGES) * len(MATES)
    assert found["default"].max() <= bound(COHORTS, len(found))
    assert 0.02 <= found["default"].mean() <= 0.06


def test_cage_mates_as_units_would_be_found_out() -> None:
    found = measure(COHORTS, ["animals as units"], 0.0, (0.5,))
    assert found["animals as units"].mean() > 2 * 0.06


def test_power_is_that_of_the_t_test() -> None:
    found = measure(COHORTS, ["default", "t test"], 2.0, (0.3,))
    assert found["default"].mean() > 0.4
    lost = found["t test"] - found["default"]
    assert lost.max() <= 0.05 + 2.5 / COHORTS  # of so few, two or three more
    assert lost.mean() == pytest.approx(0, abs=0.05)
