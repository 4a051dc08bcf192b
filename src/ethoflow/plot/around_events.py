"""Peri-event averages: what animals do before and after events."""

from __future__ import annotations

from collections.abc import Sequence

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.comparison import choose
from ethoflow.plot.declare import plot
from ethoflow.plot.panels import TITLE, panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.unit_means import lines_panel, over_units, unit_means
from ethoflow.short_names import fitted
from ethoflow.stats.around_events import around_events as average
from ethoflow.stats.design import plural

NEEDED = ("behaviour", "event", "lag", "mean")


def _example() -> Picture:
    table = average(
        examples.startled(), pd.DataFrame({"event": ["tone", "tone"], "start": [12.0, 28.0]}),
        before="6 s", after="10 s", bin="1 s",
    )  # fmt: skip
    return around_events(table, by="treatment")


@plot(
    "groups",
    example=_example,
    code='ef.plot.around_events(ef.stats.around_events(labels, "tones.csv", before="6 s", '
    'after="10 s", bin="1 s"), by="treatment")',
)
def around_events(
    table: pd.DataFrame,
    *,
    by: str | None = None,
    unit: str | None = None,
    behaviours: Sequence[str] | None = None,
    animal: str | None = None,
    level: float = 0.95,
    columns: int = 3,
) -> Picture:
    """Means of units around the beginning of events with t intervals, a panel per behaviour.

    Without a condition a line is of all animals, one for each kind of event. A unit of which no
    trial is known at a lag does not count there (`n_units` of the data), and a lag that no unit has
    is a gap.

    Parameters
    ----------
    table
        What `ef.stats.around_events` gives.
    by, unit, animal
        As for `ef.stats.compare`; one condition that differs between units.
    behaviours
        Behaviours or features that are shown; by default all.
    level
        Of the intervals.
    columns
        Panels beside each other.

    Raises
    ------
    DataError
        It is another table, or has several kinds of events and a condition; there is no such
        behaviour; what `ef.stats.find_design` refuses.
    """
    for name in NEEDED:
        if name not in table:
            raise DataError(
                f"averages around events are what ef.stats.around_events gives: "
                f"{no_column(name, map(str, table.columns))}"
            )
    events = list(dict.fromkeys(table["event"]))
    if by is not None and len(events) > 1:
        raise DataError(
            f"a condition is shown of one kind of event, found {', '.join(map(str, events))}: "
            f"choose it with table[table.event == {events[0]!r}]."
        )
    parts, unit_name, groups = [], "animal", [str(event) for event in events]
    for event in events:
        of_one = table[table["event"] == event]
        found = unit_means(of_one, "mean", by=by, unit=unit, animal=animal, along="lag")
        means = over_units(found, "lag", level)
        if by is None:
            means = means.assign(group=str(event))
        else:
            unit_name, groups = found.unit, found.groups
        parts.append(means.assign(event=event))
    whole = pd.concat(parts, ignore_index=True)
    whole = whole.assign(start=whole["lag"], stop=whole["lag"] + _width(table))
    wanted = choose(list(dict.fromkeys(whole["behaviour"])), behaviours)
    said = fitted(wanted, TITLE)
    figures = [
        _panel(name, said[name], whole[whole["behaviour"] == name], groups, table, key=not place)
        for place, name in enumerate(wanted)
    ]
    what = f"{events[0]}: " if len(events) == 1 else ""
    title = f"{what}means of {plural(unit_name)}, {level:.0%} intervals"
    figure = panels(figures, columns=columns, width=330, height=280, title=title, gap=(0.45, 0.35))
    return Picture(figure, whole[whole["behaviour"].isin(wanted)].reset_index(drop=True))


def _width(table: pd.DataFrame) -> float:
    """Length of a bin, s."""
    lags = np.sort(table["lag"].unique())
    return float(table.attrs.get("bin", np.diff(lags).min() if len(lags) > 1 else 0.0))


def _panel(
    name: str,
    title: str,
    means: pd.DataFrame,
    groups: list[str],
    table: pd.DataFrame,
    *,
    key: bool,
) -> hv.Overlay:
    units = table.attrs.get("units_of", {}).get(name, "share, or unit of the feature")
    units = "number" if units in ("", "1") else units
    label, scale = ("time (% of known)", 100.0) if units == "share" else (f"mean ({units})", 1.0)
    label = f"change of {label}" if table.attrs.get("baseline") else label
    return lines_panel(
        title,
        means,
        groups,
        across="time from the event (s)",
        label=label,
        scale=scale,
        at=0.0,
        key=key,
    )
