"""Suspected swaps held against those that are known."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from ethoflow.identities.table import APPLIED, LETTERS, UNDECIDED

SLACK = 3
"""Frames by which the moment of a swap may be missed."""


class Score(NamedTuple):
    """Changes of slots: true ones; of these found and accepted, and shown as undecided; false ones.

    What is left of the true ones was not seen. False are accepted ones that are not true;
    undecided ones that are not true are counted beside them.
    """

    true: int
    found: int
    undecided: int
    false: int
    false_undecided: int


class _Change(NamedTuple):
    first: int
    last: int
    who: tuple[str, ...]


def score_swaps(suspects: pd.DataFrame, truth: pd.DataFrame, n_frames: int) -> Score:
    """How many of the true changes were found, and how many of those found are true.

    Parameters
    ----------
    suspects
        Rows of `find_swaps` about one recording.
    truth
        Rows of `simulate.swap_animals`, or the like.
    n_frames
        Length of the recording.

    Examples
    --------
    >>> truth = pd.DataFrame({"start_frame": [10], "stop_frame": [90], "a": ["x"], "b": ["y"]})
    >>> score_swaps(truth.assign(status="accepted"), truth, 90)
    Score(true=1, found=1, undecided=0, false=0, false_undecided=0)
    """
    wanted = _changes_of(truth, n_frames)
    accepted = _changes_of(suspects[suspects["status"] == APPLIED], n_frames)
    unsure = _changes_of(suspects[suspects["status"] == UNDECIDED], n_frames)
    found = undecided = 0
    missed = []
    for change in wanted:
        if _take(change, accepted):
            found += 1
        else:
            missed.append(change)
    for change in missed:
        undecided += _take(change, unsure)
    return Score(len(wanted), found, undecided, len(accepted), len(unsure))


def _take(wanted: _Change, left: list[_Change]) -> bool:
    """Whether a change is among those left, which then is not there any more."""
    for one in left:
        is_there = wanted.first - SLACK <= one.first <= wanted.last + SLACK
        if is_there and one.who == wanted.who:
            left.remove(one)
            return True
    return False


def _changes_of(edits: pd.DataFrame, n_frames: int) -> list[_Change]:
    """Moments at which animals change slots: from when to when it may have been, and who."""
    found = []
    for cells in edits.to_dict("records"):
        row: dict[str, Any] = {str(key): cell for key, cell in cells.items()}
        who = [row[key] for key in LETTERS if isinstance(row.get(key), str) and row[key]]
        start, stop = row["start_frame"], row["stop_frame"]
        first, last = row.get("hidden_from", start), row.get("hidden_to", start)
        found.append(_Change(first, max(last, start), _turned(who)))
        if stop < n_frames:
            found.append(_Change(stop, stop, _turned(who[::-1])))
    return found


def _turned(who: list[str]) -> tuple[str, ...]:
    """A circle from its first name on."""
    first = who.index(min(who))
    return (*who[first:], *who[:first])
