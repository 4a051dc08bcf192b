"""Differences between groups with their intervals: an estimation plot, a row per behaviour."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.axis_names import name_value
from ethoflow.plot.colours import colours_of
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options
from ethoflow.stats.compare import compare
from ethoflow.stats.design import plural

NEEDED = ("behaviour", "contrast", "estimate", "low", "high", "p_adjusted", "unit")
MOST_ROWS = 80


def _example() -> Picture:
    return differences(compare(examples.budget(), by="treatment"), value="share")


@plot(
    "groups",
    example=_example,
    code='ef.plot.differences(ef.stats.compare(budget, by="treatment"), value="share")',
)
def differences(table: pd.DataFrame, *, value: str = "", standardised: bool = False) -> Picture:
    """The difference between two groups with its interval, a row per behaviour and contrast.

    Zero is no difference. Beside each row stands its p, corrected as the table says; a row whose
    difference is not known has no point, and says so.

    Parameters
    ----------
    table
        What `ef.stats.compare` gives.
    value
        The column that was compared, for the axis: differences of shares are in percent then.
    standardised
        Show the effect size with its interval (Hedges' g, in standard deviations), so that
        behaviours of other scales can be compared.

    Raises
    ------
    DataError
        The table is another, has no contrast between two groups, or has too many rows.
    """
    for name in NEEDED:
        if name not in table:
            raise DataError(
                f"differences are of what ef.stats.compare gives: "
                f"{no_column(name, map(str, table.columns))}"
            )
    rows = table[table["contrast"].str.contains(" - ", regex=False)].reset_index(drop=True)
    if rows.empty:
        raise DataError("the table has no contrast between two groups, only effects over all.")
    if len(rows) > MOST_ROWS:
        raise DataError(f"{len(rows)} rows cannot be read: choose up to {MOST_ROWS} of them.")
    names = ("effect_size", "effect_low", "effect_high") if standardised else (
        "estimate", "low", "high"
    )  # fmt: skip
    shown = rows.assign(place=np.arange(len(rows))[::-1].astype(float))
    label, scale = "Hedges' g (SD)", 1.0
    if not standardised:
        words, scale = name_value(value, table) if value else ("(units of the value)", 1.0)
        label = f"difference in {words}" if value else f"difference {words}"
    for own, name in zip(("estimated", "lowest", "highest"), names, strict=True):
        shown[own] = rows[name].astype(float) * scale
    figure = _draw(shown, rows["contrast"].nunique() > 1, label)
    return Picture(figure, rows)


def _draw(shown: pd.DataFrame, several: bool, label: str) -> Any:
    x, y = hv.Dimension("estimated", label=label), hv.Dimension("place", label=" ")
    colours = colours_of(list(dict.fromkeys(shown["behaviour"])))
    zero = hv.Path([[(0.0, -0.7), (0.0, len(shown) - 0.3)]], [x, y])
    layers = [with_options(zero, color="#808080", line=1.0)]
    known = shown[shown["estimated"].notna()]
    numbers = known[["estimated", "lowest", "highest", "place"]].to_numpy(float).tolist()
    for name, (middle, low, high, place) in zip(known["behaviour"], numbers, strict=True):
        if np.isfinite(low) and np.isfinite(high):
            path = hv.Path([[(low, place), (high, place)]], [x, y])
            layers.append(with_options(path, color=colours[name], line=2.0))
        layers.append(marked(hv.Points([(middle, place)], [x, y]), color=colours[name], size=9))
    ends = shown[["lowest", "highest", "estimated"]].to_numpy(float)
    most = float(np.nanmax(np.abs(ends))) * 1.1 if np.isfinite(ends).any() else 1.0
    words = [
        (most * 1.06, place, _said(p)) for place, p in zip(shown["place"], shown["p_adjusted"],
                                                           strict=True)
    ]  # fmt: skip
    text = hv.Labels(words, [x, y], "said")
    text = text.opts(
        backend="bokeh", text_align="left", text_font_size="9pt", text_color="black"
    ).opts(backend="matplotlib", horizontalalignment="left", size=8, color="black")
    layers.append(text)
    ticks = [
        (place, f"{name}, {contrast}" if several else name)
        for place, name, contrast in zip(
            shown["place"], shown["behaviour"], shown["contrast"], strict=True
        )
    ]
    first = shown.iloc[0]
    head = "" if several else f"{first['contrast']}, "
    return with_options(
        hv.Overlay(layers), width=760, height=110 + 34 * len(shown), yticks=ticks[::-1],
        xlim=(-most, most * 1.45), ylim=(-0.7, len(shown) - 0.3), show_legend=False,
        title=f"{head}{plural(str(first['unit']))} are the sample; {_how(first)}",
    )  # fmt: skip


def _how(row: pd.Series) -> str:
    name = str(row.get("correction", ""))
    return f"p corrected ({name})" if name not in ("", "none") else "p not corrected"


def _said(p: float) -> str:
    if not np.isfinite(p):
        return "no test"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"
