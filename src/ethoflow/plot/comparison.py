"""Groups beside each other: a point for every unit, the means with intervals, and the test."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Collection, Sequence
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import PALETTE
from ethoflow.errors import DataError, UnknownName, no_such
from ethoflow.plot import examples
from ethoflow.plot.axis_names import name_value
from ethoflow.plot.declare import plot
from ethoflow.plot.intervals import mean_of
from ethoflow.plot.panels import panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options
from ethoflow.short_names import fitted
from ethoflow.stats.compare import ComparisonNote, compare
from ethoflow.stats.design import Design, find_design, plural
from ethoflow.stats.levels import with_index
from ethoflow.stats.units import Sample, make_samples

MOST_PANELS = 24
SPREAD = 0.14
"""How far points lie beside the middle of their group."""


def _example() -> Picture:
    return comparison(examples.budget(), by="treatment")


@plot(
    "groups",
    example=_example,
    code='ef.plot.comparison(ef.time_budget(labels), by="treatment")',
)
def comparison(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str],
    value: str = "share",
    unit: str | None = None,
    behaviours: Sequence[str] | None = None,
    test: str | None = None,
    correction: str = "holm",
    reference: str | Sequence[str] | None = None,
    animal: str | None = None,
    level: float = 0.95,
    columns: int = 4,
) -> Picture:
    """Each behaviour in a panel: the means of units as points, those of groups with intervals.

    Points are what `ef.stats.compare` tests, the means of units (cages, animals), never frames;
    those of a condition that differs within units are joined by lines. Bars are t intervals of the
    mean of each group. The p in the title is that of the test, corrected over all behaviours of
    the table, also those that are not shown.

    Parameters
    ----------
    table
        A tidy table, as `ef.time_budget` gives it.
    by, value, unit, test, correction, reference, animal, level
        As for `ef.stats.compare`; one value.
    behaviours
        Those that are shown; by default all.
    columns
        Panels beside each other.

    Raises
    ------
    DataError
        What `ef.stats.compare` refuses; no such behaviour; or too many panels.
    """
    design, samples, found = test_all(
        table, by, value, unit, test, correction, reference, animal, level
    )
    wanted = choose(samples, behaviours)
    cells = name_cells(design)
    points = pd.concat([_tabulate(name, samples[name], design, cells) for name in wanted])
    figures = [
        _panel(name, points[points["behaviour"] == name], cells, found, value, level, table)
        for name in wanted
    ]
    head = ", ".join(f"{n} {' '.join(cell)}".strip() for cell, n in design.n_units.items())
    tests = ", ".join(name for name in dict.fromkeys(found["test"]) if name) or "no test"
    title = (
        f"points are {plural(design.unit)} ({head}), with means and {level:.0%} intervals; {tests}"
    )
    figure = panels(
        figures, columns=columns, width=250, height=310, title=title, gap=(0.55, 0.35)
    )  # fmt: skip
    return Picture(figure, points.reset_index(drop=True))


def test_all(
    table: pd.DataFrame,
    by: str | Sequence[str],
    value: str,
    unit: str | None,
    test: str | None,
    correction: str,
    reference: str | Sequence[str] | None,
    animal: str | None,
    level: float,
) -> tuple[Design, dict[str, Sample], pd.DataFrame]:
    """The design of a table, the means of its units, and what the test says of them."""
    design = find_design(table, by, unit=unit, animal=animal, reference=reference)
    samples, _ = make_samples(with_index(table), design, value, None)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        found = compare(
            table, by=by, value=value, unit=unit, test=test, correction=correction,
            reference=reference, animal=animal, level=level,
        )  # fmt: skip
    for note in notes:
        warnings.warn(str(note.message), ComparisonNote, stacklevel=4)
    return design, samples, found


def choose(samples: Collection[str], behaviours: Sequence[str] | None) -> list[str]:
    """Behaviours that are shown."""
    wanted = list(samples) if behaviours is None else list(behaviours)
    for name in wanted:
        if name not in samples:
            raise UnknownName(no_such("behaviour", name, list(samples)))
    if len(wanted) > MOST_PANELS:
        raise DataError(
            f"{len(wanted)} panels are too many for one picture: choose some, as in "
            f"behaviours={wanted[:3]}."
        )
    return wanted


def name_cells(design: Design) -> dict[tuple[int, int], str]:
    """Names of the groups and conditions, by group of units and cell within them, in order."""
    between = list(itertools.product(*(design.by[f] for f in design.between)))
    within = list(itertools.product(*(design.by[f] for f in design.within)))
    names = {}
    for (i, one), (j, other) in itertools.product(enumerate(between), enumerate(within)):
        levels = {**dict(zip(design.between, one, strict=True)),
                  **dict(zip(design.within, other, strict=True))}  # fmt: skip
        names[i, j] = "\n".join(levels[factor] for factor in design.by)
    return names


def _tabulate(
    name: str, sample: Sample, design: Design, cells: dict[tuple[int, int], str]
) -> pd.DataFrame:
    """A row for every unit and condition."""
    rows = [
        (name, sample.units[u], cells[int(sample.group[u]), j].replace("\n", " "), int(g), value)
        for u, g in enumerate(sample.group)
        for j, value in enumerate(sample.values[u].tolist())
    ]
    order = [label.replace("\n", " ") for label in cells.values()]
    found = pd.DataFrame(rows, columns=["behaviour", design.unit, "group", "seat", "value"])
    found["seat"] = found["group"].map(order.index)
    return found


def _panel(
    name: str,
    points: pd.DataFrame,
    cells: dict[tuple[int, int], str],
    found: pd.DataFrame,
    value: str,
    level: float,
    table: pd.DataFrame,
) -> Any:
    label, scale = name_value(value, table)
    own = points.assign(shown=points["value"] * scale, place=points["seat"] + _aside(points))
    group = hv.Dimension("place", label=" ")
    shown = hv.Dimension("shown", label=label)
    layers = []
    unit = own.columns[1]
    if own[unit].duplicated().any():
        paths = [part[["place", "shown"]].to_numpy() for _, part in own.groupby(unit, sort=False)]
        layers.append(with_options(hv.Path(paths, [group, shown]), color="#b0b0b0", line=0.8))
    for seat in range(len(cells)):
        colour = PALETTE[seat % len(PALETTE)]
        part = own[own["seat"] == seat]
        dots = hv.Points(part, [group, shown], [unit, "group"])
        layers.append(marked(dots, color=colour, size=7, alpha=0.75, hover=True))
        mean, low, high = mean_of(part["shown"].to_numpy(float), level)
        layers += _mean(seat, mean, low, high, group, shown)
    known = found[found["behaviour"] == name]
    return with_options(
        hv.Overlay(layers), xlim=(-0.6, len(cells) - 0.4), show_legend=False,
        **group_ticks([*cells.values()]),
        title=f"{fitted([name], 32)[name]}\n{_said(known)}", fontsize={"title": 9}, padding=0.1,
    )  # fmt: skip


def _mean(seat: int, mean: float, low: float, high: float, x: Any, y: Any) -> list[Any]:
    """The mean as a bar across, its interval as a line up and down."""
    across = hv.Path([[(seat - 0.28, mean), (seat + 0.28, mean)]], [x, y])
    layers = [with_options(across, color="black", line=2.2)] if np.isfinite(mean) else []
    if np.isfinite(low):
        along = hv.Path([[(seat, low), (seat, high)]], [x, y])
        layers.append(with_options(along, color="black", line=1.2))
    return layers


def _aside(points: pd.DataFrame) -> pd.Series:
    return points.groupby("group", sort=False)["value"].transform(beside)


def group_ticks(names: Sequence[str], room: int = 20) -> dict[str, Any]:
    """Names of groups below their places, askew where there is no `room` for so many letters."""
    said = fitted(names, 24)
    letters = sum(max(map(len, one.split("\n"))) for one in said.values())
    return {
        "xticks": [(seat, said[name]) for seat, name in enumerate(names)],
        "xrotation": 30 if letters > room else 0,
    }


def beside(values: pd.Series) -> pd.Series:
    """How far the points of a group are moved aside, so that equal ones are seen; always alike."""
    place = values.rank(method="first")
    return (((place * 0.618034) % 1.0) - 0.5) * 2 * SPREAD * (len(values) > 1)


def _said(found: pd.DataFrame) -> str:
    """The p of the test; of more than two groups that of all together."""
    one = found.iloc[0]
    if not np.isfinite(one["p"]):
        return "no test"
    p = one["p_adjusted"]
    how = "" if one["correction"] == "none" else f" ({one['correction']})"
    return f"p < 0.001{how}" if p < 0.001 else f"p = {p:.3g}{how}"
