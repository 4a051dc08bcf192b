"""Transitions by hand, chains with known long runs, and one test of a whole matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethoflow.errors import DataError
from ethoflow.stats import chains, compare, compare_flow, transitions
from ethoflow.stats.transitions import entropy_of, stationary


def bouts_of(
    sequence: str, animal: str = "m1", length: float = 2.0, **more: object
) -> pd.DataFrame:
    starts = np.arange(len(sequence)) * length
    return pd.DataFrame(
        {"animal": animal, "behaviour": [*sequence], "start": starts, "stop": starts + length}
    ).assign(**more)


def cells(table: pd.DataFrame, column: str) -> dict[str, float]:
    return dict(zip(table.behaviour, table[column], strict=True))


def test_transitions_by_hand() -> None:
    plain = transitions(bouts_of("aabacb"))
    assert cells(plain, "count") == {
        "a → b": 1, "a → c": 1, "b → a": 1, "b → c": 0, "c → a": 0, "c → b": 1,
    }  # fmt: skip
    assert cells(plain, "probability")["a → b"] == 0.5
    assert cells(plain, "share")["a → b"] == 0.25
    assert cells(plain, "rate")["a → b"] == pytest.approx(1 / 6)
    repeated = transitions(bouts_of("aabacb"), repeats=True)
    assert cells(repeated, "count")["a → a"] == 1
    assert cells(repeated, "probability")["a → b"] == pytest.approx(1 / 3)


def test_every_animal_has_every_pair_of_behaviours() -> None:
    table = transitions(pd.concat([bouts_of("abc"), bouts_of("aa", "m2")]))
    assert table.groupby("animal").size().tolist() == [6, 6]
    other = table[table.animal == "m2"]
    assert (other["count"] == 0).all()
    assert other["share"].isna().all()


def test_nothing_is_counted_across_what_is_not_known() -> None:
    bouts = bouts_of("abab")
    bouts["cut"] = [False, True, True, False]
    bouts.loc[2:, ["start", "stop"]] += 10.0
    assert cells(transitions(bouts), "count") == {"a → b": 2, "b → a": 0}
    bouts["cut"] = False
    assert cells(transitions(bouts), "count") == {"a → b": 2, "b → a": 1}
    assert cells(transitions(bouts, max_gap=5), "count") == {"a → b": 2, "b → a": 0}


def test_bouts_with_a_partner_are_not_in_the_chain() -> None:
    bouts = bouts_of("abab").assign(partner=["", "m2", "", ""])
    assert cells(transitions(bouts), "count") == {"a → b": 1, "b → a": 0}
    with pytest.raises(DataError, match="no bouts of single animals"):
        transitions(bouts.assign(partner="m2"))
    with pytest.raises(DataError, match="no column 'start'"):
        transitions(bouts.drop(columns="start"))


@given(st.integers(2, 6), st.integers(0, 1000))
def test_the_long_run_is_that_of_a_walk(n: int, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(1, 20, (n, n))
    moves = counts / counts.sum(axis=1, keepdims=True)
    walked = np.linalg.matrix_power(moves, 2000)[0]
    share = stationary(counts)
    np.testing.assert_allclose(share, walked, atol=1e-9)
    wanted = -(share[:, None] * moves * np.log2(moves)).sum()
    assert entropy_of(counts, share) == pytest.approx(wanted)


def test_what_is_not_one_chain_has_no_long_run() -> None:
    assert np.isnan(stationary(np.array([[0, 1], [0, 0]]))).all()
    assert np.isnan(stationary(np.zeros((2, 2)))).all()
    found = chains(transitions(pd.concat([bouts_of("abab"), bouts_of("ab", "m2")])))
    assert found.stationary_a.tolist()[0] == 0.5
    assert np.isnan(found.entropy[1])


def walkers(n: int, bias: float, seed: int) -> pd.DataFrame:
    """Animals of two groups, of which one goes from a to b more often, by as much as `bias`."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(2 * n):
        states, extra = [0], bias * (i >= n)
        for _ in range(200):
            others = [(states[-1] + 1) % 4, (states[-1] + 2) % 4, (states[-1] + 3) % 4]
            states.append(rng.choice(others, p=[(1 + extra) / 3, (1 - extra) / 3, 1 / 3]))
        group = "drug" if i >= n else "none"
        parts.append(bouts_of("".join("abcd"[s] for s in states), f"m{i}", treatment=group))
    return transitions(pd.concat(parts))


def test_flow_finds_what_was_planted_and_nothing_else() -> None:
    found = compare_flow(walkers(6, 0.3, 1), by="treatment").iloc[0]
    assert (found.n_units, found.n_cells, found.n_each) == (12, 12, "6 + 6")
    assert found.p == found.p_smallest == pytest.approx(2 / 924)
    null = compare_flow(walkers(6, 0.0, 2), by="treatment").iloc[0]
    assert null.p > 0.05
    single = compare(walkers(6, 0.3, 1), by="treatment", value="probability", interval="none")
    assert single.set_index("behaviour").p["d → a"] < 0.05


def test_flow_is_of_units_that_have_every_cell() -> None:
    table = walkers(6, 0.0, 2)
    table.loc[table.animal == "m3", "share"] = np.nan
    assert compare_flow(table, by="treatment").n_units[0] == 11
    table.loc[table.animal.isin(["m0", "m1", "m2"]), "share"] = np.nan
    with pytest.raises(DataError, match="too few units have a known value in every cell"):
        compare_flow(table, by="treatment")
    phases = table.assign(phase=np.where(table.target == "a", "x", "y"))
    with pytest.raises(DataError, match="compared between units"):
        compare_flow(phases, by="phase")
