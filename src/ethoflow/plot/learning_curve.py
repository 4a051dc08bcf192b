"""Learning curve: whether more labels would help a classifier."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import colours_of
from ethoflow.errors import DataError, no_column
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import marked, with_options


def _example() -> Picture:
    return learning_curve(examples.curve())


@plot(
    "labels beside each other",
    example=_example,
    code='ef.plot.learning_curve(ef.learn.learning_curve(poses, labels, "moving"))',
)
def learning_curve(table: pd.DataFrame) -> Picture:
    """F1 on held-out frames against how long was labelled, with intervals; a line per behaviour.

    Where a line still rises at its end, more labels of these animals would help. What is held out
    is the same for all points of a line, so they differ by less than their intervals say.

    Parameters
    ----------
    table
        Of `ef.learn.learning_curve`.

    Raises
    ------
    DataError
        A column is not there.
    """
    for name in ("behaviour", "minutes", "f1", "low", "high"):
        if name not in table:
            raise DataError(f"learning_curve: {no_column(name, map(str, table.columns))}")
    x = hv.Dimension("minutes", label="labelled and trained on (min)")
    y = hv.Dimension("f1", label="F1 on held-out frames (0 to 1)")
    names = list(dict.fromkeys(map(str, table["behaviour"])))
    bars, lines = [], []
    for name, colour in colours_of(names).items():
        own = table[table["behaviour"] == name].sort_values("minutes")
        known = own[np.isfinite(own["low"])]
        spans = zip(known["minutes"], known["low"], known["high"], strict=True)
        whiskers = hv.Path([[(at, low), (at, high)] for at, low, high in spans], [x, y])
        bars.append(with_options(whiskers, color=colour, line=1.2))
        lines.append(with_options(hv.Curve(own, x, y, label=name), color=colour, line=1.6))
        lines.append(marked(hv.Points(own, [x, y]), color=colour, size=7))
    figure = with_options(
        hv.Overlay([*bars, *lines]), title="learning curve", width=560, height=360, ylim=(0, 1.02),
        xlim=(0, 1.08 * float(table["minutes"].max())), show_legend=True,
        legend_position="bottom_right",
    )  # fmt: skip
    return Picture(figure, table.reset_index(drop=True))
