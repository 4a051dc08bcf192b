"""Power: against the noncentral t distribution, and what a pilot cannot say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ethoflow.errors import DataError
from ethoflow.stats import ComparisonNote, power


def pilot(n: int = 2000, apart: float = 0.0, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "animal": [f"m{i}" for i in range(2 * n)],
            "group": np.repeat([*"ab"], n),
            "share": rng.normal(size=2 * n) + np.repeat([0, apart], n),
        }
    )


@pytest.mark.parametrize(("n", "apart"), [(4, 2.0), (10, 1.0), (30, 0.5)])
def test_it_is_that_of_the_noncentral_t(n: int, apart: float) -> None:
    df, shift = 2 * n - 2, apart * np.sqrt(n / 2)
    edge = stats.t.ppf(0.975, df)
    wanted = stats.nct.sf(edge, df, shift) + stats.nct.cdf(-edge, df, shift)
    row = power(pilot(), by="group", difference=apart, n=[n]).iloc[0]
    assert row.power == pytest.approx(wanted, abs=0.035)
    again = power(pilot(), by="group", difference=row.detectable, n=[n]).iloc[0]
    assert again.power == pytest.approx(0.8, abs=0.01)
    none = power(pilot(), by="group", difference=0.0, n=[n]).iloc[0]
    assert none.power == pytest.approx(0.05, abs=0.012)


def test_cages_are_drawn_and_conditions_within_are_paired() -> None:
    table = pilot(12).assign(cage=[f"c{i // 3}" for i in range(24)])
    with pytest.warns(ComparisonNote, match="the pilot has 8 units"):
        row = power(table, by="group", difference=1.0, n=[5]).iloc[0]
    assert (row.unit, row.n_pilot) == ("cage", 8)
    rng = np.random.default_rng(3)
    base = rng.normal(size=300) * 10
    both = pd.concat(
        [
            pd.DataFrame({"animal": [f"m{i}" for i in range(300)], "phase": phase,
                          "share": base + rng.normal(size=300) / np.sqrt(2)})
            for phase in ("before", "after")
        ]
    )  # fmt: skip
    row = power(both, by="phase", difference=1.0, n=[10]).iloc[0]
    wanted = stats.nct.sf(stats.t.ppf(0.975, 9), 9, np.sqrt(10))
    assert row.power == pytest.approx(wanted, abs=0.06)


def test_what_a_pilot_cannot_say() -> None:
    with pytest.warns(ComparisonNote, match="the difference is that of the pilot"):
        power(pilot(20, 1.0), by="group", n=[5])
    flat = pilot(20).assign(share=[0.0] * 20 + [1.0] * 20)
    row = power(flat, by="group", difference=1.0, n=[5]).iloc[0]
    assert np.isnan(row.power)
    assert "all alike" in row.note
    with pytest.raises(DataError, match="three units a group or more"):
        power(pilot(20), by="group", n=[2], difference=1.0)
    three = pilot(20).assign(group=["a", "b", "c", "a"] * 10)
    with pytest.raises(DataError, match="power is of two groups"):
        power(three, by="group", difference=1.0)
