"""A beeswarm of Shapley values: what each feature adds to a label, frame by frame."""

from __future__ import annotations

import textwrap
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.explain import Surrogate
from ethoflow.explain.fitting import not_explained
from ethoflow.explain.reasons import plain
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import load_backends, with_options

LOW, MIDDLE, HIGH = "#0072B2", "#C8C8C8", "#D55E00"
MOST_POINTS = 600
"""Frames drawn of the label, and as many of the others."""
LINE = 44


def _example() -> Picture:
    return shap_beeswarm(examples.explained(), "moving", n=6)


@plot("reasons", example=_example, code='ef.plot.shap_beeswarm(surrogate, "cluster_2")')
def shap_beeswarm(surrogate: Surrogate, behaviour: str, *, n: int = 8) -> Picture:
    """What each feature adds to the log odds of a label, a point a frame, coloured by its value.

    To the right of 0 a feature leads to the label, to the left away from it. Blue are low values of
    the feature, orange high ones. Features that go together are one row, called by the one that
    says most. Up to 600 frames with the label are drawn, and as many without it.

    Parameters
    ----------
    surrogate
        What `ef.explain.surrogate` gives.
    behaviour
        Which label.
    n
        How many features, the one that says most on top.

    Raises
    ------
    DataError
        The surrogate does not explain this label: a reason would be none.
    """
    rows = reasons_of(surrogate, behaviour, n)
    sample = surrogate.sample.sel(behaviour=behaviour)
    label = sample.label.values
    drawn = np.concatenate([_thinned(np.flatnonzero(label == kind)) for kind in (1, 0)])
    places = {str(name): place for place, name in enumerate(sample.feature.values)}
    parts = []
    for rank, row in enumerate(rows.to_dict("records")):
        members = [row["feature"], *filter(None, row["also"].split("; "))]
        shap = sample["shap"].values[[places[m] for m in members]].sum(axis=0)[drawn]
        value = sample.value.values[places[row["feature"]]]
        level = np.searchsorted(np.sort(value), value[drawn]) / max(len(value) - 1, 1)
        part = pd.DataFrame({"feature": row["feature"], "shap": shap, "value": value[drawn],
                             "level": np.clip(level, 0, 1), "label": label[drawn]})  # fmt: skip
        part["place"] = len(rows) - 1 - rank + spread_out(shap)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    return Picture(_draw(table, rows, behaviour, str(surrogate.background)), table)


def reasons_of(surrogate: Surrogate, behaviour: str, n: int) -> pd.DataFrame:
    """The first reasons of a label.

    Raises
    ------
    DataError
        It has none.
    """
    score = surrogate.scores.iloc[surrogate.place(behaviour)]
    if not score["explains"]:
        raise DataError(not_explained(score))
    found = surrogate.reasons
    return found[found["behaviour"] == behaviour].head(n).reset_index(drop=True)


def _thinned(places: Array) -> Array:
    return places[:: max(-(-len(places) // MOST_POINTS), 1)]


def spread_out(values: Array, bins: int = 60, reach: float = 0.36) -> Array:
    """Places beside a line, so that points of equal values lie beside each other.

    Examples
    --------
    >>> spread_out(np.array([0.0, 0.0, 0.0, 5.0])).round(2).tolist()
    [0.0, 0.36, -0.36, 0.0]
    """
    width = np.ptp(values) / bins or 1.0
    bin = np.floor((values - values.min()) / width).astype(int)
    nth = pd.Series(bin).groupby(bin).cumcount().to_numpy()
    side = np.where(nth % 2 == 1, 1, -1) * ((nth + 1) // 2)
    out: Array = side * (reach / max(int(np.abs(side).max()), 1))
    return out


def name_rows(rows: pd.DataFrame) -> list[str]:
    """Names of features with their units, in short lines, and how many go along."""
    names = []
    for row in rows.to_dict("records"):
        also = len([one for one in row["also"].split("; ") if one])
        more = f"\n(and {also} alike)" if also else ""
        name = plain(row["feature"])
        if len(name) > LINE and ", " in name:
            name = ",\n".join(textwrap.fill(part, LINE) for part in name.rsplit(", ", 1))
        else:
            name = textwrap.fill(name, LINE)
        names.append(name + more)
    return names


def _draw(table: pd.DataFrame, rows: pd.DataFrame, behaviour: str, background: str) -> Any:
    x = hv.Dimension("shap", label="adds to the log odds (SHAP); blue: low values, orange: high")
    y = hv.Dimension("place", label=" ")
    level = hv.Dimension("level", label="value of the feature (rank, 0 to 1)")
    n = len(rows)
    load_backends()  # options of one that is not loaded would be lost
    points = hv.Points(table, [x, y], [level])
    colours = blend()
    shared = {"cmap": colours, "clim": (0.0, 1.0)}
    points = points.opts(
        backend="bokeh", color="level", size=4, line_color=None, alpha=0.8,
        tools=["hover"], **shared,
    ).opts(
        backend="matplotlib", color=hv.dim("level"), s=9, edgecolors="none", alpha=0.8,
        **shared,
    )  # fmt: skip
    line = hv.Path([[(0.0, -0.6), (0.0, n - 0.4)]], [x, y])
    places = list(enumerate(name_rows(rows)[::-1]))
    return with_options(
        with_options(line, color="#808080", line=1.0) * points,
        width=900, height=130 + 52 * n, ylim=(-0.6, n - 0.4),
        yticks=[(float(place), name) for place, name in places], show_legend=False,
        title=f"What tells {plain(behaviour)}, against\n" + background.partition(", each")[0],
        fontsize={"title": 11},
    )  # fmt: skip


def blend(steps: int = 64) -> list[str]:
    """Colours from low to high over grey, which colour-blind people tell apart."""
    ends = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (LOW, MIDDLE, HIGH)]
    at = np.linspace(0, 2, steps)
    mixed = np.stack([np.interp(at, [0, 1, 2], channel) for channel in zip(*ends, strict=True)], 1)
    return ["#" + "".join(f"{round(v):02X}" for v in one) for one in mixed.tolist()]
