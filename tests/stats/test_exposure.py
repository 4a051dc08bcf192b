"""What was watched for longer: shares of bins weigh by their time, and amounts are told."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.stats.compare import ComparisonNote


def budget(seconds: tuple[int, ...], other: tuple[int, ...] = ()) -> pd.DataFrame:
    """Twelve animals, a row for each bin of so many seconds; of group b other bins, where given."""
    random = np.random.default_rng(3)
    rows = [
        (f"r{i}", f"m{i}", "ab"[i // 6], "x", place, long, round(long * share), 2 + i % 3)
        for i in range(12)
        for place, (long, share) in enumerate(
            zip((other or seconds) if i >= 6 else seconds, random.random(9), strict=False)
        )
    ]
    names = ["recording", "animal", "treatment", "behaviour", "bin", "observed", "time", "n_bouts"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(share=table["time"] / table["observed"])


def compare(table: pd.DataFrame, **options: object) -> tuple[pd.DataFrame, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = ef.stats.compare(table, by="treatment", **options)  # type: ignore[arg-type]
    assert all(issubclass(one.category, ComparisonNote) for one in caught)
    return found, [str(one.message) for one in caught]


@pytest.mark.parametrize("seconds", [(60, 60, 2), (60, 60, 60)])
def test_bins_give_what_whole_recordings_give(seconds: tuple[int, ...]) -> None:
    bins = budget(seconds)
    of = ["recording", "animal", "treatment", "behaviour"]
    whole = bins.groupby(of, as_index=False)[["time", "observed", "n_bouts"]].sum()
    whole = whole.assign(share=whole["time"] / whole["observed"])
    found, said = compare(bins)
    wanted, _ = compare(whole)
    assert not said
    columns = ["estimate", "p", "n_units"]
    np.testing.assert_allclose(
        found[columns].to_numpy(float), wanted[columns].to_numpy(float), rtol=1e-12
    )
    _, said = compare(bins, value="n_bouts")
    assert any("means over the bins" in one for one in said) == (seconds[-1] == 2)


def test_amounts_of_unequal_time_are_told() -> None:
    table = budget((600,), (300,))
    assert not compare(table)[1]
    for value in ("time", "n_bouts"):
        (said,) = compare(table, value=value)[1]
        assert "300 s for b, 600 s for a" in said
    assert not compare(budget((600,), (590,)), value="time")[1]
    moved = table.rename(columns={"observed": "time_seen", "time": "distance_moved"})
    assert "300 s for b" in compare(moved, value="distance_moved")[1][0]
    long = table.melt(
        ["recording", "animal", "treatment", "behaviour"],
        ["observed", "time", "share"],
        var_name="measure",
    )
    long = long.assign(partner=None)[
        ["recording", "partner", "measure", "animal", "treatment", "behaviour", "value"]
    ]
    _, said = compare(long, value="value")
    assert sum("300 s for b, 600 s for a" in one for one in said) == 1


def test_rows_of_different_things_are_not_averaged_without_a_word() -> None:
    """As of a maze: a row for each section, whose times add up to the same for every animal."""
    table = budget((60, 60, 60)).drop(columns=["recording", "behaviour"])
    table = table.assign(section=table["bin"].map({0: "open", 1: "closed", 2: "centre"}))
    table = table.drop(columns="bin")
    (said,) = compare(table)[1]
    assert "section: rows of open, closed, centre are averaged" in said
    one = table[table["section"] == "open"]
    assert not compare(one)[1]
    apart, said_apart = compare(table.rename(columns={"section": "behaviour"}))
    assert len(apart) == 3
    assert not said_apart
    remarks = table.drop(columns="section").assign(note=[f"seen {i}" for i in range(len(table))])
    assert not compare(remarks)[1]


def test_windows_of_events_are_not_averaged_without_a_word() -> None:
    table = budget((60, 60, 60)).rename(columns={"bin": "trial"})
    table = table.assign(window=table["trial"].map({0: "before", 1: "during", 2: "after"}))
    assert "window: rows of before, during, after" in compare(table)[1][0]
