"""Bars of mean Shapley values: which features tell a label, by high or by low values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.explain import Surrogate
from ethoflow.explain.reasons import number, plain
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import with_options
from ethoflow.plot.shap_beeswarm import HIGH, LOW, name_rows, reasons_of

COLOURS = {"low": LOW, "high": HIGH, "between": "#7F7F7F", "around": "#7F7F7F",
           "both ends": "#7F7F7F"}  # fmt: skip


def _example() -> Picture:
    return shap_bars(examples.explained(), "moving", n=6)


@plot("reasons", example=_example, code='ef.plot.shap_bars(surrogate, "cluster_2")')
def shap_bars(surrogate: Surrogate, behaviour: str, *, n: int = 8) -> Picture:
    """How far each feature moves the log odds of a label: to the right by high values, left by low.

    A bar is the mean size of what a feature adds over the frames of the label; grey ones lead to it
    by values in between, or by a direction. Beside it stand the medians with the label and
    elsewhere. Features that go together are one bar.

    Parameters
    ----------
    surrogate
        What `ef.explain.surrogate` gives.
    behaviour
        Which label.
    n
        How many features.

    Raises
    ------
    DataError
        The surrogate does not explain this label: a reason would be none.
    """
    rows = reasons_of(surrogate, behaviour, n)
    return Picture(_draw(rows, behaviour), rows)


def medians(row: Mapping[Any, Any]) -> str:
    """Both medians with their unit."""
    here, there, unit = float(row["here"]), float(row["elsewhere"]), str(row["unit"])
    if unit.startswith("rad"):
        here, there, unit = np.degrees(here), np.degrees(there), unit.replace("rad", "°", 1)
    return f"{number(here)} : {number(there)}{'' if unit == '1' else ' ' + unit}"


def _draw(rows: pd.DataFrame, behaviour: str) -> Any:
    x = hv.Dimension("size", label="mean size of what it adds (log odds); left: by low values")
    y = hv.Dimension("place", label=" ")
    n = len(rows)
    most = float(rows["importance"].max()) if n else 1.0
    layers: list[Any] = []
    said = []
    for place, row in enumerate(rows.to_dict("records")):
        at, size = float(n - 1 - place), float(row["importance"])
        left = row["direction"] == "low"
        ends = (-size, 0.0) if left else (0.0, size)
        box = hv.Rectangles([(ends[0], at - 0.3, ends[1], at + 0.3)], [x, y, "x1", "y1"])
        layers.append(with_options(box, color=COLOURS[row["direction"]]))
        said.append((most * 1.04, at, medians(row)))
    line = hv.Path([[(0.0, -0.6), (0.0, n - 0.4)]], [x, y])
    layers.append(with_options(line, color="#404040", line=1.0))
    lowest = rows.loc[rows["direction"] == "low", "importance"].max()
    begin = -1.1 * float(lowest) if lowest == lowest else 0.0
    text = hv.Labels(said, [x, y], "said").opts(
        backend="bokeh", text_align="left", text_font_size="9pt", text_color="black"
    ).opts(backend="matplotlib", horizontalalignment="left", size=8, color="black")  # fmt: skip
    places = list(enumerate(name_rows(rows)[::-1]))
    return with_options(
        hv.Overlay([*layers, text]), width=920, height=130 + 52 * n,
        xlim=(begin, most + 0.35 * (most - begin)), ylim=(-0.6, n - 0.4), show_legend=False,
        yticks=[(float(place), name) for place, name in places],
        title=f"What tells {plain(behaviour)}; beside: median with it : elsewhere",
    )  # fmt: skip
