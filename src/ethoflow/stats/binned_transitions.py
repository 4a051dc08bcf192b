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

    A transition is in the window in which its second behaviour begins. Every animal of the budget
    has a row for every pair of behaviours that any has, also one without bouts: its count is 0
    where it was observed, and missing where it was not.

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
    parts = []
    for (recording, individual), part in budget.groupby(_SEAT, sort=False):
        who = (str(recording), str(individual))
        windows = part.groupby("bin").agg(
            start=("start", "first"), stop=("stop", "first"), observed=("observed", "max")
        )
        found = own.get(who, bouts.iloc[:0]).sort_values(["start", "stop"], kind="stable")
        parts.append(_of_animal(who, found, windows, behaviours))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _of_animal(
    who: tuple[str, str], bouts: pd.DataFrame, windows: pd.DataFrame, behaviours: list[str]
) -> pd.DataFrame:
    n, k = len(windows), len(behaviours)
    counts, time = np.zeros((n, k, k)), np.zeros((n, k))
    starts, stops = (windows[name].to_numpy(float) for name in ("start", "stop"))
    if len(bouts):
        origins, targets, when = follow(bouts, behaviours, repeats=False, max_gap=None)
        place = np.searchsorted(starts, when + 1e-9, side="right") - 1
        np.add.at(counts, (place, origins, targets), 1)
        begins, ends = (bouts[name].to_numpy(float)[:, np.newaxis] for name in ("start", "stop"))
        inside = np.clip(np.minimum(ends, stops) - np.maximum(begins, starts), 0, None)
        codes = np.searchsorted(behaviours, bouts["behaviour"].to_numpy(str))
        np.add.at(time.T, codes, inside)
    counts[windows["observed"].to_numpy() == 0] = np.nan
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
            "bin": np.tile(windows.index.to_numpy(), len(pairs)),
            "count": own.ravel(),
            "probability": _by(own, counts.sum(axis=2)[:, origin].T).ravel(),
            "rate": _by(own, time[:, origin].T).ravel(),
        }
    )


def _by(one: Array, other: Array) -> Array:
    """One by the other, missing where that is 0."""
    found: Array = np.divide(one, other, out=np.full(one.shape, np.nan), where=other > 0)
    return found
