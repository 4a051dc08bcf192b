"""Differences between groups with their intervals: an estimation plot, a row per behaviour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.axis_names import name_value
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.row_intervals import rows_with_intervals
from ethoflow.stats.compare import compare
from ethoflow.stats.design import plural

NEEDED = ("behaviour", "contrast", "estimate", "low", "high", "p_adjusted", "unit")
MOST_ROWS = 80


def _example() -> Picture:
    return differences(compare(examples.budget(), by="treatment"), value="share")


@plot(
    "groups",
    example=_example,
    code='ef.plot.differences(ef.stats.compare(budget, by="treatment"), value="share")',
)
def differences(table: pd.DataFrame, *, value: str = "", standardised: bool = False) -> Picture:
    """The difference between two groups with its interval, a row per behaviour and contrast.

    Zero is no difference. Beside each row stands its p, corrected as the table says; a row whose
    difference is not known has no point, and says so.

    Parameters
    ----------
    table
        What `ef.stats.compare` gives.
    value
        The column that was compared, for the axis: differences of shares are in percent then.
    standardised
        Show the effect size with its interval (Hedges' g, in standard deviations), so that
        behaviours of other scales can be compared.

    Raises
    ------
    DataError
        The table is another, has no contrast between two groups, or has too many rows.
    """
    for name in NEEDED:
        if name not in table:
            raise DataError(
                f"differences are of what ef.stats.compare gives: "
                f"{no_column(name, map(str, table.columns))}"
            )
    rows = table[table["contrast"].str.contains(" - ", regex=False)].reset_index(drop=True)
    if rows.empty:
        raise DataError("the table has no contrast between two groups, only effects over all.")
    if len(rows) > MOST_ROWS:
        raise DataError(f"{len(rows)} rows cannot be read: choose up to {MOST_ROWS} of them.")
    names = ("effect_size", "effect_low", "effect_high") if standardised else (
        "estimate", "low", "high"
    )  # fmt: skip
    shown = rows.copy()
    label, scale = "Hedges' g (SD)", 1.0
    if not standardised:
        words, scale = name_value(value, table) if value else ("(units of the value)", 1.0)
        label = f"difference in {words}" if value else f"difference {words}"
    for own, name in zip(("estimated", "lowest", "highest"), names, strict=True):
        shown[own] = rows[name].astype(float) * scale
    figure = _draw(shown, rows["contrast"].nunique() > 1, label)
    return Picture(figure, rows)


def _draw(shown: pd.DataFrame, several: bool, label: str) -> Any:
    names = [
        f"{name}, {contrast}" if several else str(name)
        for name, contrast in zip(shown["behaviour"], shown["contrast"], strict=True)
    ]
    first = shown.iloc[0]
    head = "" if several else f"{first['contrast']}, "
    return rows_with_intervals(
        names, list(shown["behaviour"]), shown[["estimated", "lowest", "highest"]].to_numpy(float),
        [_said(p) for p in shown["p_adjusted"]], label=label, zero=True,
        title=f"{head}{plural(str(first['unit']))} are the sample; {_how(first)}",
    )  # fmt: skip


def _how(row: pd.Series) -> str:
    name = str(row.get("correction", ""))
    return f"p corrected ({name})" if name not in ("", "none") else "p not corrected"


def _said(p: float) -> str:
    if not np.isfinite(p):
        return "no test"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"
