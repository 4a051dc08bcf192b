"""How long what is compared was watched: shares of bins weigh by it, and amounts grow with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ethoflow.errors import listed

WATCHED = ("observed", "time_seen")
"""Columns that say how long, s."""
SHARES = ("share",)
GROWING = (
    "time", "n_bouts", "n_intervals", "count", "n", "frames", "n_frames", "entries",
    "distance_moved",
)  # fmt: skip
GROWING_OF_PLACES = ("time_inside_", "entries_", "distance_inside_")
"""What values are called that get larger the longer an animal is watched."""
APART = 1.1
"""Times that groups may have been watched differently before it is said."""


def watched(table: pd.DataFrame) -> pd.Series:
    """Seconds in which what a row is of was known; missing where the table does not say."""
    for name in WATCHED:
        if name in table:
            return pd.to_numeric(table[name], errors="coerce").astype(float)
    if not {"measure", "value", "recording"} <= {*table.columns}:
        return pd.Series(np.nan, index=table.index)
    who = ("recording", "individual", "partner", "behaviour", "source", "bin")
    keys = [name for name in who if name in table]
    lasting = table[table["measure"].isin(WATCHED)].drop_duplicates(keys)
    if not len(lasting):
        return pd.Series(np.nan, index=table.index)
    lasting = lasting[[*keys, "value"]].rename(columns={"value": "watched"})
    found = table[keys].merge(lasting, on=keys, how="left")["watched"]
    return pd.Series(found.to_numpy(float), index=table.index)


def called(table: pd.DataFrame, name: str) -> pd.Series:
    """What the value of each row is called."""
    if name == "value" and "measure" in table:
        return table["measure"].astype(str)
    return pd.Series(name, index=table.index)


def tell_never(table: pd.DataFrame, value: str | Sequence[str]) -> list[str]:
    """A sentence where latencies are missing of animals that were watched, and never did it.

    Their latency is longer than what was seen of them; without them a group looks quick.
    """
    said = []
    for name in [value] if isinstance(value, str) else value:
        what = called(table, name)
        missing = what.str.contains("latency") & table[name].isna() & (watched(table) != 0)
        if missing.any():
            said.append(
                f"{listed(dict.fromkeys(what[missing]), 3)} is missing in {int(missing.sum())} "
                "rows of those who never did it, and left out: it is longer than what was seen, "
                "and what is left looks quicker than it is. Compare how often they did it "
                "(n_bouts, entries) as well, or give these the length of what was seen, and "
                "test='ranks'."
            )
    return said


def mean_of_rows(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Means of the rows that agree in `keys`; of shares the share of all the time there was.

    A last bin of 2 s counts as 2 s.
    """
    groups = rows.groupby([*keys], sort=False, dropna=False)
    means = groups["value"].mean()
    known = rows["what"].isin(SHARES) & rows["watched"].notna()
    sized = rows["watched"].where(known, 1.0)
    if "recording" in keys and groups["value"].size().gt(1).any():
        parts = rows.assign(value=rows["value"] * sized, watched=sized)
        again = parts.groupby([*keys], sort=False, dropna=False)
        whole = again[["value", "watched"]].sum()
        uneven = again["watched"].nunique() > 1
        means = means.where(~uneven, whole["value"] / whole["watched"])
    return means.reset_index()


def tell_bins(rows: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """A sentence where bins that were watched differently are averaged for what is no share."""
    rows = rows[rows["value"].notna() & ~rows["what"].isin(SHARES)]
    if "recording" not in keys or not len(rows):
        return []
    of_one = rows.groupby([*keys], sort=False, dropna=False)
    uneven = (of_one["bin"].nunique() > 1) & (
        of_one["watched"].max() > APART * of_one["watched"].min()
    )
    if not uneven.any():
        return []
    names = listed(dict.fromkeys(rows["what"]), 3)
    return [
        f"{names}: means over the bins of a recording, of which some were watched for longer than "
        "others. Give by the column of the bins too, or a table of whole recordings."
    ]


def tell_watched(rows: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """A sentence where amounts are compared that groups had unequal time for."""
    growing = rows["what"].isin(GROWING) | rows["what"].str.startswith(GROWING_OF_PLACES)
    rows = rows[growing & rows["value"].notna() & rows["watched"].notna()]
    if not len(rows) or not factors:
        return []
    means = rows.groupby([*factors], sort=False)["watched"].mean()
    if len(means) < 2 or means.max() <= APART * max(means.min(), 1e-9):
        return []
    ends = (means.idxmin(), means.idxmax())
    named = [" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in ends]
    names = listed(dict.fromkeys(rows["what"]), 3)
    return [
        f"{names}: grow with the time in which animals were watched, and that differs: "
        f"{means.min():.3g} s for {named[0]}, {means.max():.3g} s for {named[1]} (means). Compare "
        "shares or rates, or stretches of one length."
    ]
