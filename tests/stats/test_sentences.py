"""Comparisons in words: the numbers of the row, and nothing that was not found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ethoflow as ef
from ethoflow.schema import DataError


def by_cage(values, groups=("control", "drug"), behaviour="rear"):
    """A row per animal; cages of two animals alike, as many in each group."""
    n = len(values) // len(groups)
    rows = [
        {"animal": f"m{i}{k}", "cage": f"c{i}", "treatment": groups[i // n], "behaviour": behaviour,
         "share": value}
        for i, value in enumerate(values)
        for k in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_sentence_has_the_numbers_of_its_test():
    first, second = [0.1, 0.2, 0.3], [0.5, 0.7, 0.6]
    found = ef.stats.compare(by_cage([*first, *second]), by="treatment")
    (said,) = ef.stats.sentences(found)
    expected = stats.ttest_ind(second, first)
    low, high = expected.confidence_interval()
    assert said.startswith(
        f"rear, drug - control: difference 0.4 (95% CI {low:.3g} to {high:.3g}), Hedges g "
    )
    assert f"t test, t(4) = {expected.statistic:.3g}, n = 3 + 3 cages (12 animals)" in said
    assert said.endswith(f"p = {expected.pvalue:.3g}.")


def test_a_permutation_says_what_it_can_show_and_the_correction():
    table = pd.concat([
        by_cage(np.r_[0.1:0.5:5j, 0.6:1:5j]), by_cage([0.2, 0.3] * 5, behaviour="dig"),
    ])  # fmt: skip
    found = ef.stats.compare(table, by="treatment", level=0.9)
    said = ef.stats.sentences(found[found.behaviour == "rear"])
    assert len(said) == 1
    assert "(90% CI " in said[0]
    assert "permutation (exact) of cages, n = 5 + 5 cages (20 animals)" in said[0]
    assert "p = 0.00794, p = 0.0159 corrected (Holm)" in said[0]
    assert said[0].endswith("the smallest p that so many units can give is 0.0079.")


@pytest.mark.filterwarnings("ignore::ethoflow.stats.ComparisonNote")
def test_what_has_no_test_says_why_and_effects_have_f():
    flat = ef.stats.compare(by_cage([0.2] * 6), by="treatment")
    (said,) = ef.stats.sentences(flat)
    assert said == f"rear, drug - control: not tested, {flat.note[0]}"
    three = by_cage([0.1, 0.2, 0.3, 0.5, 0.7, 0.6, 0.1, 0.4, 0.2], ("control", "low", "high"))
    said = ef.stats.sentences(ef.stats.compare(three, by="treatment"))
    assert "partial eta²" in said[0]
    assert "F(2, 6) = " in said[0]
    assert "difference" not in said[0]
    assert len(said) == 4


def test_sentences_of_another_table_are_refused():
    with pytest.raises(DataError, match=r"ef.stats.compare gives: no column 'contrast'"):
        ef.stats.sentences(by_cage([0.1] * 6))
