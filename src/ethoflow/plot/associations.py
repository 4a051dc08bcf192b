"""Associations in time: which behaviour begins after which more, or less, than by chance."""

from __future__ import annotations

import pandas as pd

from ethoflow.errors import DataError
from ethoflow.names import in_order
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.squares import squares
from ethoflow.plot.transition_matrix import MOST, mean_pairs
from ethoflow.stats.associations import associations as measure
from ethoflow.stats.design import counted


def _example() -> Picture:
    return associations(measure(examples.busy(), "5 s"))


@plot(
    "a cohort",
    example=_example,
    code='ef.plot.associations(ef.stats.associations(labels, "5 s"))',
)
def associations(table: pd.DataFrame) -> Picture:
    """Whether a behaviour begins after each other more than by chance, the mean over animals.

    1 where it always does, 0 by chance, below 0 where it avoids that. Every animal counts alike,
    and each square has as many as showed both behaviours (`n_animals` of the data); a square of
    which that is none is empty, not 0.

    Parameters
    ----------
    table
        What `ef.stats.associations` gives, of all animals or of some.

    Raises
    ------
    DataError
        It is another table, or has too many behaviours to be read.

    Examples
    --------
    >>> table = pd.DataFrame({"origin": ["a", "b"], "target": ["b", "a"], "fsttc": [0.5, None]})
    >>> associations(table).data[["origin", "fsttc", "n_animals"]].values.tolist()
    [['a', 0.5, 1], ['b', nan, 0]]
    """
    means = mean_pairs(table, "fsttc", "associations are what ef.stats.associations gives")
    names = sorted({*means["origin"], *means["target"]}, key=in_order)
    if len(names) > MOST:
        raise DataError(
            f"{len(names)} behaviours cannot be read in one picture: choose up to {MOST}, as in "
            "table[table.origin.isin([...]) & table.target.isin([...])]."
        )
    square = means.pivot(index="origin", columns="target", values="fsttc")
    values = square.reindex(index=names, columns=names).to_numpy(float)
    counts = means.loc[means["n_animals"] > 0, "n_animals"]
    least, most = (int(counts.min()), int(counts.max())) if len(counts) else (0, 0)
    n = counted(most, "animal") if least == most else f"{least} to {most} animals"
    figure = squares(
        values, names, names, across="then (behaviour)", down="first (behaviour)",
        label="association (-1 to 1)", most=1.0, signed=True,
        title=f"mean association (-1 to 1) of {n}\n(empty: not known)",
    )  # fmt: skip
    return Picture(figure, means)
