"""A table of numbers as coloured squares with the numbers in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.plot.save import diverging, sequential, with_bar, with_options
from ethoflow.short_names import fitted

SIDE, SMALL = 52, 24
"""Pixels of a square with its number, and of one without."""
BAR = 14
MOST_WORDS = 20
"""Squares along a side that still have room for numbers."""


def squares(
    values: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    across: str,
    down: str,
    label: str,
    most: float,
    title: str,
    words: str = "{:.2f}",
    signed: bool = False,
) -> Any:
    """`values`, dims (row, column), the first row on top; what is missing is left empty.

    Colours go from 0 to `most`; of `signed` numbers from minus that, white at 0.
    """
    n, m = values.shape
    x, y = hv.Dimension("across", label=across), hv.Dimension("down", label=down)
    bounds = (-0.5, -0.5, m - 0.5, n - 0.5)
    image = hv.Image(
        np.asarray(values, float), bounds=bounds, kdims=[x, y],
        vdims=hv.Dimension("number", label=label),
    )  # fmt: skip
    most = most or 1.0
    colours = diverging() if signed else sequential()
    limits = (-most if signed else 0.0, most)
    written = max(n, m) <= MOST_WORDS
    side = SIDE if written else SMALL
    layers = [with_bar(with_options(image, cmap=colours, clim=limits), label, BAR / (side * m))]
    if written:  # the numbers say it
        layers = [layers[0].opts(backend="matplotlib", hooks=[])]
    cells = [(j, n - 1 - i, float(values[i, j])) for i, j in np.ndindex(n, m)]
    for colour, of_dark in (("black", False), ("white", True)):
        said = [
            (a, b, words.format(v))
            for a, b, v in cells
            if np.isfinite(v) and (abs(v) > (0.75 if signed else 0.55) * most) == of_dark
        ]
        if said and written:
            layers.append(write(said, x, y, colour, 8))
    shown, across_names = fitted(rows), fitted(columns)
    rows, columns = [shown[name] for name in rows], [across_names[name] for name in columns]
    long = max((len(name) for name in rows), default=0)
    return with_options(
        hv.Overlay(layers),
        width=max(side * m, 120) + 310 + 4 * long,
        height=max(side * n, 120) + 150,
        title=title if label in title else f"{title}\n{label}",
        xticks=list(enumerate(columns)),
        yticks=[(n - 1 - i, name) for i, name in enumerate(rows)][::-1],
        xrotation=45,
    )


def write(words: Sequence[tuple[Any, ...]], x: Any, y: Any, colour: str, size: int) -> Any:
    """Words at places, with the same look in both backends."""
    text = hv.Labels(list(words), [x, y], "said")
    return text.opts(backend="bokeh", text_color=colour, text_font_size=f"{size}pt").opts(
        backend="matplotlib", color=colour, size=size
    )
