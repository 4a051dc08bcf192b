"""Means of units, of each behaviour and along bins or lags, as pictures of groups show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import PALETTE
from ethoflow.errors import DataError
from ethoflow.plot.intervals import mean_of
from ethoflow.plot.save import marked, with_options
from ethoflow.stats.design import find_design, plural
from ethoflow.stats.levels import with_index
from ethoflow.stats.units import make_samples, name_behaviours

KEY = 0.08
"""Share of the height of a panel that a group takes in its key."""

ALL = "all"
"""The group of everybody, where no condition is named."""


@dataclass(frozen=True)
class UnitMeans:
    """What the units of groups have.

    Attributes
    ----------
    table
        behaviour, the column that it goes along, if any, group, unit, value.
    unit
        What the units are.
    groups
        Their groups in order.
    """

    table: pd.DataFrame
    unit: str
    groups: list[str]


def unit_means(
    table: pd.DataFrame,
    value: str,
    *,
    by: str | None,
    unit: str | None = None,
    animal: str | None = None,
    along: str | None = None,
) -> UnitMeans:
    """Means of units of each behaviour; without a condition the units are animals.

    Raises
    ------
    DataError
        The condition differs within units; what `ef.stats.find_design` refuses.
    """
    table = with_index(table)
    if by is None:
        return _of_animals(table, value, animal, along)
    design = find_design(table, by, unit=unit, animal=animal)
    if design.within:
        raise DataError(
            f"{by} differs within {plural(design.unit)}, and what is drawn is of groups of "
            f"{plural(design.unit)}: choose a condition that differs between them."
        )
    rows: list[tuple[Any, ...]] = []
    places = {None: table.index} if along is None else table.groupby(along, sort=True).groups
    for place, index in places.items():
        own = design.rows.index.intersection(index)
        if not len(own):
            continue
        samples, _ = make_samples(table, replace(design, rows=design.rows.loc[own]), value, None)
        for name, sample in samples.items():
            for group, who, values in zip(sample.group, sample.units, sample.values, strict=True):
                rows.append((name, place, design.by[by][group], who, float(values[0])))
    return UnitMeans(_named(rows, along), design.unit, list(design.by[by]))


def _of_animals(
    table: pd.DataFrame, value: str, animal: str | None, along: str | None
) -> UnitMeans:
    names, _ = name_behaviours(table)
    who = [name for name in ("store", "recording", "individual", "animal") if name in table]
    last = animal or (who[-1] if who else None)
    own = table.assign(
        behaviour=names, animal_name=ALL if last is None else table[last].astype(str)
    )
    keys = ["behaviour", *([along] if along else []), "animal_name"]
    # Recordings first, so that a long one does not count more in the mean of its animal.
    single = [name for name in ("store", "recording") if name in own]
    each = own.groupby([*keys, *single], sort=False, dropna=False)[value].mean()
    means = each.groupby(keys, sort=False).mean().reset_index()
    rows = [
        (one["behaviour"], one[along] if along else None, ALL, one["animal_name"], one[value])
        for one in means.to_dict("records")
        if np.isfinite(one[value])
    ]
    return UnitMeans(_named(rows, along), "animal", [ALL])


def _named(rows: list[tuple[Any, ...]], along: str | None) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["behaviour", along or "place", "group", "unit", "value"])
    return found if along else found.drop(columns="place")


def over_units(found: UnitMeans, along: str, level: float) -> pd.DataFrame:
    """A row for every behaviour, group and place: n_units, mean, low and high.

    A group without a unit there has a row whose mean is missing.
    """
    rows = []
    for (name, place), own in found.table.groupby(["behaviour", along], sort=False):
        for group in found.groups:
            values = own.loc[own["group"] == group, "value"].to_numpy(float)
            values = values[np.isfinite(values)]
            rows.append((name, group, place, len(values), *mean_of(values, level)))
    columns = ["behaviour", "group", along, "n_units", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def lines_panel(
    title: str,
    means: pd.DataFrame,
    groups: Sequence[str],
    *,
    across: str,
    label: str,
    scale: float,
    at: float | None = None,
    key: bool = True,
) -> Any:
    """Means along time, a line with intervals for each group; `means` has start and stop.

    A grey line stands `at` a time. Above the lines is room for a `key` of the groups.
    """
    x, y = hv.Dimension("time", label=across), hv.Dimension("shown", label=label)
    areas, lines = [], []
    for seat, group in enumerate(groups):
        own = means[means["group"] == group].sort_values("start")
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
    several = key and len(groups) > 1
    above = min(0.06 + KEY * len(groups), 0.8) if several else 0.0
    if at is not None:
        upright = hv.Path([[(at, low - room), (at, high + room)]], [x, y])
        areas.insert(0, with_options(upright, color="#808080", line=1.0))
    return with_options(
        hv.Overlay([*areas, *lines]), title=title, show_legend=several,
        legend_position="top_right", fontsize={"title": 10, "legend": 8},
        ylim=(low - room, high + room + (high - low + 2 * room) * above / (1 - above)),
    )  # fmt: skip
