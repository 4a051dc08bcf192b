"""Values with their intervals, a row each, and what stands beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np

from ethoflow.colours import colours_of
from ethoflow.engine.declare import Array
from ethoflow.plot.save import marked, with_options
from ethoflow.short_names import fitted


def rows_with_intervals(
    names: Sequence[str],
    colours_by: Sequence[str],
    values: Array,
    words: Sequence[str],
    *,
    label: str,
    title: str,
    zero: bool = False,
) -> Any:
    """Points with lines, the first row on top; `values` has dims (row, value low high).

    With `zero` the middle of the picture is 0, else it begins at 0 and ends at 1.
    """
    x, y = hv.Dimension("estimated", label=label), hv.Dimension("place", label=" ")
    n = len(names)
    colours = colours_of(list(dict.fromkeys(colours_by)))
    most = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    most = most * 1.1 if zero else max(most, 1.0)
    layers: list[Any] = []
    if zero:
        line = hv.Path([[(0.0, -0.7), (0.0, n - 0.3)]], [x, y])
        layers.append(with_options(line, color="#808080", line=1.0))
    for row, (middle, low, high) in enumerate(values.tolist()):
        place, colour = float(n - 1 - row), colours[colours_by[row]]
        if np.isfinite(low) and np.isfinite(high):
            path = hv.Path([[(low, place), (high, place)]], [x, y])
            layers.append(with_options(path, color=colour, line=2.0))
        if np.isfinite(middle):
            layers.append(marked(hv.Points([(middle, place)], [x, y]), color=colour, size=9))
    said_of = fitted(names, 48)
    said = [(most * 1.06, float(n - 1 - row), word) for row, word in enumerate(words)]
    text = hv.Labels(said, [x, y], "said").opts(
        backend="bokeh", text_align="left", text_font_size="9pt", text_color="black"
    )  # fmt: skip
    layers.append(text.opts(backend="matplotlib", horizontalalignment="left", size=8,
                            color="black"))  # fmt: skip
    return with_options(
        hv.Overlay(layers),
        width=760,
        height=110 + 34 * n,
        yticks=[(float(n - 1 - row), said_of[name]) for row, name in enumerate(names)][::-1],
        xlim=(-most if zero else 0.0, most * 1.45),
        ylim=(-0.7, n - 0.3),
        show_legend=False,
        title=title,
        xticks=None if zero or most > 1 else [0.0, 0.25, 0.5, 0.75, 1.0],
    )
