"""Trends: how much of a behaviour there is in each bin of time, means over units with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.axis_names import name_value
from ethoflow.plot.comparison import choose
from ethoflow.plot.declare import plot
from ethoflow.plot.panels import TITLE, panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.unit_means import lines_panel, over_units, unit_means
from ethoflow.short_names import fitted
from ethoflow.stats.design import plural
from ethoflow.stats.levels import with_index


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
    found = unit_means(table, value, by=by, unit=unit, animal=animal, along="bin")
    means = over_units(found, "bin", level).merge(_times(table), on="bin")
    wanted = choose([*dict.fromkeys(means["behaviour"])], behaviours)
    label, scale = name_value(value, table)
    said = fitted(wanted, TITLE)
    figures = [
        lines_panel(
            said[name], means[means["behaviour"] == name], found.groups,
            across="time from the start (s)", label=label, scale=scale, key=name == wanted[0],
        )
        for name in wanted
    ]  # fmt: skip
    title = f"means of {plural(found.unit)}, {level:.0%} intervals"
    figure = panels(figures, columns=columns, width=330, height=280, title=title, gap=(0.45, 0.3))
    return Picture(figure, means[means["behaviour"].isin(wanted)].reset_index(drop=True))


def _times(table: pd.DataFrame) -> pd.DataFrame:
    """Start and stop of each bin, s from the first frame of each recording."""
    keys = [name for name in ("store", "recording") if name in table]
    first = table.groupby(keys)["start"].transform("min") if keys else table["start"].min()
    since = table.assign(start=table["start"] - first, stop=table["stop"] - first)
    return since.groupby("bin").agg(start=("start", "median"), stop=("stop", "max")).reset_index()
