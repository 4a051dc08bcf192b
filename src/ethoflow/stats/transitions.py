"""What follows what: transitions between behaviours of each animal, and what their chain says."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, no_column
from ethoflow.labels.rows import ROW
from ethoflow.names import in_order
from ethoflow.stats.levels import with_index
from ethoflow.stats.units import name_behaviours

ARROW = " → "
_OWN = ("start", "stop", "duration", "start_frame", "stop_frame", "cut", "category")


def transitions(
    bouts: pd.DataFrame, *, repeats: bool = False, max_gap: float | None = None
) -> pd.DataFrame:
    """How often one behaviour follows another, a row per animal and pair of behaviours.

    Bouts of an animal are taken in the order in which they start, also where they overlap. Where
    there is a gap between two bouts and one of them is cut, something unknown lies in it, and
    nothing is counted; nor are bouts with a partner. Of unknown frames that touch neither bout a
    table of bouts says nothing: give `max_gap` where animals are out of sight. Every animal has a
    row for every pair of behaviours that the table has.

    Parameters
    ----------
    bouts
        As `ef.find_bouts` gives them.
    repeats
        Whether a behaviour may follow itself; else bouts of one behaviour that follow one another
        are one.
    max_gap
        The longest time between two bouts, s; by default any.

    Returns
    -------
    DataFrame
        recording, individual, animal; behaviour, as in ``rearing → grooming``, origin and target;
        count; share of all transitions of the animal; probability, given the origin; rate, per
        second of the origin. Those that divide by nothing are missing. Metadata follow.

    Raises
    ------
    DataError
        The table has no bouts of single animals, or lacks a column.

    Examples
    --------
    >>> bouts = pd.DataFrame({"animal": "m1", "behaviour": [*"abab"], "start": [0, 2, 3, 5],
    ...     "stop": [2, 3, 5, 6]})
    >>> transitions(bouts)[["behaviour", "count", "probability", "rate"]].values.tolist()
    [['a → b', 2, 1.0, 0.5], ['b → a', 1, 1.0, 0.5]]
    """
    bouts = with_index(bouts)
    for column in ("behaviour", "start", "stop"):
        if column not in bouts:
            raise DataError(
                f"transitions are of bouts: {no_column(column, map(str, bouts.columns))}"
            )
    if "partner" in bouts:
        bouts = bouts[bouts["partner"].fillna("") == ""]
    if bouts.empty:
        raise DataError("there are no bouts of single animals here: nothing can follow anything.")
    names, _ = name_behaviours(bouts)
    keys = [key for key in ("store", "recording", "individual", "animal") if key in bouts]
    if not keys:
        raise DataError("nothing says whose bouts these are: there is no column 'animal'.")
    behaviours = sorted(set(names), key=in_order)
    beside = [name for name in bouts if name not in (*ROW, *_OWN, *keys)]
    rows = []
    for who, part in bouts.assign(behaviour=names).groupby(keys, sort=False, dropna=False):
        ordered = part.sort_values(["start", "stop"], kind="stable")
        counts = _count(ordered, behaviours, repeats, max_gap)
        lengths = (ordered["stop"] - ordered["start"]).groupby(ordered["behaviour"]).sum()
        time = lengths.reindex(behaviours, fill_value=0.0).to_numpy(float)
        facts = dict(zip(keys, who, strict=True))
        metadata = {str(name): part[name].iloc[0] for name in beside}
        rows += [{**facts, **row, **metadata} for row in _rows(counts, behaviours, time, repeats)]
    return pd.DataFrame(rows)


def _count(
    bouts: pd.DataFrame, behaviours: list[str], repeats: bool, max_gap: float | None
) -> Array:
    """Counts with dims (origin, target)."""
    counts = np.zeros((len(behaviours), len(behaviours)), int)
    origins, targets, _ = follow(bouts, behaviours, repeats=repeats, max_gap=max_gap)
    np.add.at(counts, (origins, targets), 1)
    return counts


def follow(
    bouts: pd.DataFrame, behaviours: list[str], *, repeats: bool, max_gap: float | None
) -> tuple[Array, Array, Array]:
    """Places of what each transition is from and to, and when the second begins.

    `bouts` are those of one animal in the order in which they start.
    """
    index = {name: i for i, name in enumerate(behaviours)}
    places = np.array([index[name] for name in bouts["behaviour"]], int)
    starts = bouts["start"].to_numpy(float)
    gap = starts[1:] - bouts["stop"].to_numpy(float)[:-1]
    counted = np.ones(len(gap), bool)
    if "cut" in bouts:
        cut = bouts["cut"].to_numpy(bool)
        counted &= ~((gap > 1e-9) & (cut[1:] | cut[:-1]))
    if max_gap is not None:
        counted &= gap <= max_gap + 1e-9
    if not repeats:
        counted &= places[1:] != places[:-1]
    return places[:-1][counted], places[1:][counted], starts[1:][counted]


def _rows(
    counts: Array, behaviours: list[str], time: Array, repeats: bool
) -> list[dict[str, object]]:
    total, leaving = counts.sum(), counts.sum(axis=1)
    rows: list[dict[str, object]] = []
    for i, j in itertools.product(range(len(behaviours)), repeat=2):
        if i == j and not repeats:
            continue
        n = int(counts[i, j])
        rows.append(
            {
                "behaviour": f"{behaviours[i]}{ARROW}{behaviours[j]}",
                "origin": behaviours[i],
                "target": behaviours[j],
                "count": n,
                "share": n / total if total else float("nan"),
                "probability": n / leaving[i] if leaving[i] else float("nan"),
                "rate": n / time[i] if time[i] else float("nan"),
            }
        )
    return rows


def chains(table: pd.DataFrame) -> pd.DataFrame:
    """What the chain of each animal's transitions says, a row per animal.

    Parameters
    ----------
    table
        As `transitions` gives it.

    Returns
    -------
    DataFrame
        The columns that name the animal; n_transitions; entropy: of the next behaviour given the
        present one, bits; stationary_NAME: the share of steps that a chain with these
        probabilities would spend in each behaviour (missing where it is not one chain). Metadata
        follow.

    Examples
    --------
    >>> bouts = pd.DataFrame({"animal": "m1", "behaviour": [*"abacab"], "start": range(6),
    ...     "stop": range(1, 7)})
    >>> found = chains(transitions(bouts))
    >>> found[["n_transitions", "entropy", "stationary_a"]].round(3).values.tolist()
    [[5.0, 0.459, 0.5]]
    """
    keys = [key for key in ("store", "recording", "individual", "animal") if key in table]
    own = ("behaviour", "origin", "target", "count", "share", "probability", "rate")
    beside = [name for name in table if name not in (*keys, *own)]
    rows = []
    for who, part in table.groupby(keys, sort=False, dropna=False):
        counts = part.pivot(index="origin", columns="target", values="count")
        names = sorted({*counts.index, *counts.columns}, key=in_order)
        square = counts.reindex(index=names, columns=names).fillna(0).to_numpy(float)
        share = stationary(square)
        rows.append(
            {
                **dict(zip(keys, who, strict=True)),
                "n_transitions": int(square.sum()),
                "entropy": entropy_of(square, share),
                **{f"stationary_{n}": x for n, x in zip(names, share.tolist(), strict=True)},
                **{str(name): part[name].iloc[0] for name in beside},
            }
        )
    return pd.DataFrame(rows)


def stationary(counts: Array) -> Array:
    """Share of steps in each state in the long run; missing where states cannot all be reached.

    States that never occur have a share of 0.

    Examples
    --------
    >>> stationary(np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0]])).tolist()
    [0.5, 0.5, 0.0]
    """
    n = len(counts)
    there = (counts.sum(axis=0) > 0) | (counts.sum(axis=1) > 0)
    share = np.zeros(n)
    inner = counts[np.ix_(there, there)].astype(float)
    m = len(inner)
    reach = np.linalg.matrix_power((inner > 0) + np.eye(m), max(m, 1)) > 0
    if not m or not reach.all() or (inner.sum(axis=1) == 0).any():
        return np.full(n, np.nan)
    moves = inner / inner.sum(axis=1, keepdims=True)
    system = np.vstack([moves.T - np.eye(m), np.ones(m)])
    share[there] = np.linalg.lstsq(system, np.append(np.zeros(m), 1.0), rcond=None)[0].round(12)
    return share


def entropy_of(counts: Array, share: Array) -> float:
    """Bits of the next state given the present one; missing where `share` is."""
    if np.isnan(share).any():
        return float("nan")
    leaving = counts.sum(axis=1, keepdims=True)
    moves = counts / np.where(leaving > 0, leaving, 1)
    bits = -(moves * np.log2(np.where(moves > 0, moves, 1))).sum(axis=1)
    return float(share @ bits)
