"""Transitions as a heat map: from each behaviour to each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ethoflow.errors import DataError, no_column
from ethoflow.names import in_order
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.squares import squares
from ethoflow.stats.design import counted

MOST = 40
"""Behaviours along a side that can still be read."""


def _example() -> Picture:
    return transition_matrix(examples.follow())


@plot(
    "a cohort",
    example=_example,
    code="ef.plot.transition_matrix(ef.stats.transitions(ef.find_bouts(labels)))",
)
def transition_matrix(table: pd.DataFrame) -> Picture:
    """How probable each behaviour is after each other, the mean over animals.

    Rows are what was shown, columns what followed. Every animal counts alike; one that never showed
    a behaviour does not count in its row, and a row that no animal has is empty, not 0.

    Parameters
    ----------
    table
        What `ef.stats.transitions` gives, of all animals or of some.

    Raises
    ------
    DataError
        It is another table, or has too many behaviours to be read.

    Examples
    --------
    >>> table = pd.DataFrame({"origin": ["a", "b"], "target": ["b", "a"], "count": [2, 1],
    ...     "probability": [1.0, 1.0]})
    >>> transition_matrix(table).data[["origin", "target", "probability"]].values.tolist()
    [['a', 'b', 1.0], ['b', 'a', 1.0]]
    """
    means = mean_transitions(table)
    names = sorted({*means["origin"], *means["target"]}, key=in_order)
    if len(names) > MOST:
        raise DataError(
            f"{len(names)} behaviours cannot be read in one picture: choose up to {MOST}, as in "
            "table[table.origin.isin([...]) & table.target.isin([...])]."
        )
    square = means.pivot(index="origin", columns="target", values="probability")
    values = square.reindex(index=names, columns=names).to_numpy(float)
    most = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
    n = int(means["n_animals"].max()) if len(means) else 0
    title = (
        f"mean probability (0 to 1) of up to {counted(n, 'animal')}\n"
        "(white: not counted, or not known)"
    )
    figure = squares(
        values, names, names, across="then (behaviour)", down="first (behaviour)",
        label="probability (0 to 1)", most=most, title=title,
    )  # fmt: skip
    return Picture(figure, means)


def mean_transitions(table: pd.DataFrame) -> pd.DataFrame:
    """Origin, target, mean probability over animals, and how many animals it is of."""
    return mean_pairs(table, "probability", "transitions are what ef.stats.transitions gives")


def mean_pairs(table: pd.DataFrame, value: str, needed: str) -> pd.DataFrame:
    """Origin, target, the mean of `value` over animals, and how many animals it is of."""
    if table.empty:
        raise DataError("there is no pair of behaviours here, and nothing to follow another.")
    for name in ("origin", "target", value):
        if name not in table:
            raise DataError(f"{needed}: {no_column(name, map(str, table.columns))}")
    who = [name for name in ("store", "recording", "individual", "animal") if name in table]
    pairs = ["origin", "target"]
    each = table.groupby([*pairs, *who[-1:]], sort=False, dropna=False)[value].mean()
    found = each.groupby(pairs, sort=False).agg(["mean", "count"])
    return found.set_axis([value, "n_animals"], axis=1).reset_index()
