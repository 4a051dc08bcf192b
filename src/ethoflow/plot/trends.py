"""Trends: how much of a behaviour there is in each bin of time, means over units with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import PALETTE
from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.axis_names import name_value
from ethoflow.plot.comparison import choose
from ethoflow.plot.declare import plot
from ethoflow.plot.intervals import mean_of
from ethoflow.plot.panels import panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options
from ethoflow.stats.design import Design, find_design, plural
from ethoflow.stats.levels import with_index
from ethoflow.stats.units import Sample, make_samples


def _example() -> Picture:
    return trends(examples.budget("15 s"), by="treatment")


@plot(
    "groups",
    example=_example,
    code='ef.plot.trends(ef.time_budget(labels, bin="15 s"), by="treatment")',
)
def trends(
    table: pd.DataFrame,
    *,
    by: str,
    value: str = "share",
    unit: str | None = None,
    behaviours: Sequence[str] | None = None,
    animal: str | None = None,
    level: float = 0.95,
    columns: int = 3,
) -> Picture:
    """Means of units in every bin of time with t intervals, a line for each group.

    Bins are counted from the first frame of each recording. A bin in which nothing was observed of
    a unit leaves that unit out of its mean (`n_units` of the data); one in which no unit is known
    is a gap in the line, and one with a single unit has no interval.

    Parameters
    ----------
    table
        A tidy table by bins, as `ef.time_budget(labels, bin="1 min")` and `ef.summarise` give it.
    by, unit, animal
        As for `ef.stats.compare`; one condition that differs between units.
    value
        The column that is shown.
    behaviours
        Those that are shown; by default all.
    level
        Of the intervals.
    columns
        Panels beside each other.

    Raises
    ------
    DataError
        The table has no bins, or the condition differs within units; what `ef.stats.find_design`
        refuses.
    """
    table = with_index(table)
    for name in ("bin", "start", "stop"):
        if name not in table:
            raise DataError(
                f"trends are of bins of time, as of ef.time_budget(labels, bin='1 min'): "
                f"{no_column(name, map(str, table.columns))}"
            )
    design = find_design(table, by, unit=unit, animal=animal)
    if design.within:
        raise DataError(
            f"{by} differs within {plural(design.unit)}, and lines are of groups of "
            f"{plural(design.unit)}: choose a condition that differs between them."
        )
    means = _means(table, design, value, by, level)
    wanted = choose([*dict.fromkeys(means["behaviour"])], behaviours)
    label, scale = name_value(value, table)
    figures = [
        _panel(name, means[means["behaviour"] == name], design.by[by], label, scale)
        for name in wanted
    ]
    title = f"means of {plural(design.unit)}, {level:.0%} intervals"
    figure = panels(figures, columns=columns, width=330, height=280, title=title, gap=(0.45, 0.3))
    return Picture(figure, means[means["behaviour"].isin(wanted)].reset_index(drop=True))


def _means(table: pd.DataFrame, design: Design, value: str, by: str, level: float) -> pd.DataFrame:
    """A row for every behaviour, group and bin, on a clock that begins with the recordings."""
    begins = _times(table)
    rows = []
    for number, place in table.groupby("bin", sort=True).groups.items():
        own = design.rows.index.intersection(place)
        if not len(own):
            continue
        samples, _ = make_samples(table, replace(design, rows=design.rows.loc[own]), value, None)
        start, stop = begins.loc[own, "start"].median(), begins.loc[own, "stop"].max()
        for name, sample in samples.items():
            rows += [
                (name, group, number, start, stop, *_mean(sample, seat, level))
                for seat, group in enumerate(design.by[by])
            ]
    columns = ["behaviour", "group", "bin", "start", "stop", "n_units", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _mean(sample: Sample, seat: int, level: float) -> tuple[float, ...]:
    values = sample.values[sample.group == seat, 0]
    return (len(values), *mean_of(values, level))


def _times(table: pd.DataFrame) -> pd.DataFrame:
    """Start and stop of the bins from the first frame of each recording, s."""
    keys = [name for name in ("store", "recording") if name in table]
    first = table.groupby(keys)["start"].transform("min") if keys else table["start"].min()
    return pd.DataFrame({"start": table["start"] - first, "stop": table["stop"] - first})


def _panel(name: str, means: pd.DataFrame, groups: Sequence[str], label: str, scale: float) -> Any:
    x, y = hv.Dimension("time", label="time from the start (s)"), hv.Dimension("shown", label=label)
    areas, lines = [], []
    for seat, group in enumerate(groups):
        own = means[means["group"] == group].sort_values("bin")
        colour = PALETTE[seat % len(PALETTE)]
        wide = float((own["stop"] - own["start"]).median())
        aside = 0.12 * wide * (seat - (len(groups) - 1) / 2)  # so that no interval hides another
        middle = (own["start"] + own["stop"]) / 2 + aside
        shown = pd.DataFrame(
            {"time": middle, "shown": own["mean"] * scale, "low": own["low"] * scale,
             "high": own["high"] * scale}
        )  # fmt: skip
        known = shown[np.isfinite(shown["low"])]
        spans = zip(known["time"], known["low"], known["high"], strict=True)
        bars = hv.Path([[(at, low), (at, high)] for at, low, high in spans], [x, y])
        areas.append(with_options(bars, color=colour, line=1.2))
        line = hv.Curve(shown, x, y, label=str(group))
        lines.append(with_options(line, color=colour, line=1.6))
        lines.append(marked(hv.Points(shown, [x, y]), color=colour, size=6))
    ends = means[["mean", "low", "high"]].to_numpy(float) * scale
    low, high = (np.nanmin(ends), np.nanmax(ends)) if np.isfinite(ends).any() else (0.0, 1.0)
    room = 0.05 * (high - low) or 0.5
    return with_options(
        hv.Overlay([*areas, *lines]), title=name, show_legend=True, legend_position="top_right",
        fontsize={"title": 10, "legend": 8}, ylim=(low - room, high + 7 * room),
    )  # fmt: skip
