"""Normative deviation: how unlike a reference group each animal is, all at once or over time."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import PALETTE
from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.comparison import beside, group_ticks
from ethoflow.plot.declare import plot
from ethoflow.plot.intervals import mean_of
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options
from ethoflow.stats.design import plural
from ethoflow.stats.normative import deviations as measure

MOST_TICKS = 20
RARE = 0.05
"""p at and below which a unit is marked."""


def _example() -> Picture:
    return deviations(
        measure(examples.wide(), by="treatment", reference="control",
                columns=["climbing", "immobile", "moving"])
    )  # fmt: skip


@plot(
    "groups",
    example=_example,
    code='ef.plot.deviations(ef.stats.deviations(wide, by="treatment", reference="control", '
    'columns=["climbing", "moving"]))',
)
def deviations(table: pd.DataFrame) -> Picture:
    """How unlike the reference group each unit is, a point each; larger is stranger.

    Grey is where all units of the reference lie, each measured by the others. A ring marks a unit
    that as few of the reference deviate as much as (p of 0.05 and less, not corrected for how many
    are looked at); with fewer than 19 in the reference there can be none, which the title says.
    A table with a column `bin` is drawn over the bins, a line for each unit, the mean of each group
    thick.

    Parameters
    ----------
    table
        What `ef.stats.deviations` gives; or several of them, joined with a column `bin`.

    Raises
    ------
    DataError
        It is another table, or more than a row of a unit is in a bin.

    Examples
    --------
    >>> table = pd.DataFrame({"animal": ["a", "b"], "drug": ["no", "yes"], "n_reference": [1, 1],
    ...     "deviation": [1.0, 4.0], "p": [1.0, 0.5]})
    >>> deviations(table).data.deviation.tolist()
    [1.0, 4.0]
    """
    needed = ("n_reference", "deviation", "p")
    for name in needed:
        if name not in table:
            raise DataError(
                f"deviations are what ef.stats.deviations gives: "
                f"{no_column(name, map(str, table.columns))}"
            )
    unit, by = [str(name) for name in table.columns if name not in (*needed, "bin")][:2]
    keys = [unit, *(["bin"] if "bin" in table else [])]
    if table.duplicated(keys).any():
        raise DataError(
            f"there are several rows of one {unit}: ef.stats.deviations gives one, and a column "
            "'bin' tells those of several bins apart."
        )
    # Units of the norm were measured without themselves.
    reference = table[by].iloc[int(table["n_reference"].argmin())]
    groups = [reference, *(name for name in dict.fromkeys(table[by]) if name != reference)]
    if "bin" in table:
        return Picture(_over_bins(table, unit, by, groups), table)
    return Picture(_at_once(table, unit, by, groups), table)


def _head(table: pd.DataFrame, unit: str, reference: str) -> str:
    n = int(table["n_reference"].max())
    return f"deviation from {reference}, measured by {n} {plural(unit)}"


def _at_once(table: pd.DataFrame, unit: str, by: str, groups: list[Any]) -> Any:
    x = hv.Dimension("place", label=" ")
    y = hv.Dimension("deviation", label="deviation (-log density)")
    own = table[table[by] == groups[0]]["deviation"]
    band = hv.Rectangles([(-0.6, own.min(), len(groups) - 0.4, own.max())], [x, y, "stop", "high"])
    layers: list[Any] = [with_options(band, color="#ececec", line=None)]
    for seat, group in enumerate(groups):
        part = table[table[by] == group]
        values = part["deviation"].reset_index(drop=True)
        shown = part.assign(place=seat + beside(values).to_numpy())
        marked_out = shown[shown["p"] <= RARE]
        if len(marked_out):
            rings = hv.Points(marked_out, [x, y])
            layers.append(marked(rings, color="black", size=15))
        dots = hv.Points(shown, [x, y], [unit, "p"])
        layers.append(marked(dots, color=PALETTE[seat % len(PALETTE)], size=9, hover=True))
        mean = float(values.mean())
        across = hv.Path([[(seat - 0.28, mean), (seat + 0.28, mean)]], [x, y])
        layers.append(with_options(across, color="black", line=2.2))
    n = int(table["n_reference"].max())
    least = 1 / (n + 1)
    rings_said = (
        "a ring: p ≤ 0.05, not corrected" if least <= RARE else f"p cannot be below {least:.2g}"
    )
    return with_options(
        hv.Overlay(layers), width=560, height=420, show_legend=False,
        xlim=(-0.6, len(groups) - 0.4), padding=0.1,
        **group_ticks([str(group) for group in groups], 30),
        title=f"{_head(table, unit, groups[0])}\ngrey: its range; {rings_said}",
    )  # fmt: skip


def _over_bins(table: pd.DataFrame, unit: str, by: str, groups: list[Any]) -> Any:
    x = hv.Dimension("bin", label="bin (number)")
    y = hv.Dimension("deviation", label="deviation (-log density)")
    bins = np.sort(table["bin"].unique())
    ticks = [(place, f"{place:g}") for place in bins.tolist()[:: -(-len(bins) // MOST_TICKS)]]
    thin, thick = [], []
    for seat, group in enumerate(groups):
        part, colour = table[table[by] == group], PALETTE[seat % len(PALETTE)]
        for _, line in part.groupby(unit, sort=False):
            # A bin that a unit lacks is a gap.
            whole = line.set_index("bin")["deviation"].reindex(bins).reset_index()
            thin.append(with_options(hv.Curve(whole, x, y), color=colour, line=0.6, alpha=0.45))
        means = part.groupby("bin")["deviation"].apply(
            lambda values: mean_of(values.dropna().to_numpy(float), 0.95)[0]
        )
        shown = means.reindex(bins).rename("deviation").reset_index()
        line = hv.Curve(shown, x, y, label=str(group))
        thick.append(with_options(line, color=colour, line=2.6))
    return with_options(
        hv.Overlay([*thin, *thick]), width=760, height=420, show_legend=True, xticks=ticks,
        legend_position="right", title=f"{_head(table, unit, groups[0])}\nthick: means",
    )  # fmt: skip
