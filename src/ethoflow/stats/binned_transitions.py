"""Transitions between the behaviours of each animal, by bins of time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.stats.transitions import ARROW, follow
from ethoflow.stats.units import name_behaviours

_SEAT = ["recording", "individual"]


def transitions_in(bouts: pd.DataFrame, budget: pd.DataFrame) -> pd.DataFrame:
    """Transitions of each animal in each window of a budget, a row per pair of behaviours.

    A transition is in the window in which its second behaviour begins, as its bout is in a budget.
    Every animal of the budget has a row for every pair of behaviours that any has, also one without
    bouts: its count is 0 where both were observed, and missing where the second was not observed in
    the window, or the first nowhere.

    Parameters
    ----------
    bouts
        As `ef.find_bouts` gives them.
    budget
        As `ef.time_budget` gives it, of the same labels, by bins or not.

    Returns
    -------
    DataFrame
        recording, individual, behaviour (``rearing → grooming``), bin (0 where the budget has
        none), count, probability given the origin, rate per second of the origin in this window.

    Examples
    --------
    >>> from ethoflow import annotate, find_bouts, simulate, time_budget
    >>> labels = annotate(simulate.still_then_running(), ["moving", "immobile"])
    >>> found = transitions_in(find_bouts(labels), time_budget(labels, bin="3 s"))
    >>> found[["behaviour", "bin", "count"]].values.tolist()[:3]
    [['immobile → moving', 0, 0.0], ['immobile → moving', 1, 1.0], ['immobile → moving', 2, 0.0]]
    """
    budget = budget[(budget["partner"] == "") & (budget["individual"] != "")]
    bouts = bouts[(bouts["partner"] == "") & (bouts["individual"] != "")]
    bouts = bouts.assign(behaviour=name_behaviours(bouts)[0])
    behaviours = sorted(set(bouts["behaviour"]))
    own = dict(list(bouts.groupby(_SEAT, sort=False)))
    if "bin" not in budget:
        budget = budget.assign(bin=0, start=-np.inf, stop=np.inf)
    budget = budget.assign(behaviour=name_behaviours(budget)[0])
    parts = []
    for (recording, individual), part in budget.groupby(_SEAT, sort=False):
        who = (str(recording), str(individual))
        found = own.get(who, bouts.iloc[:0]).sort_values(["start", "stop"], kind="stable")
        parts.append(_of_animal(who, found, part, behaviours))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _of_animal(
    who: tuple[str, str], bouts: pd.DataFrame, budget: pd.DataFrame, behaviours: list[str]
) -> pd.DataFrame:
    starts = budget.groupby("bin")["start"].first()
    time, observed = (
        budget.pivot_table(name, "bin", "behaviour", dropna=False)
        .reindex(index=starts.index, columns=behaviours, fill_value=0.0)
        .to_numpy(float)
        for name in ("time", "observed")
    )
    n, k = len(starts), len(behaviours)
    counts = np.zeros((n, k, k))
    if len(bouts):
        origins, targets, when = follow(bouts, behaviours, repeats=False, max_gap=None)
        # As in a budget, a frame is in the window in which its middle lies.
        middle = when + _frame(bouts) / 2 + 1e-9
        place = np.searchsorted(starts.to_numpy(float), middle, side="right") - 1
        np.add.at(counts, (place, origins, targets), 1)
    counts[np.broadcast_to((observed == 0)[:, np.newaxis], counts.shape)] = np.nan
    counts[:, (observed == 0).all(axis=0)] = np.nan
    pairs = [(i, j) for i in range(k) for j in range(k) if i != j]
    origin, target = np.array(pairs, int).reshape(-1, 2).T
    own = counts[:, origin, target].T
    recording, individual = who
    names = [f"{behaviours[i]}{ARROW}{behaviours[j]}" for i, j in pairs]
    return pd.DataFrame(
        {
            "recording": recording,
            "individual": individual,
            "behaviour": np.repeat(np.array(names, object), n),
            "bin": np.tile(starts.index.to_numpy(), len(pairs)),
            "count": own.ravel(),
            "probability": _by(own, np.nansum(counts, axis=2)[:, origin].T).ravel(),
            "rate": _by(own, time[:, origin].T).ravel(),
        }
    )


def _frame(bouts: pd.DataFrame) -> float:
    """Seconds of a frame."""
    frames = (bouts["stop_frame"] - bouts["start_frame"]).sum()
    return float((bouts["stop"] - bouts["start"]).sum() / frames)


def _by(one: Array, other: Array) -> Array:
    """One by the other, missing where that is 0."""
    found: Array = np.divide(one, other, out=np.full(one.shape, np.nan), where=other > 0)
    return found
