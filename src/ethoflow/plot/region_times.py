"""Time in regions: the share of seen time that animals spend in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import PALETTE
from ethoflow.errors import DataError, no_column, no_such
from ethoflow.plot import examples
from ethoflow.plot.comparison import beside, group_ticks
from ethoflow.plot.declare import plot
from ethoflow.plot.intervals import mean_of
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options
from ethoflow.plot.unit_means import unit_means
from ethoflow.stats.activity import summarise
from ethoflow.stats.design import plural

INSIDE = "time_inside_"


def _example() -> Picture:
    return region_times(summarise(examples.halved()), by="treatment")


@plot(
    "groups",
    example=_example,
    code='ef.plot.region_times(ef.summarise(poses), by="treatment")',
)
def region_times(
    table: pd.DataFrame,
    *,
    by: str | None = None,
    unit: str | None = None,
    animal: str | None = None,
    regions: Sequence[str] | None = None,
    level: float = 0.95,
) -> Picture:
    """Share of the time in which the centre was seen that is spent in each region.

    Bars are means of units, points the units, lines t intervals of the means. Regions may overlap,
    so that bars need not add up to 100 %; a unit that was never seen has no point.

    Parameters
    ----------
    table
        What `ef.summarise` gives of poses with regions; of one bin where it has bins.
    by, unit, animal
        As for `ef.stats.compare`; without a condition the units are animals.
    regions
        Those that are shown; by default all.
    level
        Of the intervals.

    Raises
    ------
    DataError
        It is another table, or has no regions, or several bins; there is no such region; what
        `ef.stats.find_design` refuses.

    Examples
    --------
    >>> table = pd.DataFrame({"animal": ["a", "b"], "time_seen": [10.0, 20.0],
    ...     "time_inside_nest": [5.0, 5.0]})
    >>> region_times(table).data[["behaviour", "unit", "value"]].values.tolist()
    [['nest', 'a', 0.5], ['nest', 'b', 0.25]]
    """
    if "time_seen" not in table:
        raise DataError(
            f"time in regions is of what ef.summarise gives: "
            f"{no_column('time_seen', map(str, table.columns))}"
        )
    if "bin" in table and table["bin"].nunique() > 1:
        raise DataError(
            f"the table has {table['bin'].nunique()} bins: choose one, as in "
            "table[table.bin == 0], or summarise whole recordings."
        )
    known = [str(c).removeprefix(INSIDE) for c in table.columns if str(c).startswith(INSIDE)]
    if not known:
        raise DataError("there are no regions in this table: mark them with ef.mark_regions first.")
    wanted = known if regions is None else list(regions)
    for name in wanted:
        if name not in known:
            raise DataError(no_such("region", name, known))
    seen = table["time_seen"].where(table["time_seen"] > 0)
    parts = [
        table.drop(columns=[f"{INSIDE}{one}" for one in known]).assign(
            behaviour=name, share=table[f"{INSIDE}{name}"] / seen
        )
        for name in wanted
    ]
    found = unit_means(
        pd.concat(parts, ignore_index=True), "share", by=by, unit=unit, animal=animal
    )
    figure = _draw(found.table, found.groups, wanted, level, plural(found.unit))
    return Picture(figure, found.table)


def _draw(
    points: pd.DataFrame, groups: list[str], regions: list[str], level: float, units: str
) -> Any:
    x = hv.Dimension("place", label=" ")
    y = hv.Dimension("shown", label="time in the region (% of seen)")
    width = 0.8 / len(groups)
    layers: list[Any] = []
    spans: list[Any] = []
    for seat, group in enumerate(groups):
        colour = PALETTE[seat % len(PALETTE)]
        of_group = points[points["group"] == group]
        boxes, lines, dots = [], [], []
        for place, region in enumerate(regions):
            values = 100 * of_group.loc[of_group["behaviour"] == region, "value"]
            values = values.reset_index(drop=True)
            middle = place + (seat - (len(groups) - 1) / 2) * width
            mean, low, high = mean_of(values.to_numpy(float), level)
            if np.isfinite(mean):
                boxes.append((middle - 0.46 * width, 0.0, middle + 0.46 * width, mean))
            if np.isfinite(low):
                lines.append([(middle, low), (middle, high)])
            dots.append(pd.DataFrame({"place": middle + width * beside(values), "shown": values}))
        bars = hv.Rectangles(boxes, [x, y, "stop", "high"], label=str(group))
        layers.append(with_options(bars, color=colour, line=None, alpha=0.55))
        spans += lines
        layers.append(with_options(hv.Path(lines, [x, y]), color="black", line=1.2))
        layers.append(marked(hv.Points(pd.concat(dots), [x, y]), color=colour, size=7, alpha=0.9))
    ends = [100 * points["value"], *(np.array(line)[:, 1] for line in spans)]
    top = 1.05 * float(np.nanmax(np.concatenate([*ends, [0.0]])))
    counts = points.groupby("group", sort=False)["unit"].nunique()
    n = ", ".join(f"{counts.get(group, 0)} {group}" for group in groups)
    head = f"{units} ({n})" if len(groups) > 1 else f"{units} ({int(counts.sum())})"
    return with_options(
        hv.Overlay(layers), width=300 + 150 * len(regions), height=420,
        **group_ticks(regions, 20 * len(regions)),
        xlim=(-0.6, len(regions) - 0.4), ylim=(0.0, max(top, 1.0)), show_legend=len(groups) > 1,
        legend_position="right",
        title=f"Time in regions: means of {head}\nwith {level:.0%} intervals",
    )  # fmt: skip
