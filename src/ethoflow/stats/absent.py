"""Rows that are not there and are 0, and rows that are there and are of no one unit."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ethoflow.errors import listed


def hide_shared(long: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Rows without the numbers that two units share: one for a pair, seen alike from both.

    Such a number is under the animal that comes first, and would count for its unit alone.
    """
    if "animal" not in long or long["partner"].isna().all():
        return long, []
    units = dict(zip(long["animal"], long["unit"], strict=True))
    pairs = long[long["partner"].notna()]
    where = ["behaviour", *(["recording"] if "recording" in long else [])]
    own = pd.MultiIndex.from_frame(pairs[[*where, "animal", "partner"]])
    back = pd.MultiIndex.from_frame(pairs[[*where, "partner", "animal"]])
    apart = pairs["partner"].map(units.get) != pairs["unit"]
    shared = pairs.index[(~back.isin(own)) & apart.to_numpy()]
    if not len(shared):
        return long, []
    names = listed(dict.fromkeys(long.loc[shared, "behaviour"]), 5)
    return long.assign(value=long["value"].mask(long.index.isin(shared))), [
        f"{names}: one number for two animals that are different units here, so it is of neither."
    ]


def fill_absent(
    long: pd.DataFrame, factors: Sequence[str], fill: float
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of behaviours where only others have some, and a sentence for those that were added.

    Those that a whole store lacks stay unknown: they were not looked for there. What is of pairs
    is looked for by recording, as a pair may have one row for both of its animals.
    """
    filled: dict[str, int] = {}
    levels = [name for name in ("unit", "animal", "recording") if name in long]
    added = []
    for kind, part in long.groupby("kind", sort=False):
        keys = [*levels, *factors, "bin", "store"]
        if kind == "pair":
            keys = ["recording", "bin", "store"]
        if not {"animal", "recording"} & {*levels} or not {*keys} <= {*long.columns}:
            continue
        seats = part.drop_duplicates(keys)[[*levels, *factors, "bin", "store", "watched", "what"]]
        n_seats = len(seats)
        counts = part.drop_duplicates([*keys, "behaviour"]).groupby("behaviour").size()
        for behaviour in counts.index[counts < n_seats]:
            own = part[part["behaviour"] == behaviour]
            there = pd.MultiIndex.from_frame(own[keys])
            missing = seats[~pd.MultiIndex.from_frame(seats[keys]).isin(there)]
            missing = missing[missing["store"].isin(own["store"].unique())]
            if len(missing):
                added.append(missing.assign(behaviour=behaviour, value=fill, kind=kind))
                filled[str(behaviour)] = len(missing)
    said = (
        [
            f"{listed(filled, 5)}: no row in up to {max(filled.values())} places where other "
            f"behaviours have one; it was taken as {fill:g} there (absent=)."
        ]
        if filled
        else []
    )
    return (pd.concat([long, *added], ignore_index=True) if added else long), said
