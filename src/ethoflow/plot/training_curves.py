"""Training curves: losses of a network by step, and the clusters that it uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import pandas as pd

from ethoflow.colours import PALETTE
from ethoflow.errors import DataError, WrongUse, no_column
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.panels import panels
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import with_options

LOSSES = {"loss": "trained on", "held_out": "held out"}
OCCUPIED = {"occupied": "trained on", "held_out_occupied": "held out"}


def _example() -> Picture:
    return training_curves(examples.training())


@plot(
    "quality",
    example=_example,
    code='ef.plot.training_curves(ef.cluster.fit(poses, model="vqvae").training)',
)
def training_curves(table: pd.DataFrame) -> Picture:
    """Losses of a network by step, on what it is trained on and on what is held out.

    Where the held-out loss rises and the other falls, a network learns its data by heart; the
    weights that are kept are those of the lowest held-out loss. Of clusters there is a second panel
    with how many are occupied; with clusters more is minimised, so that losses may jump where they
    begin. Several networks of one classifier have a line each.

    Parameters
    ----------
    table
        `training` of a classifier of networks or of a clusterer.

    Raises
    ------
    DataError
        No network was trained, or a column is not there.
    """
    if not isinstance(table, pd.DataFrame):
        kept = getattr(table, "training", None)
        way = ": give its table, as in ef.plot.training_curves(classifier.training)."
        raise WrongUse(
            f"training_curves is of a table of losses by step, found a {type(table).__name__}"
            f"{way if isinstance(kept, pd.DataFrame) else '.'}"
        )
    if table.empty:
        raise DataError("training_curves: no network was trained, so there are no losses by step.")
    for name in ("step", "loss"):
        if name not in table:
            raise DataError(f"training_curves: {no_column(name, map(str, table.columns))}")
    figures = [_panel(table, LOSSES, "loss (a.u.)", "losses")]
    if "occupied" in table:
        figures.append(_panel(table, OCCUPIED, "clusters occupied (number)", "clusters"))
    figure = panels(figures, columns=2, width=420, height=320, title="training")
    return Picture(figure, table.reset_index(drop=True))


def _panel(table: pd.DataFrame, columns: dict[str, str], label: str, title: str) -> Any:
    x, y = hv.Dimension("step", label="step (number)"), hv.Dimension("shown", label=label)
    lines = []
    for colour, (column, said) in zip(PALETTE, columns.items(), strict=False):
        for seat, own in enumerate(_networks(table) if column in table else ()):
            shown = own[["step"]].assign(shown=own[column]).dropna()
            line = hv.Curve(shown, x, y, label=said if seat == 0 else "")
            lines.append(with_options(line, color=colour, line=1.6))
    known = table[[name for name in columns if name in table]]
    return with_options(
        hv.Overlay(lines), title=title, show_legend=True, legend_position="top_right",
        xlim=(0, float(table["step"].max())),
        ylim=(min(0.0, float(known.min().min())), 1.4 * float(known.max().max())),
    )  # fmt: skip


def _networks(table: pd.DataFrame) -> Sequence[pd.DataFrame]:
    return [own for _, own in table.groupby("network")] if "network" in table else [table]
