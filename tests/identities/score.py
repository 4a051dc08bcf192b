"""Suspected swaps held against those that were simulated."""

from __future__ import annotations

import pandas as pd

from ethoflow.identities.table import APPLIED

SLACK = 3
"""Frames by which the moment of a swap may be missed."""


def changes_of(edits: pd.DataFrame, end: int) -> list[tuple[int, int, tuple[str, ...]]]:
    """Moments at which animals change slots: from when to when it may have been, and who."""
    found = []
    for row in edits.to_dict("records"):
        animals = tuple(row[key] for key in "abc" if isinstance(row.get(key), str) and row[key])
        first, last = row.get("hidden_from", row["start_frame"]), row.get("hidden_to", 0)
        found.append((first, max(last, row["start_frame"]), _turned(animals)))
        if row["stop_frame"] < end:
            found.append((row["stop_frame"], row["stop_frame"], _turned(animals[::-1])))
    return found


def _turned(animals: tuple[str, ...]) -> tuple[str, ...]:
    """A circle from its first name on."""
    first = animals.index(min(animals))
    return animals[first:] + animals[:first]


def score(suspects: pd.DataFrame, truth: pd.DataFrame, end: int) -> tuple[int, int, int]:
    """True swaps, those that were found and accepted, and accepted ones that are none."""
    wanted = changes_of(truth, end)
    left = changes_of(suspects[suspects["status"] == APPLIED], end) if len(suspects) else []
    n_found = 0
    for first, last, who in wanted:
        fitting = [c for c in left if c[2] == who and first - SLACK <= c[0] <= last + SLACK]
        if fitting:
            left.remove(fitting[0])
            n_found += 1
    return len(wanted), n_found, len(left)
