"""From Shapley values to reasons: which features tell a label, in which direction, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array

ALIKE = 0.8
"""Rank correlation of features that are taken together: trees share credit among them."""
TAIL, EVEN = 0.1, 0.1
"""Direction is read at both ends: the tenth of rows with the lowest values, and the highest. One
leads to the label where the other adds less than a tenth of that, or takes away."""

COLUMNS = ("behaviour", "rank", "feature", "also", "direction", "here", "elsewhere", "unit",
           "importance", "share", "toward", "words")  # fmt: skip


def find_reasons(
    sample: xr.Dataset, circular: Array, behaviours: Sequence[str], *, least: float = 0.01
) -> pd.DataFrame:
    """A row per label and group of features that go together, the one that says most first.

    `feature` is the member that adds most, `also` the others, whose credit is in the same row:
    which of them it is cannot be told. `importance` is how many log odds they move, on average over
    the frames of the label, `share` that of all features, `toward` the mean with its sign: how far
    they lead to the label. `here` and `elsewhere` are medians of the feature in frames with the
    label and without it (of angles the mean direction). `direction` says which values lead to it:
    high, low, both ends, or none of these, where it is values in between.

    Parameters
    ----------
    sample
        What `Surrogate.sample` gives.
    circular
        Which features are angles.
    behaviours
        Labels to give reasons of.
    least
        Share of all below which a feature is left out.
    """
    groups = group_alike(sample.value.values, sample.weight.values)
    rows: list[dict[str, object]] = []
    for behaviour in behaviours:
        own = sample.sel(behaviour=behaviour)
        label, weight = own.label.values, own.weight.values
        inside, outside = label == 1, label == 0
        w = weight[inside]
        shap = own["shap"].values.astype(float)
        found = []
        for members in groups:
            together = shap[members].sum(axis=0)[inside]
            size = [float(np.average(np.abs(shap[m][inside]), weights=w)) for m in members]
            found.append((float(np.average(np.abs(together), weights=w)), members, size,
                          float(np.average(together, weights=w))))  # fmt: skip
        total = sum(one[0] for one in found) or 1.0
        found = [one for one in found if one[0] / total >= least]
        for rank, (importance, members, size, toward) in enumerate(
            sorted(found, key=lambda one: -one[0]), 1
        ):
            first = members[int(np.argmax(size))]
            others = [str(own.feature.values[m]) for m in members if m != first]
            values = own.value.values[first].astype(float)
            here = _middle(values[inside], w, round_=bool(circular[first]))
            there = _middle(values[outside], weight[outside], round_=bool(circular[first]))
            row = {
                "behaviour": behaviour, "rank": rank, "feature": str(own.feature.values[first]),
                "also": "; ".join(others),
                "direction": _direction(values, shap[members].sum(axis=0), here, there,
                                        round_=_wraps(values, circular[first])),
                "here": here, "elsewhere": there, "unit": str(own.unit.values[first]),
                "importance": importance, "share": importance / total, "toward": toward,
            }  # fmt: skip
            rows.append({**row, "words": in_words(row)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def group_alike(values: Array, weight: Array) -> list[list[int]]:
    """Columns that go together, dims of `values` (column, row): every two of a group are alike.

    Examples
    --------
    >>> x = np.arange(6.0)
    >>> group_alike(np.stack([x, x**3, [3, 1, 2, 5, 0, 4], -x]), np.ones(6))
    [[0, 1, 3], [2]]
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.stats import rankdata

    if len(values) < 2:
        return [[place] for place in range(len(values))]
    ranks = rankdata(values, axis=1)
    ranks = ranks - np.average(ranks, axis=1, weights=weight)[:, np.newaxis]
    spread = np.sqrt(np.average(ranks**2, axis=1, weights=weight))
    ranks = ranks / np.where(spread > 0, spread, 1)[:, np.newaxis]
    alike = np.abs((ranks * (weight / weight.sum())) @ ranks.T)
    apart = 1 - np.clip((alike + alike.T) / 2, 0, 1)
    pairs = apart[np.triu_indices(len(values), 1)]
    codes = fcluster(linkage(pairs, "complete"), 1 - ALIKE, "distance")
    groups: dict[int, list[int]] = {}
    for place, code in enumerate(codes.tolist()):
        groups.setdefault(code, []).append(place)
    return sorted(groups.values())


def _wraps(values: Array, circular: bool | np.bool_) -> bool:
    """Whether it is an angle that goes all the way round: joints from 0 to pi do not."""
    return bool(circular) and bool((values < 0).any())


def _middle(values: Array, weight: Array, *, round_: bool) -> float:
    """The weighted median, or the mean direction of angles that go round."""
    if not len(values):
        return float("nan")
    if round_ and _wraps(values, True):
        return float(np.arctan2(np.average(np.sin(values), weights=weight),
                                np.average(np.cos(values), weights=weight)))  # fmt: skip
    order = np.argsort(values)
    within = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(within, within[-1] / 2)])


def _direction(values: Array, shap: Array, here: float, there: float, *, round_: bool) -> str:
    """Which values of a feature lead to the label."""
    if round_:
        return "around"
    low, high = np.quantile(values, [TAIL, 1 - TAIL])
    under, over = float(shap[values <= low].mean()), float(shap[values >= high].mean())
    if over > 0 and under < EVEN * over and here > there:
        return "high"
    if under > 0 and over < EVEN * under and here < there:
        return "low"
    return "both ends" if under > 0 and over > 0 and low < high else "between"


def plain(feature: str) -> str:
    """The name of a feature as people read it.

    Examples
    --------
    >>> plain("smoothed_speed Tail_base, mean of 1 s")
    'smoothed speed Tail base, mean of 1 s'
    """
    return feature.replace("_", " ")


def in_words(row: dict[str, object]) -> str:
    """A reason as a person reads it.

    Examples
    --------
    >>> in_words({"feature": "body_span, mean of 1 s", "also": "", "direction": "low",
    ...           "here": 12.04, "elsewhere": 45.0, "unit": "mm"})
    'body span, mean of 1 s: low (12 mm against 45 mm elsewhere)'
    """
    here, there, unit = float(str(row["here"])), float(str(row["elsewhere"])), str(row["unit"])
    if unit.startswith("rad"):
        here, there, unit = np.degrees(here), np.degrees(there), unit.replace("rad", "°", 1)
    words = [f"{number(one)}{'' if unit == '1' else unit if unit == '°' else ' ' + unit}"
             for one in (here, there)]  # fmt: skip
    others = str(row["also"]).split("; ") if row["also"] else []
    along = f"; or what goes along with it: {plain(others[0])}" if others else ""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    said = {"between": "values in between", "both ends": "low or high values",
            "around": "this direction"}  # fmt: skip
    direction = said.get(str(row["direction"]), str(row["direction"]))
    return f"{plain(str(row['feature']))}: {direction} ({words[0]} against {words[1]} elsewhere)" \
           f"{along}{more}"  # fmt: skip


def number(value: float) -> str:
    """Two or three figures, as far as a person looks.

    Examples
    --------
    >>> [number(x) for x in (0.01234, 1.26, 12.04, 1234.5)]
    ['0.012', '1.3', '12', '1234']
    """
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
