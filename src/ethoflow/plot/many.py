"""More points than are drawn one by one: datashader counts them for each pixel, again at a zoom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.plot.save import load_backends, marked, sequential, with_options

MANY = 1_000_000
"""Points above which datashader draws."""


def are_many(n_points: int) -> bool:
    """Whether so many points are drawn by datashader."""
    return n_points > MANY


def shaded_counts(table: pd.DataFrame, dims: list[Any], label: str) -> Any:
    """How many points there are in each pixel."""
    from holoviews.operation.datashader import rasterize

    load_backends()
    counts = rasterize(hv.Points(table, dims), aggregator="count")
    # A pixel without points is white, not pale.
    return with_options(counts, cmap=sequential(), colorbar=True, cnorm="log", clabel=label)


def shaded_groups(
    table: pd.DataFrame, dims: list[Any], group: str, colours: Mapping[str, str]
) -> Any:
    """Points by group: a pixel has the colours of its points mixed, fuller where there are more."""
    import datashader
    from holoviews.operation.datashader import datashade

    load_backends()
    names = list(colours)
    coded = table.assign(**{group: pd.Categorical(table[group], names)})
    points = hv.Points(coded, dims, group)
    key = {name: colours[name] for name in names}
    shaded = datashade(points, aggregator=datashader.count_cat(group), color_key=key, min_alpha=90)
    return _keys(dims, colours) * shaded


def shaded_lines(
    paths: Mapping[str, pd.DataFrame], dims: list[Any], colours: Mapping[str, str]
) -> Any:
    """Paths, a colour each: a pixel has those mixed that cross it, fuller where they do it more.

    Missing points are gaps.
    """
    import datashader
    from holoviews.operation.datashader import datashade

    load_backends()
    # Dims with a label of their own are renamed to it there, and not found.
    x, y = map(str, dims)
    lines = hv.NdOverlay(
        {name: hv.Curve(table[[x, y]], x, y) for name, table in paths.items()}, "animal"
    )
    if len(paths) == 1:
        (name, line), *_ = lines.items()
        return datashade(line, cmap=[colours[str(name)]], min_alpha=60)
    crossed = datashader.by("animal", datashader.count())
    return datashade(lines, aggregator=crossed, color_key=dict(colours), min_alpha=60)


def _keys(dims: list[Any], colours: Mapping[str, str]) -> Any:
    """A legend: points that are nowhere."""
    nowhere = {str(dim): [np.nan] for dim in dims}
    empty = pd.DataFrame(nowhere)
    return hv.Overlay(
        [
            marked(hv.Points(empty, dims, label=name or "unknown"), color=colour, size=9)
            for name, colour in colours.items()
        ]
    )


def key_of_line(dims: list[Any], name: str, colour: str) -> Any:
    """The same for a line."""
    nowhere = pd.DataFrame({str(dim): [np.nan, np.nan] for dim in dims})
    return with_options(hv.Curve(nowhere, *dims, label=name), color=colour, line=1.5)
