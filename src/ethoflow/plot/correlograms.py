"""Correlograms: how often one behaviour begins at each lag from another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import colours_of
from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.comparison import choose
from ethoflow.plot.declare import plot
from ethoflow.plot.intervals import mean_of
from ethoflow.plot.panels import TITLE, panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options
from ethoflow.short_names import fitted
from ethoflow.stats.associations import correlograms as measure
from ethoflow.stats.design import counted

NEEDED = ("behaviour", "target", "lag", "ratio")


def _example() -> Picture:
    return correlograms(measure(examples.busy()[["immobile", "moving"]], "8 s", "1 s"))


@plot(
    "a cohort",
    example=_example,
    code='ef.plot.correlograms(ef.stats.correlograms(labels, "8 s", "1 s"))',
)
def correlograms(
    table: pd.DataFrame,
    *,
    pairs: Sequence[str] | None = None,
    level: float = 0.95,
    columns: int = 3,
) -> Picture:
    """How often a behaviour begins at each lag from another, relative to how often it does at all.

    Means over animals with t intervals, a panel per pair; the grey line at 1 is chance. An animal
    that never begins either, or of which a lag is not known, does not count there (`n_animals` of
    the data); a lag that no animal has is a gap.

    Parameters
    ----------
    table
        What `ef.stats.correlograms` gives.
    pairs
        Those that are shown, such as ``"moving → immobile"``; by default all.
    level
        Of the intervals.
    columns
        Panels beside each other.

    Raises
    ------
    DataError
        It is another table, there is no such pair, or there are too many panels.
    """
    for name in NEEDED:
        if name not in table:
            raise DataError(
                f"correlograms are what ef.stats.correlograms gives: "
                f"{no_column(name, map(str, table.columns))}"
            )
    if table.empty:
        raise DataError("there is no pair of behaviours here, and nothing to begin after another.")
    wanted = choose(list(dict.fromkeys(table["behaviour"])), pairs)
    said = fitted(wanted, TITLE)
    means = _means(table[table["behaviour"].isin(wanted)], level)
    figures = [_panel(said[name], means[means["behaviour"] == name]) for name in wanted]
    n = int(means["n_animals"].max()) if len(means) else 0
    title = f"means of up to {counted(n, 'animal')}, {level:.0%} intervals; 1 is chance"
    figure = panels(figures, columns=columns, width=330, height=280, title=title, gap=(0.45, 0.4))
    return Picture(figure, means)


def _means(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """A row per pair and lag; the recordings of an animal are averaged first."""
    keys = ["behaviour", "target", "lag"]
    who = [name for name in ("store", "recording", "individual", "animal") if name in table]
    each = table.groupby([*keys, *who[-1:]], sort=False, dropna=False)["ratio"].mean()
    rows = []
    for place, ratios in each.groupby(keys, sort=False):
        known = ratios.dropna().to_numpy(float)
        rows.append((*place, len(known), *mean_of(known, level)))
    found = pd.DataFrame(rows, columns=[*keys, "n_animals", "ratio", "low", "high"])
    lags = np.sort(found["lag"].unique())
    width = float(np.diff(lags).min()) if len(lags) > 1 else 1.0
    return found.assign(stop=found["lag"] + width)


def _panel(name: str, means: pd.DataFrame) -> Any:
    own = means.sort_values("lag")
    x = hv.Dimension("middle", label="lag (s)")
    y = hv.Dimension("ratio", label="beginnings (1 = chance)")
    target = str(own["target"].iloc[0])
    colour = colours_of([target])[target]
    own = own.assign(middle=(own["lag"] + own["stop"]) / 2)
    reach = (float(own["lag"].min()), float(own["stop"].max()))
    layers = [with_options(hv.Path([[(reach[0], 1.0), (reach[1], 1.0)]], [x, y]),
                           color="#808080", line=1.0)]  # fmt: skip
    layers.append(with_options(hv.Path([[(0.0, 0.0), (0.0, _top(own))]], [x, y]),
                               color="#cccccc", line=1.0))  # fmt: skip
    known = own[np.isfinite(own["low"])]
    spans = zip(known["middle"], known["low"], known["high"], strict=True)
    bars = hv.Path([[(at, max(low, 0.0)), (at, high)] for at, low, high in spans], [x, y])
    layers.append(with_options(bars, color=colour, line=1.2))
    layers.append(with_options(hv.Curve(own, x, y), color=colour, line=1.6))
    layers.append(marked(hv.Points(own, [x, y]), color=colour, size=6))
    return with_options(
        hv.Overlay(layers), title=name, show_legend=False, fontsize={"title": 10}, xlim=reach,
        ylim=(0.0, _top(own)),
    )  # fmt: skip


def _top(own: pd.DataFrame) -> float:
    values = own[["ratio", "high"]].to_numpy(float)
    return 1.08 * max(float(np.nanmax(values)) if np.isfinite(values).any() else 1.0, 1.5)
