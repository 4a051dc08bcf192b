"""Rows of one animal that are averaged though a column says that they are of different things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from ethoflow.errors import listed
from ethoflow.stats.levels import as_names

COMMON = 0.5
"""Share of what is averaged in which a level has to be: what is noted of single rows is no kind."""
WHO = (
    "recording", "individual", "partner", "animal", "partner_animal", "store", "units",
    "length_unit", "bin", "start", "stop", "trial",
)  # fmt: skip
"""Columns of which several are averaged on purpose, or that say nothing of their own."""


def tell_mixed(table: pd.DataFrame, long: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """A sentence for each column of texts whose levels are averaged in nearly every unit.

    Parameters
    ----------
    table
        The table that is compared.
    long
        Its rows that count, with the columns `keys`, by the same index.
    keys
        What tells apart what is averaged.
    """
    groups = long.groupby([*keys], sort=False, dropna=False).ngroup()
    several = groups[groups.duplicated(keep=False)]
    if several.empty:
        return []
    n = several.nunique()
    told = []
    for column in _texts(table, {*WHO, *keys}):
        names = as_names(table.loc[several.index, column])
        pairs = pd.DataFrame({"group": several, "name": names}).dropna().drop_duplicates()
        mixed = pairs.groupby("group")["name"].transform("size") > 1
        found = pairs.loc[mixed, "name"].value_counts()
        common = found[found >= max(COMMON * n, 2)].index.tolist()
        if len(common) > 1:
            told.append(
                f"{column}: rows of {listed(common, 4)} are averaged in every unit. If they are "
                f"different things, compare them apart: leave the others out, name {column} in "
                "by=[...], or call the column 'behaviour'."
            )
    return told


def _texts(table: pd.DataFrame, known: Iterable[str]) -> list[str]:
    """Columns that may say what a row is of."""
    return [
        str(name)
        for name in table.columns
        if str(name) not in known
        and not str(name).startswith("partner_")
        and (table[name].dtype.kind in "OUSb" or not pd.api.types.is_numeric_dtype(table[name]))
    ]
