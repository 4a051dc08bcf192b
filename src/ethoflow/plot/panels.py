"""Several panels in one picture, with the same look in both backends."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from typing import Any

import holoviews as hv

from ethoflow.plot.save import SCREEN_DPI, load_backends, on_canvas

TITLE = 40
"""Letters that the title of a panel has room for."""


def panels(
    figures: Sequence[Any],
    *,
    columns: int,
    width: int,
    height: int,
    title: str = "",
    shared: bool = False,
    gap: tuple[float, float] = (0.35, 0.45),
) -> Any:
    """Figures in rows of `columns`, each `width` by `height` pixels; `gap` between, in panels."""
    load_backends()
    shape = (width - 90) / (height - 90)
    sized = [
        figure.opts(backend="bokeh", width=width, height=height, hooks=[on_canvas]).opts(
            backend="matplotlib", aspect=shape, show_frame=False
        )
        for figure in figures
    ]
    if len(sized) == 1:
        return _alone(sized[0], title, width, height)
    layout = hv.Layout(sized).cols(columns)
    rows = -(-len(figures) // columns)
    across = min(columns, len(figures)) * width / SCREEN_DPI
    look = {
        "sublabel_format": "",
        "tight": False,
        "hspace": gap[0],
        "vspace": gap[1],
        "fig_inches": (across, rows * height / SCREEN_DPI),
        "aspect_weight": 0,
        "title": title,
        "fontsize": {"title": 11},
        "shared_axes": shared,
    }
    return layout.opts(backend="matplotlib", **look).opts(
        backend="bokeh",
        title=html.escape(title),
        shared_axes=shared,
        toolbar="right",
        merge_tools=True,
    )


def _alone(figure: Any, title: str, width: int, height: int) -> Any:
    """A single panel, of which a layout would not show the title, with both titles above it."""
    own = figure.opts.get("plot", backend="matplotlib").kwargs.get("title", "")
    lines = [*textwrap.wrap(title, max(width // 8, 30)), *filter(None, [own])]
    above = "\n".join(lines)
    inches = (width / SCREEN_DPI, (height + 16 * len(lines)) / SCREEN_DPI)
    return figure.opts(backend="bokeh", title=above, height=height + 16 * len(lines)).opts(
        backend="matplotlib", title=above, fig_inches=inches
    )
