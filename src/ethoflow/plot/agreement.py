"""How far people, rules and classifiers agree, behaviour by behaviour."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from ethoflow.errors import DataError, no_column, no_such
from ethoflow.labels.comparison.compare import agreement as compare_labels
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.row_intervals import rows_with_intervals
from ethoflow.stats.units import name_behaviours

MOST_ROWS = 80


def _example() -> Picture:
    labels = examples.labels()[["climbing", "immobile", "moving"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they are late is what is shown
        late = labels.shift(time=8)
        return agreement(compare_labels({"rules": labels, "late": late}, draws=200))


@plot(
    "labels beside each other",
    example=_example,
    code='ef.plot.agreement(ef.agreement({"rules": labels, "anna": scored}))',
)
def agreement(table: pd.DataFrame, *, measure: str = "f1", at: float | None = None) -> Picture:
    """A measure of agreement with its interval, a row for each behaviour and pair of sources.

    A value that is not defined has no point, and the row says why.

    Parameters
    ----------
    table
        What `ef.agreement` gives, not by recording or individual.
    measure
        Which of its measures: ``f1``, ``kappa``, ...
    at
        The threshold, of measures that are at several.

    Raises
    ------
    DataError
        The table is another, has no such measure, or too many rows.
    """
    for name in ("a", "b", "behaviour", "measure", "value", "low", "high", "note"):
        if name not in table:
            raise DataError(
                f"agreement is what ef.agreement gives: {no_column(name, map(str, table.columns))}"
            )
    known = list(dict.fromkeys(table["measure"]))
    if measure not in known:
        raise DataError(no_such("measure", measure, known))
    rows = table[table["measure"] == measure]
    rows = rows if at is None else rows[np.isclose(rows["at"].astype(float), at)]
    rows = rows.reset_index(drop=True)
    if not 0 < len(rows) <= MOST_ROWS:
        raise DataError(f"{len(rows)} rows cannot be drawn: choose 1 to {MOST_ROWS} of the table.")
    pairs = rows["a"].astype(str) + " / " + rows["b"].astype(str)
    several = pairs.nunique() > 1
    what = name_behaviours(rows)[0] + _beside(rows, "recording")
    names = list(what + (", " + pairs if several else ""))
    words = [
        f"{value:.3g}" if np.isfinite(value) else str(note or "not defined")
        for value, note in zip(rows["value"], rows["note"], strict=True)
    ]
    title = measure if several else f"{pairs.iloc[0]}: {measure}"
    figure = rows_with_intervals(
        names, list(what), rows[["value", "low", "high"]].to_numpy(float), words,
        label=f"{measure} (1 is full agreement)", title=title,
    )  # fmt: skip
    return Picture(figure, rows)


def _beside(rows: pd.DataFrame, column: str) -> pd.Series | str:
    """A column in words where it says something."""
    if column not in rows or not (rows[column].fillna("") != "").any():
        return ""
    return " " + rows[column].fillna("").astype(str)
